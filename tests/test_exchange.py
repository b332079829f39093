from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("flwr")

from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict

from flopt.flower.exchange import Exchange, array_shapes, content_bytes, examples, mean_metrics, metrics

ONE = Exchange(1, "evaluate", 0, 10, 20, 0.1, 0.1, 30, False, {"accuracy": 0.5, "loss": 1.0})


def message(records: dict[str, object]) -> Message:
    from flopt.flower.engine import _take_identity

    _take_identity()
    return Message(RecordDict(records), 1, "train")  # type: ignore[arg-type]


def test_a_message_is_measured_in_the_bytes_of_its_records() -> None:
    arrays = ArrayRecord({"w": Array(np.zeros((3, 2), np.float32)), "empty": Array(np.zeros((0,), np.float32))})
    sent = message({"arrays": arrays, "metrics": MetricRecord({"num-examples": 12, "loss": 0.5})})
    assert content_bytes(sent) == arrays.count_bytes() + sent.content["metrics"].count_bytes()
    assert array_shapes(sent) == ((3, 2),)
    assert examples(sent) == 12
    assert metrics(sent) == {"loss": 0.5}


def test_the_reply_of_a_legacy_client_is_read_too() -> None:
    records = {
        "evaluateres.loss": MetricRecord({"loss": 0.25}),
        "evaluateres.num_examples": MetricRecord({"num_examples": 7}),
        "evaluateres.metrics": ConfigRecord({"accuracy": 0.75, "name": "x"}),
        "evaluateres.status": ConfigRecord({"code": 0}),
    }
    assert (examples(message(dict(records))), metrics(message(dict(records)))) == (7, {"loss": 0.25, "accuracy": 0.75})


def test_means_are_weighted_by_samples_and_lost_clients_do_not_count() -> None:
    other = replace(ONE, samples=10, metrics={"accuracy": 0.9})
    assert mean_metrics([ONE, other]) == {"accuracy": pytest.approx((0.5 * 30 + 0.9 * 10) / 40)}
    assert mean_metrics([replace(ONE, lost=True)]) == {}
