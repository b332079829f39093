"""The engine: where runs are trained, on this machine or on a cluster, and what each of them may take."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from flopt.errors import FloptError, nearest
from flopt.search.executors.elsewhere import Elsewhere
from flopt.search.executors.local import Here, LocalPool, preload
from flopt.search.executors.slot import NO_LIMITS, Limits
from flopt.task import TaskSource

__all__ = ["LOCAL", "Engine", "check_executor", "pool_of"]

EXECUTORS = ("local", "ray", "ray://host:port", "dask://host:port")


@dataclass(frozen=True)
class Engine:
    """Where runs are trained; none of it has a say in what comes out of them."""

    executor: str | Executor = "local"
    """`local`, `ray`, `ray://host:port`, `dask://host:port`, or an executor of the user's own, which stays open."""
    limits: Limits = NO_LIMITS
    retries: int = 1
    """How often a run whose worker is lost is begun again."""
    checkpoint_s: float = 30.0
    """Seconds at least between two checkpoints of a run."""

    def __post_init__(self) -> None:
        if self.retries < 0:
            raise FloptError(f"run.retries = {self.retries}: must be at least 0")
        if not self.checkpoint_s >= 0:
            raise FloptError(f"run.checkpoint_s = {self.checkpoint_s:g}: must be at least 0")
        if isinstance(self.executor, str):
            check_executor(self.executor)
        elif not isinstance(self.executor, Executor):
            raise FloptError(f"executor = {self.executor!r}: must be text or a concurrent.futures.Executor")


def check_executor(name: str) -> None:
    """Raise a `FloptError` for an executor that does not exist."""
    scheme, _, place = name.partition("://")
    if name in ("local", "ray") or (scheme in ("ray", "dask") and place):
        return
    raise FloptError(f"no executor {name!r}; {nearest(name, EXECUTORS)}")


LOCAL = Engine()


def pool_of(engine: Engine, workers: int, oracle: str, source: TaskSource, cheaper: Sequence[str] = ()) -> Executor:
    """Something to submit `train` to, which trains `workers` runs at a time.

    One local worker without limits is this process itself, which spares a second one its start and its memory; but
    the user's own code may end the process that it runs in, and that must be one failed run, not the search. `cheaper`
    are the other oracles of a ladder.
    """
    executor = engine.executor
    if executor == "local":
        own_code = source.has_code or any(".py" in each for each in (*cheaper, oracle))
        here = workers == 1 and engine.limits == NO_LIMITS and not own_code
        return Here() if here else LocalPool(workers, preload(oracle), engine.limits)
    if isinstance(executor, Executor):
        return Elsewhere(executor, workers, preload(oracle), engine.limits, ours=False)
    if executor.startswith("dask://"):
        from flopt.search.executors.dask_cluster import dask_executor

        return Elsewhere(dask_executor(executor), workers, preload(oracle), engine.limits)
    from flopt.search.executors.ray_cluster import ray_executor

    return Elsewhere(ray_executor(executor), workers, preload(oracle), engine.limits)
