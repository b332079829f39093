"""`flopt report`: a study as one page that can be sent to somebody."""

from __future__ import annotations

from pathlib import Path

from flopt.cli.front import tell_repairs
from flopt.cli.printing import note
from flopt.errors import FloptError
from flopt.report.page import MOST_BYTES, write_report
from flopt.results import open_results

__all__ = ["print_report"]

SUFFIXES = (".html", ".htm")


def print_report(folder: Path, file: Path | None) -> int:
    """Write the page and print its path; returns 1 where it has no point to show."""
    file = file or folder / "report.html"
    if file.suffix.lower() not in SUFFIXES:
        raise FloptError(f"report {file}: must end in {' or '.join(SUFFIXES)}")
    results = open_results(folder)
    tell_repairs(results)
    write_report(results, file)
    size = file.stat().st_size
    if size > MOST_BYTES:
        note(f"{file} has {size / 1e6:.1f} MB: some browsers will be slow to open it")
    print(file)
    if not results.front().points:
        note(f"{folder}: no run has a point within the limits; the report says so")
        return 1
    return 0
