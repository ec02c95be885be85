"""A page of HTML on what became of theorems, with a file for every instance.

It needs neither the program nor a network: style and pictures are part of the page.
"""

from __future__ import annotations

import platform
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from convexden.display import counted, small
from convexden.errors import InvalidProblem
from convexden.report.html.figures import Figure, comparison
from convexden.report.html.markup import Html, join, tag
from convexden.report.html.prose import linked, statement
from convexden.report.layout import LAYOUT
from convexden.report.tallies import Tally, tallies
from convexden.report.terminal.tables import distance
from convexden.report.terminal.theorems import findings, is_conjecture
from convexden.running import versions
from convexden.storage.files import check_folder, whole_folder
from convexden.storage.solutions import save, save_records

if TYPE_CHECKING:
    from convexden.theorems import Result, Theorem

PAGE, RECORDS, INSTANCES = "index.html", "results.json", "instances"
MARK = '<meta name="generator" content="convexden verify --report">'


def write_report(
    results: Iterable[Result],
    folder: str | Path,
    *,
    command: str = "",
    progress: Callable[[str], None] | None = None,
) -> None:
    """Write a report on theorems that were verified.

    ``index.html`` has all tables and, where it can be drawn, a picture of one instance of each
    theorem; ``results.json`` the numbers; and ``instances/`` a solution file (see
    `convexden.save`) for each instance, ``rays-seed-0-3.json`` for number 3 of the random instances
    of the theorem rays.

    Parameters
    ----------
    results : iterable of Result
        At least one.
    folder : str or Path
        It appears whole or not at all, and may take the place of an earlier report.
    command : str, optional
        The command line that gave the results.
    progress : callable, optional
        Called with what is being written.

    Raises
    ------
    InvalidProblem
        If there are no results, or the folder cannot be written or holds anything but a report.
    """
    entries = _named(results)
    if not entries:
        raise InvalidProblem("there is nothing to report: verify a theorem first")
    say = progress or (lambda _: None)
    with whole_folder(folder, _is_report) as new:
        (new / INSTANCES).mkdir()
        unproved = []
        for n, (name, result) in enumerate(entries.items()):
            say(f"writing the report: {n} of {len(entries)} instances stored")
            solution = result.as_solution()
            save(solution, new / INSTANCES / name)
            if not solution.certified:
                unproved.append(name)
        save_records([result.as_dict() for result in entries.values()], new / RECORDS)
        page = _page(entries, unproved, command, say)
        (new / PAGE).write_text(page, encoding="utf-8")


def check_report(folder: str | Path) -> None:
    """Raise InvalidProblem if no report can be written here; leaves nothing behind.

    Parameters
    ----------
    folder : str or Path
    """
    check_folder(folder, _is_report)


def _is_report(folder: Path) -> bool:
    """Whether a folder holds a report and nothing else."""
    try:
        names = {path.name for path in folder.iterdir()}
        stored = list((folder / INSTANCES).iterdir())
        with (folder / PAGE).open(encoding="utf-8") as page:
            head = page.read(1000)
    except (OSError, UnicodeDecodeError):
        return False
    return (
        MARK in head
        and names <= {PAGE, RECORDS, INSTANCES}
        and all(path.is_file() and path.suffix == ".json" for path in stored)
    )


def _named(results: Iterable[Result]) -> dict[str, Result]:
    """The results by the names of their files."""
    entries: dict[str, Result] = {}
    for result in results:
        stem = _slug(f"{result.theorem} {result.instance}")
        repeated = (f"{stem}-{n}.json" for n in range(2, len(entries) + 3))
        name = f"{stem}.json"
        entries[name if name not in entries else next(n for n in repeated if n not in entries)] = (
            result
        )
    return entries


def _slug(text: str) -> str:
    """A text as part of a file name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "unnamed"


def _page(
    entries: dict[str, Result],
    unproved: Sequence[str],
    command: str,
    say: Callable[[str], None],
) -> str:
    """The whole page."""
    results = list(entries.values())
    rows = tallies(results)
    now = datetime.now(UTC)
    sections = []
    for tally in rows:
        say(f"writing the report: figure of {tally.theorem}")
        own = {name: result for name, result in entries.items() if result.theorem == tally.theorem}
        sections.append(_section(tally, own, comparison(tally.results)))
    page = files("convexden.report.html").joinpath("page.html")
    template = Template(page.read_text(encoding="utf-8"))
    example = next(iter(entries))
    return template.substitute(
        title="Verification of theorems on minimum-norm denoisers",
        made=f"convexden {versions.installed()['convexden']}, {now:%Y-%m-%d %H:%M} UTC",
        summary=_summary(rows),
        overview=_overview(rows),
        words=_words(results),
        sections=join(sections, "\n"),
        check=join(
            [
                f"convexden check {INSTANCES}/{example}\n"
                f"convexden plot {INSTANCES}/{example} picture.png"
            ]
        ),
        unproved=tag("p", f"Not certified: {_and(unproved)}.") if unproved else "",
        versions=_versions(command, now),
    )


def _summary(rows: Sequence[Tally]) -> Html:
    """Two sentences that a hurried reader needs."""
    total = sum(len(tally.results) for tally in rows)
    counts = [
        f"{number} {verdict}"
        for verdict in ("confirmed", "refuted", "undecided")
        if (number := sum(getattr(tally, verdict) for tally in rows))
    ]
    sentences = [f"{counted(total, 'instance')} of {counted(len(rows), 'claim')}: {_and(counts)}."]
    theorems = [tally for tally in rows if not is_conjecture(tally.theorem)]
    failed = [tally.theorem for tally in theorems if tally.confirmed < len(tally.results)]
    refuted = [tally.theorem for tally in rows if tally.refuted and tally not in theorems]
    if failed:
        sentences.append(f"Not confirmed: {_and(failed)}.")
    elif theorems:
        sentences.append("Every theorem is confirmed.")
    if refuted:
        plural = "conjectures are" if len(refuted) > 1 else "conjecture is"
        sentences.append(f"{len(refuted)} {plural} refuted: {_and(refuted)}.")
    return join([" ".join(sentences)])


def _and(words: Sequence[str]) -> str:
    """Words as a list in a sentence."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def _overview(rows: Sequence[Tally]) -> Html:
    """The table of all theorems."""
    numbers = ("confirmed", "refuted", "undecided", "by dual", "excess", "gap", "seconds")
    body = []
    for tally in rows:
        theorem = _theorem(tally.theorem)
        name = tag("a", theorem.title if theorem else tally.theorem, href="#" + _id(tally.theorem))
        said = tag("code", theorem.statement, class_="statement") if theorem else Html()
        refuted = "finding" if is_conjecture(tally.theorem) else "refuted"
        counts = ((tally.confirmed, "confirmed"), (tally.refuted, refuted))
        body.append(
            tag(
                "tr",
                tag("th", name, said, scope="row"),
                tag("td", theorem.kind if theorem else "claim"),
                tag("td", linked(theorem.reference) if theorem else "", class_="reference"),
                *(_count(count, style) for count, style in counts),
                _count(tally.undecided, "undecided"),
                _count(tally.dual, ""),
                _number(small(tally.relative_excess)),
                _number(small(tally.relative_gap)),
                _number(f"{tally.seconds:.2f}"),
            )
        )
    head = [tag("th", name, scope="col") for name in ("claim", "kind", "reference")]
    head += [tag("th", name, scope="col", class_="number") for name in numbers]
    caption = "Numbers of instances; excess and gap are the largest of them, seconds their sum."
    return _table("overview", caption, head, body)


def _section(tally: Tally, own: dict[str, Result], figure: Figure | None) -> Html:
    """One theorem: its statement, a picture, its instances."""
    theorem = _theorem(tally.theorem)
    kind = theorem.kind if theorem else "claim"
    parts = [
        tag("h2", theorem.title if theorem else tally.theorem, tag("span", kind, class_="badge"))
    ]
    if theorem:
        parts += [
            tag("pre", theorem.statement),
            tag("p", linked(theorem.reference), class_="faint"),
        ]
    parts.append(_outcome(tally))
    if theorem:
        said = statement(theorem.closed_form)
        parts.append(tag("details", tag("summary", "The claim in full"), said))
    if figure is not None:
        image = tag("img", src=figure.data, alt=figure.alt, width=figure.width)
        parts.append(tag("figure", image, tag("figcaption", figure.caption)))
    summary = tag("summary", counted(len(own), "instance").capitalize())
    parts.append(tag("details", summary, _instances(tally, own), open=len(own) <= LAYOUT.folded))
    again = _again(tally)
    if again:
        parts += [
            tag("p", "The same instances again, and the last of them alone, in Python:"),
            tag("pre", again),
        ]
    return tag("section", *parts, id=_id(tally.theorem))


def _outcome(tally: Tally) -> Html:
    """What the terminal says below its table, of one theorem."""
    lines = [line.plain.strip() for line in findings(tally.results)]
    refuted = "finding" if is_conjecture(tally.theorem) else "refuted"
    style = refuted if tally.refuted else "undecided" if tally.undecided else "confirmed"
    if len(lines) == 1:
        return tag("p", tag("strong", lines[0].capitalize(), class_=style))
    heading = tag("p", tag("strong", lines[0].partition(":")[0].capitalize(), class_=style))
    return join([heading, tag("ul", *(tag("li", line) for line in lines[1:]))])


def _instances(tally: Tally, own: dict[str, Result]) -> Html:
    """The table of the instances of a theorem."""
    measured = list(dict.fromkeys(key for result in tally.results for key in result.measured))
    apart = tally.sup_distance is not None
    words = ("instance", "kind", "verdict", "proof")
    numbers = ["sites", "dimension", "closed-form cost", "cost", "lower bound", "gap", "excess"]
    numbers += ["distance"] * apart + measured + ["seconds"]
    head = [tag("th", name, scope="col") for name in words]
    head += [tag("th", name, scope="col", class_="number") for name in numbers]
    refuted = "finding" if is_conjecture(tally.theorem) else "refuted"
    body = []
    for name, result in own.items():
        problem = result.closed_form.problem
        verdict = refuted if result.verdict == "refuted" else result.verdict
        cells = [str(len(problem)), str(problem.input_dimension)]
        costs = (result.closed_form_cost, result.cost, result.lower_bound)
        cells += [f"{cost:.12g}" for cost in costs]
        cells += [small(result.relative_gap), small(result.relative_excess)]
        cells += [distance(result.sup_distance)] * apart
        found = (result.measured.get(key) for key in measured)
        cells += ["-" if value is None else f"{value:.9g}" for value in found]
        cells.append(f"{result.seconds:.3f}")
        link = tag("a", result.instance, href=f"{INSTANCES}/{name}", download=name)
        body.append(
            tag(
                "tr",
                tag("th", link, scope="row", class_="tight"),
                tag("td", result.kind or "-", class_="tight"),
                tag("td", result.verdict, class_=verdict),
                tag("td", "solved" if result.decided_by == "solved" else "dual"),
                *map(_number, cells),
            )
        )
    caption = "The name of an instance leads to its solution file."
    return _table("instances", caption, head, body)


def _again(tally: Tally) -> str:
    """Commands that repeat the instances that are random; "" if all were given."""
    found = [re.fullmatch(r"seed (\d+) #(\d+)", result.instance) for result in tally.results]
    numbers = [(int(match[1]), int(match[2])) for match in found if match]
    if not numbers or _theorem(tally.theorem) is None:
        return ""
    # To solve what was solved anyway changes nothing, and what a dual proved was not to be solved.
    solve = tally.dual == 0 and any(result.closed_form.certificate for result in tally.results)
    lines = [
        f"convexden verify {tally.theorem} --instances {most + 1} --seed {seed}"
        + " --solve" * solve
        for seed, most in sorted(dict(sorted(numbers)).items())
    ]
    seed, index = numbers[-1]
    lines += [
        "",
        f'theorem = convexden.theorems.get("{tally.theorem}")',
        f"theorem.verify(**theorem.draw({seed}, {index}){', solve=True' * solve})",
    ]
    return "\n".join(lines)


def _words(results: Sequence[Result]) -> Html:
    """What the words of the tables mean."""
    from convexden.theorems._verdicts import TOLERANCE

    words = {
        "confirmed": "The claim holds on the instance. If it is about the cost, the closed form is "
        "a network that meets the constraints at the cost claimed, and no network costs less by "
        f"more than {TOLERANCE:g} of it. If it is about a property, of the closed form or of the "
        "certified minimizer, the numbers measured have it. The claim in full says which.",
        "refuted": "It does not hold: a cheaper network was found, the closed form breaks a "
        "constraint, or the property is missing. A refuted conjecture is a finding, a refuted "
        "theorem a failure.",
        "undecided": "The certified interval of the optimum is too wide to tell.",
        "dual": "The proof: the multipliers that the theorem gives, priced exactly, "
        "bound every network's cost from below by the cost of the closed form. No solver has a "
        "part in it.",
        "solved": "The proof: the problem was solved without knowledge of the closed form, to a "
        "certified interval from lower bound to cost.",
        "cost, lower bound": "The cost of the cheapest known network, and what every network "
        "must cost. The bound is certified up to rounding errors.",
        "gap": "(cost - lower bound) / cost: how much is left open.",
        "excess": "(closed-form cost - cost) / cost: by how much the closed form is too "
        "expensive. Around 1e-15, and below 0, it is rounding.",
    }
    if any(result.sup_distance is not None for result in results):
        words["distance"] = (
            "The largest distance of the closed form and the computed network on a box around the "
            "data, in units of the spread of the targets. Where several networks are optimal it "
            "may be large, so it has no part in the verdict; - where nothing was computed or it "
            "is not known exactly."
        )
    measured = Counter(key for result in results for key in result.measured)
    if measured:
        words["other columns"] = (
            f"Numbers that decide claims about more than the cost: {'; '.join(measured)}."
        )
    pairs = (join([tag("dt", word), tag("dd", text)]) for word, text in words.items())
    return tag("dl", *pairs, class_="words")


def _versions(command: str, now: datetime) -> Html:
    """The table of versions, and of the command that wrote the page."""
    facts = {"python": platform.python_version()}
    facts |= versions.installed("matplotlib")
    facts |= {"platform": platform.platform(), "written": f"{now:%Y-%m-%d %H:%M:%S} UTC"}
    rows = [
        tag("tr", tag("th", name, scope="row"), tag("td", value)) for name, value in facts.items()
    ]
    if command:
        said = tag("td", tag("code", command))
        rows.append(tag("tr", tag("th", "command", scope="row"), said))
    return tag("table", tag("tbody", *rows), class_="plain")


def _theorem(name: str) -> Theorem | None:
    """The theorem of this name, if it is registered."""
    from convexden.theorems import registry

    return registry.get(name)


def _id(name: str) -> str:
    """Of a section: no other id of the page starts like it."""
    return f"claim-{_slug(name)}"


def _count(count: int, style: str) -> Html:
    """A cell with a count, a dash for none."""
    return tag(
        "td", str(count) if count else "-", class_=f"number {style if count else ''}".strip()
    )


def _number(text: str) -> Html:
    """A cell with a number."""
    return tag("td", text, class_="number")


def _table(style: str, caption: str, head: Sequence[Html], body: Sequence[Html]) -> Html:
    """A table that scrolls sideways, also by the keys."""
    parts = (tag("thead", tag("tr", *head)), tag("tbody", join(body, "\n")))
    table = tag("table", tag("caption", caption), *parts, class_=style)
    return tag("div", table, class_="wide", tabindex="0", role="region", aria_label=style)
