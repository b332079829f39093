"""How plug-ins are found: objectives, spaces and oracles by name (shipped) or by path (yours), through one loader."""

from __future__ import annotations

from pathlib import Path

from flopt.errors import FloptError, unknown
from flopt.objectives import Objective
from flopt.oracle import Oracle
from flopt.plugin import function_of, import_file, split_reference
from flopt.run_config import RunConfig
from flopt.space import Space
from flopt.task import Task, TaskSource
from flopt.toml_file import read_toml

__all__ = ["ORACLES", "TOLD", "load_objective", "load_oracle", "load_space", "shipped"]

_PACKAGE = Path(__file__).parent
_SHIPPED = _PACKAGE / "shipped"
ROOT = _SHIPPED if _SHIPPED.is_dir() else _PACKAGE.parent
"""An installed wheel carries the catalogues under `flopt/shipped`; a checkout has them at its top."""

TOLD = "told"
"""The oracle of a study whose runs are trained elsewhere."""

ORACLES = {
    "simulated": "federated training in torch, on real data",
    "recorded": "curves kept by `flopt record`, averaged between near plans: shipped (flopt list tables), or my.npz",
    "flower": "your own Flower app (task.flower_app), unmodified, in this process",
    TOLD: "your own program trains: flopt.Search, or flopt ask and flopt tell",
    "analytic": "a closed-form learning curve, for tests and demonstrations: not a measurement",
}


def load_objective(reference: str) -> Objective:
    """An objective: `co2e`, `my_objectives.py` or `my_objectives.py:water_litres`."""
    place, name = split_reference(reference)
    file = _file(place, "objectives", ".py")
    found = {o.name: o for o in vars(import_file(file)).values() if isinstance(o, Objective)}
    if not name and len(found) == 1:
        return next(iter(found.values()))
    name = name or file.stem
    if name not in found:
        hint = unknown("objective", name, found) if found else "no function in it is decorated with @flopt.objective"
        raise FloptError(f"{file}: {hint}")
    return found[name]


def load_space(reference: str, run_config: RunConfig | None = None) -> Space:
    """A search space: `cross_device` or `my_space.toml`; its axes may be keys of a Flower app's run-config too."""
    file = _file(reference, "search_spaces", ".toml")
    return Space.of(file.stem, read_toml(file), str(file) if reference.endswith(".toml") else file.name, run_config)


def load_oracle(reference: str, source: TaskSource, task: Task) -> Oracle:
    """An oracle: `simulated`, `recorded`, `analytic`, `my_table.npz`, or the user's own `my.py:rounds`."""
    if reference.endswith(".npz") or reference == "recorded":
        from flopt.oracles.recorded import recorded
        from flopt.oracles.shipped import shipped_table

        return recorded(str(shipped_table(source)) if reference == "recorded" else reference, source, task)
    place, name = split_reference(reference)
    if place.endswith(".py"):
        file = _file(place, "oracles", ".py")
        return function_of(import_file(file), file, name or "rounds")
    if reference not in ORACLES:
        raise FloptError(f"{unknown('oracle', reference, ORACLES)} (or give file.py:function)")
    if reference == TOLD:
        raise FloptError(
            'oracle "told": another program trains the runs of this study, by flopt.Search or flopt ask and flopt tell'
        )
    if reference == "analytic":
        from flopt.oracles.analytic import analytic

        return analytic(task)
    if reference == "flower":
        from flopt.flower.oracle import flower

        return flower(source, task)
    from flopt.oracles.simulated import simulated

    return simulated(source)


def shipped(kind: str, suffix: str) -> list[str]:
    """The shipped names of one kind: `shipped("objectives", ".py")`."""
    return sorted(file.stem for file in (ROOT / kind).glob(f"[!_]*{suffix}"))


def _file(place: str, kind: str, suffix: str) -> Path:
    if place.endswith(suffix):
        file = Path(place)
        if not file.is_file():
            raise FloptError(f"no file {place}")
        return file
    names = shipped(kind, suffix)
    if place not in names:
        what = kind[:-1].replace("_", " ")
        raise FloptError(f"{unknown(what, place, names)} (or give a path ending in {suffix})")
    return ROOT / kind / f"{place}{suffix}"
