"""Flower's results: a `Result` or a `History` written as JSON, or the ledger of flopt's meter.

    {"train_metrics_clientapp": {"1": {...}}, "evaluate_metrics_clientapp": {...}, "evaluate_metrics_serverapp": {...}}
    {"losses_distributed": [[1, 0.5]], "metrics_distributed": {"accuracy": [[1, 0.8]]}, "metrics_centralized": {...}}

Neither says the plan, nor clients and bytes: the plan comes from the study, the counts are predicted on demand. A
ledger has the counts of rounds in which every client was metered.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flopt.errors import FloptError, nearest
from flopt.flower.ledger import ledger_rounds, partly_metered, read_ledger
from flopt.importing.imported import COUNTS, ImportedRound, ImportedRun
from flopt.importing.rounds_csv import read_text
from flopt.trace import Round

__all__ = ["read_flower"]

_RESULT = ("evaluate_metrics_clientapp", "evaluate_metrics_serverapp", "train_metrics_clientapp")
_HISTORY = ("metrics_distributed", "metrics_centralized", "metrics_distributed_fit")
_LOSSES = ("losses_distributed", "losses_centralized")


def read_flower(file: Path, metric: str) -> list[ImportedRun]:
    """The one run of a file; round 0, before any training, is passed over."""
    text = read_text(file)
    if not text.strip():
        return [ImportedRun(file.stem, ())]
    first = text.lstrip().splitlines()[0]
    if '"flopt_ledger"' in first:
        return [_of_ledger(file, metric)]
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FloptError(f"{file}: no JSON ({error})") from None
    if not isinstance(value, dict) or not {*_RESULT, *_HISTORY, *_LOSSES} & set(value):
        raise FloptError(f"{file}: neither a Result nor a History of Flower; it has none of {', '.join(_RESULT)}")
    return [ImportedRun(file.stem, _rounds(value, metric, str(file)))]


def _of_ledger(file: Path, metric: str) -> ImportedRun:
    entries = read_ledger(file)
    try:
        found = ledger_rounds(entries, metric)
    except FloptError as error:
        raise FloptError(f"{file}: {error}") from None
    partly = partly_metered(entries)
    rounds = tuple(
        ImportedRound(number, each.accuracy, each.loss, {} if number in partly else _counts(each))
        for number, each in found.items()
    )
    return ImportedRun(file.stem, rounds)


def _counts(of: Round) -> dict[str, int]:
    return {name: int(getattr(of, name)) for name in COUNTS}


def _rounds(value: Mapping[str, Any], metric: str, place: str) -> tuple[ImportedRound, ...]:
    told = {**_of_result(value, place), **_of_history(value, place)}
    sources = [source for source, names in told.items() if metric in names]
    if not sources:
        names = sorted({name for each in told.values() for name in each})
        if not names:
            return ()
        raise FloptError(f"{place}: no metric {metric!r}; {nearest(metric, names)}")
    curve = told[sources[0]][metric]
    losses = told[sources[0]].get("loss", {})
    try:
        return tuple(ImportedRound(number, curve[number], losses.get(number)) for number in sorted(curve) if number)
    except FloptError as error:
        raise FloptError(f"{place}: {metric}: {error}") from None


def _of_result(value: Mapping[str, Any], place: str) -> dict[str, dict[str, dict[int, float]]]:
    """Who reports -> metric -> round -> value."""
    found: dict[str, dict[str, dict[int, float]]] = {}
    for source in _RESULT:
        table = _table(value.get(source) or {}, f"{place}: {source}")
        for number, metrics in table.items():
            for name, each in _table(metrics, f"{place}: {source}: round {number}").items():
                if isinstance(each, list):
                    continue
                curve = found.setdefault(source, {}).setdefault(name, {})
                curve[_round_number(number, f"{place}: {source}")] = _finite(
                    each, f"{place}: {source}: {number}: {name}"
                )
    return found


def _of_history(value: Mapping[str, Any], place: str) -> dict[str, dict[str, dict[int, float]]]:
    found: dict[str, dict[str, dict[int, float]]] = {}
    for source in _HISTORY:
        for name, pairs in _table(value.get(source) or {}, f"{place}: {source}").items():
            found.setdefault(source, {})[name] = _pairs(pairs, f"{place}: {source}: {name}")
    for source in _LOSSES:
        if source in value:
            of = source.replace("losses", "metrics")
            found.setdefault(of, {})["loss"] = _pairs(value[source], f"{place}: {source}")
    return found


def _pairs(pairs: Any, place: str) -> dict[int, float]:
    if not isinstance(pairs, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise FloptError(f"{place}: must be a list of [round, value]")
    return {_round_number(number, place): _finite(value, f"{place}: round {number}") for number, value in pairs}


def _table(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise FloptError(f"{place}: must be a table")
    return value


def _round_number(value: Any, place: str) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise FloptError(f"{place}: round {text[:40]!r}: must be a whole number")
    return int(text)


def _finite(value: Any, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300 or math.isnan(value):
        raise FloptError(f"{place}: {str(value)[:40]}: must be a finite number")
    return float(value)
