"""The command line in this process, in a folder of its own."""

from pathlib import Path

import pytest

from convexden.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    """A folder of its own with two good files."""
    monkeypatch.chdir(tmp_path)
    Path("line.csv").write_text("0\n1\n3\n")
    Path("triangle.csv").write_text("x,y\n0,0\n2,0\n0.5,1.5\n")
    return tmp_path


@pytest.fixture
def run(capsys):
    """Run the command line in this process: exit status, standard output, standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main(list(arguments))
        output, error = capsys.readouterr()
        return int(caught.value.code or 0), output, error

    return run
