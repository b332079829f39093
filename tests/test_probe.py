from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("flwr")

from flower_apps import EXAMPLE, changed, legacy

from flopt.errors import FloptError
from flopt.flower import probe
from flopt.flower.probe import app_facts
from flopt.task import AppSource, Task, TaskSource


def facts(folder: Path, metric: str = "accuracy", flop: float | None = None, clients: int | None = 4) -> Task:
    given = AppSource(str(folder), flop)
    return app_facts(TaskSource(metric=metric, clients=clients, app=given), given)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_the_facts_of_the_example() -> None:
    found = facts(EXAMPLE)
    assert found.client_samples == (360,) * 4
    assert found.tensors == ((32, 64), (32,), (10, 32), (10,))
    # Two FLOP for a multiply-add: forwards, the gradient of both weights, that of the hidden layer's output.
    assert found.flop_per_sample == 2 * (64 * 32 + 32 * 10) * 2 + 2 * 32 * 10
    assert found.least_clients == 2
    assert [found.clients_per_round(share) for share in (0.01, 0.74, 1.0)] == [2, 2, 4]
    assert 0.01 <= found.majority_share < 0.3


def test_they_are_kept_by_the_contents_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = changed(tmp_path / "app")
    first = facts(folder)
    monkeypatch.setattr(probe, "probed", lambda *_: pytest.fail("measured again"))
    assert facts(folder) == first
    (folder / "digits_app" / "task.py").write_text("# other\n", encoding="utf-8")
    with pytest.raises(pytest.fail.Exception, match="measured again"):
        facts(folder)


def test_a_legacy_app_has_the_same_facts(tmp_path: Path) -> None:
    found, example = facts(legacy(tmp_path / "app")), facts(EXAMPLE)
    assert (found.client_samples, found.tensors) == (example.client_samples, example.tensors)
    assert (found.flop_per_sample, found.least_clients) == (example.flop_per_sample, example.least_clients)


def test_the_users_flop_count(tmp_path: Path) -> None:
    assert facts(changed(tmp_path / "app"), flop=5e6).flop_per_sample == 5e6


@pytest.mark.parametrize(
    ("file", "old", "new", "metric", "message"),
    [
        ("pyproject.toml", "seed = 0", "seed = 0", "f1", "no such metric; it reports clients: accuracy"),
        ("pyproject.toml", "fraction-train = 0.5", "share = 0.5", "accuracy", "KeyError: 'fraction-train'"),
        ("digits_app/server_app.py", "    strategy.start(", "    len(", "accuracy", "TypeError"),
        ("digits_app/server_app.py", 'fraction_train=config["fraction-train"]', "fraction_train=0.0", "accuracy",
         "ends without training a round"),
        ("digits_app/client_app.py", '"num-examples": len(data[1])})\n    return Message(RecordDict({"arrays"',
         '"num-examples": 0})\n    return Message(RecordDict({"arrays"', "accuracy", "."),
    ],
    ids=["metric", "key", "server", "no round", "samples"],
)  # fmt: skip
def test_an_app_that_cannot_be_tuned_is_one_line(
    tmp_path: Path, file: str, old: str, new: str, metric: str, message: str
) -> None:
    with pytest.raises(FloptError, match=message):
        facts(changed(tmp_path / "app", file, old, new), metric)


def test_a_fraction_that_no_key_says_is_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path / "app", "digits_app/server_app.py", 'config["fraction-train"]', "0.5")
    project = folder / "pyproject.toml"
    project.write_text(project.read_text(encoding="utf-8").replace("fraction-train = 0.5", "#"), encoding="utf-8")
    with pytest.raises(FloptError, match="draws 2 of 4 clients, and no run-config key says so"):
        facts(folder)


def test_a_bad_smoothing_is_said_before_anything_runs() -> None:
    given = AppSource(str(EXAMPLE))
    with pytest.raises(FloptError, match="smoothing = 'median'"):
        app_facts(TaskSource(smoothing="median", app=given), given)


def test_no_other_oracle_trains_an_app() -> None:
    from flopt.simulation.facts import facts as measured

    with pytest.raises(FloptError, match='by oracle = "flower" alone'):
        measured(TaskSource(app=AppSource(str(EXAMPLE))))
    with pytest.raises(FloptError, match=r"task\.data = 'flights': a Flower app"):
        TaskSource(data="flights", app=AppSource(str(EXAMPLE)))
