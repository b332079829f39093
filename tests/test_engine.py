from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("flwr")

from flower_apps import EXAMPLE, changed, legacy

from flopt.compression import Compression
from flopt.errors import FloptError
from flopt.flower.app import FlowerApp, read_app
from flopt.flower.engine import Settings, reports
from flopt.flower.report import Report, scores

SERVER, CLIENT = "digits_app/server_app.py", "digits_app/client_app.py"
TRAIN, SCORE = "    loss = train(", "    loss, accuracy ="
START = "    strategy.start("
REACH = "    import socket\n    socket.create_connection(('{}', 80))\n" + TRAIN


def settings(app: FlowerApp, clients: int = 4, seed: int = 0, **values: Any) -> Settings:
    return Settings(
        clients, app.run_config.values(app.run_config.plan({"rounds": 2, "local_epochs": 1} | values), seed)
    )


def heard(folder: Path, clients: int = 4, seed: int = 0, **values: Any) -> list[Report]:
    app = read_app(folder)
    return list(reports(app, settings(app, clients, seed, **values)))


def accuracies(found: list[Report]) -> list[float]:
    return [each.accuracy for report in found if report.number and (each := scores(report, "accuracy"))]


def test_an_app_runs_as_it_is_and_every_message_is_counted() -> None:
    found = heard(EXAMPLE, rounds=3)
    assert [report.number for report in found] == [0, 1, 2, 3]
    assert accuracies(found)[2] > accuracies(found)[0]
    tensors = 4 * (64 * 32 + 32 + 32 * 10 + 10)
    for report in found[1:]:
        assert len(report.trained()) == 2  # half of four
        assert {each.kind for each in report.exchanges} == {"train", "evaluate"}
        for each in report.trained():
            assert tensors < each.upload_bytes < 1.1 * tensors + 100
            assert tensors < each.download_bytes < 1.1 * tensors + 100
            assert (each.samples, each.lost) == (360, False)
            assert each.wall_s > 0
    assert found[1].told()["train"].keys() == {"train_loss"}


def test_equal_seeds_give_equal_runs_and_others_do_not() -> None:
    assert accuracies(heard(EXAMPLE)) == accuracies(heard(EXAMPLE))
    assert accuracies(heard(EXAMPLE)) != accuracies(heard(EXAMPLE, seed=1))


def test_the_first_rounds_do_not_depend_on_how_many_follow() -> None:
    assert accuracies(heard(EXAMPLE, rounds=3))[:2] == accuracies(heard(EXAMPLE, rounds=2))


def test_more_local_work_draws_the_same_clients() -> None:
    drawn = [[each.client for r in heard(EXAMPLE, clients=8, local_epochs=e) for each in r.trained()] for e in (1, 2)]
    assert drawn[0] == drawn[1]


def test_a_legacy_app_runs_too_and_learns_the_same_way(tmp_path: Path) -> None:
    folder = legacy(tmp_path / "app")
    found = heard(folder, client_fraction=1.0)
    assert accuracies(found) == accuracies(heard(folder, client_fraction=1.0))
    assert [len(report.trained()) for report in found] == [0, 4, 4]
    assert all(each.samples == 360 for each in found[1].trained())
    assert scores(found[2], "accuracy").loss < scores(found[1], "accuracy").loss  # type: ignore[union-attr]


def test_closing_stops_an_app_that_swallows_exceptions(tmp_path: Path) -> None:
    folder = changed(
        tmp_path / "app",
        SERVER,
        "    strategy.start(",
        "    while True:\n      try:\n        strategy.start(",
    )
    text = (folder / SERVER).read_text(encoding="utf-8")
    (folder / SERVER).write_text(text.rstrip() + "\n      except Exception:\n        pass\n", encoding="utf-8")
    app = read_app(folder)
    before = threading.active_count()
    running = reports(app, settings(app))
    assert [next(running).number for _ in range(2)] == [0, 1]
    running.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


@pytest.mark.parametrize("make", [changed, legacy], ids=["message API", "legacy"])
def test_closing_stops_either_kind_and_leaves_flower_as_it_was(make: Callable[[Path], Path], tmp_path: Path) -> None:
    from flwr.server import server
    from flwr.serverapp.strategy import Strategy

    before = Strategy.start, server.fit_clients
    app = read_app(make(tmp_path / "app"))
    running = reports(app, settings(app))
    next(running)
    running.close()  # type: ignore[attr-defined]
    assert (Strategy.start, server.fit_clients) == before


def test_the_fleet_loses_the_clients_asked_first() -> None:
    app = read_app(EXAMPLE)
    given = replace(settings(app, client_fraction=1.0), lost=lambda number, place: number == 2 and place < 3)
    found = list(reports(app, given))
    assert [sum(each.lost for each in report.trained()) for report in found] == [0, 0, 3]
    lost = next(each for each in found[2].trained() if each.lost)
    assert (lost.upload_bytes, lost.samples) == (0, 0)
    assert lost.download_bytes > 0


def test_a_squeezed_uplink_changes_what_is_learned_and_what_is_sent() -> None:
    app = read_app(EXAMPLE)
    plain, squeezed = settings(app), replace(settings(app), uplink=Compression("topk", 0.01))
    found, thin = list(reports(app, plain)), list(reports(app, squeezed))
    assert accuracies(thin)[-1] < accuracies(found)[-1]
    shapes = [(32, 64), (32,), (10, 32), (10,)]
    for each in thin[1].trained():
        metrics_bytes = each.upload_bytes - Compression("topk", 0.01).wire_bytes(shapes)
        assert 0 < metrics_bytes < 700  # the names, the headers of four arrays and two metrics
    assert thin[1].trained()[0].download_bytes == found[1].trained()[0].download_bytes


def test_a_legacy_apps_uplink_is_squeezed_too(tmp_path: Path) -> None:
    app = read_app(legacy(tmp_path / "app"))
    plain = list(reports(app, settings(app)))
    thin = list(reports(app, replace(settings(app), uplink=Compression("quantize", 8))))
    assert thin[1].trained()[0].upload_bytes < 0.4 * plain[1].trained()[0].upload_bytes
    assert accuracies(thin) == pytest.approx(accuracies(plain), abs=0.05)


def test_an_uplink_that_keeps_everything_changes_nothing_but_rounding() -> None:
    app = read_app(EXAMPLE)
    whole = list(reports(app, replace(settings(app), uplink=Compression("topk", 1))))
    assert accuracies(whole) == pytest.approx(accuracies(list(reports(app, settings(app)))), abs=0.02)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (CLIENT, TRAIN, f"    raise ValueError('boom')\n{TRAIN}", "train: ValueError: boom .*client_app"),
        (CLIENT, SCORE, f"    1 / 0\n{SCORE}", "evaluate: ZeroDivisionError"),
        (CLIENT, SCORE, f"    import sys; sys.exit(3)\n{SCORE}", "SystemExit: 3"),
        (SERVER, START, f"    raise RuntimeError('no')\n{START}", "the ServerApp: RuntimeError: no"),
        (SERVER, "app = ServerApp()", "app = ServerAp()", "does not load: NameError"),
        (SERVER, "import random\n", "import nosuchmodule\n", "does not load: ModuleNotFoundError"),
        (CLIENT, TRAIN, REACH.format("flower.example"), "the app reached for flower.example; .*task.flower_network"),
        (CLIENT, TRAIN, REACH.format("192.0.2.1"), "the app reached for 192.0.2.1"),
    ],
    ids=["client", "evaluation", "exit", "server", "name", "import", "host", "address"],
)
def test_what_breaks_in_an_app_is_one_line(tmp_path: Path, file: str, old: str, new: str, message: str) -> None:
    folder = changed(tmp_path / "app", file, old, new)
    with pytest.raises(FloptError, match=message) as raised:
        heard(folder)
    assert "\n" not in str(raised.value)


def test_two_apps_with_a_package_of_the_same_name_stay_two(tmp_path: Path) -> None:
    other = changed(tmp_path / "app", "digits_app/task.py", "right = (", "right = 1 - (")
    mine, theirs = accuracies(heard(EXAMPLE)), accuracies(heard(other))
    assert theirs == pytest.approx([1 - each for each in mine])
    assert accuracies(heard(EXAMPLE)) == mine


def test_what_a_run_leaves_in_a_module_is_gone_in_the_next(tmp_path: Path) -> None:
    old = '    torch.manual_seed(config["seed"])'
    folder = changed(tmp_path / "app", SERVER, old, "    seen.append(1)\n    torch.manual_seed(len(seen))")
    text = (folder / SERVER).read_text(encoding="utf-8")
    (folder / SERVER).write_text(text.replace("app = ServerApp()", "app = ServerApp()\nseen = []"), encoding="utf-8")
    assert accuracies(heard(folder)) == accuracies(heard(folder))


def test_what_an_app_prints_is_no_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    heard(changed(tmp_path / "app", SERVER, "    strategy.start(", "    print('hello')\n    strategy.start("))
    printed = capsys.readouterr()
    assert (printed.out, "hello" in printed.err) == ("", True)
