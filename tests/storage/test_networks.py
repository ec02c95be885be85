"""Networks in .npz files and results in tables of pandas."""

from pathlib import Path

import numpy as np
import pytest

import convexden as cd


def test_a_network_reads_back_as_it_was(tmp_path: Path) -> None:
    network = cd.solve(cd.denoising([[0.0, 0.0], [2.0, 0.0], [0.5, 1.5]], radius=0.2)).network
    cd.save_network(network, tmp_path / "h.npz")
    again = cd.load_network(tmp_path / "h.npz")
    y = np.random.default_rng(0).normal(size=(20, 2))
    np.testing.assert_array_equal(again(y), network(y))
    # numpy alone is enough to evaluate it.
    with np.load(tmp_path / "h.npz") as file:
        hidden = np.maximum(y @ file["input_weights"].T + file["biases"], 0)
        values = hidden @ file["output_weights"] + y @ file["skip"].T + file["offset"]
    np.testing.assert_allclose(values, network(y), atol=1e-12)


def test_second_floats_are_kept(tmp_path: Path) -> None:
    low = np.array([2.0**-60])
    network = cd.ShallowNetwork([[1.0]], [[1.0]], [0.5], biases_low=low)
    assert network.two_part
    cd.save_network(network, tmp_path / "h.npz")
    again = cd.load_network(tmp_path / "h.npz")
    np.testing.assert_array_equal(again.biases_low, low)


def test_what_is_no_network_is_named(tmp_path: Path) -> None:
    network = cd.ShallowNetwork([[1.0]], [[1.0]], [0.5])
    with pytest.raises(cd.InvalidInput, match=r"end its name in .npz"):
        cd.save_network(network, tmp_path / "h.json")
    np.savez(tmp_path / "other.npz", weights=[1.0])
    with pytest.raises(cd.InvalidProblem, match="no array output_weights"):
        cd.load_network(tmp_path / "other.npz")
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(cd.InvalidProblem, match="cannot be read"):
        cd.load_network(tmp_path / "text.npz")


def test_results_make_a_table() -> None:
    pytest.importorskip("pandas")
    solutions = [cd.solve(cd.denoising([0.0, 1.0, 3.0], radius=r)) for r in (0.1, 0.2)]
    frame = cd.to_frame(solutions)
    assert len(cd.to_frame(solutions[0])) == 1  # alone
    assert list(frame["status"]) == ["certified"] * 2
    assert list(frame["cost"]) == [each.cost for each in solutions]
    results = list(cd.theorems.verify_all(["rays"], instances=2))
    assert list(cd.to_frame(results)["verdict"]) == ["confirmed"] * 2
    with pytest.raises(cd.InvalidInput, match="no result"):
        cd.to_frame([1.0])
