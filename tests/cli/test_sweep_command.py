"""The command sweep: what it prints, what it leaves, and its exit status."""

from pathlib import Path

from commands import assert_refused

GRID = '[grid]\nfamily = "triangle"\nradius_fractions = 0.2\nseeds = "0-2"\n'


def test_sweep_leaves_a_table(run):
    Path("spec.toml").write_text(GRID)
    for _ in range(2):
        status, output, error = run("sweep", "spec.toml", "--output", "found", "--jobs", "1")
        assert (status, error) == (0, "")
        assert output.startswith("3 of 3 tasks done")
    assert len(Path("found/table.csv").read_text().splitlines()) == 4


def test_what_is_not_certified_is_a_verdict(run):
    Path("spec.toml").write_text(f"{GRID}[solve]\ntolerance = 1e-16\n")
    status, output, _ = run("sweep", "spec.toml", "--output", "found", "--jobs", "1", "--quiet")
    assert status == 1
    assert "failed         0" in output


def test_bad_input_is_one_line(run):
    assert_refused(run("sweep", "missing.toml", "--output", "found"), "missing.toml", "check the")
    Path("spec.toml").write_text("[grid]\nfamily = 3\n")
    assert_refused(run("sweep", "spec.toml", "--output", "found"), "no family 3")
    Path("spec.toml").write_text(GRID)
    assert_refused(run("sweep", "spec.toml", "--output", "no/such/folder"), "cannot be written")
    assert not Path("found").exists()
