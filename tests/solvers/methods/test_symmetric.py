"""Factors of symmetric indefinite matrices, against elimination."""

from __future__ import annotations

import numpy as np
import pytest

from convexden.solvers.methods.symmetric import Symmetric


@pytest.mark.parametrize(("size", "heavy"), [(1, 0), (3, 1), (40, 15), (200, 120)])
def test_it_solves_saddle_points(size, heavy):
    rng = np.random.default_rng(size)
    root, rows = rng.standard_normal((size, size)), rng.standard_normal((heavy, size))
    matrix = np.block([[root @ root.T, rows.T], [rows, -1e-8 * np.eye(heavy)]])
    right = rng.standard_normal(size + heavy)
    expected = np.linalg.solve(matrix, right)
    found = Symmetric(matrix.copy()).solve(right)
    assert found.shape == right.shape
    np.testing.assert_allclose(matrix @ found, right, atol=1e-9 * np.abs(expected).max())


def test_rows_may_need_to_change_places():
    """No entry of the diagonal is a pivot."""
    matrix = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 2.0], [0.0, 2.0, 0.0]]) + np.eye(3) * 1e-300
    matrix[2, 2] = 1.0
    np.testing.assert_allclose(Symmetric(matrix.copy()).solve(matrix @ [1.0, 2.0, 3.0]), [1, 2, 3])
