"""A study file, read once into frozen values: the last place that sees a dict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import tomlkit
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_serializer, model_validator

from flopt.emissions.grid import annual_grid
from flopt.errors import FloptError
from flopt.ladder import check_ladder
from flopt.oracles.shipped import with_named_task
from flopt.plan import Plan, Setting
from flopt.plugin import split_reference
from flopt.search.stores.database_url import check_storage, without_password
from flopt.settings import apply_setting, put
from flopt.study_error import COMMAND_LINE, Origin, first_of
from flopt.task import AppSource, TaskSource
from flopt.toml_file import read_toml

__all__ = ["Study", "TaskTable", "load_study", "study_of"]

T = TypeVar("T")
Whole = Annotated[int, Field(ge=1)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]

DEFAULT_RUNS = 100
BOUNDS = ("runs", "rounds", "minutes", "search_kg")
"""Keys of a budget, one of which every search ends by."""


def _iso(time: object) -> object:
    """TOML has times of its own; they are kept as text."""
    return time.isoformat() if isinstance(time, datetime) else time


def _one(oracle: object) -> object:
    """A ladder of one rung is none."""
    return oracle[0] if isinstance(oracle, list | tuple) and len(oracle) == 1 else oracle


class _Table(BaseModel):
    # TOML has types of its own: "0.8" is no number, and true is not 1.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class BudgetTable(_Table):
    """When the search ends: at whichever comes first; a table that names no bound means 100 runs."""

    runs: Whole | None = None
    rounds: Whole | None = None
    minutes: Positive | None = None
    search_kg: Positive | None = None
    least_gain_per_kg: Positive | None = None

    @model_validator(mode="before")
    @classmethod
    def _bounded(cls, table: Any) -> Any:
        named = isinstance(table, dict) and any(table.get(key) is not None for key in BOUNDS)
        return table if named or not isinstance(table, dict) else {**table, "runs": DEFAULT_RUNS}


class TaskTable(_Table):
    """What is learned."""

    data: str = "digits"
    facts: str | None = None
    partition: str = "natural"
    alpha: Number | None = None
    clients: Whole | None = None
    model: str = "mlp"
    split: Literal["sample", "client"] = "sample"
    metric: str = "accuracy"
    smoothing: str = "last"
    seed: Annotated[int, Field(ge=0)] | None = None
    flower_app: str | None = None
    flop_per_sample: Positive | None = None
    flower_network: bool = False


class FleetTable(_Table):
    """Who trains."""

    use: str = "phones_europe"
    population: Positive | None = None


class PricingTable(_Table):
    """What energy and CO2e are counted with; what is not given keeps the fleet's or the shipped value."""

    network: Literal["router", "per_gb", "per_hop"] = "router"
    pue: Number | None = None
    country: str | None = None
    server_country: str | None = None
    router_w: Number | None = None
    kwh_per_gb: Number | None = None
    grid: str | Number | None = None
    start: Annotated[str, BeforeValidator(_iso)] | None = None
    flat: bool = False
    final_push: Literal["none", "drawn", "all"] = "drawn"
    evaluation_fraction: Number = 0.0
    embodied: bool = False


class LimitTable(_Table):
    """A bound on one objective."""

    at_least: Number | None = None
    at_most: Number | None = None


class SearchTable(_Table):
    """Where flopt itself runs, for the search's own ledger."""

    country: str = "DEU"
    cpu_watts: Positive = 15.0
    meter: Literal["none", "codecarbon"] = "none"


class RunTable(_Table):
    """What one run may take, and what becomes of it when its worker is lost."""

    minutes: Positive | None = None
    memory_gb: Positive | None = None
    retries: Annotated[int, Field(ge=0)] = 1
    checkpoint_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 30.0


class LadderTable(_Table):
    """How much each oracle but the last may do; of a study with one oracle it says nothing."""

    runs: Whole = 60


class Study(_Table):
    """Everything that a study file can say, with its defaults: an empty file is the shipped study."""

    space: str = "cross_device"
    objectives: Annotated[tuple[str, ...], Field(strict=False)] = ("accuracy", "co2e")  # TOML knows lists only
    oracle: Annotated[str | Annotated[tuple[str, ...], Field(strict=False)], BeforeValidator(_one)] = "simulated"
    sampler: str = "trajectory"
    stopping: str = "trajectory"
    replicates: Annotated[int, Field(ge=0)] = 2
    seed: Annotated[int, Field(ge=0)] = 0
    lag: Whole = 8
    workers: Whole = 2
    executor: str = "local"
    storage: Annotated[str | None, Field(repr=False)] = None
    device: Literal["cpu", "cuda"] = "cpu"
    budget: BudgetTable = BudgetTable()
    ladder: LadderTable = LadderTable()
    run: RunTable = RunTable()
    task: TaskTable = TaskTable()
    plan: dict[str, Setting] = {}
    fleet: FleetTable = FleetTable()
    pricing: PricingTable = PricingTable()
    limits: dict[str, LimitTable] = {}
    search: SearchTable = SearchTable()
    _origin: Origin = Origin()

    def resolve(self, key: str, make: Callable[[], T]) -> T:
        """What `make` gives; its error is told with where the study has the key, such as `fleet.use`."""
        return self._origin.resolve(key, make)

    def standing(self, origin: Origin) -> Study:
        """The same study, of whose keys errors are told with this origin."""
        study = self.model_copy()
        study._origin = origin
        return study

    @property
    def oracles(self) -> tuple[str, ...]:
        """From cheap to dear: the last one confirms."""
        return (self.oracle,) if isinstance(self.oracle, str) else self.oracle

    @field_serializer("storage", when_used="json")
    def _shown(self, storage: str | None) -> str | None:
        """What is written and shown has no password; see `flopt.search.stores.database_url`."""
        return None if storage is None else without_password(storage)

    def source(self) -> TaskSource:
        """The task as the simulation reads it; its partition follows the study's seed unless it has its own."""
        task = self.task
        table = task.model_dump(exclude={"facts", "flower_app", "flop_per_sample", "flower_network"}, exclude_none=True)
        if task.facts is not None:
            table["data"] = task.facts  # no data: who wants to train on it is told so
        app = AppSource(task.flower_app, task.flop_per_sample, task.flower_network) if task.flower_app else None
        return TaskSource(**{"seed": self.seed, **table}, device=self.device, app=app)

    def base_plan(self) -> Plan:
        """The plan that the space starts from; that of a Flower app needs the app (`flopt.results`)."""
        return Plan.of(self.plan)

    def flat(self) -> dict[str, Any]:
        """Every key with its value, tables joined by dots: `{"budget.runs": 60, ...}`."""
        return dict(_flatten("", self.model_dump(mode="json", exclude_none=True)))

    def to_toml(self) -> str:
        """The study as TOML; reading it back gives an equal study."""
        return tomlkit.dumps(self.model_dump(mode="json", exclude_none=True))

    def anchored(self, folder: Path) -> Study:
        """The same study with relative paths made absolute from `folder`, so that it can be read from anywhere."""

        def absolute(path: str) -> str:
            return str((folder / Path(path).expanduser()).resolve())

        def anchor(reference: str) -> str:
            path, name = split_reference(reference)
            if not path.endswith((".py", ".toml", ".npz")):
                return reference
            return absolute(path) + (f":{name}" if name else "")

        app = self.task.flower_app and absolute(self.task.flower_app)
        facts = self.task.facts and anchor(self.task.facts)
        grid = absolute(self.pricing.grid) if isinstance(self.pricing.grid, str) else self.pricing.grid
        files = {"data": anchor(self.task.data), "facts": facts, "model": anchor(self.task.model), "flower_app": app}
        task = self.task.model_copy(update=files)
        return self.model_copy(
            update={
                "space": anchor(self.space),
                "objectives": tuple(map(anchor, self.objectives)),
                "oracle": _one(tuple(map(anchor, self.oracles))),
                "fleet": self.fleet.model_copy(update={"use": anchor(self.fleet.use)}),
                "pricing": self.pricing.model_copy(update={"grid": grid}),
                "limits": {anchor(name): limit for name, limit in self.limits.items()},
                "task": task,
            }
        )


def load_study(file: Path | None, settings: Sequence[str] = (), options: Mapping[str, Any] | None = None) -> Study:
    """Read a study file (None: the shipped study), then apply settings such as `budget.runs=20`, then options.

    Options are values by key, such as `{"fleet.use": "phones_europe"}`. Paths are relative to the folder of the file
    that they stand in; those of settings and options to the current one.
    """
    study = Study() if file is None else study_of(read_toml(file), str(file)).anchored(file.parent)
    if not settings and not options:
        return study
    tables = study.model_dump(exclude_none=True)
    for setting in settings:
        apply_setting(tables, setting)
    for key, value in (options or {}).items():
        put(tables, key.split("."), value)
    changed = study_of(tables, COMMAND_LINE).anchored(Path())
    before = study.flat()
    keys = {key for key, value in changed.flat().items() if before.get(key) != value}
    return changed.standing(Origin("" if file is None else str(file), frozenset(keys)))


def study_of(tables: Mapping[str, Any], place: str = "study") -> Study:
    """Check the tables of a study; `place` names them in errors."""
    try:
        study = Study.model_validate(with_named_task(tables))
    except (ValidationError, FloptError) as error:
        raise FloptError(
            f"{place}: {first_of(error, Study) if isinstance(error, ValidationError) else error}"
        ) from None
    _check(study, place)
    return study.standing(Origin(place))


def _check(study: Study, place: str) -> None:
    """What needs more than a type: said before anything is loaded."""
    try:
        if study.task.flower_app is None:  # the folder of an app is not anchored yet
            study.base_plan()
        for key in ("pricing.country", "pricing.server_country", "search.country"):
            table, name = key.split(".")
            country = getattr(getattr(study, table), name)
            if country is not None:
                annual_grid().checked(country, key)
        if study.storage is not None:
            check_storage(study.storage)
            if study.search.meter != "none":
                raise FloptError(f'search.meter = "{study.search.meter}": several drivers (storage) are not metered')
        if study.workers > study.lag:
            raise FloptError(f"workers = {study.workers}: must not be above lag = {study.lag}")
        check_ladder(study.oracles)
        if not study.objectives:
            raise FloptError("objectives = []: give at least one")
        if len(set(study.objectives)) < len(study.objectives):
            raise FloptError(f"objectives = {list(study.objectives)}: one stands twice")
    except FloptError as error:
        raise FloptError(f"{place}: {error}") from None


def _flatten(prefix: str, value: Any) -> list[tuple[str, Any]]:
    if not isinstance(value, dict):
        return [(prefix, value)]
    return [item for key, each in value.items() for item in _flatten(f"{prefix}.{key}" if prefix else key, each)]
