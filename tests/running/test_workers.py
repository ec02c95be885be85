"""Who does the calls of a long run."""

from __future__ import annotations

import os
import signal
import time

import pytest

import convexden as cd
from convexden.running.clock import UNLIMITED, Clock, Stopped
from convexden.running.workers import HERE, Workers


def halved(number: int) -> float:
    if number < 0:
        raise ValueError("below zero")
    return number / 2


def ended(number: int) -> int:
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def slow(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


@pytest.mark.parametrize("workers", [HERE, Workers(2)])
def test_every_task_has_its_result(workers: Workers) -> None:
    assert sorted(workers.results(halved, range(9), UNLIMITED)) == [n / 2 for n in range(9)]
    with pytest.raises(ValueError, match="below zero"):
        list(workers.results(halved, [2, -1], UNLIMITED))


@pytest.mark.parametrize("workers", [HERE, Workers(2)])
def test_a_run_whose_time_is_over_keeps_what_came(workers: Workers) -> None:
    kept = []
    with pytest.raises(Stopped):
        for found in workers.results(slow, [0.01, 0.02, 0.03], Clock.of(0.0)):
            kept.append(found)
    assert len(kept) == 1


def test_a_process_that_the_system_ends_is_an_error_in_one_line() -> None:
    with pytest.raises(cd.ExternalFailure, match="of 2 processes was ended by the system"):
        list(Workers(2).results(ended, range(4), UNLIMITED))


def test_nobody_answers_for_a_scheduler_that_is_none() -> None:
    pytest.importorskip("distributed", reason="needs the extra cluster")
    with pytest.raises(cd.InvalidInput, match="give one like tcp"):
        list(Workers(scheduler="localhost").results(halved, [1], UNLIMITED))
