"""What the page says, as plain text and numbers: the templates make HTML of it."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from convexden import display
from convexden.display import counted, small
from convexden.report.html.figures import Figure
from convexden.report.html.prose import reference_parts, statement
from convexden.report.layout import LAYOUT
from convexden.report.tallies import Tally
from convexden.report.terminal.tables import distance
from convexden.report.terminal.theorems import findings, is_conjecture
from convexden.running import versions

if TYPE_CHECKING:
    from markupsafe import Markup

    from convexden.theorems import Result, Theorem


@dataclass(frozen=True, eq=False)
class Claim:
    """What the page says of one theorem, conjecture or claim that is not in the registry.

    Attributes
    ----------
    tally : Tally
    instances : mapping of str to Result
        By the names of their files.
    figure : Figure or None
    """

    tally: Tally
    instances: Mapping[str, Result]
    figure: Figure | None

    __repr__ = display.field_line

    @property
    def id(self) -> str:
        """Of the section: no other id of the page starts like it."""
        return f"claim-{slug(self.tally.theorem)}"

    @cached_property
    def theorem(self) -> Theorem | None:
        """The theorem of this name, if it is registered."""
        from convexden.theorems import registry

        return registry.get(self.tally.theorem)

    @property
    def title(self) -> str:
        """Title of the section."""
        return self.theorem.title if self.theorem else self.tally.theorem

    @property
    def kind(self) -> str:
        """Theorem, conjecture or claim."""
        return self.theorem.kind if self.theorem else "claim"

    @property
    def reference(self) -> list[tuple[str, str]]:
        """Where it is from, see `reference_parts`."""
        return reference_parts(self.theorem.reference) if self.theorem else []

    @property
    def statement(self) -> Markup | None:
        """The claim in full."""
        theorem = self.theorem
        return statement(theorem.closed_form, f"{self.id}-") if theorem else None

    @property
    def refuted_style(self) -> str:
        """A refuted theorem is a failure, a refuted conjecture a finding."""
        return "finding" if is_conjecture(self.tally.theorem) else "refuted"

    @property
    def outcome_style(self) -> str:
        """That of the worst verdict."""
        if self.tally.refuted:
            return self.refuted_style
        return "undecided" if self.tally.undecided else "confirmed"

    @cached_property
    def _findings(self) -> list[str]:
        """What the terminal says below its table."""
        return [line.plain.strip() for line in findings(self.tally.results)]

    @property
    def outcome(self) -> str:
        """What became of it, in a few words."""
        first, *details = self._findings
        return (first.partition(":")[0] if details else first).capitalize()

    @property
    def outcome_details(self) -> list[str]:
        """The same, for each kind of instances; nothing if all were confirmed."""
        return self._findings[1:]

    @property
    def has_distance(self) -> bool:
        """Whether the closed form and a computed network were compared."""
        return self.tally.sup_distance is not None

    @cached_property
    def measured(self) -> list[str]:
        """Names of the numbers that were measured besides the cost."""
        return measured(self.tally.results)

    @property
    def columns(self) -> list[str]:
        """Names of the `numbers`."""
        names = ["sites", "dimension", "closed-form cost", "cost", "lower bound", "gap", "excess"]
        return [*names, *["distance"] * self.has_distance, *self.measured, "seconds"]

    def numbers(self, result: Result) -> list[str]:
        """The row of an instance."""
        problem = result.closed_form.problem
        costs = (result.closed_form_cost, result.cost, result.lower_bound)
        found = (result.measured.get(name) for name in self.measured)
        return [
            str(len(problem)),
            str(problem.input_dimension),
            *(f"{cost:.12g}" for cost in costs),
            small(result.relative_gap),
            small(result.relative_excess),
            *[distance(result.sup_distance)] * self.has_distance,
            *("-" if value is None else f"{value:.9g}" for value in found),
            f"{result.seconds:.3f}",
        ]

    @property
    def folded(self) -> bool:
        """Whether the table of instances is shown on demand only."""
        return len(self.instances) > LAYOUT.folded

    @property
    def again(self) -> str:
        """Commands that repeat the instances that are random; "" if all were given."""
        results, name = self.tally.results, self.tally.theorem
        found = [re.fullmatch(r"seed (\d+) #(\d+)", result.instance) for result in results]
        numbers = [(int(match[1]), int(match[2])) for match in found if match]
        if not numbers or self.theorem is None:
            return ""
        # To solve what was solved anyway changes nothing, and what a dual proved was not to be
        # solved.
        solve = self.tally.dual == 0 and any(result.closed_form.certificate for result in results)
        lines = [
            f"convexden verify {name} --instances {most + 1} --seed {seed}" + " --solve" * solve
            for seed, most in sorted(dict(sorted(numbers)).items())
        ]
        seed, index = numbers[-1]
        return "\n".join(
            [
                *lines,
                "",
                f'theorem = convexden.theorems.get("{name}")',
                f"theorem.verify(**theorem.draw({seed}, {index}){', solve=True' * solve})",
            ]
        )


def summary(rows: Sequence[Tally]) -> str:
    """Two sentences that a hurried reader needs."""
    total = sum(len(tally.results) for tally in rows)
    counts = [
        f"{number} {verdict}"
        for verdict in ("confirmed", "refuted", "undecided")
        if (number := sum(getattr(tally, verdict) for tally in rows))
    ]
    sentences = [
        f"{counted(total, 'instance')} of {counted(len(rows), 'claim')}: {listed(counts)}."
    ]
    theorems = [tally for tally in rows if not is_conjecture(tally.theorem)]
    failed = [tally.theorem for tally in theorems if tally.confirmed < len(tally.results)]
    refuted = [tally.theorem for tally in rows if tally.refuted and tally not in theorems]
    if failed:
        sentences.append(f"Not confirmed: {listed(failed)}.")
    elif theorems:
        sentences.append("Every theorem is confirmed.")
    if refuted:
        plural = "conjectures are" if len(refuted) > 1 else "conjecture is"
        sentences.append(f"{len(refuted)} {plural} refuted: {listed(refuted)}.")
    return " ".join(sentences)


def measured(results: Sequence[Result]) -> list[str]:
    """Names of the numbers that were measured besides the cost, each once."""
    return list(dict.fromkeys(name for result in results for name in result.measured))


def installed(now: datetime) -> dict[str, str]:
    """The table of versions."""
    return {
        "python": platform.python_version(),
        **versions.installed("matplotlib"),
        "platform": platform.platform(),
        "written": f"{now:%Y-%m-%d %H:%M:%S} UTC",
    }


def listed(words: Sequence[str]) -> str:
    """Words as a list in a sentence."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def slug(text: str) -> str:
    """A text as part of an id or of a file name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "unnamed"
