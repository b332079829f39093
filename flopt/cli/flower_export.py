"""`flopt export --flower-app`: a point of the front, written into the app that it was found for."""

from __future__ import annotations

from pathlib import Path

from flopt.cli.printing import note
from flopt.cli.validate import chosen_run
from flopt.flower.export import planned_export
from flopt.results import open_results

__all__ = ["export_to_app"]


def export_to_app(folder: Path, point: str, app: Path, *, dry_run: bool) -> int:
    """Write a point's plan into an app's `pyproject.toml`, or print the diff that it would be."""
    number, run = chosen_run(open_results(folder), point)
    export = planned_export(app, run.plan)
    for left in export.not_told:
        note(f"{export.file}: no key for {left}; set it in the app")
    if dry_run:
        print(export.diff, end="")
    elif export.diff:
        export.write()
    changed = "would change" if dry_run else "wrote"
    note(
        f"run {number}@{run.rounds}: {f'{changed} {export.file}' if export.diff else f'{export.file} says so already'}"
    )
    return 0
