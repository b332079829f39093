"""`flopt plot`: a figure of a study, into a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flopt.cli.front import limit_of, scored_by, why_empty
from flopt.cli.printing import note
from flopt.drawing.style import ThemeName, check_file
from flopt.errors import unknown
from flopt.figures import KINDS, Look, draw, save
from flopt.results import open_results

__all__ = ["print_plot"]


def print_plot(
    folder: Path,
    kind: str,
    out: Path | None,
    objectives: Sequence[str],
    at_least: Sequence[str],
    at_most: Sequence[str],
    others: Sequence[Path],
    places: Sequence[str],
    theme: ThemeName,
    width_cm: float,
) -> int:
    """Draw and say where; returns 1 where the front has no point, of which there is nothing to draw."""
    if kind not in KINDS:
        raise unknown("kind of figure", kind, KINDS)
    file = out or Path(f"{kind}.png")
    check_file(file)
    results = open_results(folder)
    results = scored_by(results, objectives)
    limits = [limit_of(text, results, "at_least") for text in at_least]
    limits += [limit_of(text, results, "at_most") for text in at_most]
    if not results.front().points:
        note(f"{folder}: {why_empty(results)}")
        return 1
    study = results if not others else folder
    look = Look(theme, width_cm)
    axes = draw(
        kind, study, objectives=objectives, limits=limits, others=[str(o) for o in others], places=places, look=look
    )
    save(axes, file)
    note(f"wrote {file}")
    return 0
