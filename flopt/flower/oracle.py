"""How well a plan learns, by running the user's own Flower app."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flopt.errors import FloptError
from flopt.flower.app import read_app
from flopt.flower.engine import Settings, reports
from flopt.flower.exchange import array_shapes
from flopt.flower.pace import Stop
from flopt.flower.report import Report, Scores, missing, scores
from flopt.flower.requirement import require_flower
from flopt.oracle import Oracle
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.simulation.smoothing import Smoothing
from flopt.task import Task, TaskSource
from flopt.trace import Round

__all__ = ["flower", "scored"]

_PRICED = "a study prices one model, so search what changes it in studies of its own"


def flower(source: TaskSource, task: Task) -> Oracle:
    """An oracle that runs an app unmodified, in this process.

    Who trains in a round is drawn by the app's own strategy. Of the fleet it takes how many of a round's updates are
    lost (drop-outs, and clients that come too late): so many of the clients asked first get no answer. A round counts
    the clients, samples and bytes of training as they were; a metric that the app does not report in a round keeps
    its last value. Raises FloptError where Flower is not installed or the folder holds no app.
    """
    require_flower()
    if source.app is None:
        raise FloptError("oracle 'flower': give task.flower_app, the folder of a Flower app")
    app, given = read_app(Path(source.app.folder)), source.app

    def rounds(plan: Plan, participation: Participation, seed: int) -> Iterator[Round]:
        missing_in = (task.clients_per_round(plan.client_fraction) - participation.used.sum(axis=1)).tolist()

        def lost(number: int, place: int) -> bool:
            return number <= len(missing_in) and place < missing_in[number - 1]

        settings = Settings(
            clients=task.clients,
            run_config=app.run_config.values(plan, seed),
            seed=seed,
            uplink=plan.uplink,
            lost=lost,
            network=given.network,
        )

        def asked(grid: Any, number: int, messages: list[Any]) -> None:
            if number == 1 and array_shapes(messages[0]) != task.tensors:
                grid.stop(Stop(f"the plan changes the model's tensors: {array_shapes(messages[0])}; {_PRICED}"))

        yield from scored(reports(app, settings, asked), source)

    return rounds


def scored(heard: Iterator[Report], source: TaskSource) -> Iterator[Round]:
    """The rounds of an app's reports; what came before the first round is passed over."""
    smoothing, known = Smoothing(source.smoothing), None
    try:
        for report in heard:
            if report.number == 0:
                continue
            known = scores(report, source.metric) or known
            if known is None:
                raise missing(report, source.metric)
            yield _round(report, known, smoothing)
    finally:
        close = getattr(heard, "close", None)
        if close is not None:
            close()


def _round(report: Report, known: Scores, smoothing: Smoothing) -> Round:
    trained = report.trained()
    return Round(
        accuracy=smoothing.add(known.accuracy),
        loss=known.loss,
        clients=sum(not each.lost for each in trained),
        samples=sum(each.samples for each in trained),
        download_bytes=sum(each.download_bytes for each in trained),
        upload_bytes=sum(each.upload_bytes for each in trained),
    )
