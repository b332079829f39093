"""A study file, read once into frozen values: the last place that sees a dict."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import tomlkit
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flopt.emissions.grid import annual_grid
from flopt.errors import FloptError, nearest
from flopt.plan import Plan
from flopt.plugin import split_reference
from flopt.task import TaskSource
from flopt.toml_file import read_toml

__all__ = ["Study", "load_study", "study_of"]

Whole = Annotated[int, Field(ge=1, strict=True)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BudgetTable(_Table):
    """When the search ends: at whichever comes first."""

    runs: Whole | None = 60
    rounds: Whole | None = None
    minutes: Positive | None = None
    search_kg: Positive | None = None


class TaskTable(_Table):
    """What is learned."""

    data: str = "digits"
    partition: str = "natural"
    alpha: float | None = None
    clients: Whole | None = None
    model: str = "mlp"
    split: Literal["sample", "client"] = "sample"
    metric: str = "accuracy"
    smoothing: str = "last"


class FleetTable(_Table):
    """Who trains."""

    use: str = "phones_europe"
    population: Positive | None = None


class PricingTable(_Table):
    """What energy and CO2e are counted with; what is not given keeps the fleet's or the shipped value."""

    network: Literal["router", "per_gb"] = "router"
    pue: float | None = None
    country: str | None = None
    server_country: str | None = None
    router_w: float | None = None
    kwh_per_gb: float | None = None


class LimitTable(_Table):
    """A bound on one objective."""

    at_least: float | None = None
    at_most: float | None = None


class SearchTable(_Table):
    """Where flopt itself runs, for the search's own ledger."""

    country: str = "DEU"
    cpu_watts: Positive = 15.0


class Study(_Table):
    """Everything that a study file can say, with its defaults: an empty file is the shipped study."""

    space: str = "cross_device"
    objectives: tuple[str, ...] = ("accuracy", "co2e")
    oracle: str = "simulated"
    sampler: str = "tpe"
    seed: Annotated[int, Field(ge=0, strict=True)] = 0
    lag: Whole = 8
    workers: Whole = 2
    device: Literal["cpu"] = "cpu"
    budget: BudgetTable = BudgetTable()
    task: TaskTable = TaskTable()
    plan: dict[str, int | float | str] = {}
    fleet: FleetTable = FleetTable()
    pricing: PricingTable = PricingTable()
    limits: dict[str, LimitTable] = {}
    search: SearchTable = SearchTable()

    def source(self) -> TaskSource:
        """The task as the simulation reads it; its partition follows the study's seed."""
        return TaskSource(**self.task.model_dump(), seed=self.seed)

    def base_plan(self) -> Plan:
        """The plan that the space starts from."""
        return Plan.of(self.plan)

    def flat(self) -> dict[str, Any]:
        """Every key with its value, tables joined by dots: `{"budget.runs": 60, ...}`."""
        return dict(_flatten("", self.model_dump(mode="json", exclude_none=True)))

    def to_toml(self) -> str:
        """The study as TOML; reading it back gives an equal study."""
        return tomlkit.dumps(self.model_dump(mode="json", exclude_none=True))

    def anchored(self, folder: Path) -> Study:
        """The same study with relative paths made absolute from `folder`, so that it can be read from anywhere."""

        def anchor(reference: str) -> str:
            path, name = split_reference(reference)
            if not path.endswith((".py", ".toml", ".npz")):
                return reference
            return f"{(folder / path).expanduser().resolve()}" + (f":{name}" if name else "")

        task = self.task.model_copy(update={"data": anchor(self.task.data), "model": anchor(self.task.model)})
        return self.model_copy(
            update={
                "space": anchor(self.space),
                "objectives": tuple(map(anchor, self.objectives)),
                "oracle": anchor(self.oracle),
                "fleet": self.fleet.model_copy(update={"use": anchor(self.fleet.use)}),
                "limits": {anchor(name): limit for name, limit in self.limits.items()},
                "task": task,
            }
        )


def load_study(file: Path | None, settings: Sequence[str] = ()) -> Study:
    """Read a study file (None: the shipped study), then apply settings such as `budget.runs=20`."""
    tables = {} if file is None else read_toml(file)
    for setting in settings:
        _apply(tables, setting)
    study = study_of(tables, str(file) if file else "study")
    return study.anchored(file.parent if file else Path())


def study_of(tables: Mapping[str, Any], place: str = "study") -> Study:
    """Check the tables of a study; `place` names them in errors."""
    try:
        study = Study.model_validate(tables)
    except ValidationError as error:
        raise FloptError(f"{place}: {_first(error)}") from None
    _check(study, place)
    return study


def _check(study: Study, place: str) -> None:
    """What needs more than a type: said before anything is loaded."""
    try:
        study.base_plan()
        for name in (study.pricing.country, study.pricing.server_country, study.search.country):
            if name is not None:
                annual_grid()[name]
        if study.workers > study.lag:
            raise FloptError(f"workers = {study.workers}: must not be above lag = {study.lag}")
        if not study.objectives:
            raise FloptError("objectives = []: give at least one")
        if len(set(study.objectives)) < len(study.objectives):
            raise FloptError(f"objectives = {list(study.objectives)}: one stands twice")
    except FloptError as error:
        raise FloptError(f"{place}: {error}") from None


def _apply(tables: dict[str, Any], setting: str) -> None:
    """Set `a.b=value` in nested tables; the value is TOML, and plain text where it is not."""
    key, equals, text = setting.partition("=")
    if not equals or not key.strip():
        raise FloptError(f"--set {setting!r}: write key=value, such as budget.runs=20")
    *path, last = key.strip().split(".")
    table = tables
    for part in path:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise FloptError(f"--set {setting!r}: {part} is not a table")
    try:
        table[last] = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        table[last] = text


def _first(error: ValidationError) -> str:
    """The first thing wrong, as place, value and what is allowed."""
    detail = error.errors(include_url=False)[0]
    path = [str(part) for part in detail["loc"]]
    key = ".".join(path)
    if detail["type"] == "extra_forbidden":
        return f"no key {key!r}; {nearest(path[-1], _keys(path[:-1]))}"
    message = detail["msg"].removeprefix("Input should be ").replace("'", "")
    return f"{key} = {detail['input']!r}: must be {message}"


def _keys(path: Sequence[str]) -> list[str]:
    """The keys that a table of the study may have."""
    table: Any = Study
    for part in path:
        annotation = table.model_fields[part].annotation if part in getattr(table, "model_fields", {}) else None
        table = annotation if isinstance(annotation, type) and issubclass(annotation, _Table) else LimitTable
    return list(table.model_fields)


def _flatten(prefix: str, value: Any) -> list[tuple[str, Any]]:
    if not isinstance(value, dict):
        return [(prefix, value)]
    return [item for key, each in value.items() for item in _flatten(f"{prefix}.{key}" if prefix else key, each)]
