"""Small files of runs that other tools left behind, for the tests of the importers."""

from __future__ import annotations

from pathlib import Path

STUDY = "[plan]\nlocal_epochs = 2\nclient_fraction = 0.5\n"
ROWS = "run,round,accuracy\na,1,0.3\na,2,0.5\nb,1,0.4\nc,2,0.4\n"
"""Run `a` is whole, `b` has one round, `c` lacks its first."""


def put(folder: Path, **files: str) -> list[str]:
    """Write texts into files named after the keywords, `r_csv` as `r.csv`; gives their paths."""
    paths = {folder / name.replace("_", "."): text for name, text in files.items()}
    for path, text in paths.items():
        path.write_text(text)
    return [str(path) for path in paths]
