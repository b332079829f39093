"""The facts of a task that its price follows from, found without torch or data where they are known already."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

from flopt.errors import FloptError
from flopt.plugin import split_reference
from flopt.seeds import stream_seed
from flopt.simulation.data import DATASETS, load
from flopt.simulation.partition import check, partition, split
from flopt.task import Task, TaskSource
from flopt.version import __version__

__all__ = ["cached", "contents", "facts", "measured", "shipped_text"]

SHIPPED = Path(__file__).with_name("shipped_tasks.json")


def facts(source: TaskSource) -> Task:
    """Samples of each client, shapes, FLOP per sample and majority share of a task.

    Shipped tasks are read from package data in milliseconds, without torch. Others are measured once and cached
    under `$XDG_CACHE_HOME/flopt` or `~/.cache/flopt`, by their settings and the contents of the user's files (what
    those files import is not followed). Raises FloptError where the task is bad.
    """
    check(source)
    shipped = _shipped().get(_shipped_key(source))
    if shipped is not None:
        return shipped
    try:
        key = [asdict(_shipped_key(source)), contents(source)]
    except (OSError, RuntimeError):  # measuring will then say which file cannot be read
        return measured(source)
    return cached(key, lambda: measured(source))


def contents(source: TaskSource) -> list[str]:
    """Digests of the user's files that a task is made of; raises OSError or RuntimeError where one cannot be read."""
    own = [source.data] if source.data not in DATASETS else []
    own += [source.model] if ".py" in source.model else []
    return [_digest(split_reference(each)[0]) for each in own]


def cached(key: list[Any], measure: Callable[[], Task]) -> Task:
    """The facts kept under a key of plain values, or measured now and kept."""
    path = _cache_path(key)
    task = _read(path) if path else None
    if task is None:
        task = measure()
        if path:
            _write(path, task)
    return task


def measured(source: TaskSource) -> Task:
    """The facts from the data and the model themselves."""
    dataset = load(source.data)
    parts = split(partition(dataset, source), source)
    tensors, flop = _model_facts(source, dataset.features, dataset.classes)
    return Task(
        name=_name(source),
        client_samples=tuple(map(len, parts.train)),
        tensors=tensors,
        flop_per_sample=flop,
        majority_share=dataset.majority_share,
    )


def _name(source: TaskSource) -> str:
    amount = f"({source.alpha:g})" if source.alpha is not None else ""
    return f"{Path(source.data).stem}/{source.partition}{amount}/{Path(source.model).name}"


def _model_facts(
    source: TaskSource, features: tuple[int, ...], classes: int
) -> tuple[tuple[tuple[int, ...], ...], float]:
    from flopt.simulation.flop import flop_per_sample
    from flopt.simulation.models import build, trained

    module = build(source.model, features, classes, stream_seed(source.seed, "model"))
    shapes = tuple(tuple(value.shape) for value in trained(module).values())
    return shapes, flop_per_sample(source.model, module, features)


def _shipped_key(source: TaskSource) -> TaskSource:
    """No fact depends on the metric or the device, nor on the seed where the clients' sizes do not."""
    seed = source.seed if source.seeded else 0
    return replace(source, seed=seed, metric="accuracy", smoothing="last", device="cpu")


@cache
def _shipped() -> Mapping[TaskSource, Task]:
    entries = json.loads(SHIPPED.read_text(encoding="utf-8"))["tasks"]
    return {TaskSource(**entry["source"]): _task(entry["facts"]) for entry in entries}


def _task(values: Mapping[str, Any]) -> Task:
    return Task(
        name=values["name"],
        client_samples=tuple(values["client_samples"]),
        tensors=tuple(tuple(shape) for shape in values["tensors"]),
        flop_per_sample=values["flop_per_sample"],
        majority_share=values["majority_share"],
        least_clients=values.get("least_clients", 0),
    )


def _cache_path(key: list[Any]) -> Path | None:
    """Where the facts of this key are kept; None where there is no home."""
    try:
        home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    except RuntimeError:
        return None
    text = json.dumps([*key, __version__])
    return Path(home) / "flopt" / f"task-{hashlib.sha256(text.encode()).hexdigest()[:24]}.json"


def _digest(file: str) -> str:
    path = Path(file).expanduser()
    if not path.is_file():  # a device may never end
        raise FileNotFoundError(file)
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read(path: Path) -> Task | None:
    try:
        return _task(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, FloptError):
        return None


def _write(path: Path, task: Task) -> None:
    """Keep the facts; a cache that cannot be written only costs time."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written beside and moved, so that another process never reads half a file.
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(asdict(task)), encoding="utf-8")
        draft.replace(path)


def shipped_text() -> str:
    """The contents of the package data `shipped_tasks.json`, measured anew."""
    sources = [
        TaskSource(model=model, split=kind) for model in ("logreg", "mlp", "cnn") for kind in ("sample", "client")
    ]
    # Those of the shipped tables, which can then be searched without the data.
    sources += [TaskSource("mnist5k", "dirichlet", clients=40, alpha=alpha) for alpha in (0.3, 0.1)]
    entries = [{"source": asdict(source), "facts": asdict(measured(source))} for source in sources]
    for entry in entries:  # what only a Flower app has
        del entry["source"]["app"], entry["facts"]["least_clients"]
    how = "flopt.simulation.facts.measured; written by: python -m flopt.simulation.facts"
    return json.dumps({"source": how, "tasks": entries}, indent=1) + "\n"


if __name__ == "__main__":
    SHIPPED.write_text(shipped_text(), encoding="utf-8")
