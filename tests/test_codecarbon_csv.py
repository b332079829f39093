"""The formats and the folder that they make."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flopt.errors import FloptError
from flopt.importing.reading import read_runs

Command = Callable[..., tuple[int, str, str]]
STUDY = "[plan]\nlocal_epochs = 2\nclient_fraction = 0.5\n"
ROWS = "run,round,accuracy\na,1,0.3\na,2,0.5\nb,1,0.4\nc,2,0.4\n"
EMISSIONS = "project_name,run_id,duration,emissions,energy_consumed\na,x,60,0.002,0.005\nz,y,60,0.1,0.2\n"


def put(folder: Path, **files: str) -> list[str]:
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return [str(folder / name.replace("_", ".")) for name in files]


def test_codecarbons_rows_go_to_their_runs(tmp_path: Path) -> None:
    table, emissions = put(tmp_path, r_csv=ROWS, emissions_csv=EMISSIONS)
    runs, notes = read_runs("codecarbon", [Path(table), Path(emissions)], "accuracy")
    assert runs[0].measured == {"co2e_kg": 0.002, "energy_kwh": 0.005, "seconds": 60}
    assert runs[1].measured == {}
    assert any("row 'y': no run of that name" in line for line in notes)
    with pytest.raises(FloptError, match="a total does not say what a round reached"):
        read_runs("codecarbon", [Path(emissions)], "accuracy")
