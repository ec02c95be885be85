"""What a theorem is: an entry of the registry.

Every theorem of this package has a file of its own with the same five names: `hypotheses`,
`closed_form`, `instance`, `verify` and `THEOREM`, its entry in the registry.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from convexden import display
from convexden.theorems._claims import ClosedForm, Instance
from convexden.theorems._verdicts import Result

Kind = Literal["theorem", "conjecture"]


@dataclass(frozen=True)
class Theorem:
    """An entry of the registry.

    Attributes
    ----------
    name : str
        Name on the command line.
    title, statement, reference : str
        What it is called, what it says, where it is from.
    kind : {"theorem", "conjecture"}
        A refuted theorem is a failure, a refuted conjecture a finding.
    closed_form : callable
        ``closed_form(points, radius)`` -> `ClosedForm`; raises InvalidProblem if the hypotheses
        do not hold.
    kinds : tuple of str
        Kinds of random instances, which take turns.
    instance : callable
        ``instance(rng, kind)`` -> `Instance`, a random one that meets the hypotheses.
    verify : callable
        ``verify(points, radius, *, solve, tolerance)`` -> `Result`: what the theorem says, proved
        or refuted on these points.
    scope : str
        For which points and radii, in words; of a conjecture also where it holds, and where not.
    failure : callable or None
        Of a property of denoisers, ``failure(points, radius)`` -> by how much it fails on any
        points, 0 where it holds; `convexden.find_counterexample` makes it large.
    order : int
        Place in lists, the smallest first; last by default.
    """

    name: str
    title: str
    statement: str
    reference: str
    kind: Kind
    closed_form: Callable[..., ClosedForm]
    kinds: tuple[str, ...]
    instance: Callable[[np.random.Generator, str], Instance]
    verify: Callable[..., Result]
    scope: str = ""
    order: int = 1000
    failure: Callable[..., float] | None = None

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(self, self.name, self.kind, display.brief(self.title))

    def kind_of(self, index: int) -> str:
        """Kind of random instance number `index`."""
        return self.kinds[index % len(self.kinds)]

    def draw(self, seed: int, index: int) -> Instance:
        """Random instance number `index` of a seed, independent of all other instances."""
        key = zlib.crc32(self.name.encode())
        return self.instance(np.random.default_rng([key, seed, index]), self.kind_of(index))
