"""What a run tells its caller, and the exceptions by which the caller ends it."""

import pytest

from convexden.running.clock import Stopped
from convexden.running.progress import TaskProgress, tell


def test_it_is_called_with_one_object_and_what_it_returns_is_ignored():
    seen = []
    tell(lambda step: seen.append(step) or False, TaskProgress(1, 3))
    tell(None, TaskProgress(2, 3))
    assert seen == [(1, 3, "")]


@pytest.mark.parametrize(
    ("raised", "expected"),
    [(StopIteration, Stopped), (KeyboardInterrupt, KeyboardInterrupt), (ValueError, ValueError)],
)
def test_stop_iteration_stops_and_everything_else_gets_through(raised, expected):
    def progress(step: TaskProgress) -> None:
        raise raised

    with pytest.raises(expected):
        tell(progress, TaskProgress(0, 1))
