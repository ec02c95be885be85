"""Calls in processes of their own: in order, and gone with the run that started them."""

import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from convexden.running.processes import in_processes

# Every call writes a file named after its process, and then takes a minute.
SLEEPERS = """
import os, sys, time
from pathlib import Path
from convexden.running.processes import in_processes

def sleep(folder):
    Path(folder, str(os.getpid())).touch()
    time.sleep(60)

list(in_processes(sleep, sys.argv[1:] * 4, 2))
"""


def test_results_come_in_order():
    assert list(in_processes(abs, range(-5, 0), 2)) == [5, 4, 3, 2, 1]


def test_closed_early_it_is_silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results = in_processes(time.sleep, [0.1] * 50, 2)
        next(results)
        results.close()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no process groups")
def test_ctrl_c_ends_the_processes(tmp_path):
    """A terminal sends SIGINT to the whole group."""
    run = subprocess.Popen(
        [sys.executable, "-c", SLEEPERS, str(tmp_path)],
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_interruptible,
    )
    wait_until(lambda: len(os.listdir(tmp_path)) == 2)
    os.killpg(run.pid, signal.SIGINT)
    error = run.communicate(timeout=30)[1]
    assert run.returncode == -signal.SIGINT
    assert error.rstrip().endswith("KeyboardInterrupt")
    wait_until(lambda: not any(map(is_alive, tmp_path.iterdir())))


def _interruptible() -> None:
    """Undo what a shell does to background processes: they ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_until(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def is_alive(file: Path) -> bool:
    """Whether there is the process that this file is named after."""
    try:
        os.kill(int(file.name), 0)
    except ProcessLookupError:
        return False
    return True
