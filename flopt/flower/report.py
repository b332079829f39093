"""What an app reported of a round, and which of it is the accuracy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from flopt.errors import FloptError
from flopt.flower.exchange import Exchange, mean_metrics

__all__ = ["Report", "Scores", "found_metrics", "scores"]

SOURCES = ("clients", "server", "train")
"""Who reports, in the order in which a metric's name is looked for: clients that evaluate, the server, training."""


@dataclass
class Report:
    """Everything heard in one round."""

    number: int
    exchanges: list[Exchange] = field(default_factory=list)
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    """Who reports -> name -> value."""

    def hear(self, source: str, values: Mapping[str, object]) -> None:
        """Take in metrics; what is no number is passed over."""
        numbers = {k: float(v) for k, v in values.items() if isinstance(v, int | float) and not isinstance(v, bool)}
        self.metrics.setdefault(source, {}).update(numbers)

    def trained(self) -> list[Exchange]:
        """The exchanges of training."""
        return [each for each in self.exchanges if each.kind == "train"]

    def told(self) -> dict[str, dict[str, float]]:
        """The metrics, and for a source of which no strategy spoke the mean over its clients' replies."""
        own = {
            "clients": mean_metrics(each for each in self.exchanges if each.kind == "evaluate"),
            "train": mean_metrics(self.trained()),
        }
        return {source: self.metrics.get(source) or own.get(source, {}) for source in SOURCES}


@dataclass(frozen=True)
class Scores:
    """The two numbers of a round that flopt reads."""

    accuracy: float
    loss: float
    """The error rate, 1 - accuracy, where the app reports no loss."""


def scores(report: Report, metric: str) -> Scores | None:
    """The accuracy and the loss of a round; None where the app did not report that metric in it.

    `metric` is a name, or `server:name` and the like where several report it. A loss stands for exp(-loss), so that
    more is better.
    """
    told = report.told()
    source, name = _source(told, metric)
    if source is None:
        return None
    value = told[source][name]
    losses = [told[each][key] for each in (source, *SOURCES) for key in sorted(told[each]) if "loss" in key]
    if "loss" in name:
        return Scores(math.exp(-value), value)
    return Scores(value, losses[0] if losses else 1 - value)


def found_metrics(report: Report) -> str:
    """What the app reports, in words."""
    told = [f"{source}: {', '.join(sorted(values))}" for source, values in report.told().items() if values]
    return "; ".join(told) or "(nothing)"


def missing(report: Report, metric: str) -> FloptError:
    """The error for a metric that the app does not report."""
    return FloptError(f"task.metric = {metric!r}: the app reports no such metric; it reports {found_metrics(report)}")


def _source(told: Mapping[str, Mapping[str, float]], metric: str) -> tuple[str | None, str]:
    source, colon, name = metric.partition(":")
    if colon:
        return (source, name) if name in told.get(source, {}) else (None, name)
    return next((each for each in SOURCES if metric in told[each]), None), metric
