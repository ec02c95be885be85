"""What becomes of one problem: `convexden.solve` called as a user would, everything else counted.

Nothing here judges; `benchmarks.robustness.judge` does.
"""

from __future__ import annotations

import inspect
import os
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import convexden as cd
from benchmarks.robustness.problems import Draw
from convexden.errors import ConvexdenError, InfeasibleProblem

TOLERANCE = 1e-8
# Share of the limit that `solve` is told; the rest is for what it does not time.
TOLD = 0.7


@dataclass
class Outcome:
    """How a problem ended.

    Attributes
    ----------
    kind : str
        The status of the solution, "infeasible", "invalid" (the data are refused), "refused"
        (another error of the package), "foreign" or "past the limit".
    message : str
        Of an error; of a foreign one also where it was raised.
    leaked : list of str
        Warnings and other output that reached the user.
    falsities : list of str
        What the judge showed to be false.
    remarks : list of str
        What the judge could not decide.
    """

    seed: int
    kind: str
    message: str = ""
    seconds: float = 0.0
    cost: float = float("nan")
    lower_bound: float = float("nan")
    leaked: list[str] = field(default_factory=list)
    falsities: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def attempt(drawn: Draw, limit: float) -> tuple[Outcome, cd.Solution | InfeasibleProblem | None]:
    """Solve a drawn problem; also what there is to judge, if anything."""
    outcome = Outcome(drawn.seed, "foreign")
    verdict: cd.Solution | InfeasibleProblem | None = None
    started = time.process_time()
    with _listening(outcome.leaked):
        try:
            problem = cd.Interpolation(drawn.centers, drawn.targets, drawn.radii)
        except ConvexdenError as error:
            outcome.kind, outcome.message = "invalid", str(error)
        except Exception as error:  # what the package must not raise
            outcome.message = _where(error)
        else:
            verdict = _solved(problem, limit, outcome)
    outcome.seconds = time.process_time() - started
    return outcome, verdict


def _solved(
    problem: cd.Interpolation, limit: float, outcome: Outcome
) -> cd.Solution | InfeasibleProblem | None:
    options: dict[str, Any] = {}
    if "time_limit" in inspect.signature(cd.solve).parameters:
        options["time_limit"] = TOLD * limit
    try:
        solution = cd.solve(problem, TOLERANCE, **options)
    except InfeasibleProblem as error:
        outcome.kind, outcome.message = "infeasible", str(error)
        return error
    except ConvexdenError as error:
        outcome.kind, outcome.message = "refused", f"{type(error).__name__}: {error}"
    except Exception as error:  # what the package must not raise
        outcome.message = _where(error)
    else:
        outcome.kind = solution.status
        outcome.cost, outcome.lower_bound = solution.cost, solution.lower_bound
        return solution
    return None


def _where(error: Exception) -> str:
    """The error and the last line of the package that it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "site-packages" not in frame.filename] or list(frames)
    last = own[-1]
    return f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"


@contextmanager
def _listening(leaked: list[str]) -> Iterator[None]:
    """Collect warnings, and what libraries write to the standard streams themselves."""
    sys.stdout.flush()
    sys.stderr.flush()
    with tempfile.TemporaryFile() as heard, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        saved = [os.dup(1), os.dup(2)]
        try:
            os.dup2(heard.fileno(), 1)
            os.dup2(heard.fileno(), 2)
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(saved[0], 1)
            os.dup2(saved[1], 2)
            for descriptor in saved:
                os.close(descriptor)
            heard.seek(0)
            written = heard.read().decode(errors="replace").strip()
            leaked += sorted({f"{w.category.__name__}: {w.message}" for w in caught})
            if written:
                leaked.append(written.splitlines()[0])
