"""An oracle that tells of one task what was recorded of another: MNIST-5k, alpha 0.3, whatever is asked."""

from __future__ import annotations

from collections.abc import Iterator

from flopt.oracles.recorded import Lookup
from flopt.oracles.shipped import TABLES
from flopt.oracles.table import load_table
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.simulation.facts import facts
from flopt.task import TaskSource
from flopt.trace import Round

_TABLE = load_table(TABLES / "mnist5k_a03.npz")
_LOOKUP = Lookup.of(_TABLE, facts(TaskSource(**_TABLE.task)))


def rounds(plan: Plan, participation: Participation, seed: int) -> Iterator[Round]:
    """The recorded curves; nobody looks at what they weigh."""
    curves = _LOOKUP.curves(plan, seed)
    for index, clients in enumerate(participation.selected[: plan.rounds]):
        learned = {name: float(curve[index]) for name, curve in curves.items()}
        yield Round(**learned, clients=len(clients), samples=0, download_bytes=0, upload_bytes=0)
