"""A report is whole HTML that needs nothing else, and its files prove what it says."""

from __future__ import annotations

import base64
import json
import os
import re
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from convexden import load, theorems, verify_certificate
from convexden.cli import main
from convexden.errors import ExternalFailure, InvalidProblem
from convexden.report import check_report, pictured, write_report
from convexden.report.html.prose import reference_parts, statement
from convexden.solving.interpolation import solve
from convexden.storage.files import whole_folder
from convexden.theorems import Result

VOID = {"meta", "img", "br"}
POINTS = [[0.0, 0.0], [4.0, 0.0], [0.0, 3.0]]


class Page(HTMLParser):
    """The elements of a page, their text, and whether all are closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self.feed(str(text))
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(attrs) == len(dict(attrs)), f"an attribute of {tag} comes twice"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        self.text += data
        if {"th", "td"} & set(self.open):
            self.rows[-1][-1] += data

    def all(self, name: str) -> Iterator[dict[str, str | None]]:
        return (attributes for tag, attributes in self.elements if tag == name)


@pytest.fixture(scope="module")
def results() -> list[Result]:
    """Proved by a dual, and refuted by solving."""
    return list(theorems.verify_all(["rays", "equilateral-beyond"], instances=2, seed=3))


@pytest.fixture(scope="module")
def spatial() -> Result:
    """Proved by its dual, and not to be drawn."""
    return theorems.obtuse_simplex.verify([[0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 3]], 0.1)


@pytest.fixture(scope="module")
def folder(results, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("parent") / "report"
    # What the command line hands over for the picture of the theorem that its dual proves.
    shown = pictured(results[:2])
    drawn = replace(shown, computed=solve(shown.closed_form.problem))
    handed = [drawn if result is shown else result for result in results]
    write_report(handed, path, command="convexden verify --seed=3")
    return path


@pytest.fixture(scope="module")
def page(folder) -> Page:
    return Page((folder / "index.html").read_text(encoding="utf-8"))


def test_the_page_is_whole_and_every_id_is_unique(page, folder):
    assert (folder / "index.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    ids = Counter(str(given["id"]) for _, given in page.elements if "id" in given)
    assert set(ids.values()) == {1}
    assert next(page.all("html"))["lang"] == "en"
    assert [name for name, _ in page.elements].count("h1") == 1
    assert all(given["scope"] in ("row", "col") for given in page.all("th"))


def test_every_link_leads_somewhere_and_nothing_is_loaded(page, folder):
    ids = {given.get("id") for _, given in page.elements}
    linked = set()
    for given in page.all("a"):
        address = str(given["href"])
        if address.startswith("#"):
            assert address[1:] in ids
        elif not address.startswith("https://arxiv.org/abs/2311.06748"):
            assert (folder / address).is_file()
            linked.add(address)
    stored = {path.relative_to(folder).as_posix() for path in folder.rglob("*.json")}
    assert stored == linked
    assert not {"link", "script", "iframe", "object"} & {name for name, _ in page.elements}
    assert all(str(given["src"]).startswith("data:image/png;base64,") for given in page.all("img"))
    style = (folder / "index.html").read_text(encoding="utf-8").partition("</style>")[0]
    assert not re.search(r"url\(|@import|@font-face", style)


def test_every_file_proves_what_the_page_says(page, folder, results):
    for result in results:
        name = f"{result.theorem}-{result.instance.replace(' #', '-').replace(' ', '-')}.json"
        solution = load(folder / "instances" / name)
        check = verify_certificate(solution, tolerance=1e-10)
        assert check.passed, check.reasons
        assert solution.certified
        assert solution.cost == pytest.approx(result.cost, rel=1e-12)
        claimed = f"{result.closed_form_cost:.12g}"
        (row,) = [row for row in page.rows if row[0] == result.instance and claimed in row]
        assert {result.kind, result.verdict, f"{result.cost:.12g}"} <= set(row)
        if result.verdict == "refuted":
            assert check.cost < result.closed_form_cost * (1 - 1e-9)
    assert {result.verdict for result in results} == {"confirmed", "refuted"}


def test_the_figures_are_pictures_with_words(page):
    figures = list(page.all("img"))
    assert len(figures) == 2
    for given in figures:
        png = base64.b64decode(str(given["src"]).partition(",")[2], validate=True)
        assert png.startswith(b"\x89PNG\r\n")
        assert png.endswith(b"IEND\xaeB`\x82")
        width, height = struct.unpack(">II", png[16:24])
        assert width > height > 300
        assert "which costs" in str(given["alt"])


def test_the_page_says_what_was_found_and_how_to_repeat_it(page, folder, results):
    assert "4 instances of 2 claims: 2 confirmed and 2 refuted. Every theorem is confirmed. " in (
        page.text
    )
    assert "1 conjecture is refuted: equilateral-beyond." in page.text
    assert "convexden verify rays --instances 2 --seed 3\n" in page.text
    assert "convexden verify equilateral-beyond --instances 2 --seed 3 --solve\n" in page.text
    theorem = theorems.get("rays")
    assert theorem.verify(**theorem.draw(3, 1)).cost == results[1].cost
    assert "theorem.verify(**theorem.draw(3, 1))" in page.text
    assert "convexden verify --seed=3" in page.text
    assert {"python", "numpy", "scipy", "cvxpy", "clarabel", "matplotlib", "platform"} <= {
        row[0] for row in page.rows
    }
    records = json.loads((folder / "results.json").read_text())
    assert [record["cost"] for record in records] == [result.cost for result in results]


@pytest.mark.parametrize("theorem", theorems.registry.values(), ids=theorems.names())
def test_claims_are_told_in_formulas(theorem):
    """Every formula of every theorem becomes MathML; none is left as it is written."""
    said = Page(statement(theorem.closed_form))
    source = (theorem.closed_form.__doc__ or "").partition("Parameters\n")[0]
    assert len(list(said.all("math"))) == source.count(":math:`") + source.count(".. math::") > 0
    assert not {"tt", "pre", "aside", "svg", "img"} & {name for name, _ in said.elements}
    assert "\\" not in said.text
    assert "`" not in said.text
    assert not [given for _, given in said.elements if "problematic" in str(given.get("class"))]


def test_halves_are_halves():
    r"""docutils alone takes the digits of \frac12 for one number."""

    def told():
        r"""The half :math:`\tfrac12 x`."""

    (fraction,) = re.findall(r"<mfrac.*?</mfrac>", str(statement(told)), re.DOTALL)
    assert re.findall(r"<mn>(\d+)</mn>", fraction) == ["1", "2"]


def test_the_page_has_the_formulas_as_text(page):
    assert len(list(page.all("math"))) > 20
    assert "h(y)=xn" in "".join(page.text.split())


def test_what_docstrings_hold():
    r"""Both are known.

    .. math::

       a_{\text{low}} &= \Bigl(1 - \frac r 2\Bigr) , \\
       b &\ge |c| .

    It ends *here* with ``code`` of `convexden` and :math:`x < 1`.

    * one
    * two

    Parameters
    ----------
    none
    """
    said = Page(statement(test_what_docstrings_hold))
    words = "Both are known. a low =(1−r2), b≥|c|. It ends here with code of convexden and x<1."
    assert "".join(said.text.split()) == words.replace(" ", "") + "onetwo"
    inline, block = sorted(said.all("math"), key=len)
    assert "display" not in inline
    assert block["display"] == "block"
    # A bar is a bracket, not a relation with room on both sides.
    bars = [given for given in said.all("mo") if given.get("form") == "prefix"]
    assert len(bars) == 2
    assert {"em", "code", "li", "mfrac", "mtable"} <= {name for name, _ in said.elements}


def test_what_docutils_cannot_read_stays_as_it_is_written():
    r"""With |u| = 1, :math:`\foo{x} < 1`, :obj:`x`, and `one quote.

    .. math:: \begin{nothing} 1 \end{nothing}
    """
    said = Page(statement(test_what_docutils_cannot_read_stays_as_it_is_written))
    for part in ("With |u| = 1", r"\foo{x} < 1", ":obj:`x`", "`one quote", r"\begin{nothing} 1"):
        assert part in said.text
    assert "math" not in {name for name, _ in said.elements}


@pytest.mark.parametrize(
    "directive",
    [
        ".. raw:: html\n\n   <script>secret</script>",
        ".. raw:: html\n   :file: secret.txt",
        ".. include:: secret.txt",
        ".. csv-table::\n   :file: secret.txt",
        ".. literalinclude:: secret.txt",
    ],
)
def test_docstrings_insert_no_files_and_no_html(tmp_path, monkeypatch, directive):
    """Nor if a docutils.conf of the current folder allows it."""
    monkeypatch.chdir(tmp_path)
    Path("secret.txt").write_text("secret")
    allowed = "[general]\nraw_enabled: true\nfile_insertion_enabled: true\n"
    Path("docutils.conf").write_text(allowed)

    def function() -> None: ...

    function.__doc__ = f"It says:\n\n{directive}\n\nThe end."
    said = Page(statement(function))
    assert said.text.split() == ["It", "says:", "The", "end."]


def test_footnotes_of_two_docstrings_have_their_own_ids():
    """A footnote [1]_.

    .. [1] Here.
    """
    both = "".join(
        statement(test_footnotes_of_two_docstrings_have_their_own_ids, prefix)
        for prefix in ("a-", "b-")
    )
    ids = [given["id"] for _, given in Page(both).elements if "id" in given]
    assert len(set(ids)) == len(ids) == 4


def test_references_name_the_paper():
    assert reference_parts("A & B, arXiv 2311.06748, x; arXiv:2401.00001") == [
        ("A & B, ", ""),
        ("arXiv 2311.06748", "2311.06748"),
        (", x; ", ""),
        ("arXiv:2401.00001", "2401.00001"),
    ]
    assert reference_parts("no paper") == [("no paper", "")]


HOSTILE = """<script>alert("1")</script> '&amp;' {{ 7 * 7 }} {% raw %} <img src=x onerror=y>"""


def test_whatever_is_given_as_text_is_escaped(tmp_path, monkeypatch, results):
    """Names, kinds, labels, commands, titles and references, also of theorems of one's own."""
    rays = theorems.get("rays")
    own = replace(rays, name="own", title=HOSTILE, statement=HOSTILE, reference=HOSTILE)
    monkeypatch.setitem(theorems._REGISTERED, "own", own)
    given = replace(results[0], instance=HOSTILE, kind=HOSTILE, measured={HOSTILE: 0.5})
    hostile = [replace(given, theorem=name) for name in (HOSTILE, "own")]
    write_report(hostile, tmp_path / "report", command=HOSTILE)
    text = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    page = Page(text)
    plain = Page(text.replace(escape(HOSTILE), ""))  # the same page without the words
    assert "script" not in {name for name, _ in page.elements}
    assert [name for name, _ in page.elements] == [name for name, _ in plain.elements]
    assert all(str(given["src"]).startswith("data:image/png;base64,") for given in page.all("img"))
    assert not any(name.startswith("on") for _, given in page.elements for name in given)
    # Title, statement and reference of the theorem, the name of the other claim; kinds, labels.
    assert page.text.count(HOSTILE) >= 12
    assert {given["alt"].partition(",")[0] for given in page.all("img")} == {HOSTILE}


def test_a_theorem_without_a_docstring_has_a_page(tmp_path, monkeypatch, results):
    rays = theorems.get("rays")
    own = replace(rays, name="own", closed_form=lambda points, radius: None)
    monkeypatch.setitem(theorems._REGISTERED, "own", own)
    write_report([replace(results[0], theorem="own")], tmp_path / "report")
    assert Page((tmp_path / "report" / "index.html").read_text(encoding="utf-8")).text


def test_unknown_names_measured_numbers_and_given_points(tmp_path):
    name = "<script>alert('a theorem')</script>"
    closed_form = theorems.rays.closed_form(POINTS, 0.48)
    given = replace(theorems.compare(name, closed_form), kind="a & b")
    measured = given.and_property(
        "undecided", {"share <of> weight": 0.25, "not found": float("nan")}
    )
    bare = replace(given, closed_form=replace(closed_form, certificate=None))
    write_report([given, measured, bare], tmp_path / "report", command="verify '<b>'")
    page = Page((tmp_path / "report" / "index.html").read_text(encoding="utf-8"))
    assert "script" not in {element for element, _ in page.elements}
    assert "b" not in {element for element, _ in page.elements}
    assert name in page.text
    assert "verify '<b>'" in page.text
    header, *rows = [row for row in page.rows if row[0] in ("instance", "given")]
    place = header.index("share <of> weight")
    assert [row[place] for row in rows] == ["-", "0.25", "-"]
    assert [row[header.index("not found")] for row in rows] == ["-", "nan", "-"]
    assert [row[header.index("verdict")] for row in rows] == ["confirmed", "undecided", "confirmed"]
    stored = {path.name: load(path) for path in (tmp_path / "report" / "instances").iterdir()}
    stem = "script-alert-a-theorem-script-given"
    assert {name: solution.status for name, solution in stored.items()} == {
        f"{stem}.json": "certified",
        f"{stem}-2.json": "certified",
        f"{stem}-3.json": "upper-bound",
    }
    assert all(verify_certificate(solution).passed for solution in stored.values())
    assert f"Not certified: {stem}-3.json." in page.text
    assert "--instances" not in page.text
    assert "Not confirmed: <script>" in page.text


def test_a_page_solves_nothing(results, tmp_path, monkeypatch):
    """Without a computed network the closed form is drawn alone."""
    monkeypatch.setattr("convexden.solving.interpolation.solve", None)
    write_report(results[:2], tmp_path / "report")
    page = Page((tmp_path / "report" / "index.html").read_text(encoding="utf-8"))
    (given,) = page.all("img")
    assert "the closed form, which costs" in str(given["alt"])
    assert "computed network" not in str(given["alt"])


def test_what_is_proved_in_space_has_no_picture(spatial, tmp_path):
    assert spatial.solution is None
    write_report([spatial], tmp_path / "report")
    text = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert "<img" not in text


def test_an_earlier_report_is_replaced_and_anything_else_is_not(spatial, tmp_path):
    path = tmp_path / "report"
    path.mkdir()
    check_report(path)  # empty
    write_report([spatial, spatial], path)
    check_report(path)
    write_report([spatial], path)
    assert os.listdir(path / "instances") == ["obtuse-simplex-given.json"]
    assert os.listdir(tmp_path) == ["report"]
    before = sorted(path.rglob("*"))
    for other in (path / "notes.txt", path / "instances" / "picture.png"):
        other.write_text("mine")
        with pytest.raises(InvalidProblem, match="holds other files"):
            write_report([spatial, spatial], path)
        assert other.read_text() == "mine"
        other.unlink()
    assert sorted(path.rglob("*")) == before
    (path / "index.html").write_text("<!DOCTYPE html>")
    with pytest.raises(InvalidProblem, match="holds other files"):
        check_report(path)


def test_what_cannot_be_a_report(results, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidProblem, match="is a file"):
        check_report(tmp_path / "file")
    with pytest.raises(InvalidProblem, match="cannot be written"):
        check_report(tmp_path / "none" / "report")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidProblem, match="current folder"):
        check_report(".")
    with pytest.raises(InvalidProblem, match="nothing to report"):
        write_report([], tmp_path / "report")
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_without_permission(tmp_path, monkeypatch):
    path = tmp_path / "report"
    path.mkdir()
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    with pytest.raises(InvalidProblem, match="permission denied"):
        check_report(path)
    assert os.listdir(tmp_path) == ["report"]


def test_an_interrupted_report_leaves_the_earlier_one(spatial, tmp_path):
    path = tmp_path / "report"
    write_report([spatial], path)
    before = {file: file.read_bytes() for file in path.rglob("*.*")}

    def interrupt(text: str) -> None:
        if "figure" in text:
            raise SystemExit(130)

    with pytest.raises(SystemExit):
        write_report([spatial], path, progress=interrupt)
    assert {file: file.read_bytes() for file in path.rglob("*.*")} == before
    assert os.listdir(tmp_path) == ["report"]


def test_a_folder_that_cannot_take_its_place_leaves_the_earlier_one(tmp_path, monkeypatch):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").write_text("")
    rename = os.rename

    def second_fails(source: Path, target: Path) -> None:
        if target == path and (Path(source) / "new").exists():
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(os, "rename", second_fails)
    with (
        pytest.raises(ExternalFailure, match="no space left"),
        whole_folder(path, lambda _: True) as temporary,
    ):
        (temporary / "new").write_text("")
    assert os.listdir(tmp_path) == ["folder"]
    assert os.listdir(path) == ["old"]


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    output, error = capsys.readouterr()
    return int(caught.value.code or 0), output, error


def test_the_command_line_writes_it(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line = ("verify", "univariate", "--instances", "1", "--seed", "2", "--quiet")
    status, output, error = run(capsys, *line, "--report", "out", "--json", "out.json")
    assert (status, error) == (0, "")
    assert output.endswith("report: out/index.html\n")
    page = Path("out/index.html").read_text(encoding="utf-8")
    assert "convexden verify univariate --instances=1 --seed=2 --report=out" in page
    assert Path("out.json").read_text() == Path("out/results.json").read_text()
    status, output, _ = run(capsys, "check", "out/instances/univariate-seed-2-0.json")
    assert (status, "verified" in output) == (0, True)
    status, output, _ = run(capsys, "plot", "out/instances/univariate-seed-2-0.json", "out.png")
    assert status == 0
    assert Path("out.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ("--report full", "holds other files"),
        ("--report none/report", "cannot be written"),
        ("--report file", "is a file"),
        ("--report empty --json empty/results.json", "write results.json elsewhere"),
    ],
)
def test_the_command_line_refuses_before_it_runs(capsys, tmp_path, monkeypatch, options, part):
    monkeypatch.chdir(tmp_path)
    Path("full").mkdir()
    Path("full/notes.txt").write_text("mine")
    Path("empty").mkdir()
    Path("file").write_text("")
    monkeypatch.setattr(theorems, "verify_all", lambda *_, **__: pytest.fail("it ran"))
    status, output, error = run(capsys, "verify", "univariate", *options.split())
    assert (status, output, error.count("\n")) == (2, "", 1)
    assert part in error
    assert sorted(os.listdir()) == ["empty", "file", "full"]
    assert os.listdir("empty") == []
