from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("flwr")

from flower_apps import EXAMPLE

from flopt.compression import Compression
from flopt.flower.app import read_app
from flopt.flower.engine import Settings, reports
from flopt.flower.events import read_reports
from flopt.flower.report import scores
from flopt.flower.staging import stage


@pytest.mark.parametrize("uplink", ["none", "topk:0.05"])
def test_a_recorded_server_tells_what_the_engine_hears(tmp_path: Path, uplink: str) -> None:
    app, events = read_app(EXAMPLE), tmp_path / "events.jsonl"
    values = app.run_config.values(app.run_config.plan({"rounds": 2, "local_epochs": 1}), 0)
    own = [r for r in reports(app, Settings(4, values, uplink=Compression.parse(uplink))) if r.number]
    stage(app, tmp_path / "app", values, events, Compression.parse(uplink), 0)
    list(reports(read_app(tmp_path / "app"), Settings(4, values)))
    told = read_reports(events)
    assert [report.number for report in told] == [1, 2]
    for seen, heard in zip(told, own, strict=True):
        assert [e.download_bytes for e in seen.exchanges] == [e.download_bytes for e in heard.exchanges]
        assert [e.upload_bytes for e in seen.exchanges] == [e.upload_bytes for e in heard.exchanges]
        assert [e.samples for e in seen.exchanges] == [e.samples for e in heard.exchanges]
    if uplink == "none":
        assert [scores(each, "accuracy") for each in told] == [scores(each, "accuracy") for each in own]
