"""The closed-form minimizers that theory knows, and their verification.

Every theorem is a module: ``theorems.rays.closed_form(points, radius)`` is what it claims,
``theorems.rays.verify(points, radius)`` proves the claim by exact pricing of its multipliers, or
decides it by the certified optimum.  `verify_all` does so on random instances of all of them.

The registry finds the modules of this package that have a `THEOREM`, and lists them by their
`Theorem.order`, and by name where that is equal; those of `register` come last.
"""

from __future__ import annotations

import pkgutil
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from difflib import get_close_matches
from importlib import import_module
from time import perf_counter
from types import MappingProxyType
from typing import Any

from convexden import arguments
from convexden.errors import InvalidInput, MissingDependency
from convexden.running.clock import Stopped
from convexden.running.progress import TaskProgress, tell
from convexden.theorems._claims import ClosedForm, Instance, closed_form_certificate
from convexden.theorems._ramps import Ramp, sum_of_ramps
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, Verdict, compare, cost_error, decide

__all__ = [
    "ClosedForm",
    "Instance",
    "Ramp",
    "Result",
    "TOLERANCE",
    "Theorem",
    "Verdict",
    "closed_form_certificate",
    "compare",
    "cost_error",
    "decide",
    "get",
    "names",
    "register",
    "registry",
    "sum_of_ramps",
    "verify_all",
]


def __dir__() -> list[str]:
    """The public names."""
    return __all__


# The package's own: every module with a `THEOREM`.
_MODULES = {
    module.name: import_module(f"{__name__}.{module.name}")
    for module in pkgutil.iter_modules(__path__)
    if not module.name.startswith("_")
}
_OWN = sorted(
    (module.THEOREM for module in _MODULES.values() if hasattr(module, "THEOREM")),
    key=lambda theorem: (theorem.order, theorem.name),
)
__all__ += list(_MODULES)

_REGISTERED = {theorem.name: theorem for theorem in _OWN}
registry = MappingProxyType(_REGISTERED)


def __getattr__(name: str) -> Any:
    """Nothing: all names are set by now.  It tells type checkers that there are more modules."""
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def register(theorem: Theorem) -> None:
    """Enter a theorem of your own in the registry, in place of one of the same name of your own.

    Parameters
    ----------
    theorem : Theorem
        Its name is in lower case, with hyphens.

    Raises
    ------
    InvalidProblem
        If the package has a theorem of this name, or it is no name.
    """
    name = arguments.instance("theorem", theorem, Theorem).name
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise InvalidInput(f"{name!r} is no name of a theorem: use lower case and hyphens")
    if name in {theorem.name for theorem in _OWN}:
        raise InvalidInput(f"there is a theorem {name} already: give yours another name")
    _REGISTERED[name] = theorem


def names() -> list[str]:
    """Names of all theorems and conjectures, in the order of the registry."""
    return list(registry)


def get(name: str) -> Theorem:
    """The theorem of this name; underscores do for hyphens.

    Raises
    ------
    InvalidProblem
        If there is none.
    """
    key = arguments.instance("a theorem's name", name, str).strip().lower().replace("_", "-")
    if key not in registry:
        close = get_close_matches(key, registry, n=1)
        hint = f"did you mean {close[0]}?" if close else f"choose from {', '.join(registry)}"
        raise InvalidInput(f"there is no theorem {name!r}: {hint}")
    return registry[key]


def verify_all(
    names: Iterable[str] | None = None,
    *,
    instances: int = 10,
    seed: int = 0,
    solve: bool = False,
    tolerance: float = TOLERANCE,
    progress: Callable[[TaskProgress], object] | None = None,
) -> Iterator[Result]:
    """Verify theorems on random instances that meet their hypotheses.

    Instance k of a theorem depends on its name, the seed and k only.

    Parameters
    ----------
    names : iterable of str, optional
        Which theorems; all if not given, but those whose instances need an extra that is not
        installed, with a warning.
    instances : int
        Random instances of each.
    seed : int
        Not negative.
    solve : bool
        Solve every instance, also where the multipliers of the closed form prove it.
    tolerance : float
        Relative accuracy to which optimality has to be proved.
    progress : callable, optional
        Called with a `TaskProgress` before each instance, with the name of its theorem.  If it
        raises StopIteration, there are no more results.

    Yields
    ------
    Result
        One an instance, theorem by theorem.

    Raises
    ------
    InvalidProblem
        If a name is unknown, there are no instances or the seed is negative.
    MissingDependency
        If the instances of a theorem that is named need an extra that is not installed.
    """
    arguments.whole("instances", instances, least=1)
    arguments.whole("seed", seed)
    arguments.tolerance(tolerance)
    arguments.callback("progress", progress)
    chosen = []
    for theorem in dict.fromkeys(get(name) for name in (registry if names is None else names)):
        try:
            theorem.draw(seed, 0)
        except MissingDependency as error:
            if names is not None:
                raise
            warnings.warn(f"{theorem.name} is left out: {error}", stacklevel=2)
        else:
            chosen.append(theorem)
    return _verify_all(chosen, instances, seed, solve, tolerance, progress)


def _verify_all(
    theorems: list[Theorem],
    instances: int,
    seed: int,
    solve: bool,
    tolerance: float,
    progress: Callable[[TaskProgress], object] | None,
) -> Iterator[Result]:
    """The results, one after the other."""
    total = len(theorems) * instances
    for i, theorem in enumerate(theorems):
        for k in range(instances):
            try:
                tell(progress, TaskProgress(i * instances + k, total, theorem.name))
            except Stopped:
                return
            start = perf_counter()
            result = theorem.verify(**theorem.draw(seed, k), solve=solve, tolerance=tolerance)
            yield replace(
                result,
                instance=f"seed {seed} #{k}",
                kind=theorem.kind_of(k),
                seconds=perf_counter() - start,  # with what is measured besides the cost
            )
