"""Problems that are degenerate on purpose: how many are certified, and is any statement false?

`python -m benchmarks.robustness` draws them from the seeds SEED .. SEED + COUNT - 1, solves each
in a process with limits and takes what is claimed to a judge that shares no code with the solvers
or the verification.  The exit status is 1 if anything was false, foreign or endless.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported

import numpy as np  # noqa: E402

import convexden as cd  # noqa: E402
from benchmarks.robustness import mutations, pool, tables  # noqa: E402
from benchmarks.robustness.judge import judge_infeasible, judge_solution  # noqa: E402
from benchmarks.robustness.outcomes import TOLERANCE, Outcome, attempt  # noqa: E402
from benchmarks.robustness.problems import Draw, draw  # noqa: E402
from convexden.errors import InfeasibleProblem  # noqa: E402

# Of the judge's limit, the share after which it starts nothing new.
_JUDGE_SHARE = 0.5


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.robustness", description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="problems [2000]")
    parser.add_argument("--seed", type=int, default=0, help="the first seed [0]")
    parser.add_argument(
        "--seconds-each", type=float, default=20.0, metavar="S", help="to solve a problem [20]"
    )
    parser.add_argument(
        "--judge-seconds", type=float, default=20.0, metavar="S", help="to judge it [20]"
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes [2]")
    parser.add_argument("--memory", type=float, default=4.0, help="GB for each process [4]")
    parser.add_argument("--replay", type=int, metavar="SEED", help="one problem, and its verdict")
    parser.add_argument("--verbose", action="store_true", help="a line for every problem")
    options = parser.parse_args()
    if options.replay is not None:
        return replay(options.replay, options.seconds_each, options.judge_seconds)

    def work(seed: int) -> Iterator[Outcome]:
        yield from judged(draw(seed), options.seconds_each, options.judge_seconds)

    started = time.monotonic()
    outcomes = []
    for seed, reports, fate in pool.run(
        work,
        range(options.seed, options.seed + options.count),
        jobs=options.jobs,
        seconds=max(options.seconds_each, options.judge_seconds),
        memory=int(options.memory * 2**30),
    ):
        outcome = reports[-1] if reports else Outcome(seed, _kind_of_end(fate), fate)
        if fate and reports:
            outcome.remarks.append(f"the judge did not finish: {fate}")
        outcomes.append(outcome)
        if len(outcomes) % 50 == 0:
            print(f"{len(outcomes)} done in {time.monotonic() - started:.0f} s", file=sys.stderr)
        if options.verbose or tables.failed([outcome]):
            print(tables.line(outcome), flush=True)
    outcomes.sort(key=lambda outcome: outcome.seed)
    print(tables.summary(outcomes))
    print(f"{len(outcomes)} problems in {time.monotonic() - started:.0f} s")
    return int(tables.failed(outcomes))


def judged(drawn: Draw, seconds: float, judge_seconds: float) -> Iterator[Outcome]:
    """The outcome of a problem, and once more when it has been judged."""
    pool.allow(seconds)
    outcome, verdict = attempt(drawn, seconds)
    yield outcome
    if verdict is not None:
        pool.allow(judge_seconds)
        judge(drawn, outcome, verdict, judge_seconds)
        yield outcome


def judge(
    drawn: Draw,
    outcome: Outcome,
    verdict: cd.Solution | InfeasibleProblem | None,
    seconds: float,
) -> None:
    """Take what was claimed to the judge and note what it finds."""
    if verdict is None:
        return
    time_for_new = _JUDGE_SHARE * seconds
    with np.errstate(all="ignore"):  # its floats only propose
        if isinstance(verdict, InfeasibleProblem):
            found = judge_infeasible(drawn, verdict, time_for_new)
        else:
            found = judge_solution(verdict, TOLERANCE, time_for_new, drawn)
    outcome.falsities, outcome.remarks = found.falsities, found.remarks
    if isinstance(verdict, cd.Solution) and verdict.certified:
        outcome.falsities += mutations.falsities(verdict, found.optimum, drawn.seed)


def replay(seed: int, seconds: float, judge_seconds: float) -> int:
    """Print one problem, its outcome and its verdict."""
    drawn = draw(seed)
    print(drawn.title)
    for name in ("centers", "targets", "radii"):
        print(f"{name} = {getattr(drawn, name).tolist()}")
    outcome, verdict = attempt(drawn, seconds)
    judge(drawn, outcome, verdict, judge_seconds)
    print(tables.line(outcome))
    if isinstance(verdict, cd.Solution):
        print("\n".join(cd.verify_certificate(verdict).reasons))
    return int(tables.failed([outcome]))


def _kind_of_end(fate: str) -> str:
    return "past the limit" if fate == "past the limit" else "foreign"


if __name__ == "__main__":
    sys.exit(main())
