"""The registry of theorems and their random instances."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from instances import NAMES

from convexden import theorems
from convexden.errors import InvalidInput
from convexden.theorems import (
    face_aligned,
    rays,
)

UNIVARIATE = (
    "univariate",
    "contraction",
    "low-noise",
    "savarese",
    "hanin",
    "sparsest",
    "minima-stability",
)


def test_registry() -> None:
    assert theorems.names() == [
        "univariate",
        "contraction",
        "low-noise",
        "collinear",
        "savarese",
        "hanin",
        "sparsest",
        "minima-stability",
        "subspace",
        "flip",
        "rays",
        "obtuse-simplex",
        "equilateral",
        "regular-simplex",
        "acute-triangle",
        "equilateral-beyond",
        "face-aligned",
        "face-aligned-tetrahedron",
        "max-margin-ramps",
        "persistence",
        "images",
        "product-structure",
        "virtual-obtuse",
        "virtual-regular",
        "memorization",
        "conservative",
        "virtual-orthogonal",
        "one-step",
        "score-gradient",
    ]
    assert theorems.get("Face_Aligned") is face_aligned.THEOREM
    with pytest.raises(InvalidInput, match="did you mean equilateral"):
        theorems.get("equilatral")
    with pytest.raises(InvalidInput, match="choose from univariate"):
        theorems.get("xyz")
    for call in ({"instances": 0}, {"seed": -1}, {"names": ["nothing"]}):
        with pytest.raises(InvalidInput):
            theorems.verify_all(**call)  # type: ignore[arg-type]  # before the first instance


def test_a_theorem_is_its_file() -> None:
    """Every file that states one is in the registry, and a name of the package."""
    files = Path(theorems.__file__).parent.glob("[!_]*.py")
    stated = {file.stem for file in files if "\nTHEOREM = " in file.read_text(encoding="utf-8")}
    assert stated == {name.replace("-", "_") for name in theorems.registry}
    assert stated <= set(theorems.__all__)
    orders = [theorem.order for theorem in theorems.registry.values()]
    assert orders == sorted(set(orders))
    with pytest.raises(AttributeError, match="xyz"):
        _ = theorems.xyz


def test_own_theorems_are_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(theorems, "_REGISTERED", registered := dict(theorems.registry))
    own = replace(rays.THEOREM, name="my-rays")
    theorems.register(own)
    assert registered["my-rays"] is own
    for name, message in (("rays", "already"), ("My Rays", "lower case")):
        with pytest.raises(InvalidInput, match=message):
            theorems.register(replace(own, name=name))


@pytest.mark.parametrize("name", NAMES)
def test_random_instances_depend_on_name_seed_and_number_only(name: str) -> None:
    theorem = theorems.get(name)
    points = [theorem.draw(0, k)["points"] for k in range(6)]
    assert (theorem.draw(0, 3)["points"] == points[3]).all()
    assert len({x.tobytes() for x in points}) == 6
    assert theorem.draw(1, 3)["points"].tobytes() != points[3].tobytes()
    if name not in (*UNIVARIATE, "images"):
        assert len({theorem.draw(0, k)["points"].shape[1] for k in range(20)}) >= 3


def test_import_is_light() -> None:
    code = (
        "import sys, convexden.theorems\n"
        "assert not {'cvxpy', 'clarabel', 'rich', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
