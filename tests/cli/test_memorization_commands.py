"""The commands virtual and memorize."""

from pathlib import Path


def test_shares_of_sets_with_virtual_points(run):
    status, output, error = run(
        "virtual", "plane", "--points", "3", "--sets", "2", "--radius-fraction", "0.5",
        "--output", "sets.jsonl", "--plot", "shares.png", "--quiet",
    )  # fmt: skip
    assert (status, error) == (0, "")
    assert "with virtual points" in output
    assert Path("shares.png").exists()
    status, _, error = run("virtual", "plane", "--points", "4", "--output", "sets.jsonl", "--quiet")
    assert status == 2
    assert "holds another run" in error
    status, _, error = run("virtual", "nowhere")
    assert status == 2
    assert error.count("\n") == 1


def test_where_flows_end(run):
    status, output, error = run("memorize", "triangle.csv", "--draws", "5", "--quiet")
    assert status == 0
    assert "x_i + x_j - x_k" in output
    assert "virtual points of the certified denoiser were reached" in error
    status, _, error = run("memorize", "line.csv", "--plot", "picture.txt")
    assert status == 2
