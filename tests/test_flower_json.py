"""The formats and the folder that they make."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from run_files import put

from flopt.errors import FloptError
from flopt.importing.flower_json import read_flower


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
