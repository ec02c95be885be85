"""Outcomes as lines and tables."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from benchmarks.robustness.outcomes import Outcome
from benchmarks.robustness.problems import draw

# Ends that are failures whatever the problem.
FAILURES = ("foreign", "past the limit")
# Verdicts about a problem that can be solved: the others say that there is nothing to solve.
SOLVABLE = ("certified", "not-certified", "upper-bound", "refused", *FAILURES)


def failed(outcomes: Iterable[Outcome]) -> bool:
    """Whether anything was false, foreign, endless or leaked."""
    return any(o.falsities or o.leaked or o.kind in FAILURES for o in outcomes)


def line(outcome: Outcome) -> str:
    """One outcome, with all that is known of it."""
    parts = [f"seed {outcome.seed}: {outcome.kind} in {outcome.seconds:.2f} s"]
    if outcome.cost == outcome.cost:
        parts[0] += f", [{outcome.lower_bound:.17g}, {outcome.cost:.17g}]"
    parts.append(f"({draw(outcome.seed).title})")
    parts += [outcome.message] if outcome.message else []
    parts += [f"FALSE: {text}" for text in outcome.falsities]
    parts += [f"leaked: {text}" for text in outcome.leaked]
    parts += [f"remark: {text}" for text in outcome.remarks]
    return "\n    ".join(parts)


def summary(outcomes: Sequence[Outcome]) -> str:
    """Tables: ends, messages, and the share certified by each part of the kind."""
    lines = ["", f"{'end':<44}{'count':>6}  first seeds"]
    for name, chosen in _ends(outcomes):
        if chosen:
            seeds = ", ".join(str(o.seed) for o in chosen[:8])
            lines.append(f"{name:<44}{len(chosen):6d}  {seeds}")
    for title, message in (
        ("refused and invalid", _message),
        ("remarks of the judge", lambda o: "; ".join(o.remarks)),
    ):
        texts = Counter(_without_numbers(message(o)) for o in outcomes if message(o))
        if texts:
            lines += ["", title]
            lines += [f"{count:6d}  {text}" for text, count in texts.most_common(12)]
    lines.append("")
    drawn = {o.seed: draw(o.seed) for o in outcomes}
    names: tuple[tuple[str, Callable[[Outcome], Iterable[str]]], ...] = (
        ("geometry", lambda o: (drawn[o.seed].geometry,)),
        ("aims", lambda o: (drawn[o.seed].aims,)),
        ("sizes", lambda o: (drawn[o.seed].sizes,)),
        ("frame", lambda o: [_decade(name) for name in drawn[o.seed].frame] or ["plain"]),
        ("dimension", lambda o: (f"d = {drawn[o.seed].centers.shape[1]}",)),
    )
    solvable = [o for o in outcomes if o.kind in SOLVABLE]
    for name, kinds in names:
        lines.append(f"{name:<24}{'solvable':>9}{'certified':>11}")
        every = sorted({kind for o in solvable for kind in kinds(o)})
        for kind in every:
            members = [o for o in solvable if kind in kinds(o)]
            lines.append(f"  {kind:<22}{len(members):9d}{_share(members):10.0f} %")
    lines.append(f"{'all':<24}{len(solvable):9d}{_share(solvable):10.1f} %")
    return "\n".join(lines)


def _ends(outcomes: Sequence[Outcome]) -> list[tuple[str, list[Outcome]]]:
    """Outcomes by how they ended, the failures last."""

    def those(kind: str) -> list[Outcome]:
        return [o for o in outcomes if o.kind == kind and not o.falsities]

    infeasible = those("infeasible")
    wrong = [o for o in outcomes if o.falsities]
    return [
        ("certified", those("certified")),
        ("not certified", those("not-certified")),
        ("upper bound only", those("upper-bound")),
        ("infeasible, with a proof", [o for o in infeasible if not o.remarks]),
        ("infeasible, without a proof", [o for o in infeasible if o.remarks]),
        ("invalid data", those("invalid")),
        ("refused", those("refused")),
        ("FALSE, certified", [o for o in wrong if o.kind == "certified"]),
        ("FALSE, infeasible", [o for o in wrong if o.kind == "infeasible"]),
        ("FALSE bound, not certified", [o for o in wrong if o.kind == "not-certified"]),
        ("foreign exceptions", those("foreign")),
        ("past the limit", those("past the limit")),
        ("leaked a warning", [o for o in outcomes if o.leaked]),
    ]


def _message(outcome: Outcome) -> str:
    return outcome.message if outcome.kind in ("refused", "invalid") else ""


def _without_numbers(text: str) -> str:
    return re.sub(r"[-+]?\d[\d.]*(e[-+]?\d+)?", "#", text)


def _decade(name: str) -> str:
    """Scales and offsets by size, so that the table stays short."""
    match = re.fullmatch(r"(scale|offset) 1e(-?\d+)", name)
    if match is None:
        return name
    exponent = int(match[2])
    if match[1] == "scale":
        return "scale up" if exponent > 0 else "scale down"
    return "offset from 1e6" if exponent >= 6 else "offset from 1e3" if exponent >= 3 else "offset"


def _share(outcomes: Sequence[Outcome]) -> float:
    """Per cent certified and not refuted."""
    good = sum(o.kind == "certified" and not o.falsities for o in outcomes)
    return 100 * good / max(1, len(outcomes))
