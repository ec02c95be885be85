"""What `prove` returns: an interval for the optimum, and the file that proves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from convexden import display
from convexden.display import Tabled
from convexden.errors import InvalidProblem
from convexden.proofs import checker
from convexden.verification.exact.rationals import above, below

FORMAT = "convexden-proof"
OPTIMUM, INFEASIBLE, REFUTED = "optimum", "infeasible", "refuted"


@dataclass(frozen=True, eq=False)
class Proof(Tabled):
    """An interval for the optimum of a problem, in rational numbers.

    Attributes
    ----------
    kind : {"optimum", "infeasible", "refuted"}
        "infeasible": no network interpolates.  "refuted": besides the interval, that the function
        of a given network costs more.
    lower, upper : Fraction or None
        The optimum is in this closed interval; None if that is not proven, or there is no network.
    document : dict or None
        The proof file, of integers, floats, strings, lists and dictionaries; None if nothing is
        proven.
    width : float
        The relative width that was asked for.
    reason : str
        Why that was not reached; empty if it was.
    """

    kind: str
    lower: Fraction | None
    upper: Fraction | None
    document: Mapping[str, Any] | None
    width: float = float("inf")
    reason: str = ""

    def __repr__(self) -> str:
        """What is proven, in one line."""
        return display.one_line(self, self.title())

    @property
    def proven(self) -> bool:
        """Whether there is a proof of what was asked for."""
        return self.document is not None and not self.reason

    @property
    def relative_width(self) -> float:
        """(upper - lower) / upper, rounded up; 0 if both are 0, infinite if one is missing."""
        if self.lower is None or self.upper is None:
            return 0.0 if self.kind == INFEASIBLE and self.proven else float("inf")
        return above((self.upper - self.lower) / self.upper) if self.upper else 0.0

    def to_dict(self) -> dict[str, Any]:
        """The proof file as JSON has it.

        Raises
        ------
        InvalidProblem
            If nothing is proven.
        """
        if self.document is None:
            raise InvalidProblem(f"there is no proof to be stored: {self.reason}")
        return dict(self.document)

    def to_coq(self) -> str:
        """The exact optimum as a theorem that Coq checks (`coqc FILE.v`), for one input and output.

        From the definitions of network, cost and minimum on; see `convexden.proofs.coq`.

        Raises
        ------
        InvalidProblem
            If nothing is proven.
        NotSupported
            If the problem has more inputs or outputs, or no network interpolates.
        """
        from convexden.proofs.coq import script

        return script(self.to_dict())

    @classmethod
    def from_dict(cls, document: Any) -> Proof:
        """Check a proof file, and say what it proves.

        Raises
        ------
        InvalidProblem
            If it proves nothing.
        """
        try:
            lower, upper, _ = checker.check(document)
        except Exception as error:  # whatever a malformed file causes
            name = "" if type(error) is ValueError else f"{type(error).__name__}: "
            line = " ".join(f"{name}{error}".split())[:200]
            raise InvalidProblem(f"not proven: {line}") from error
        return cls(document["kind"], lower, upper, document)

    def title(self) -> str:
        """What is proven, in one line."""
        if self.document is None:
            return f"not proven: {self.reason}"
        if self.kind == INFEASIBLE:
            return "proven: no network interpolates"
        words = "proven" if self.proven else "not proven to the width"
        if self.kind == REFUTED:
            words += ", the claim is refuted"
        return f"{words}, relative width {display.small(self.relative_width)}"

    def rows(self) -> list[tuple[str, str]]:
        """What the proof states, by name."""
        if self.document is None:
            return [("reason", self.reason)]
        rows = [("sites", str(len(self.document["radii"])))]
        if self.lower is not None and self.upper is not None:
            rows += [
                ("lower bound", f"{below(self.lower)!r}"),
                ("upper bound", f"{above(self.upper)!r}"),
                ("relative width", display.small(self.relative_width)),
                ("by", str(self.document["lower"][0])),
            ]
        if self.document.get("moved"):
            moved = float(checker.numbers(self.document["moved"]))
            rows.append(("coordinates moved", f"by at most {moved:.0e} of their size"))
        return [*rows, ("reason", self.reason)] if self.reason else rows
