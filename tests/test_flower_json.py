"""The formats and the folder that they make."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from run_files import put

from flopt.errors import FloptError
from flopt.importing.flower_json import read_flower

HOW_TO = (Path(__file__).parent.parent / "docs" / "howto" / "flower.md").read_text(encoding="utf-8")


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


def test_what_flower_returns_is_read_as_the_how_to_writes_it(
    needs_module: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_module("flwr")
    from flwr.app import MetricRecord
    from flwr.serverapp.strategy import Result

    result = Result()
    result.evaluate_metrics_clientapp.update({n: MetricRecord({"accuracy": n / 8, "loss": 1 / n}) for n in (1, 2)})
    [snippet] = re.findall(r"```py\n(import json\n.*?)```", HOW_TO, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(snippet, {"result": result})
    rounds = read_flower(Path("result.json"), "accuracy")[0].rounds
    assert [(each.number, each.accuracy, each.loss) for each in rounds] == [(1, 0.125, 1.0), (2, 0.25, 0.5)]


def test_a_legacy_history_is_read_as_its_attributes_are(needs_module: Callable[[str], None], tmp_path: Path) -> None:
    needs_module("flwr")
    from flwr.server.history import History

    history = History()
    history.add_metrics_distributed(1, {"accuracy": 0.5})
    history.add_loss_distributed(1, 0.75)
    (file,) = put(tmp_path, h_json=json.dumps(vars(history)))
    assert [(each.accuracy, each.loss) for each in read_flower(Path(file), "accuracy")[0].rounds] == [(0.5, 0.75)]
