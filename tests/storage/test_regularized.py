"""Files of regularized solutions: there and back, byte-order marks, and what is no such file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import convexden as cd
from convexden.storage.stored import to_json


def fits() -> list[cd.RegularizedSolution]:
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(8, 2)).round(1), rng.normal(size=(8, 2))
    return [
        cd.regularize(cd.Interpolation(x, t), 0.3),
        cd.regularize((np.vstack([x, x]), np.vstack([t, -t])), 0.3, weights=np.arange(1.0, 17)),
        cd.regularize(([0, 1, 2], [0, 1, 2]), 0.3),
    ]


@pytest.mark.parametrize("number", range(3))
def test_files_read_back_as_they_were(tmp_path: Path, number: int) -> None:
    solution = fits()[number]
    cd.save(solution, tmp_path / "fit.json")
    again = cd.load(tmp_path / "fit.json")
    assert isinstance(again, cd.RegularizedSolution)
    assert to_json(again) == to_json(solution)
    assert cd.verify_regularized(again).passed
    assert (again.measurements is None) == (solution.measurements is None)


def test_a_byte_order_mark_and_a_version_of_one_point_zero_are_fine(tmp_path: Path) -> None:
    for solution in (fits()[0], cd.solve(cd.denoising([0.0, 1.0, 3.0], radius=0.1))):
        text = to_json(solution).replace('"version": 1,', '"version": 1.0,')
        assert "1.0," in text
        (tmp_path / "file.json").write_text(text, encoding="utf-8-sig")
        assert cd.load(tmp_path / "file.json").cost == solution.cost


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"penalty": 0.0}, "penalty: 0, a positive number"),
        ({"penalty": "x"}, "penalty"),
        ({"version": 3}, "version 3"),
        ({"status": "upper-bound"}, "status"),
        ({"measurements": {"inputs": [[0.0]], "targets": [[0.0]]}}, "weights: missing"),
        (
            {"measurements": {"inputs": [[0, 0], [1, 1]], "targets": [[0], [1]], "weights": [1]}},
            "measurements.targets",
        ),
        ({"certificate": {"values": [], "pricing_maximum": 1, "pricing": "x"}}, "values"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, change: dict, message: str) -> None:
    document = json.loads(to_json(fits()[0])) | change
    (tmp_path / "fit.json").write_text(json.dumps(document))
    with pytest.raises(cd.InvalidProblem, match=message) as caught:
        cd.load(tmp_path / "fit.json")
    assert "\n" not in str(caught.value)


def test_measurements_of_other_inputs_prove_nothing(tmp_path: Path) -> None:
    document = json.loads(to_json(fits()[1]))
    document["measurements"]["inputs"][0][0] += 1.0
    (tmp_path / "fit.json").write_text(json.dumps(document))
    with pytest.raises(cd.InvalidProblem, match="not those of the problem"):
        cd.verify_regularized(cd.load(tmp_path / "fit.json"))
