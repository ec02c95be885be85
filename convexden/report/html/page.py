"""A page of HTML on what became of theorems, with a file for every instance.

It needs neither the program nor a network: style and pictures are part of the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from convexden.display import counted, small
from convexden.errors import InvalidProblem
from convexden.report.html import content
from convexden.report.html.content import Claim, listed, slug
from convexden.report.html.figures import comparison
from convexden.report.tallies import tallies
from convexden.running import versions
from convexden.storage.files import check_folder, whole_folder
from convexden.storage.solutions import save, save_records

if TYPE_CHECKING:
    from jinja2 import Environment

    from convexden.theorems import Result

PAGE, RECORDS, INSTANCES = "index.html", "results.json", "instances"
GENERATOR = "convexden verify --report"  # by which a page is known again


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
        f'content="{GENERATOR}"' in head
        and names <= {PAGE, RECORDS, INSTANCES}
        and all(path.is_file() and path.suffix == ".json" for path in stored)
    )


def _named(results: Iterable[Result]) -> dict[str, Result]:
    """The results by the names of their files."""
    entries: dict[str, Result] = {}
    for result in results:
        stem = slug(f"{result.theorem} {result.instance}")
        repeated = (f"{stem}-{n}.json" for n in range(2, len(entries) + 3))
        name = f"{stem}.json"
        entries[name if name not in entries else next(n for n in repeated if n not in entries)] = (
            result
        )
    return entries


def _page(
    entries: dict[str, Result],
    unproved: Sequence[str],
    command: str,
    say: Callable[[str], None],
) -> str:
    """The whole page."""
    from convexden.theorems._verdicts import TOLERANCE

    results = list(entries.values())
    rows = tallies(results)
    claims = []
    for tally in rows:
        say(f"writing the report: figure of {tally.theorem}")
        own = {name: result for name, result in entries.items() if result.theorem == tally.theorem}
        claims.append(Claim(tally, own, comparison(tally.results)))
    now = datetime.now(UTC)
    return (
        _environment()
        .get_template("verification.html")
        .render(
            generator=GENERATOR,
            made=f"convexden {versions.installed()['convexden']}, {now:%Y-%m-%d %H:%M} UTC",
            summary=content.summary(rows),
            claims=claims,
            tolerance=TOLERANCE,
            measured=content.measured(results),
            records=RECORDS,
            folder=INSTANCES,
            example=next(iter(entries)),
            unproved=f"Not certified: {listed(unproved)}." if unproved else "",
            versions=content.installed(now),
            command=command,
        )
    )


@cache
def _environment() -> Environment:
    """The templates; what they are given is text, and escaped, unless it is `Markup`."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("convexden.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"counted": counted, "small": small}
    return environment
