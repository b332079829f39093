"""The formats and the folder that they make."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from flopt.errors import FloptError
from flopt.importing.flower_json import read_flower

Command = Callable[..., tuple[int, str, str]]
STUDY = "[plan]\nlocal_epochs = 2\nclient_fraction = 0.5\n"
ROWS = "run,round,accuracy\na,1,0.3\na,2,0.5\nb,1,0.4\nc,2,0.4\n"
EMISSIONS = "project_name,run_id,duration,emissions,energy_consumed\na,x,60,0.002,0.005\nz,y,60,0.1,0.2\n"


def put(folder: Path, **files: str) -> list[str]:
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return [str(folder / name.replace("_", ".")) for name in files]


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
