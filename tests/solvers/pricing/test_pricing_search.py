"""Exact pricing is never beaten by a random search: the benchmark's, on fewer hinges."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

PATH = Path(__file__).parents[3] / "benchmarks" / "pricing.py"


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pricing_benchmark", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("kind", range(8))
def test_random_hinges_never_beat_solver_or_verification(benchmark: ModuleType, kind: int) -> None:
    _, *sites = benchmark.KINDS[kind]
    near = []
    for seed in range(100, 103):
        stated, upper, found, _ = benchmark.compared(*benchmark.drawn(seed, *sites), 20_000, 12)
        assert abs(stated) < 1e-11
        assert found <= upper + 1e-12
        near.append(found)
    assert max(near) > -1e-8
