"""What the price of a Flower app follows from, found by running two rounds of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from flopt.errors import FloptError
from flopt.flower.app import FlowerApp, digest, read_app
from flopt.flower.engine import Settings, reports
from flopt.flower.exchange import array_shapes, examples, metrics
from flopt.flower.report import Report, missing, scores
from flopt.flower.requirement import flower_version
from flopt.simulation.facts import cached
from flopt.simulation.smoothing import Smoothing
from flopt.task import AppSource, Task, TaskSource

__all__ = ["app_facts", "probed"]

FLOP_PER_PARAMETER = 6
"""A multiply-add forwards and two backwards for each entry of a dense model (Kaplan et al. 2020, table 1)."""
BARELY = 1e-9
"""A client fraction that rounds down to no client: then a strategy takes the fewest that it takes at all."""


@dataclass
class _Probe:
    """What two rounds show; every client is asked, whomever the strategy draws."""

    drawn: int = 0
    """Clients that the strategy draws in the first round."""
    evaluates: bool = False
    """Whether clients were asked to evaluate in it."""
    tensors: tuple[tuple[int, ...], ...] = ()
    samples: dict[int, int] = field(default_factory=dict)
    flop: int = 0
    untrained: dict[str, float] = field(default_factory=dict)
    """What the clients report of the model that no one has trained."""
    _first: Any = None

    @property
    def trained(self) -> bool:
        """Whether a round was trained."""
        return self._first is not None

    def asked(self, grid: Any, round_: int, messages: list[Any]) -> None:
        """Shown the messages of each round of training before they are sent."""
        if self.evaluates and not self.untrained:
            self.untrained = self._score(grid)
        if round_ > 1:
            return
        self.drawn += len(messages)
        if self.trained:
            return  # a legacy server asks one by one
        self._first, self.tensors = messages[0], array_shapes(messages[0])
        for node in grid.contexts:
            with _counting(self):
                reply = grid.call(_to(messages[0], node))
            self.samples[node] = examples(reply)

    def _score(self, grid: Any) -> dict[str, float]:
        replies = [grid.call(_to(self._first, node, "evaluate")) for node in grid.contexts]
        told = [(examples(reply), metrics(reply)) for reply in replies]
        total = sum(count for count, _ in told)
        names = set.intersection(*(set(values) for _, values in told))
        return {name: sum(count * values[name] for count, values in told) / total for name in names} if total else {}


def app_facts(source: TaskSource, app: AppSource) -> Task:
    """The facts of an app, and its metric checked; cached by the contents of its folder.

    Raises FloptError where it cannot be run.
    """
    found = read_app(Path(app.folder))
    Smoothing(source.smoothing)
    try:
        contents = digest(found.folder)
    except OSError as error:
        raise FloptError(f"{error.filename}: {error.strerror}") from None
    key = [contents, source.clients, source.metric, app.flop_per_sample, flower_version()]
    return cached(key, lambda: probed(found, source, app))


def probed(app: FlowerApp, source: TaskSource, given: AppSource) -> Task:
    """Two rounds with as few clients as the strategy takes, and every client asked once."""
    plan = app.run_config.plan({})
    fraction = BARELY if "client_fraction" in app.run_config.keys else plan.client_fraction
    plan = replace(plan, rounds=2, local_epochs=1, client_fraction=fraction)
    clients = source.clients or app.clients
    probe, heard = _Probe(), []
    settings = Settings(clients, app.run_config.values(plan, 0), network=given.network)
    for report in reports(app, settings, probe.asked):
        heard.append(report)
        probe.evaluates = any(each.kind == "evaluate" for each in report.exchanges)
    if not probe.trained:
        raise FloptError(f"{app.folder}: the app ends without training a round")
    if scores(heard[1], source.metric) is None:
        raise missing(heard[1], source.metric)
    if "client_fraction" not in app.run_config.keys and probe.drawn != clients:
        raise FloptError(
            f"{app.folder}: the strategy draws {probe.drawn} of {clients} clients, and no run-config key says so; "
            "add fraction-train to [tool.flwr.app.config]"
        )
    return _task(app, probe, heard, source, given)


def _task(app: FlowerApp, probe: _Probe, heard: list[Report], source: TaskSource, given: AppSource) -> Task:
    silent = [node - 1 for node, samples in probe.samples.items() if samples < 1]
    if silent:
        raise FloptError(f"{app.folder}: client {silent[0]}: its train reply does not say num-examples")
    parameters = sum(int(np.prod(shape)) for shape in probe.tensors)
    counted = probe.flop / sum(probe.samples.values())
    if probe.untrained:
        heard[0].hear("clients", probe.untrained)
    guess = scores(heard[0], source.metric)
    return Task(
        name=f"{app.name}@{digest(app.folder)}",
        client_samples=tuple(probe.samples.values()),
        tensors=probe.tensors,
        flop_per_sample=given.flop_per_sample or counted or float(FLOP_PER_PARAMETER * parameters),
        majority_share=0.1 if guess is None else min(max(guess.accuracy, 0.01), 0.99),
        least_clients=probe.drawn,
    )


def _to(message: Any, node: int, kind: str = "") -> Any:
    """The same message to another client, or asking for something else."""
    from flwr.app import Message, RecordDict

    records = {key.replace("fitins", "evaluateins") if kind else key: r.copy() for key, r in message.content.items()}
    return Message(RecordDict(records), node, kind or message.metadata.message_type, group_id=message.metadata.group_id)


@contextmanager
def _counting(probe: _Probe) -> Iterator[None]:
    """Add the FLOP of torch's matrix products and convolutions; nothing where the app does not use torch."""
    if "torch" not in sys.modules:
        yield
        return
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        yield
    probe.flop += counter.get_total_flops()
