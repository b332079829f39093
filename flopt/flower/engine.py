"""One run of an app in this process: no Ray, no SuperLink, no network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from flopt.compression import NONE, Compression
from flopt.errors import FloptError
from flopt.flower.app import FlowerApp
from flopt.flower.components import load_components, place_in
from flopt.flower.exchange import Exchange
from flopt.flower.offline import offline
from flopt.flower.pace import Stop, Turns, paced
from flopt.flower.randomness import seeded
from flopt.flower.report import Report
from flopt.flower.requirement import require_flower

__all__ = ["Asked", "Settings", "reports"]

Asked = Callable[[Any, int, list[Any]], None]


@dataclass(frozen=True)
class Settings:
    """How one run of an app goes."""

    clients: int
    run_config: dict[str, Any]
    seed: int = 0
    uplink: Compression = NONE
    lost: Callable[[int, int], bool] = lambda _round, _place: False
    """Whether the fleet loses the client asked at a place (from 0) to train in a round (from 1)."""
    network: bool = False
    """Whether the app may reach for the network."""


def reports(app: FlowerApp, settings: Settings, asked: Asked | None = None) -> Iterator[Report]:
    """What is heard in round 1, 2, ...; the report of round 0 comes with the first, as what was heard before.

    Closing the generator stops the app. `asked(grid, number, messages)` is shown the messages of each round of
    training before they are sent. Raises FloptError where a component does not load, a client fails or the server
    raises.
    """
    require_flower()

    def run(turns: Turns[Report]) -> None:
        _run(app, settings, turns, asked)

    return paced(run)


def _run(app: FlowerApp, settings: Settings, turns: Turns[Report], asked: Asked | None) -> None:
    from flopt.flower.grid import InProcessGrid
    from flopt.flower.uplink import Uplink
    from flopt.flower.waiting import waiting_ends
    from flopt.flower.watch import watched

    one_thread()
    book = _Book(turns)

    def before_train(number: int, messages: list[Any]) -> None:
        book.begin(number)
        if asked is not None:
            asked(grid, number, messages)

    with offline(allowed=settings.network), seeded(settings.seed, "server"), watched(book.hear):
        server_app, client_app = load_components(app)
        grid = InProcessGrid(
            client_app,
            settings.clients,
            settings.run_config,
            seed=settings.seed,
            heard=book.exchanged,
            lost=settings.lost,
            squeeze=None if settings.uplink == NONE else Uplink(settings.uplink, settings.seed).squeeze,
            before_train=before_train,
        )
        try:
            with waiting_ends(grid.wait_in_vain):
                _serve(app, server_app, grid, settings)
        finally:
            grid.close()
    book.end()


def _serve(app: FlowerApp, server_app: Any, grid: Any, settings: Settings) -> None:
    from flwr.app import Context, RecordDict

    _take_identity()
    context = Context(run_id=1, node_id=0, node_config={}, state=RecordDict(), run_config=dict(settings.run_config))
    try:
        server_app(grid=grid, context=context)
    except Stop as stop:
        failed = str(stop) != "closed"
        if failed:
            raise FloptError(f"{stop}{place_in(app.folder, stop)}") from stop
        raise
    except BaseException as error:
        what = " ".join(f"{type(error).__name__}: {error}".split())
        raise FloptError(f"the ServerApp: {what}{place_in(app.folder, error)}") from error
    if grid.stopped is not None:  # the app hid it with a bare `except:`
        raise FloptError(f"{grid.stopped}{place_in(app.folder, grid.stopped)}")


class _Book:
    """What is heard, round by round; a round is over when the next one begins to train, or when the app ends."""

    def __init__(self, turns: Turns[Report]) -> None:
        self._turns = turns
        self._open = Report(0)

    def begin(self, number: int) -> None:
        if number == self._open.number:  # a legacy server asks its clients one by one
            return
        self.end()
        self._open = Report(number)

    def end(self) -> None:
        """Hand over the open round."""
        self._turns.give(self._open)

    def hear(self, source: str, number: int, values: Any) -> None:
        if number == self._open.number:
            self._open.hear(source, values)

    def exchanged(self, exchange: Exchange) -> None:
        self._open.exchanges.append(exchange)


def one_thread() -> None:
    """One torch thread in the thread that calls: the runs of a study share the cores."""
    import torch

    torch.set_num_threads(1)


def _take_identity() -> None:
    """Newer versions of Flower ask who creates a message."""
    try:
        from flwr.supercore.task_identity import TaskIdentity
    except ImportError:
        return
    TaskIdentity.task_id, TaskIdentity.run_id, TaskIdentity.node_id = 1, 1, 1
