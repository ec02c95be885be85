"""Scripts for Coq: their numbers, and what Coq says where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from fractions import Fraction

import numpy as np
import pytest

import convexden as cd
from convexden.errors import InvalidProblem, NotSupported

BALLS = cd.denoising([0.0, 1.0, 1.5, 4.0], radius=0.2)
SAMPLES = cd.Interpolation([0.0, 0.1, 0.7, 0.3, 0.9], [1.0, 0.5, -2.0, 0.25, 0.3])
# A ball inside of another, two that overlap, and a sample on the edge of one.
NESTED = cd.Interpolation(
    [0.0, 0.25, 1.0, 3.0, 4.0, 6.0],
    [2.0, 2.0, 2.0, 5.0, 5.0, 1.0],
    [1.0, 0.25, 0.5, 0.5, 0.75, 0.0],
)
AFFINE = cd.Interpolation([0.0, 1.0, 2.0], [1.0, 3.0, 5.0])
PROBLEMS = {"balls": BALLS, "samples": SAMPLES, "nested": NESTED, "affine": AFFINE}


def script(problem: cd.Interpolation) -> str:
    return cd.prove(problem).to_coq()


def table(text: str, name: str) -> list[list[Fraction]]:
    """The rows of a definition."""
    (body,) = re.findall(rf"^Definition {name} : [^\n]*\n\[\n(.*?)\n\]\.$", text, re.DOTALL | re.M)
    number = re.compile(r"\((-?\d+) # (\d+)\)")
    rows = [[Fraction(int(p), int(q)) for p, q in number.findall(row)] for row in body.split(";")]
    return [row for row in rows if row]


def stated(text: str) -> Fraction:
    (found,) = re.findall(r"^Theorem optimum : .*\(Q2R \((\d+) # (\d+)\)\)\.$", text, re.M)
    return Fraction(int(found[0]), int(found[1]))


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_its_numbers_show_what_the_optimum_is(problem):
    text = script(problem)
    optimum, points = stated(text), table(text, "dual")
    assert sum(mu for _, mu, _ in points) == sum(mu * x for x, mu, _ in points) == 0
    assert sum(mu * y for _, mu, y in points) == optimum
    for t, _, _ in points:
        assert abs(sum(mu * max(x - t, Fraction(0)) for x, mu, _ in points)) <= 1
    bends = table(text, "bends")
    assert sum(abs(bend) for _, bend in bends) == optimum
    assert float(optimum) == pytest.approx(cd.solve(problem).cost, rel=1e-12)
    # Each point belongs to a site, with its target.
    sites = table(text, "problem")
    for x, _, y in points:
        assert any(abs(x - center) <= r and y == t for center, r, t in sites)


def test_the_problem_is_stated_as_it_is():
    sites = table(script(NESTED), "problem")
    given = zip(NESTED.centers.ravel(), NESTED.radii, NESTED.targets.ravel(), strict=True)
    assert sites == [[Fraction(x) for x in row] for row in given]


@pytest.mark.slow
@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_coq_accepts_it(problem, tmp_path):
    coqc = shutil.which("coqc")
    if coqc is None:
        pytest.skip("needs coqc")
    text = script(problem)
    optimum = stated(text)
    right = f"(Q2R ({optimum.numerator} # {optimum.denominator}))"
    wrong = f"(Q2R ({optimum.numerator + 1} # {optimum.denominator}))"
    (theorem,) = re.findall(r"^Theorem optimum : .* reflexivity\. Qed\.$", text, re.M | re.DOTALL)
    assert theorem.count(right) == 1
    # Coq goes on if what follows "Fail" fails.
    false = theorem.replace(right, wrong).replace("optimum", "more")
    false = false.replace(" reflexivity. Qed.", " Fail reflexivity. Abort.")
    whole = f"{text}Print Assumptions optimum.\n{false}\n"
    (tmp_path / "line.v").write_text(whole, "utf-8")
    run = subprocess.run([coqc, "line.v"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    # The axioms are those of Coq's real numbers.
    axioms = re.findall(r"^(\S+)(?= :|$)", run.stdout.split("Axioms:\n")[1], re.MULTILINE)
    assert all(
        name.startswith(("ClassicalDedekindReals.", "FunctionalExtensionality.", "Classical_Prop."))
        for name in axioms
    ), axioms


def test_what_is_not_covered_is_refused():
    plane = cd.prove(cd.denoising([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], radius=0.1))
    with pytest.raises(NotSupported, match="one input and one output"):
        plane.to_coq()
    with pytest.raises(InvalidProblem, match="no proof"):
        cd.Proof("optimum", None, None, None, reason="stopped").to_coq()


def test_random_problems_have_the_optimum_of_the_proof():
    rng = np.random.default_rng(3)
    for _ in range(10):
        count = int(rng.integers(2, 9))
        problem = cd.Interpolation(rng.normal(size=count), rng.normal(size=count))
        proof = cd.prove(problem)
        assert proof.lower <= stated(proof.to_coq()) <= proof.upper
