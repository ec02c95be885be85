"""Results as a table and as a figure."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

CLOSE = 0.05  # "within 5 %"
SMALL = 0.01  # share of the spread of the targets that an error may have for that
FLOOR = 1e-13  # excesses below are not told apart
REFERENCE = "convexden"


def excess(point: dict[str, Any], optimum: float) -> float:
    """Relative excess of a feasible cost: that of the completed network, or a cost that is one."""
    if "neurons" not in point:
        return point["cost"] / optimum - 1
    cost = point["completed_cost"]
    return math.inf if cost is None else cost / optimum - 1


def close(point: dict[str, Any], optimum: float) -> bool:
    """Within 5 % as it is: the cost, with errors of at most 1 % of the spread of the targets."""
    return abs(point["cost"] / optimum - 1) <= CLOSE and point["error"] <= SMALL


def optimum(results: dict[str, Any], instance: str) -> tuple[float, float]:
    """Certified cost and seconds of the solver on an instance; NaN if it was not run."""
    for run in results["runs"]:
        if run["instance"] == instance and run["peer"] == REFERENCE and run["points"]:
            return run["points"][-1]["cost"], run["points"][-1]["seconds"]
    return math.nan, math.nan


def table(results: dict[str, Any]) -> str:
    lines = []
    for instance, about in results["instances"].items():
        best, fastest = optimum(results, instance)
        lines += [
            f"{instance}: {about}; certified cost {best:.9g}.",
            "",
            f"{'peer':<16}{'seed':>5}{'cost':>10}{'error':>9}{'completed':>11}{'neurons':>9}"
            f"{'seconds':>9}{'ratio':>8}{'to 5 %':>9}{'completed':>11}  {'note'}",
        ]
        for run in results["runs"]:
            if run["instance"] != instance:
                continue
            head = f"{run['peer']:<16}{run['seed']:5d}"
            finished = [point for point in run["points"] if "neurons" in point]
            if not finished:
                lines.append(f"{head}  {run['status']}")
                continue
            near = [
                next((f"{p['seconds']:.3g}" for p in finished if test(p, best)), "never")
                for test in (close, lambda p, best: excess(p, best) <= CLOSE)
            ]
            shown = finished if len(finished) <= 5 else finished[-1:]
            for point in shown:
                last = point is shown[-1]
                ratio = "" if run["peer"] == REFERENCE else f"{point['seconds'] / fastest:.0f}"
                when = near if last and run["peer"] != REFERENCE else ["", ""]
                note = point["note"] + ("" if run["status"] == "done" else f", {run['status']}")
                lines.append(
                    f"{head}{point['cost'] / best - 1:+10.1e}{point['error']:9.1e}"
                    f"{excess(point, best):11.1e}{point['neurons']:9d}{point['seconds']:9.3g}"
                    f"{ratio:>8}{when[0]:>9}{when[1]:>11}  {note}"
                )
                head = " " * len(head)
        lines.append("")
    return "\n".join(lines)


def draw(results: dict[str, Any], path: Path) -> None:
    """Excess of completed networks against time, one panel for each instance."""
    from matplotlib.figure import Figure

    names = list(results["instances"])
    figure = Figure((4.1 * len(names) + 0.6, 4.6), layout="constrained")
    panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    styles = {
        "convexden": ("#0072B2", "o", "-"),
        "PyTorch": ("#D55E00", "", "-"),
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
            points = [(p["seconds"], excess(p, best)) for p in run["points"]]
            points = [(x, max(y, FLOOR)) for x, y in points if math.isfinite(y)]
            if not points:
                continue
            colour, marker, dash = styles[run["peer"]]
            (handles[run["peer"]],) = ax.loglog(
                *zip(*points, strict=True), color=colour, marker=marker, ls=dash, ms=5, lw=1.4
            )
        ax.axhline(1e-8, color="0.6", lw=0.8, ls=":")
        ax.set_title(instance, fontsize=10)
        ax.set_xlabel("seconds (one thread)")
        ax.grid(color="0.93", lw=0.7)
    panels[0].set_ylabel("cost over the certified optimum, less 1,\nof the network made to interpolate")
    figure.legend(
        handles.values(), handles.keys(), loc="outside lower center", ncols=len(handles), frameon=False
    )
    figure.savefig(path, dpi=150)
