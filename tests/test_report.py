from __future__ import annotations

import math

import pytest

from flopt.flower.exchange import Exchange
from flopt.flower.report import Report, found_metrics, missing, scores


def report() -> Report:
    found = Report(1)
    found.hear("server", {"accuracy": 0.8, "loss": 0.4, "name": "text", "done": True})
    found.hear("clients", {"eval_acc": 0.7, "eval_loss": 0.6})
    found.hear("train", {"train_loss": 0.9})
    return found


def test_a_metric_is_found_where_it_is_reported_with_the_loss_beside_it() -> None:
    assert scores(report(), "accuracy").accuracy == 0.8  # type: ignore[union-attr]
    assert scores(report(), "accuracy").loss == 0.4  # type: ignore[union-attr]
    assert scores(report(), "eval_acc").loss == 0.6  # type: ignore[union-attr]


def test_of_two_of_a_name_the_clients_count_unless_the_source_is_named() -> None:
    found = report()
    found.hear("clients", {"accuracy": 0.6})
    assert scores(found, "accuracy").accuracy == 0.6  # type: ignore[union-attr]
    assert scores(found, "server:accuracy").accuracy == 0.8  # type: ignore[union-attr]
    assert scores(found, "train:accuracy") is None


def test_a_loss_counts_as_a_probability_and_without_one_the_errors_do() -> None:
    assert scores(report(), "eval_loss").accuracy == pytest.approx(math.exp(-0.6))  # type: ignore[union-attr]
    found = Report(1)
    found.hear("server", {"accuracy": 0.75})
    assert scores(found, "accuracy").loss == 0.25  # type: ignore[union-attr]


def test_without_a_strategys_mean_the_clients_own_is_taken() -> None:
    found = Report(1)
    found.exchanges.append(Exchange(1, "evaluate", 0, 1, 1, 0.0, 0.0, 10, False, {"accuracy": 0.5}))
    assert scores(found, "accuracy").accuracy == 0.5  # type: ignore[union-attr]


def test_a_missing_metric_is_told_with_those_that_there_are() -> None:
    assert scores(report(), "f1") is None
    assert found_metrics(Report(1)) == "(nothing)"
    assert str(missing(report(), "f1")) == (
        "task.metric = 'f1': the app reports no such metric; it reports clients: eval_acc, eval_loss; "
        "server: accuracy, loss; train: train_loss"
    )
