"""What the commands are given and must answer."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def assert_refused(result: tuple[int, str, str], *parts: str) -> None:
    status, output, error = result
    assert status == 2, error
    assert output == ""
    assert error.startswith("convexden: ")
    assert error.count("\n") == 1
    for part in parts:
        assert part in error


def convexden(*arguments: str, **options) -> subprocess.CompletedProcess:
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "convexden", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **options.pop("env", {})}
    options = {"stdout": subprocess.PIPE} | options
    return subprocess.run(
        command, stderr=subprocess.PIPE, text=True, env=environment, check=False, **options
    )
