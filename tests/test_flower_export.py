from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from flower_apps import changed

from flopt.errors import FloptError
from flopt.flower.app import read_app
from flopt.flower.export import planned_export
from flopt.plan import Plan
from flopt.results import open_results

Command = Callable[..., tuple[int, str, str]]
SEED = "seed = 0"


def app_and_plan(folder: Path, **settings: float | str) -> tuple[Path, Plan]:
    return folder, read_app(folder).run_config.plan(settings)


def test_values_change_and_nothing_else(tmp_path: Path) -> None:
    settings: dict[str, float | str] = {"rounds": 7, "fraction-train": 0.25, "hidden-units": 64}
    app, plan = app_and_plan(changed(tmp_path / "app"), **settings)
    file = app / "pyproject.toml"
    old = file.read_text().splitlines()
    planned_export(app, plan).write()
    new = file.read_text().splitlines()
    differ = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
    assert [b for _, b in differ] == [
        "num-server-rounds = 7                     # communication rounds",
        "fraction-train = 0.25                      # share of the clients that trains in a round",
        "hidden-units = 64",
    ]
    assert read_app(app).run_config.plan({}) == plan
    assert planned_export(app, plan).diff == ""
    assert [path.name for path in app.iterdir() if path.name.startswith(".py")] == []


def test_dotted_and_nested_keys_and_line_ends_stay(tmp_path: Path) -> None:
    new = "opt.rate = 1.0 # a\r\n\"odd.name\" = true\r\nseed = 0\r\n[tool.flwr.app.config.deep]\r\nx = 'a' # b\r\n"
    app = changed(tmp_path / "app", "pyproject.toml", "seed = 0\n", new.replace("\r", ""))
    file = app / "pyproject.toml"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    settings: dict[str, float | str] = {"opt.rate": 2.0, "odd.name": False, "deep.x": "c"}
    _, plan = app_and_plan(app, **settings)
    planned_export(app, plan).write()
    config = tomllib.loads(file.read_bytes().decode())["tool"]["flwr"]["app"]["config"]
    assert (config["opt"], config["odd.name"], config["deep"]) == ({"rate": 2.0}, False, {"x": "c"})
    assert b'x = "c" # b\r\n' in file.read_bytes()
    assert file.read_bytes().count(b"\n") == file.read_bytes().count(b"\r\n")


def test_an_unknown_key_is_refused_with_the_nearest(tmp_path: Path) -> None:
    _, plan = app_and_plan(changed(tmp_path / "app"))
    other = changed(tmp_path / "other", "pyproject.toml", "hidden-units", "hidden-unit")
    before = (other / "pyproject.toml").read_bytes()
    with pytest.raises(FloptError, match="no run-config key 'hidden-units'; did you mean 'hidden-unit'"):
        planned_export(other, plan)
    assert (other / "pyproject.toml").read_bytes() == before


def test_what_the_app_cannot_be_told_is_said(tmp_path: Path) -> None:
    _, plan = app_and_plan(changed(tmp_path / "app"), uplink="quantize:8")
    assert planned_export(tmp_path / "app", plan).not_told == ("uplink = quantize:8",)


def test_a_file_that_cannot_be_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app, plan = app_and_plan(changed(tmp_path / "app"), rounds=9)
    before = (app / "pyproject.toml").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(FloptError, match="No space left"):
        planned_export(app, plan).write()
    assert (app / "pyproject.toml").read_bytes() == before
    assert len(list(app.iterdir())) == len(list((Path(__file__).parent / "flower_app").glob("[!_]*")))


def test_the_command_shows_the_change_or_makes_it(analytic_study: Path, command: Command, tmp_path: Path) -> None:
    app = changed(tmp_path / "app")
    point = open_results(analytic_study).front().points[-1]
    before = (app / "pyproject.toml").read_bytes()
    line = ("export", str(analytic_study), "--run", f"{point.number}@1", "--flower-app", str(app))
    code, out, _ = command(*line, "--dry-run")
    assert (code, "+num-server-rounds = 1 " in out) == (0, True)
    assert (app / "pyproject.toml").read_bytes() == before
    code, out, err = command(*line)
    assert (code, out, "wrote" in err) == (0, "", True)
    assert read_app(app).run_config.defaults["num-server-rounds"] == 1
