"""The commands `solve`, `check`, `plot` and `map`."""

import json
import os
import re
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from commands import assert_refused

from convexden import load
from convexden.data import triangular_lattice


def test_solve_certifies_and_prints(run):
    status, output, error = run("solve", "triangle.csv", "--radius", "0.1")
    assert status == 0, error
    assert "certified" in output


def test_solve_writes_a_solution_that_check_confirms(run):
    status, _, error = run("solve", "line.csv", "--radius", "0.1", "--output", "out.json")
    assert status == 0, error
    solution = load("out.json")
    assert solution.cost == pytest.approx(2 * 1 / 0.8 + 2 * 2 / 1.8)
    status, output, error = run("check", "out.json")
    assert status == 0, error
    assert output


def test_check_rejects_a_changed_network(run):
    run("solve", "line.csv", "--radius", "0.1", "--output", "out.json")
    document = json.loads(Path("out.json").read_text())
    document["network"]["offset"][0] += 1e-3
    Path("out.json").write_text(json.dumps(document))
    assert run("check", "out.json")[0] == 1


def test_check_rejects_a_changed_certificate(run):
    run("solve", "line.csv", "--radius", "0.1", "--output", "out.json")
    document = json.loads(Path("out.json").read_text())
    for row in document["certificate"]["values"]:
        row[0] *= 1.01
    for row in document["certificate"]["jacobians"]:
        row[0][0] *= 1.01
    document["lower_bound"] *= 1.01
    Path("out.json").write_text(json.dumps(document))
    assert run("check", "out.json")[0] == 1


def test_solve_takes_radii_samples_and_targets(run):
    Path("radii.csv").write_text("0.1,0.2,0\n")
    np.save("noisy.npy", np.array([[[0.1], [-0.1]], [[0.9], [1.1]], [[2.9], [3.1]]]))
    Path("noisy.csv").write_text("0 0.1\n0 -0.1\n1 0.9\n1 1.1\n2 2.9\n2 3.1\n")
    Path("targets.csv").write_text("1\n5\n2\n")
    costs = []
    for options in (
        ("--radii", "radii.csv"),
        ("--noisy", "noisy.npy"),
        ("--noisy", "noisy.csv"),
        ("--targets", "targets.csv"),
        ("--targets", "targets.csv", "--radius", "0.1"),
    ):
        status, _, error = run("solve", "line.csv", *options, "--output", "out.json")
        assert status == 0, error
        costs.append(load("out.json").cost)
    ball = 2 * 1 / 0.8 + 2 * 2 / 1.8
    # A sample at the end of the line needs no knot.
    assert costs[0] == pytest.approx(1 / 0.7 + 1 / 0.7 + 2 / 1.8)
    assert costs[1:3] == pytest.approx([ball, ball])
    assert costs[3] == pytest.approx(4 + 1.5)
    assert costs[4] == pytest.approx(2 * 4 / 0.8 + 2 * 3 / 1.8)


def test_solve_says_how_hinges_align_beyond_a_line(run):
    _, output, _ = run("solve", "triangle.csv", "--radius", "0.1")
    assert "max-margin" in output
    assert "mean, weighted by |a|" in output
    assert "max-margin" not in run("solve", "line.csv", "--radius", "0.1")[1]
    # Among many points every direction is that of some edge, and without hinges there is nothing.
    np.save("many.npy", np.column_stack([np.arange(60), np.arange(60) % 7]))
    Path("one.csv").write_text("1\n" * 60)
    assert "max-margin" not in run("solve", "many.npy", "--targets", "one.csv")[1]
    Path("same.csv").write_text("1\n1\n1\n")
    assert "max-margin" not in run("solve", "triangle.csv", "--targets", "same.csv")[1]


@pytest.mark.slow
def test_an_unreachable_tolerance_exits_1(run):
    status, output, _ = run("solve", "triangle.csv", "--radius", "0.1", "--tolerance", "1e-300")
    assert status == 1  # cost and bound are rounded up and down, so that the gap is not 0
    assert "not-certified" in output


def test_solve_draws_the_plane(run):
    status, _, error = run("solve", "triangle.csv", "--radius", "0.1", "--plot", "out.png")
    assert status == 0, error
    assert Path("out.png").read_bytes().startswith(b"\x89PNG")


def test_solve_runs_on_images(run):
    pytest.importorskip("sklearn", reason="needs the extra images")
    status, _, error = run(
        "solve", "digits:0,1,2", "--radius", "0.13", "--quiet", "--output", "out.json"
    )
    assert (status, error) == (0, "")
    assert load("out.json").network.input_dimension == 64


def test_equal_patches_count_once(run):
    pytest.importorskip("sklearn", reason="needs the extra images")
    costs = []
    for numbers in ("70,200", "70,150,200"):  # 70 and 150 are the same piece of sky
        source = f"patches:china:8:{numbers}"
        status, _, error = run("solve", source, "--radius", "0.1", "--quiet", "--output", "o.json")
        assert (status, error) == (0, "")
        costs.append(load("o.json").cost)
    assert costs[0] == pytest.approx(costs[1])


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ("solve none.csv --radius 1", "none.csv does not exist"),
        ("solve . --radius 1", "is a folder"),
        ("solve bad.csv --radius 0.1", "line 2: 1 number where"),
        ("solve nan.csv --radius 0.1", "line 2: a number is missing"),
        ("solve word.csv --radius 0.1", "line 2: 'b' is no number"),
        ("solve empty.csv --radius 0.1", "is empty"),
        ("solve binary.csv --radius 0.1", "is not text"),
        ("solve objects.npy --radius 0.1", "Python objects"),
        ("solve one.csv --radius 0.1", "one.csv holds a single point"),
        ("solve digits:x --radius 0.1", "give for example"),
        ("solve digits:0,0 --radius 0.1", "fewer than two distinct points"),
        ("solve one.csv", "single point"),
        ("solve line.csv --radius -0.1", "negative"),
        ("solve line.csv --radius nan", "NaN"),
        ("solve line.csv --radius word", "--radius"),
        ("solve line.csv --radius 0.5", "sites 0 and 1 (balls) meet"),
        ("solve line.csv --radius 0.5", "lower the radii (the centers are 1 apart)"),
        ("solve line.csv --radius 0.1 --radii line.csv", "exclude each other"),
        ("solve line.csv --noisy line.csv --targets line.csv", "exclude each other"),
        ("solve line.csv --radii one.csv", "does not hold 3 radii"),
        ("solve line.csv --noisy line.csv", "does not hold noisy samples"),
        ("solve line.csv --noisy triangle.csv", "row 2 starts with 0.5"),
        ("solve line.csv --targets one.csv", "one.csv holds a single point"),
        ("solve same.csv --targets line.csv", "same sample with different targets"),
        ("solve line.csv --radius 0.1 --tolerance 0", "tolerance"),
        ("solve line.csv --radius 0.1 --tolerance nan", "tolerance"),
        ("solve line.csv --radius 0.1 --output none/out.json", "cannot be written"),
        ("solve line.csv --radius 0.1 --output .", "is a folder"),
        ("solve line.csv --radius 0.1 --plot out.doc", "is no picture"),
        ("solve line.csv --radius 0.1 --plot none/out.png", "cannot be written"),
        ("solve", "POINTS"),
        ("solve line.csv --unknown", "--unknown"),
        ("check none.json", "cannot be read"),
        ("check line.csv", "is not JSON"),
        ("check .", "cannot be read"),
        ("check list.json", "not a solution file"),
        ("verify nonsense", "nonsense"),
        ("verify --instances 0", "--instances"),
        ("verify --json none/out.json", "cannot be written"),
        ("unknown", "unknown"),
    ],
)
def test_bad_input_gets_one_line(run, arguments, part):
    Path("bad.csv").write_text("0,1\n2\n")
    Path("nan.csv").write_text("0\nnan\n")
    Path("word.csv").write_text("0\nb\n")
    Path("empty.csv").write_text("")
    Path("binary.csv").write_bytes(b"\x93NUMPY\xff")
    Path("one.csv").write_text("1\n")
    Path("same.csv").write_text("0\n0\n1\n")
    Path("list.json").write_text("[]")
    np.save("objects.npy", np.array([None, {}]))
    before = sorted(os.listdir())
    assert_refused(run(*arguments.split()), part)
    assert sorted(os.listdir()) == before


def test_without_a_radius_it_is_a_share_of_the_smallest_distance(run):
    Path("line.csv").write_text("0\n0\n1\n4\n")
    status, output, _ = run("solve", "line.csv", "--quiet")
    assert status == 0
    assert "4 balls in R^1" in output
    assert "0.05" in output


def test_problems_that_cannot_be_solved_get_one_line(run):
    from convexden.data import random_points

    np.save("lattice.npy", triangular_lattice(4, 4))
    assert_refused(run("solve", "lattice.npy", "--radius", "0.45", "--quiet"))
    np.save("space.npy", random_points(64, 3, 0))
    assert_refused(run("solve", "space.npy", "--radius", "0.0001"), "64 sites")


def test_solve_a_lower_bound_with_ramps(run):
    """Certified where the bounds meet, else not: exit status 0 and 1."""
    line = ("--radius", "0.1", "--formulation", "semidefinite", "--quiet", "--output", "out.json")
    status, output, error = run("solve", "triangle.csv", *line, "--tolerance", "1e-3")
    assert status == 0, error
    assert load("out.json").certificate.pricing == "semidefinite"
    assert "certified" in output
    assert run("check", "out.json")[0] in (0, 1)  # its own tolerance is stricter
    Path("space.csv").write_text("0,0,0\n1,2,2\n0,0,1\n2,2,1\n")
    status, output, error = run("solve", "space.csv", *line)
    assert status == 1
    assert "not-certified" in output
    assert "not certified: the relative gap" in error
    solution = load("out.json")
    assert solution.lower_bound < solution.cost
    assert run("check", "out.json")[0] == 1


def test_solve_local_never_certifies(run):
    options = ("--radius", "0.1", "--local", "--quiet", "--output", "out.json")
    status, output, error = run("solve", "triangle.csv", *options)
    assert status == 1
    assert "not-certified" in output
    assert "--local never certifies" in error
    assert load("out.json").status == "not-certified"
    status, _, error = run("check", "out.json")
    assert status == 1
    assert "out.json is not certified" in error


@pytest.mark.slow
def test_solve_local_has_the_edge_bound_when_it_is_stopped(run, monkeypatch):
    """By Ctrl-C after the first network: an interval, stored and checked."""
    from convexden.cli.progress import LiveLine
    from convexden.data import random_points

    def interrupt(_, text: str) -> None:
        if text.startswith("round") and "cost" in text:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(LiveLine, "show", interrupt)
    np.save("space.npy", random_points(16, 3, 0))  # too many for semidefinite programs
    options = ("--radius", "0.0001", "--local", "--output", "out.json")
    status, output, error = run("solve", "space.npy", *options)
    assert status == 130, error
    assert "not-certified" in output
    solution = load("out.json")
    assert (solution.status, solution.certificate.pricing) == ("not-certified", "edges")
    assert 0.0 < solution.lower_bound < solution.cost
    status, output, error = run("check", "out.json")
    assert status == 1
    assert "pricing maximum" in output
    assert "out.json is not certified" in error


def test_solve_ramps_is_an_upper_bound(run):
    line = ("--radius", "0.1", "--formulation", "ramps", "--quiet", "--output", "out.json")
    status, output, error = run("solve", "triangle.csv", *line)
    assert status == 1
    assert "upper-bound" in output
    assert "leave out --formulation" in error
    assert (load("out.json").status, load("out.json").lower_bound) == ("upper-bound", 0.0)
    assert run("check", "out.json")[0] == 1


def test_solve_with_another_exact_program(run):
    Path("labels.csv").write_text("0\n1\n3\n")
    line = ("--targets", "labels.csv", "--radius", "0.1", "--formulation", "scalar-exact")
    status, output, error = run("solve", "triangle.csv", *line, "--quiet", "--output", "out.json")
    assert status == 0, error
    assert "certified" in output
    assert run("check", "out.json")[0] == 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("scalar-exact", "scalar-exact needs one output, these targets span 2: "),
        ("copositive", "copositive needs samples, 3 of these sites are balls: "),
        ("scalar", "no formulation 'scalar': did you mean 'scalar-exact'?"),
        ("minimax", "no formulation 'minimax': choose from column-generation, scalar-exact"),
    ],
)
def test_a_formulation_that_does_not_apply_is_refused(run, name, message):
    options = ("--radius", "0.1", "--formulation", name, "--output", "out.json", "--quiet")
    assert_refused(run("solve", "triangle.csv", *options), message)
    assert not Path("out.json").exists()


def test_two_methods_at_once_are_refused(run):
    options = ("--radius", "0.1", "--formulation", "ramps", "--local", "--output", "out.json")
    assert_refused(run("solve", "triangle.csv", *options), "--formulation ramps and --local")
    assert not Path("out.json").exists()


def test_missing_scikit_learn_is_named(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    assert_refused(run("solve", "digits:0,1", "--radius", "0.1"), 'pip install "convexden[images]"')


def test_plot_draws_a_stored_solution(run, folder):
    assert run("solve", "line.csv", "--radius", "0.2", "--output", "h.json", "--quiet")[0] == 0
    assert run("plot", "h.json", "h.svg", "--kind", "dual") == (0, "h.svg: dual of h.json\n", "")
    assert (folder / "h.svg").read_text().startswith("<?xml")
    assert run("plot", "h.json", "h.png")[1] == "h.png: denoiser of h.json\n"
    without = (folder / "h.png").read_bytes()
    assert run("plot", "h.json", "h.png", "--fixed-points")[0] == 0
    assert (folder / "h.png").read_bytes() != without
    assert run("plot", "h.json", "h.pdf", "--segment", "2,0")[1] == "h.pdf: segment of h.json\n"


def test_plot_knows_all_kinds(run, monkeypatch):
    """What is drawn then is tested where it is drawn."""
    assert run("solve", "triangle.csv", "--radius", "0.2", "--output", "h.json", "--quiet")[0] == 0
    asked = []

    def draw(solution, path, kind, **options):
        asked.append(kind)
        return kind

    monkeypatch.setattr("convexden.plotting.plot_solution", draw)
    for kind in ("ramps", "segment", "weights", "alignment", "convergence", "dual"):
        found = run("plot", "h.json", "h.svg", "--kind", kind)
        assert found == (0, f"h.svg: {kind} of h.json\n", "")
        assert asked.pop() == kind


def test_plot_compares_with_a_theorem(run):
    run("solve", "triangle.csv", "--radius", "0.2", "--output", "h.json", "--quiet")
    status, out, err = run("plot", "h.json", "h.png", "--theorem", "face-aligned")
    assert (status, err) == (0, "")
    assert out.startswith("h.png: comparison of h.json\n")
    assert "largest distance of the functions" in out
    assert_refused(run("plot", "h.json", "h.png", "--theorem", "collinear"), "collinear")
    assert_refused(run("plot", "h.json", "h.png", "--theorem", "nix"), "there is no theorem 'nix'")


def test_plot_beyond_the_plane_takes_a_segment(run):
    Path("space.csv").write_text("0,0,0\n1,0,0\n0,1,0\n0,0,1\n")
    options = ("--radius", "0.1", "--output", "h.json", "--plot", "a.png", "--quiet")
    assert run("solve", "space.csv", *options)[0] == 0
    assert run("plot", "h.json", "b.png")[1] == "b.png: segment of h.json\n"
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes()


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["h.txt"], "end its name in .png, .pdf or .svg"),
        (["nix/h.png"], "cannot be written"),
        (["h.png", "--kind", "nix"], "choose from denoiser, ramps"),
        (["h.png", "--kind", "comparison"], "needs --theorem"),
        (["h.png", "--kind", "ramps", "--fixed-points"], "one kind at a time"),
        (["h.png", "--segment", "0,1", "--theorem", "rays"], "one kind at a time"),
        (["h.png", "--segment", "0"], "give two numbers"),
        (["h.png", "--segment", "0,7"], "there is no point 7"),
        (["h.png", "--segment", "1,1"], "coincide"),
        (["h.png", "--kind", "convergence"], "no history of rounds"),
        ([], "PICTURE"),
    ],
)
def test_plot_refuses_nonsense(run, folder, options, part):
    run("solve", "line.csv", "--radius", "0.2", "--output", "h.json", "--quiet")
    before = set(folder.iterdir())
    assert_refused(run("plot", "h.json", *options), part)
    assert_refused(run("plot", "line.csv", "h.png"), "is not JSON")
    assert set(folder.iterdir()) == before


def test_check_says_whether_the_minimizer_is_unique(run):
    Path("points.csv").write_text("0,0\n4,0\n0,3\n")
    assert run("solve", "points.csv", "--radius", "0.4", "--output", "right.json")[0] == 0
    status, output, _ = run("check", "right.json", "--unique")
    assert status == 0
    assert "unique: 4 hinges saturate the dual constraint, the next is at 0.9" in output
    assert "(1, 0)" in output
    Path("corners.csv").write_text("1,1\n-1,1\n-1,-1\n1,-1\n")
    Path("targets.csv").write_text("1\n-1\n1\n-1\n")
    Path("radii.csv").write_text("0\n0\n0\n0\n")
    arguments = "solve corners.csv --radii radii.csv --targets targets.csv --output xor.json"
    assert run(*arguments.split())[0] == 0
    status, output, _ = run("check", "xor.json", "--unique")
    assert status == 0
    assert "not unique: the minimizers form a set of dimension 1" in output


def test_map_goes_on_and_says_what_is_not_certified(run):
    command = ("map", "--radius-fraction", "0.5", "--triangles", "12", "--jobs", "1")
    status, output, error = run(*command, "--output", "map.jsonl", "--plot", "map.png")
    assert status == 0, error
    counts = re.search(r"^ *0\.5 +(.*)$", output, re.MULTILINE)
    assert counts is not None
    assert counts[1].split()[:6] == ["9", "-", "2", "1", "-", "-"]
    assert Path("map.png").stat().st_size > 5000
    lines = Path("map.jsonl").read_text().splitlines(keepends=True)
    Path("map.jsonl").write_text("".join(lines[:-2] + [lines[-1].replace("true", "false")]))
    status, output, error = run(*command, "--output", "map.jsonl")
    assert status == 1, error
    assert len(Path("map.jsonl").read_text().splitlines()) == len(lines)


def test_map_refuses_what_makes_no_sense(run):
    Path("other.jsonl").write_text("0 1 2\n")
    small = ("--triangles", "12")
    assert_refused(run("map", *small, "--radius-fraction", "1"), "between 0 and 1")
    assert_refused(run("map", *small, "--largest-angle", "50"), "above 60 and of at most 180")
    assert_refused(run("map", *small, "--plot", "map.txt"), ".png")
    assert_refused(run("map", *small, "--output", "nowhere/map.jsonl"), "nowhere")
    assert_refused(run("map", *small, "--output", "other.jsonl"), "no map of triangles")
    assert_refused(run("map", *small, "--jobs", "0"), "--jobs")
    assert Path("other.jsonl").read_text() == "0 1 2\n"
