"""Watching an app's server: the metrics of each round, whichever of Flower's two ways it is written in."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

__all__ = ["Heard", "replaced", "watched"]

Heard = Callable[[str, int, Mapping[str, Any]], None]
"""Gets who speaks (`clients`, `server` or `train`), the round, and the metrics."""


@contextlib.contextmanager
def watched(heard: Heard, *, quiet: bool = True) -> Iterator[None]:
    """Report what strategies and legacy servers make of each round's replies; `quiet` silences Flower's log meanwhile.

    Legacy servers talk to their clients in threads, and add up the answers in the order in which these end; here they
    do it one after the other, so that equal seeds give equal sums.
    """
    log = logging.getLogger("flwr")
    level = log.level
    with contextlib.ExitStack() as undo:
        undo.callback(log.setLevel, level)
        if quiet:
            log.setLevel(logging.CRITICAL)
        _watch_strategies(undo, heard)
        _watch_legacy(undo, heard)
        yield


def _watch_strategies(undo: contextlib.ExitStack, heard: Heard) -> None:
    """Message API: `Strategy.start` is the one loop that every strategy has."""
    from flwr.serverapp.strategy import Strategy

    start = Strategy.start

    def watched_start(self: Any, *args: Any, **options: Any) -> Any:  # whatever the app passes goes on as it is
        names = ("grid", "initial_arrays", "num_rounds", "timeout", "train_config", "evaluate_config", "evaluate_fn")
        given = dict(zip(names, args, strict=False)) | options
        own = _reporting(self, heard)
        if given.get("evaluate_fn") is not None:
            given["evaluate_fn"] = _scoring(given["evaluate_fn"], heard)
        try:
            return start(self, **given)
        finally:
            for name in own:
                self.__dict__.pop(name, None)

    replaced(undo, Strategy, "start", watched_start)


def _reporting(strategy: Any, heard: Heard) -> tuple[str, ...]:
    """Wrap the two aggregations of one strategy."""
    train, evaluate = strategy.aggregate_train, strategy.aggregate_evaluate

    def aggregate_train(server_round: int, replies: Any) -> Any:
        arrays, metrics = train(server_round, replies)
        heard("train", server_round, dict(metrics or {}))
        return arrays, metrics

    def aggregate_evaluate(server_round: int, replies: Any) -> Any:
        metrics = evaluate(server_round, replies)
        heard("clients", server_round, dict(metrics or {}))
        return metrics

    strategy.aggregate_train, strategy.aggregate_evaluate = aggregate_train, aggregate_evaluate
    return "aggregate_train", "aggregate_evaluate"


def _scoring(evaluate: Callable[[int, Any], Any], heard: Heard) -> Callable[[int, Any], Any]:
    def scored(server_round: int, arrays: Any) -> Any:
        metrics = evaluate(server_round, arrays)
        heard("server", server_round, dict(metrics or {}))
        return metrics

    return scored


def _watch_legacy(undo: contextlib.ExitStack, heard: Heard) -> None:
    """`flwr.server`: every metric goes through a `History`."""
    try:
        from flwr.server import server
        from flwr.server.history import History
    except ImportError:  # a Flower without it
        return
    for name, source in (
        ("add_metrics_distributed_fit", "train"),
        ("add_metrics_distributed", "clients"),
        ("add_metrics_centralized", "server"),
    ):
        replaced(undo, History, name, _adding(getattr(History, name), heard, source))
    for name, source in (("add_loss_distributed", "clients"), ("add_loss_centralized", "server")):
        replaced(undo, History, name, _adding_loss(getattr(History, name), heard, source))
    for name, ask in (("fit_clients", server.fit_client), ("evaluate_clients", server.evaluate_client)):
        if hasattr(server, name):
            replaced(undo, server, name, _in_turn(ask))


def _adding(add: Callable[..., None], heard: Heard, source: str) -> Callable[..., None]:
    def added(self: Any, server_round: int, metrics: Mapping[str, Any]) -> None:
        heard(source, server_round, dict(metrics))
        add(self, server_round, metrics)

    return added


def _adding_loss(add: Callable[..., None], heard: Heard, source: str) -> Callable[..., None]:
    def added(self: Any, server_round: int, loss: float) -> None:
        heard(source, server_round, {"loss": loss})
        add(self, server_round, loss)

    return added


def _in_turn(ask: Callable[..., Any]) -> Callable[..., Any]:
    def asked(client_instructions: Any, max_workers: int | None, timeout: float | None, group_id: int) -> Any:  # noqa: ARG001
        results: list[Any] = []
        failures: list[Any] = []
        for client, instruction in client_instructions:
            try:
                answer = ask(client, instruction, timeout, group_id)
            except Exception as error:  # a lost client: for a legacy strategy a failure
                failures.append(error)
                continue
            (results if answer[1].status.code.name == "OK" else failures).append(answer)
        return results, failures

    return asked


def replaced(undo: contextlib.ExitStack, owner: Any, name: str, value: Any) -> None:
    """Put something else in the place of an attribute, until `undo` is done."""
    undo.callback(setattr, owner, name, getattr(owner, name))
    setattr(owner, name, value)
