"""Certified optima that were computed elsewhere: are the certified intervals inside their bounds?

`python benchmarks/reference.py` prints the table.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import convexden as cd

VALUES = Path(__file__).parent / "certified_values.json"


def main() -> None:
    print(f"{'instance':<42}{'inside':>7}{'gap':>9}{'neurons':>9}{'expected':>9}{'seconds':>9}")
    for entry in json.loads(VALUES.read_text()):
        solution = cd.solve(_problem(entry), 1e-9)
        inside = (
            solution.cost >= entry["lower"] * (1 - 1e-8)
            and solution.lower_bound <= entry["upper"] * (1 + 1e-8)
            and solution.certified
        )
        print(
            f"{entry['name']:<42}{'yes' if inside else 'NO':>7}{solution.relative_gap:9.1e}"
            f"{solution.neurons:9d}{entry['neurons'] or '-':>9}{solution.seconds:9.3f}",
            flush=True,
        )


def _problem(entry: dict[str, Any]) -> cd.Interpolation:
    if "digits" in entry:  # so many images, the first of them
        return cd.denoising(cd.data.digits(range(entry["digits"])), radius=entry["radius"])
    return cd.Interpolation(entry["centers"], entry["targets"], entry["radius"])


if __name__ == "__main__":
    main()
