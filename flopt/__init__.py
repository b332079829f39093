"""flopt: which federated-learning settings reach the accuracy you need for the least CO2e?"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from flopt.version import __version__ as __version__

if TYPE_CHECKING:
    from flopt.asking.search import Search as Search
    from flopt.asking.trial import Trial as Trial
    from flopt.compression import Compression as Compression
    from flopt.errors import FloptError as FloptError
    from flopt.objectives import Objective as Objective
    from flopt.objectives import objective as objective
    from flopt.participation import Participation as Participation
    from flopt.plan import Plan as Plan
    from flopt.run import Run as Run
    from flopt.task import Task as Task
    from flopt.task import TaskSource as TaskSource
    from flopt.trace import Round as Round
    from flopt.trace import Trace as Trace
    from flopt.training import simulate as simulate
    from flopt.tuning import estimate as estimate
    from flopt.tuning import front as front
    from flopt.tuning import tune as tune

# Name -> module. Imported when first used, so that `flopt --help` does not pay for optuna or torch.
_HOME = {
    "Compression": "compression",
    "FloptError": "errors",
    "Objective": "objectives",
    "Participation": "participation",
    "Plan": "plan",
    "Round": "trace",
    "Run": "run",
    "Search": "asking.search",
    "Task": "task",
    "TaskSource": "task",
    "Trace": "trace",
    "Trial": "asking.trial",
    "estimate": "tuning",
    "front": "tuning",
    "objective": "objectives",
    "simulate": "training",
    "tune": "tuning",
}

__all__ = [*sorted(_HOME), "__version__"]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    if name == "figures":  # a module: flopt.figures.front(...)
        return importlib.import_module("flopt.figures")
    if name not in _HOME:
        raise AttributeError(f"module 'flopt' has no attribute {name!r}")
    return getattr(importlib.import_module(f"flopt.{_HOME[name]}"), name)
