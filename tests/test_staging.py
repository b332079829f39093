from __future__ import annotations

from pathlib import Path

import tomlkit
from flower_apps import changed

from flopt.compression import Compression
from flopt.flower.app import read_app
from flopt.flower.staging import stage


def test_a_staged_app_is_the_app_with_one_more_package_and_the_plans_values(tmp_path: Path) -> None:
    app = read_app(changed(tmp_path / "app"))
    before = {file: file.read_bytes() for file in app.folder.rglob("*.*")}
    values = {**app.run_config.defaults, "num-server-rounds": 9, "learning-rate": 0.25}
    stage(app, tmp_path / "staged", values, tmp_path / "events", Compression("topk", 0.1), 3)
    staged = read_app(tmp_path / "staged")
    assert staged.run_config.defaults == values
    assert (staged.server, staged.client) == ("flopt_shim.server_app:app", "flopt_shim.client_app:app")
    shim = (tmp_path / "staged" / "flopt_shim" / "server_app.py").read_text(encoding="utf-8")
    assert f"served('{app.server}', '{tmp_path / 'events'}', 'topk:0.1', 3, named=True)" in shim
    document = tomlkit.parse((tmp_path / "staged" / "pyproject.toml").read_text(encoding="utf-8"))
    assert document["tool"]["flwr"]["app"]["fab-include"] == ["digits_app/**/*.py", "flopt_shim/**/*.py"]
    assert {file: file.read_bytes() for file in app.folder.rglob("*.*")} == before


def test_keys_of_nested_tables_are_set_where_they_stand(tmp_path: Path) -> None:
    folder = changed(tmp_path / "app", "pyproject.toml", "seed = 0", 'seed = 0\nmodel.name = "mlp"')
    app = read_app(folder)
    stage(app, tmp_path / "staged", {"model.name": "cnn"}, tmp_path / "events", Compression(), 0)
    assert read_app(tmp_path / "staged").run_config.defaults["model.name"] == "cnn"


def test_clients_that_may_lack_flopt_run_as_they_are(tmp_path: Path) -> None:
    app = read_app(changed(tmp_path / "app"))
    stage(app, tmp_path / "staged", {}, tmp_path / "events", Compression(), 0, named=False)
    assert read_app(tmp_path / "staged").client == app.client
