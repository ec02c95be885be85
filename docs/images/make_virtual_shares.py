"""Draw shares of sets with virtual points: python docs/images/make_virtual_shares.py [FOLDER].

The folder has what `convexden virtual SOURCE --output FOLDER/SOURCE.jsonl` wrote, as findings.md
says.  Sets that are missing are solved, which takes a quarter of an hour for all of them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from convexden.experiments.virtual_shares import virtual_shares
from convexden.plotting import save_virtual_shares

RUNS = {"plane": (5, 103), "space": (4, 28), "digits": (5, 7), "patches": (4, 40)}


def main(folder: Path) -> None:
    found = [
        virtual_shares(source, points, sets=sets, path=folder / f"{source}.jsonl")
        for source, (points, sets) in RUNS.items()
    ]
    save_virtual_shares(found, Path(__file__).with_name("virtual_shares.png"))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
