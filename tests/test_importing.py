"""The formats and the folder that they make."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from flopt.errors import FloptError
from flopt.importing.flower_json import read_flower
from flopt.importing.reading import read_runs
from flopt.importing.scalar_log import read_scalars
from flopt.results import open_results

Command = Callable[..., tuple[int, str, str]]
STUDY = "[plan]\nlocal_epochs = 2\nclient_fraction = 0.5\n"
ROWS = "run,round,accuracy\na,1,0.3\na,2,0.5\nb,1,0.4\nc,2,0.4\n"
EMISSIONS = "project_name,run_id,duration,emissions,energy_consumed\na,x,60,0.002,0.005\nz,y,60,0.1,0.2\n"


def put(folder: Path, **files: str) -> list[str]:
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return [str(folder / name.replace("_", ".")) for name in files]


def test_a_table_becomes_a_folder_that_reads_like_any_other(tmp_path: Path, command: Command) -> None:
    study, table = put(tmp_path, s_toml=STUDY, r_csv=ROWS)
    out = tmp_path / "out"
    line = ("import", str(out), table, "--from", "csv", "--study", study)
    code, _, err = command(*line)
    assert (code, "run 'a': missing columns: clients, samples" in err, out.exists()) == (2, True, False)
    code, told, err = command(*line, "--predict-counts", "--json")
    assert code == 0
    assert json.loads(told)["left_out"] == {"c": "round 1 is missing, or stands out of order"}
    results = open_results(out)
    assert [plan.local_epochs for plan in results.plans] == [2, 2]
    assert [point.values["accuracy"] for point in results.front().points][-1] == 0.5
    assert command("reprice", str(out), "--country", "FRA")[0] == 0
    assert command(*line, "--predict-counts")[0] == 2  # the folder holds a study


def test_what_nothing_says_is_refused(tmp_path: Path, command: Command) -> None:
    study, table = put(tmp_path, s_toml="", r_csv=ROWS)
    line = ("import", str(tmp_path / "out"), table, "--from", "csv", "--predict-counts")
    assert "give --study FILE" in command(*line)[2]
    code, _, err = command(*line, "--study", study)
    assert (code, "nothing says local_epochs" in err) == (2, True)
    assert "did you mean 'csv'" in command(*line[:4], "cvs", "--study", study)[2]


def test_codecarbons_rows_go_to_their_runs(tmp_path: Path) -> None:
    table, emissions = put(tmp_path, r_csv=ROWS, emissions_csv=EMISSIONS)
    runs, notes = read_runs("codecarbon", [Path(table), Path(emissions)], "accuracy")
    assert runs[0].measured == {"co2e_kg": 0.002, "energy_kwh": 0.005, "seconds": 60}
    assert runs[1].measured == {}
    assert any("no run of that name" in line and "'z'" in line or "'y'" in line for line in notes)
    with pytest.raises(FloptError, match="a total does not say what a round reached"):
        read_runs("codecarbon", [Path(emissions)], "accuracy")


def test_flowers_result_and_history(tmp_path: Path) -> None:
    result = {"evaluate_metrics_clientapp": {"2": {"accuracy": 0.5, "loss": 1.5}, "1": {"accuracy": 0.25}}}
    history = {"metrics_centralized": {"accuracy": [[0, 0.1], [1, 0.3]]}, "losses_centralized": [[0, 2.3], [1, 2.0]]}
    files = put(tmp_path, a_json=json.dumps(result), b_json=json.dumps(history), c_json='{"a": 1}', d_json="")
    assert [each.accuracy for each in read_flower(Path(files[0]), "accuracy")[0].rounds] == [0.25, 0.5]
    assert [(r.number, r.loss) for r in read_flower(Path(files[1]), "accuracy")[0].rounds] == [(1, 2.0)]
    with pytest.raises(FloptError, match="neither a Result nor a History"):
        read_flower(Path(files[2]), "accuracy")
    with pytest.raises(FloptError, match="no metric 'acuracy'; did you mean 'accuracy'"):
        read_flower(Path(files[0]), "acuracy")
    assert read_flower(Path(files[3]), "accuracy")[0].flaw() == "it has no round"


def test_scalars_of_a_csv_download(tmp_path: Path) -> None:
    (file,) = put(tmp_path, log_csv="Wall time,Step,Value\n1.0,0,0.25\n2.0,1,0.5\n")
    assert [(r.number, r.accuracy) for r in read_scalars(Path(file), "accuracy")[0].rounds] == [(1, 0.25), (2, 0.5)]
    (bad,) = put(tmp_path, bad_csv="Step,Value\n1,x\n")
    with pytest.raises(FloptError, match="line 2, column Value"):
        read_scalars(Path(bad), "accuracy")


def test_event_files_need_tensorboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (file,) = put(tmp_path, events_out="")
    monkeypatch.setattr("flopt.importing.scalar_log.find_spec", lambda _: None)
    with pytest.raises(FloptError, match="pip install tensorboard"):
        read_scalars(Path(file), "accuracy")
