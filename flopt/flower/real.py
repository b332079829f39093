"""The engine `flwr-run`: one plan carried out by Flower's own runtime."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flopt.errors import FloptError
from flopt.flower.app import read_app
from flopt.flower.events import read_reports
from flopt.flower.oracle import scored
from flopt.flower.report import Report
from flopt.flower.staging import stage
from flopt.flower.superlink import local_superlink, users_superlink
from flopt.plan import Plan
from flopt.task import Task, TaskSource
from flopt.trace import Trace, record

__all__ = ["run_for_real"]


def run_for_real(source: TaskSource, task: Task, plan: Plan, seed: int, connection: str = "") -> Trace:
    """Train a plan by `flwr run`, on a SuperLink of flopt's own or on the user's connection of that name.

    On flopt's own, equal seeds give equal runs, and those of the search; on the user's, node numbers and what clients
    draw are the runtime's. The uplink's compression is carried out where the server receives. No client is lost: the
    fleet is simulated, and this run is real. Raises FloptError where the run does not complete, or a client fails.
    """
    if source.app is None:
        raise FloptError("validate: the study has no task.flower_app")
    app = read_app(Path(source.app.folder))
    with tempfile.TemporaryDirectory(prefix="flopt-") as place:
        folder, events, home = Path(place) / "app", Path(place) / "events.jsonl", Path(place) / "home"
        stage(app, folder, app.run_config.values(plan, seed), events, plan.uplink, seed, named=not connection)
        if connection:
            users_superlink(connection).run(folder, task.clients)
        else:
            with local_superlink(home) as link:
                link.run(folder, task.clients)
        reports = read_reports(events)
    if not reports:
        raise FloptError("flwr run: completed, but the server wrote no round; does it run on this machine?")
    _check(reports, every_client=not connection)
    return record(scored(iter(reports), source), seed=seed, participation="")


def _check(reports: list[Report], *, every_client: bool) -> None:
    """Raise where a client failed; in a federation of the user's, where all of a round did: there some may leave.

    Flower calls such a run completed.
    """
    for report in reports:
        trained = report.trained()
        failed = [each for each in (report.exchanges if every_client else trained) if each.lost]
        if failed and (every_client or len(failed) == len(trained)):
            first = failed[0]
            raise FloptError(
                f"flwr run: round {report.number}: client {first.client}, {first.kind}: {first.reason[-300:]}"
            )
