"""`flopt doctor`: a study folder examined, and mended where it can be."""

from __future__ import annotations

from pathlib import Path

from flopt.cli.printing import note, print_json
from flopt.health import mend

__all__ = ["print_health"]


def print_health(folder: Path, *, as_json: bool) -> int:
    """Print what was repaired and what cannot be; returns 1 where something is lost."""
    health = mend(folder)
    if as_json:
        print_json(
            {
                "folder": str(folder),
                "runs": health.runs,
                "finished": health.finished,
                "repaired": health.repaired,
                "damaged": health.damaged,
            }
        )
    else:
        for word, said in (("repaired", health.repaired), ("damaged", health.damaged)):
            for each in said:
                print(f"{word}: {each}")
    state = "damaged" if health.damaged else "repaired" if health.repaired else "healthy"
    note(f"{folder}: {state}, {health.runs} runs, {health.finished} of them finished")
    return 1 if health.damaged else 0
