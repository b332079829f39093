"""The formats and the folder that they make."""

from __future__ import annotations

from pathlib import Path

import pytest
from run_files import ROWS, put

from flopt.errors import FloptError
from flopt.importing.codecarbon_csv import with_emissions
from flopt.importing.reading import read_runs

EMISSIONS = "project_name,run_id,duration,emissions,energy_consumed\na,x,60,0.002,0.005\nz,y,60,0.1,0.2\n"


def test_codecarbons_rows_go_to_their_runs(tmp_path: Path) -> None:
    table, emissions = put(tmp_path, r_csv=ROWS, emissions_csv=EMISSIONS)
    runs, notes = read_runs("codecarbon", [Path(table), Path(emissions)], "accuracy")
    assert runs[0].measured == {"co2e_kg": 0.002, "energy_kwh": 0.005, "seconds": 60}
    assert runs[1].measured == {}
    assert any("row 'y': no run of that name" in line for line in notes)
    without = EMISSIONS.replace("energy_consumed", "energy")
    (bad,) = put(tmp_path, bad_csv=without)
    with pytest.raises(FloptError, match=r"missing columns: energy_consumed"):
        with_emissions(runs, Path(bad))
    with pytest.raises(FloptError, match="a total does not say what a round reached"):
        read_runs("codecarbon", [Path(emissions)], "accuracy")
