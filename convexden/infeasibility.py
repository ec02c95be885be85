r"""Proofs that no network interpolates.  Pure data; `convexden.verification` checks them.

**Theorem.**  Let sites n = 1..N have centers :math:`y_n` and radii :math:`r_n \ge 0`.  A hinge
(w, b) with :math:`|w| = 1` *realizes* the activation pattern :math:`D \in \{0, 1\}^N` if

.. math:: w^T y_n + b \ge r_n \text{ where } D_n = 1, \qquad
          w^T y_n + b \le -r_n \text{ where } D_n = 0 .

Let :math:`\lambda \in \mathbb{Z}^N` have :math:`\sum_n \lambda_n = 0` and
:math:`\sum_n \lambda_n D_n = 0` for every realizable D, and be nonzero at one sample (a site of
radius 0) at most.  If :math:`\sum_n \lambda_n t_n \ne 0`, no shallow ReLU network interpolates the
targets :math:`t_n`.

*Proof.*  Let h interpolate.  Neurons with the same hyperplane are merged (those of the other
orientation are turned, :math:`[-z]_+ = [z]_+ - z`), so that
:math:`h(y) = \sum_k a_k [z_k(y)]_+ + V y + c` with distinct hyperplanes :math:`z_k = 0`.  One that
meets the inside of a ball does so at points that no other meets, where the gradient of h jumps by
:math:`a_k w_k^T`; but h is constant on the ball, hence :math:`a_k = 0`.  All others realize
patterns :math:`D_k`.  On ball n, h agrees with the affine function
:math:`\sum_k D_{kn} a_k z_k(y) + V y + c`, which is constant on the ball and hence everywhere:
it equals :math:`t_n` at every point x.  At a sample m it equals :math:`t_m` at
:math:`x = y_m`.  Take for x the sample at which :math:`\lambda` is not zero, or any point if there
is none.  Then

.. math:: \sum_n \lambda_n t_n = \sum_k \Bigl(\sum_n \lambda_n D_{kn}\Bigr) a_k z_k(x)
          + \Bigl(\sum_n \lambda_n\Bigr) (V x + c) = 0 . \qquad \square

In the language of the dual: with any vector v, the multipliers :math:`l_n = \lambda_n v` and
:math:`G_n = \lambda_n v (x - y_n)^T` satisfy both equalities and have :math:`P = 0`.  Two samples
need two different points x, which is why :math:`\lambda` may touch one only.

Balls of positive gaps have a converse.  If two parallel hinges realize D, their difference is a
ramp that is 0 on one side of them and 1 on the other.  So if :math:`\sum_n \lambda_n t_n = 0` for
all :math:`\lambda` that are orthogonal to 1 and to these D, ramps interpolate.  In particular N - 1
of them that are independent of each other and of 1 do for any targets.  Samples alone always
have a network.

**The tree** shows :math:`\sum_n \lambda_n D_n = 0` for every realizable D.  It decides one site
after the other, off and on, and ends in leaves of two kinds:

* *crossing*: integers :math:`c_n \ge 0` at sites that are on and :math:`c_n \le 0` at sites that
  are off, zero elsewhere, with :math:`\sum_n c_n = 0` and

  .. math:: \Bigl| \sum_n c_n y_n \Bigr| < \sum_n |c_n| r_n .

  No hinge has these sites on and off: it would have
  :math:`w^T \sum_n c_n y_n = \sum_n c_n (w^T y_n + b) \ge \sum_n |c_n| r_n`.
* *orthogonal*: all sites with :math:`\lambda_n \ne 0` are decided, and the :math:`\lambda_n` of
  those that are on sum to zero.

D and 1 - D are realized by one hinge and its reverse, and :math:`\sum_n \lambda_n = 0`.  So one
side of the root may be left out, as the *mirror* of the other.

**Balls that leave room for one hinge alone** need leaves of a third kind, *touching*: with
:math:`v = \sum_n c_n y_n` of length exactly :math:`\sum_n |c_n| r_n > 0`.  The only hinge that can
have these sites on and off is :math:`w = v / |v|`, tangent to the sites in question.  Its pattern
need not be orthogonal to :math:`\lambda`, if the v of all touching leaves are linearly independent
and :math:`\lambda` is zero at samples.  For then the proof leaves
:math:`\sum_n \lambda_n t_n = \sum_j (\sum_n \lambda_n D_{jn}) a_j z_j(x)` with one term for each
such leaf, at every x (neurons are turned to have the root's site on).  The left side does not
depend on x, so that :math:`\sum_j (\sum_n \lambda_n D_{jn}) a_j w_j^T = 0`, and all terms vanish.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convexden import display
from convexden.errors import InvalidProblem


@dataclass(frozen=True)
class Branch:
    """The site is off in the nodes that follow, up to the next subtree, and on in that one."""

    site: int


@dataclass(frozen=True)
class Crossing:
    """No hinge has the sites on and off that were decided so far: pairs (n, c_n)."""

    weights: tuple[tuple[int, int], ...]

    __repr__ = display.field_line


@dataclass(frozen=True)
class Touching:
    """One hinge at most has the sites on and off that were decided so far: pairs (n, c_n)."""

    weights: tuple[tuple[int, int], ...]

    __repr__ = display.field_line


@dataclass(frozen=True)
class Orthogonal:
    """The weights of the sites that are on sum to zero, and no undecided site has a weight."""


@dataclass(frozen=True)
class Mirror:
    """In the place of the root's first subtree: the second one, turned over."""


Node = Branch | Crossing | Touching | Orthogonal | Mirror


@dataclass(frozen=True)
class InfeasibilityProof:
    r"""Why no network interpolates: the theorem of this module, with its :math:`\lambda`.

    Attributes
    ----------
    weights : tuple of N ints
        The :math:`\lambda_n`.
    tree : tuple of Branch, Crossing, Touching, Orthogonal and Mirror
        The nodes in the order in which they are visited: a `Branch` is followed by the subtree in
        which its site is off, then by the one in which it is on.  The first subtree of the
        root may be `Mirror`.
    """

    weights: tuple[int, ...]
    tree: tuple[Node, ...]

    def __repr__(self) -> str:
        """One line with what matters."""
        sites, nodes = len(self.weights), len(self.tree)
        return display.one_line(
            self, display.counted(sites, "site"), display.counted(nodes, "node")
        )

    def extended(self, sites: Sequence[int], count: int) -> InfeasibilityProof:
        """The proof for a problem of `count` sites, of which this one has those given in order."""
        weights = [0] * count
        for site, weight in zip(sites, self.weights, strict=True):
            weights[site] = weight
        return InfeasibilityProof(
            tuple(weights), tuple(_renumbered(node, sites) for node in self.tree)
        )

    def to_dict(self) -> dict[str, Any]:
        """Of integers, strings and lists only, for a JSON file."""
        return {"weights": list(self.weights), "tree": [_record(node) for node in self.tree]}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> InfeasibilityProof:
        """What `to_dict` wrote; `check_infeasibility` tells whether to believe it.

        Raises
        ------
        InvalidProblem
            If it is no such dictionary.
        """
        try:
            weights = tuple(_integer(weight) for weight in record["weights"])
            return cls(weights, tuple(_node(entry) for entry in record["tree"]))
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise InvalidProblem(
                "the proof of infeasibility is not one of integer weights and a tree: "
                "give what InfeasibilityProof.to_dict returned"
            ) from error


def _renumbered(node: Node, sites: Sequence[int]) -> Node:
    """The node with other numbers for its sites."""
    if isinstance(node, Branch):
        return Branch(int(sites[node.site]))
    if isinstance(node, Crossing | Touching):
        return type(node)(tuple((int(sites[n]), weight) for n, weight in node.weights))
    return node


def _record(node: Node) -> list[Any]:
    """A node as a list that starts with its kind."""
    if isinstance(node, Branch):
        return ["site", node.site]
    if isinstance(node, Crossing | Touching):
        kind = "crossing" if isinstance(node, Crossing) else "touching"
        return [kind, *([n, weight] for n, weight in node.weights)]
    return ["orthogonal"] if isinstance(node, Orthogonal) else ["mirror"]


def _node(record: Any) -> Node:
    """The node of such a list."""
    kind, *rest = record
    if kind == "site":
        (site,) = rest
        return Branch(_integer(site))
    if kind in ("crossing", "touching"):
        weights = tuple((_integer(n), _integer(weight)) for n, weight in rest)
        return Crossing(weights) if kind == "crossing" else Touching(weights)
    if rest or kind not in ("orthogonal", "mirror"):
        raise ValueError(f"'{kind}' is no node")
    return Orthogonal() if kind == "orthogonal" else Mirror()


def _integer(number: Any) -> int:
    """The number if it is a Python integer."""
    if type(number) is not int:
        raise TypeError(f"{number!r} is no integer")
    return number
