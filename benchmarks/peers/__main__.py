"""The solver beside its peers, on the same problems: `python -m benchmarks.peers`.

Each run is a process of its own with one thread and a time limit; imports and a small problem
come before its clock starts.  Peers that are not installed are reported as missing:
`pip install ".[peers]"` installs them.  `--quick` takes two small problems and some seconds.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import os
import platform
import resource
import signal
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported

import convexden as cd  # noqa: E402
from benchmarks.peers.instances import FULL, INSTANCES, QUICK  # noqa: E402
from benchmarks.peers.programs import PEERS, own_excess, warm_up  # noqa: E402
from benchmarks.peers.tables import draw, table, thin  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ("convexden", "numpy", "cvxpy", "clarabel", "torch", "pyscnn")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two small problems, one seed")
    parser.add_argument("--limit", type=float, help="processor seconds of a run [100; quick: 20]")
    parser.add_argument("--seeds", type=int, help="seeds of what is random [2; quick: 1]")
    parser.add_argument("--peers", nargs="+", choices=list(PEERS), default=list(PEERS))
    parser.add_argument("--instances", nargs="+", choices=list(INSTANCES))
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE.json",
        help="also draws FILE.png; runs of other peers or instances that it has stay",
    )
    parser.add_argument(
        "--draw", type=Path, metavar="FILE.json", help="runs nothing: what is stored"
    )
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)  # peer, instance, seed
    options = parser.parse_args()
    quick = options.quick
    limit = options.limit or (20.0 if quick else 100.0)
    if options.work:
        peer, instance, seed = options.work
        work(peer, instance, int(seed), limit)
        return
    if options.draw:
        results = json.loads(options.draw.read_text())
        print(table(results))
        draw(results, options.draw.with_suffix(".png"))
        return
    instances = options.instances or (QUICK if quick else FULL)
    results: dict[str, Any] = {
        "python": platform.python_version(),
        "versions": {name: found for name in LIBRARIES if (found := _version(name))},
        "limit": limit,
        "instances": {name: INSTANCES[name][1] for name in instances},
        "peers": {name: PEERS[name].solves for name in options.peers},
        "runs": [],
    }
    if options.output and options.output.exists():
        results = beside(json.loads(options.output.read_text()), results)
    for name in options.peers:
        for instance in instances:
            for seed in range((options.seeds or (1 if quick else 2)) if PEERS[name].random else 1):
                results["runs"].append(run(name, instance, seed, limit))
                status = results["runs"][-1]["status"]
                print(f"{instance}, {name}, seed {seed}: {status}", file=sys.stderr)
                if options.output:  # a run that is stopped keeps what it has
                    options.output.write_text(json.dumps(thin(results), indent=1) + "\n")
    print(table(results))
    if options.output:
        draw(results, options.output.with_suffix(".png"))


def beside(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The new results, without runs, beside the old runs of other peers or instances."""
    again = {(peer, instance) for peer in new["peers"] for instance in new["instances"]}
    kept = [run for run in old["runs"] if (run["peer"], run["instance"]) not in again]
    both = {key: old[key] | new[key] for key in ("instances", "peers")}
    return old | new | both | {"runs": kept}


def run(name: str, instance: str, seed: int, limit: float) -> dict[str, Any]:
    """One peer on one instance in a process of its own; what it wrote before its end counts."""
    found: dict[str, Any] = {"peer": name, "instance": instance, "seed": seed, "points": []}
    missing = [each for each in PEERS[name].needs if importlib.util.find_spec(each) is None]
    if missing:
        return found | {"status": f"missing: {', '.join(missing)} is not installed"}
    command = [sys.executable, "-m", "benchmarks.peers", "--limit", str(limit)]
    process = subprocess.Popen(
        [*command, "--work", name, instance, str(seed)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    output, errors = process.communicate()
    if process.returncode == 0:
        status = "done"
    elif process.returncode == -signal.SIGXCPU:
        status = "then stopped at the limit"
    else:
        status = (errors.strip().splitlines() or ["died"])[-1]
    lines = [line[6:] for line in output.splitlines() if line.startswith("point ")]
    return found | {"status": status, "points": [json.loads(line) for line in lines]}


def work(name: str, instance: str, seed: int, limit: float) -> None:
    """Run a peer in this process and write its points, measured, line by line."""
    from convexden.experiments.training import priced_excess, worst_error

    problem = INSTANCES[instance][0]()
    judge: cd.Solution | None = None
    warm_up(PEERS[name])
    allowed = time.process_time() + limit
    _stop_after(allowed)
    for point in PEERS[name].run(problem, seed, limit):
        measuring = time.process_time()
        _stop_after(math.inf)  # what is measured is not the peer's, and must not be lost
        judge = judge or cd.solve(problem)
        written: dict[str, Any] = {
            "seconds": point.seconds,
            "processor_seconds": point.processor,
            "cost": point.cost,
            "note": point.note,
        }
        if point.network is not None:
            written |= {
                "neurons": point.network.neurons,
                "error": worst_error(problem, point.network) / problem.target_spread,
                "priced_excess": priced_excess(judge, point.network),
            }
            if point.penalty is not None:
                written["own_excess"] = own_excess(problem, point.network, point.penalty)
        print("point", json.dumps(written), flush=True)
        allowed += time.process_time() - measuring
        _stop_after(allowed)


def _stop_after(seconds: float) -> None:
    """End this process when it has used so many seconds of the processor, if they are finite."""
    limit = math.ceil(seconds) if math.isfinite(seconds) else resource.RLIM_INFINITY
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


if __name__ == "__main__":
    main()
