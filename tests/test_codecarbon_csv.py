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


WRITTEN = (  # by CodeCarbon 3.3.2; the place left out
    "timestamp,project_name,run_id,experiment_id,duration,emissions,emissions_rate,cpu_power,gpu_power,ram_power,"
    "cpu_energy,gpu_energy,ram_energy,energy_consumed,water_consumed,country_name,country_iso_code,region,"
    "cloud_provider,cloud_region,os,python_version,codecarbon_version,cpu_count,cpu_model,gpu_count,gpu_model,"
    "longitude,latitude,ram_total_size,tracking_mode,cpu_utilization_percent,gpu_utilization_percent,"
    "ram_utilization_percent,ram_used_gb,on_cloud,pue,wue\n"
    "2026-11-27T12:05:59,a,e3601c62-bde0-47a0-97be-f79d2a92c5ec,5b0fa12a-3dd7-45bb-9766-cc326314d9f1,"
    "0.3067995140008861,8.941640262562163e-07,2.9144897089166634e-06,4.4,0.0,20.0,6.676168888900268e-07,0.0,"
    "1.679578350002784e-06,2.347195238892811e-06,0.0,Germany,DEU,,,,Linux,3.11.7,3.3.2,2,AMD EPYC,0,,,,"
    "23.540576934814453,machine,0,0,0,0,N,1.0,0.0\n"
)


def test_a_file_as_codecarbon_writes_it(tmp_path: Path) -> None:
    table, emissions = put(tmp_path, r_csv=ROWS, emissions_csv=WRITTEN)
    runs, _ = read_runs("codecarbon", [Path(table), Path(emissions)], "accuracy")
    assert runs[0].measured == pytest.approx({"co2e_kg": 8.94164e-7, "energy_kwh": 2.347195e-6, "seconds": 0.3067995})
