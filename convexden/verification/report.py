"""A list of checks with their values and limits, and the numbers that were established."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from convexden import display

# Numbers of which the size is what matters, not the digits.
ROUNDED = ("relative gap", "feasibility")


@dataclass(frozen=True)
class Check:
    """One thing that was checked: it passes if ``value <= limit``.

    Attributes
    ----------
    name : str
    value, limit : float
        Both without units: relative to the size of what is checked.
    passed : bool
    message : str
        One line that says what is wrong; empty if the check passed.
    """

    name: str
    value: float
    limit: float
    passed: bool
    message: str

    def __repr__(self) -> str:
        """One line with what matters."""
        outcome = "ok" if self.passed else "FAILED"
        return display.one_line(
            self, self.name, outcome, f"value={self.value:.2e}", f"limit={self.limit:.2e}"
        )


@dataclass(frozen=True)
class Checks(ABC):
    """Checks, and the numbers that were established on the way."""

    checks: tuple[Check, ...]

    @abstractmethod
    def numbers(self) -> dict[str, float]:
        """What was established, by name."""

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    @property
    def reasons(self) -> tuple[str, ...]:
        """One line per failed check; empty if all passed."""
        return tuple(check.message for check in self.checks if not check.passed)

    def table(self) -> str:
        """The checks, one a line, and the numbers they establish."""
        width = max(len(check.name) for check in self.checks)
        lines = [f"{'check':<{width}}  {'value':>9}  {'limit':>9}"]
        lines += [
            f"{check.name:<{width}}  {check.value:9.2e}  {check.limit:9.2e}  "
            f"{'ok' if check.passed else 'FAILED'}"
            for check in self.checks
        ]
        lines.append("")
        for name, number in self.numbers().items():
            digits = 3 if name in ROUNDED else 15
            lines.append(f"{name:<15} {number:.{digits}g}")
        lines.append("")
        lines += [f"FAILED: {reason}" for reason in self.reasons] or ["verified"]
        return "\n".join(lines)

    def verdict(self) -> str:
        """Whether all passed, or which failed."""
        failed = ", ".join(check.name for check in self.checks if not check.passed)
        return f"failed: {failed}" if failed else "passed"

    def __str__(self) -> str:
        """The table of the checks."""
        return self.table()

    def _repr_html_(self) -> str:
        """The table for notebooks."""
        checks = [
            (
                check.name,
                f"{check.value:.2e}",
                f"{check.limit:.2e}",
                "ok" if check.passed else "FAILED",
            )
            for check in self.checks
        ]
        numbers = [(name, f"{number:.15g}") for name, number in self.numbers().items()]
        header = ("check", "value", "limit", "")
        return display.html_table(self.verdict(), checks, header) + display.html_table("", numbers)


def check(name: str, value: float, limit: float, message: str) -> Check:
    """The check that a value is within its limit."""
    passed = bool(value <= limit)  # False for NaN
    return Check(name, float(value), limit, passed, "" if passed else message)


def excess(value: float, limit: float) -> float:
    """By how much the value exceeds the limit, relative to the limit; 0 if it does not."""
    return 0.0 if value <= limit else ratio(value - limit, limit)


def ratio(value: float, scale: float) -> float:
    """Quotient value / scale, where 0 / 0 = 0 and x / 0 is infinite."""
    if value == 0.0:
        return 0.0
    return value / scale if scale != 0.0 else float("inf") * value


def gap_of(cost: float, bound: float) -> float:
    """(cost - bound) / cost; 0 if both are 0, and 1 if there is no cost."""
    return 1.0 if math.isinf(cost) else ratio(cost - bound, cost)
