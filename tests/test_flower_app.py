from __future__ import annotations

from pathlib import Path

import pytest
from flower_apps import EXAMPLE, changed

from flopt.errors import FloptError
from flopt.flower.app import digest, read_app


def test_the_example_is_read_without_flower() -> None:
    app = read_app(EXAMPLE)
    assert (app.name, app.clients) == ("digits-app", 10)
    assert (app.server, app.client) == ("digits_app.server_app:app", "digits_app.client_app:app")
    assert app.run_config.defaults["learning-rate"] == 0.1


def test_nested_tables_are_joined_by_dots_and_the_supernodes_are_the_clients(tmp_path: Path) -> None:
    project = changed(tmp_path / "app") / "pyproject.toml"
    more = '\n[tool.flwr.app.config.model]\nname = "mlp"\n[tool.flwr.federations]\ndefault = "here"\n'
    more += "[tool.flwr.federations.here]\noptions.num-supernodes = 7\n"
    project.write_text(project.read_text(encoding="utf-8") + more, encoding="utf-8")
    app = read_app(project.parent)
    assert (app.clients, app.run_config.defaults["model.name"]) == (7, "mlp")


def test_a_folder_without_an_app_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(FloptError, match=r"task.flower_app: no file .*pyproject.toml; give the folder"):
        read_app(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n", encoding="utf-8")
    with pytest.raises(FloptError, match=r"components\] serverapp = None: give module:name"):
        read_app(tmp_path)


def test_the_digest_follows_the_contents_and_not_the_caches(tmp_path: Path) -> None:
    app = changed(tmp_path / "app")
    before = digest(app)
    for place in ("__pycache__/x.pyc", ".git/HEAD", "venv/lib.py"):
        (app / place).parent.mkdir(exist_ok=True)
        (app / place).write_text("x", encoding="utf-8")
    assert digest(app) == before
    (app / "digits_app" / "task.py").write_text("", encoding="utf-8")
    assert digest(app) != before
