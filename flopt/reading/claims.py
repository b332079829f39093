"""Claims: the rows of a table of results, whatever its columns are called, with each number in one unit."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from flopt.errors import FloptError

__all__ = ["Claim", "Claims", "finite", "read_claims"]

# What the columns of published tables are called; the unit is the end of the name. The first match counts.
_NAMES = {
    "accuracy": r"(?:(?:val|validation|test|mean|final)_)?acc(?:uracy)?",
    "co2e": r"(?:total_|expected_)?(?:co2e?|carbon|emissions?)",
    "energy": r"(?:total_|expected_)?energy(?:_consum(?:ed|ption))?",
    "duration": r"(?:total_|expected_)?(?:duration|time|wall_?time|seconds|runtime)",
    "rounds": r"(?:num_)?rounds?",
    "seed": r"seed",
    "hypervolume": r"(?:hyper_?volume|hv)",
    "reference_accuracy": r"ref(?:erence)?_acc(?:uracy)?",
    "reference_co2e": r"ref(?:erence)?_(?:co2e?|carbon|emissions?)",
}
_UNITS = {
    "co2e": {"kg": 1.0, "g": 1e-3, "mg": 1e-6, "t": 1e3, "": 1.0},
    "energy": {"kwh": 1.0, "wh": 1e-3, "j": 1 / 3.6e6, "kj": 1 / 3.6e3, "mj": 1 / 3.6, "": 1.0},
    "duration": {"s": 1.0, "ms": 1e-3, "min": 60.0, "h": 3600.0, "": 1.0},
}
_PART = re.compile(r"(?P<what>co2e?|energy)_(?P<part>[a-z]+)_(?P<unit>kg|g|kwh|wh)$")
_PER_ROUND = re.compile(r"per_round|mean_round|round_mean|avg_round")


@dataclass(frozen=True)
class Claim:
    """One row."""

    row: int
    """Counted from 1; the header is not counted."""
    values: Mapping[str, float]
    """Quantity -> value: kg, kWh, s, accuracy as a share; what is empty or no number is not there."""
    per_round: Mapping[str, float]
    """Quantities whose column says that they are means per round."""
    parts: Mapping[str, Mapping[str, float]]
    """`co2e` or `energy` -> part -> kg or kWh."""
    settings: tuple[tuple[str, str], ...]
    """Every other column, as text: what tells one setting from another."""

    def get(self, name: str) -> float:
        """A value; NaN where the row does not have it."""
        return self.values.get(name, math.nan)


@dataclass(frozen=True)
class Claims:
    """The rows of one table."""

    name: str
    rows: tuple[Claim, ...]
    expected: bool
    """Whether the CO2e is an expectation, which is the same for every seed, and says so."""


def read_claims(file: Path) -> Claims:
    """Read a CSV file; a file that holds no table of results is an error."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            columns, rows = list(reader.fieldnames or []), list(reader)
    except OSError as error:
        raise FloptError(f"{file}: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise FloptError(f"{file}: not a CSV table ({error})") from None
    known = {column: found for column in columns if (found := _known(column)) is not None}
    if not {name for name, _, _ in known.values()} & {"accuracy", "co2e", "energy"}:
        raise FloptError(f"{file}: no column of accuracy, CO2e or energy among {', '.join(columns[:8]) or 'none'}")
    expected = any(column.startswith("expected_co2e") for column in columns)
    return Claims(file.name, tuple(_claim(n, row, known) for n, row in enumerate(rows, start=1)), expected)


def _known(column: str) -> tuple[str, float, bool] | None:
    """Quantity of a column, the factor to its unit, and whether it is a mean per round."""
    text = column.strip().lower().replace(" ", "_").replace("-", "_").replace("(", "").replace(")", "")
    per_round = bool(_PER_ROUND.search(text))
    text = re.sub(r"_*(per_round|mean_round|round_mean|avg_round)_*", "_", text).strip("_")
    for name, pattern in _NAMES.items():
        found = re.fullmatch(f"{pattern}(?:_(?P<unit>[a-z]+))?", text)
        if found is None:
            continue
        units = _UNITS.get(name.removeprefix("reference_"), {"": 1.0, "percent": 0.01})
        if (found["unit"] or "") in units:
            return name, units[found["unit"] or ""], per_round
    return None


def _claim(number: int, row: Mapping[str, str | None], known: Mapping[str, tuple[str, float, bool]]) -> Claim:
    values: dict[str, float] = {}
    per_round: dict[str, float] = {}
    parts: dict[str, dict[str, float]] = {}
    settings = []
    for column, text in row.items():
        value = _number(text)
        part = _PART.fullmatch(str(column).lower())
        if column in known:
            name, factor, mean = known[column]
            if not math.isnan(value):
                (per_round if mean else values).setdefault(name, value * factor)
        elif part is not None and part["part"] not in ("total", "per", "reference"):
            what = "energy" if part["what"] == "energy" else "co2e"
            if not math.isnan(value):
                parts.setdefault(what, {})[part["part"]] = value * _UNITS[what][part["unit"]]
        elif column is not None:
            settings.append((str(column), str(text)))
    return Claim(number, _shares(values), per_round, parts, tuple(settings))


def _shares(values: dict[str, float]) -> dict[str, float]:
    """An accuracy above 1 is a percentage."""
    return {n: v / 100 if n.endswith("accuracy") and 1 < v <= 100 else v for n, v in values.items()}


def _number(text: object) -> float:
    try:
        return float(str(text).strip().rstrip("%"))
    except ValueError:
        return math.nan


def finite(values: Iterable[float]) -> bool:
    """Whether all are numbers."""
    return all(map(math.isfinite, values))
