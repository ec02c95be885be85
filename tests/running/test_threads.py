"""The linear algebra has as many threads after overlapping solves as before."""

import threading

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import convexden as cd
from convexden.running.threads import one_thread


def counts() -> list[int]:
    found = [library for library in threadpool_info() if library["user_api"] == "blas"]
    return [library["num_threads"] for library in found]


def test_the_last_one_to_leave_restores_what_was_there():
    with threadpool_limits(2):
        before = counts()
        entered, left = threading.Event(), threading.Event()

        def other() -> None:
            with one_thread():
                entered.set()
                left.wait()

        thread = threading.Thread(target=other)
        with one_thread():
            thread.start()
            entered.wait()
            assert set(counts()) == {1}
        assert set(counts()) == {1}  # the other one is still there
        left.set()
        thread.join()
        assert counts() == before


def test_a_solve_that_is_interrupted_restores_what_was_there():
    def interrupt(step: cd.Progress) -> None:
        assert set(counts()) == {1}
        raise KeyboardInterrupt

    cd.solve(problem := cd.denoising(cd.data.triangle((48, 60, 72)), radius=0.25))  # loads all
    with threadpool_limits(2):
        before = counts()
        with pytest.raises(KeyboardInterrupt):
            cd.solve(problem, progress=interrupt)
        assert counts() == before


def test_contexts_nest_and_end_on_errors():
    with threadpool_limits(2):
        before = counts()
        with pytest.raises(ValueError, match="inside"), one_thread(), one_thread():
            raise ValueError("inside")
        assert counts() == before
