"""Results as a table and as a figure."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

CLOSE = 0.05  # "within 5 %"
SMALL = 0.01  # share of the spread of the targets that an error may have for that
FLOOR = 1e-13  # excesses below are not told apart
REFERENCE = "convexden"
ON_THE_WAY = ", after "  # in the note of a network that was still in training


def excess(point: dict[str, Any], optimum: float) -> float:
    """Relative excess with errors priced, or that of a cost without errors."""
    if "priced_excess" in point:
        return float(point["priced_excess"])
    return float(point["cost"]) / optimum - 1


def close(point: dict[str, Any], optimum: float) -> bool:
    """Within 5 %: the excess with errors priced, or the cost as it is with errors of at most 1 % of
    the spread of the targets.
    """
    as_it_is = abs(point["cost"] / optimum - 1) <= CLOSE and point["error"] <= SMALL
    return as_it_is or excess(point, optimum) <= CLOSE


def optimum(results: dict[str, Any], instance: str) -> tuple[float, float]:
    """Certified cost and processor seconds of the solver on an instance; NaN if it was not run."""
    for run in results["runs"]:
        if run["instance"] == instance and run["peer"] == REFERENCE and run["points"]:
            return run["points"][-1]["cost"], run["points"][-1]["processor_seconds"]
    return math.nan, math.nan


def thin(results: dict[str, Any]) -> dict[str, Any]:
    """Of networks in training keep the last, and on the way the first that is within 5 %."""
    runs = []
    for run in results["runs"]:
        best, _ = optimum(results, run["instance"])
        near = [p for p in run["points"] if "neurons" in p and close(p, best)]
        first = min(near, key=lambda point: point["processor_seconds"], default=None)
        kept = [p for p in run["points"] if ON_THE_WAY not in p["note"] or p is first]
        runs.append(run | {"points": kept})
    return results | {"runs": runs}


def table(results: dict[str, Any]) -> str:
    lines = []
    for instance, about in results["instances"].items():
        best, fastest = optimum(results, instance)
        lines += [
            f"{instance}: {about}; certified cost {best:.9g}.",
            "",
            f"{'peer':<16}{'seed':>5}{'cost':>10}{'error':>9}{'priced':>11}{'neurons':>9}"
            f"{'wall s':>8}{'s':>8}{'ratio':>7}{'to 5 %':>8}{'ratio':>7}{'own':>9}  note",
        ]
        for run in results["runs"]:
            if run["instance"] != instance:
                continue
            head = f"{run['peer']:<16}{run['seed']:5d}"
            finished = [point for point in run["points"] if "neurons" in point]
            shown = [point for point in finished if ON_THE_WAY not in point["note"]]
            shown = shown or finished[-1:]
            if not shown:
                lines.append(f"{head}  {run['status']}")
            for point in shown:
                ratio, near = "", ["", ""]
                if run["peer"] != REFERENCE:
                    ratio = _ratio(point["processor_seconds"], fastest)
                if run["peer"] != REFERENCE and point is shown[-1]:
                    times = [p["processor_seconds"] for p in finished if close(p, best)]
                    near = [f"{min(times):.3g}", _ratio(min(times), fastest)] if times else near
                    near[0] = near[0] or "never"
                own = f"{point['own_excess']:.1e}" if "own_excess" in point else ""
                note = point["note"]
                if point is shown[-1] and run["status"] != "done":
                    note += f", {run['status']}"
                lines.append(
                    f"{head}{point['cost'] / best - 1:+10.1e}{point['error']:9.1e}"
                    f"{excess(point, best):11.1e}{point['neurons']:9d}{point['seconds']:8.3g}"
                    f"{point['processor_seconds']:8.3g}{ratio:>7}{near[0]:>8}{near[1]:>7}"
                    f"{own:>9}  {note}"
                )
                head = " " * len(head)
        lines.append("")
    return "\n".join(lines)


def _ratio(seconds: float, fastest: float) -> str:
    ratio = seconds / fastest
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.2g}"


def draw(results: dict[str, Any], path: Path) -> None:
    """Excess with errors priced against time, one panel for each instance."""
    from matplotlib.figure import Figure

    names = list(results["instances"])
    figure = Figure((4.1 * len(names) + 0.6, 4.6), layout="constrained")
    panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    styles = {
        "convexden": ("#0072B2", "o", "-"),
        "PyTorch": ("#D55E00", "v", "-"),
        "PyTorch, plain": ("#E69F00", "<", "--"),
        "pyscnn": ("#009E73", "s", "--"),
        "CVXPY, sampled": ("#CC79A7", "^", ":"),
        "CVXPY, all": ("black", "D", ""),
    }
    handles: dict[str, Any] = {}
    for ax, instance in zip(panels, names, strict=True):
        best, _ = optimum(results, instance)
        for run in results["runs"]:
            if run["instance"] != instance:
                continue
            points = [
                (p["processor_seconds"], max(found, FLOOR))
                for p in run["points"]
                if math.isfinite(found := excess(p, best)) and ON_THE_WAY not in p["note"]
            ]
            if points:
                color, marker, dash = styles[run["peer"]]
                (handles[run["peer"]],) = ax.loglog(
                    *zip(*points, strict=True), color=color, marker=marker, ls=dash, ms=5, lw=1.4
                )
        ax.axhline(1e-8, color="0.6", lw=0.8, ls=":")
        ax.set_title(instance, fontsize=10)
        ax.set_xlabel("processor seconds (one thread)")
        ax.grid(color="0.93", lw=0.7)
    panels[0].set_ylabel("cost over the certified optimum, less 1\n(errors at twice their price)")
    figure.legend(
        handles.values(),
        handles.keys(),
        loc="outside lower center",
        ncols=len(handles),
        frameon=False,
    )
    figure.savefig(path, dpi=150)
