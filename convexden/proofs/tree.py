r"""A proof tree of the lower bound in any dimension: cells of hinges that end in leaves.

1. Every site is on or off.  The first is off: a hinge turned over has the same |F|.  Sites of which
   no hinge has the sides, as a leaf shows, are not divided further.
2. Every pattern is a leaf, if the oracle's multipliers pass the exact check.
3. If not, then for each direction the largest |F| is at a hinge that touches a site: one cell for
   each site.
4. If one of these is no leaf, it is cut at the mean of the moments, along a site or the direction
   in which they vary most, again and again.

Nothing is believed of what floats say: `convexden.proofs.checker` decides about every leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convexden.proofs.checker import Data, check_leaf
from convexden.proofs.hinge_cells import Cell, HingeCells, Sites
from convexden.proofs.leaf_oracle import Proposal, propose
from convexden.running.clock import Clock, Stopped
from convexden.running.processes import in_processes
from convexden.running.progress import TaskProgress, tell

Node = Any  # as a proof file has it: nested lists, "mirror" or "nothing"
Array = NDArray[np.float64]

# Nodes for a site pattern at the most.
NODE_LIMIT = 2000
# Forms of a cell beyond those of its sites at the most: cells that so many cuts have not made
# leaves are as small as rounding.  Six sites in five dimensions take thirty.
_MOST_CUTS = 80
# |F| beyond the bound at a hinge found in floats, in units of what the hinge is off its cell and of
# rounding: what shows that nothing can be proven.
_CLEAR = 1e3
_ROUNDING = 1e-12
# Share of the largest variance that a form must have for a cut along it, and how many cuts it takes
# until one is along the direction of the largest.  Half as many nodes as without, for 6 sites.
_VARYING = 0.02
_TURN = 3


class TreeResult(NamedTuple):
    """What was found for all site patterns, or for one.

    Attributes
    ----------
    node : nested lists, or None
        The tree, if all of it is proven.
    reason : str
        What is not proven; empty if all is.
    nodes, leaves : int
        Cells that were tried, and those that are leaves.
    """

    node: Node | None
    reason: str
    nodes: int
    leaves: int


class NoLeaf(Exception):
    """A site pattern is not proven; the message says why."""


class _Task(NamedTuple):
    """A site pattern to be proven, and how much may be spent."""

    sites: Sites
    node_limit: int
    clock: Clock


class _PatternSearch:
    """Proves site patterns one after another."""

    def __init__(self, data: Data, theta: Fraction) -> None:
        """Nothing is proven yet."""
        self.cells, self.data, self.theta = HingeCells(data, theta), data, theta
        self.nodes = self.leaves = 0

    def run(self, task: _Task) -> TreeResult:
        """The tree of a pattern."""
        self.nodes = self.leaves = 0
        try:
            node = self._prove(self.cells.cell(task.sites), task)
        except NoLeaf as failure:
            return TreeResult(None, str(failure), self.nodes, self.leaves)
        except Stopped:
            reason = f"site pattern {_named(task.sites)} not proven: the time is over"
            return TreeResult(None, reason, self.nodes, self.leaves)
        return TreeResult(node, "", self.nodes, self.leaves)

    def proposal(self, cell: Cell, empty: bool = False) -> Proposal:
        """The oracle's multipliers for a cell, or to show that it is empty."""
        objective = self.cells.objective(cell, empty)
        found = propose(objective, cell.floats[cell.used], self.cells.k)
        return found.among(cell.used, len(cell.forms))

    def leaf(self, cell: Cell, found: Proposal) -> Node | None:
        """A leaf with these multipliers, if it passes the exact check."""
        if not found.margin > 0:
            return None
        leaf = self.cells.leaf(cell, found)
        sides = dict(cell.sites)
        try:
            check_leaf(self.data, self.theta, leaf, sides, cell.forms, cell.tangent)
        except ValueError:
            return None
        self.leaves += 1
        return ["leaf", leaf]

    def _prove(self, cell: Cell, task: _Task) -> Node:
        """The tree of a cell."""
        self.nodes += 1
        if self.nodes > task.node_limit or len(cell.forms) > len(cell.sites) + _MOST_CUTS:
            pattern = _named(task.sites)
            raise NoLeaf(f"site pattern {pattern} not proven after {self.nodes - 1} nodes")
        task.clock.check()
        found = self.proposal(cell)
        leaf = self.leaf(cell, found)
        if leaf is not None:
            return leaf
        self._look_for_violation(cell, found)
        if cell.tangent is None:
            children = {
                str(site): self._prove(self.cells.touching(cell, i), task)
                for i, (site, _) in enumerate(cell.sites)
            }
            return ["tangent", children]
        row, plus, minus = self.cells.halves(cell, *_across(cell, found, self.cells.k))
        return ["cut", [str(x) for x in row], self._prove(plus, task), self._prove(minus, task)]

    def _look_for_violation(self, cell: Cell, found: Proposal) -> None:
        """Raise NoLeaf if the moments are those of a hinge that is clearly above the bound."""
        hinge = np.linalg.eigh(found.moments)[1][:, -1]
        hinge = hinge * np.sign(hinge[0])
        length = float(np.linalg.norm(hinge[1 : self.cells.k + 1]))
        if length == 0:
            return
        hinge /= length
        off = max(0.0, -float((cell.floats @ hinge).min(initial=0.0)), abs(hinge[0] - 1.0))
        image = self.cells.image(cell)
        value, steepest = float(np.linalg.norm(image @ hinge)), float(np.linalg.norm(image))
        if value - float(self.theta) ** 0.5 > _CLEAR * (off + _ROUNDING) * (1 + steepest):
            raise NoLeaf(f"a hinge of site pattern {_named(cell.sites)} has |F| = {value:.9g} |w|")


def lower_tree(
    data: Data,
    delta: Fraction,
    *,
    node_limit: int = NODE_LIMIT,
    time_limit: float | None = None,
    progress: Callable[[TaskProgress], object] | None = None,
    jobs: int = 1,
) -> TreeResult:
    r"""A tree that proves :math:`|F| \le (1 + \delta) \tau` for all hinges that cut no ball.

    Parameters
    ----------
    data : Data
        Sites, and multipliers that satisfy the dual equalities.
    delta : Fraction
        Above 0; of the size of 1e-7, since leaves must hold with some room.
    node_limit : int, optional
        Cells of one site pattern that are tried.
    time_limit : float or None, optional
        In seconds.
    progress : callable, optional
        Called with the patterns that are done; its StopIteration ends the search.
    jobs : int, optional
        Processes that prove patterns at the same time.
    """
    clock, theta = Clock.of(time_limit), (1 + Fraction(delta)) ** 2
    if not data.present:
        return TreeResult("nothing", "", 0, 0)
    try:
        search = _PatternSearch(data, theta)
    except np.linalg.LinAlgError:
        return TreeResult(None, "the sites are too flat for floats to propose a tree", 0, 0)
    nodes = leaves = 0
    try:
        tree = _SiteTree(search, clock)
        nodes, leaves = search.nodes, search.leaves
        tasks = [_Task(sites, node_limit, clock) for sites in tree.patterns]
        tell(progress, TaskProgress(0, len(tasks)))
        proven: dict[Sites, Node] = {}
        with closing(_results(search, tasks, jobs)) as results:
            for task, found in zip(tasks, results, strict=True):
                nodes, leaves = nodes + found.nodes, leaves + found.leaves
                if found.node is None:
                    return TreeResult(None, found.reason, nodes, leaves)
                proven[task.sites] = found.node
                tell(progress, TaskProgress(len(proven), len(tasks)))
    except Stopped:
        return TreeResult(None, "the search was ended before all was proven", nodes, leaves)
    return TreeResult(tree.assembled(proven), "", nodes, leaves)


def _results(
    search: _PatternSearch, tasks: list[_Task], jobs: int
) -> Generator[TreeResult, None, None]:
    """What is found for the tasks, in their order."""
    if jobs == 1 or len(tasks) < 2:
        yield from map(search.run, tasks)
        return
    with closing(in_processes(partial(_found, search.data, search.theta), tasks, jobs)) as results:
        yield from results


def _found(data: Data, theta: Fraction, task: _Task) -> TreeResult:
    """What is found for a task, in a process of its own."""
    return _PatternSearch(data, theta).run(task)


class _SiteTree:
    """Step 1: the site patterns, and leaves for those without hinges.

    Fewer sites than k + 2 in general position have all patterns if the balls are small, so that
    it is not worth while to look before so many are decided.  Once all sites with multipliers are,
    a leaf is one of the bound.
    """

    def __init__(self, search: _PatternSearch, clock: Clock) -> None:
        """Find the patterns."""
        self.search, self.clock = search, clock
        self.order = search.data.present
        self.patterns: list[Sites] = []
        self.empty: dict[Sites, Node] = {}
        if len(self.order) > 1:
            self._collect(((self.order[0], False),))

    def assembled(self, proven: dict[Sites, Node]) -> Node:
        """The tree from those of the patterns."""
        return ["site", self.order[0], self._node(((self.order[0], False),), proven), "mirror"]

    def _collect(self, sites: Sites) -> None:
        """The patterns that begin like this."""
        self.clock.check()
        if len(sites) == len(self.order):
            if any(on for _, on in sites):
                self.patterns.append(sites)
            return
        undecided = self.search.data.active - {site for site, _ in sites}
        if undecided and len(sites) > self.search.cells.k + 1:
            cell = self.search.cells.cell(sites)
            self.search.nodes += 1
            leaf = self.search.leaf(cell, self.search.proposal(cell, empty=True))
            if leaf is not None:
                self.empty[sites] = leaf
                return
        for on in (False, True):
            self._collect((*sites, (self.order[len(sites)], on)))

    def _node(self, sites: Sites, proven: dict[Sites, Node]) -> Node:
        """The tree of the patterns that begin like this."""
        if sites in self.empty:
            return self.empty[sites]
        if len(sites) == len(self.order):
            return proven.get(sites, "nothing")
        site = self.order[len(sites)]
        off, on = (self._node((*sites, (site, side)), proven) for side in (False, True))
        return ["site", site, off, on]


def _across(cell: Cell, found: Proposal, k: int) -> tuple[Array, float]:
    """The direction of w across which a cell below a tangent is cut, and the mean along it.

    Of the sites that vary enough it is the one whose products with other forms lose most if the
    moments are replaced by their mean: cut in two, these products are nearer to what they stand
    for.  That may go on without end at one site, so that every third cut is across the direction
    in which w varies most.
    """
    mean = found.moments[0] / found.moments[0, 0]
    spread = (found.moments / found.moments[0, 0] - np.outer(mean, mean))[1 : k + 1, 1 : k + 1]
    sizes, directions = np.linalg.eigh(spread)
    direction = directions[:, -1]
    count = len(cell.sites) - 1
    if (len(cell.forms) - count) % _TURN != _TURN - 1:
        rows = cell.floats[:count, 1 : k + 1]
        lengths = np.linalg.norm(rows, axis=1)
        variances = ((rows @ spread) * rows).sum(axis=1)
        values = cell.floats @ mean
        partners = (found.products + found.products.T) @ values
        cones = found.cones[:, 0] - found.cones[:, 1:] @ mean[1 : k + 1]
        losses = (values * (partners + cones))[:count]
        losses[variances <= _VARYING * sizes[-1] * lengths**2] = 0.0
        best = int(np.argmax(losses))
        if losses[best] > 0:
            direction = rows[best] / lengths[best]
    return direction, float(direction @ mean[1 : k + 1])


def _named(sites: Iterable[tuple[int, bool]]) -> str:
    """A pattern for people: a sign for each site."""
    return "".join("+" if on else "-" for _, on in sites)
