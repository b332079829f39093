"""The ledger of a metered training: one JSON line for each phase of each round."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flopt.errors import FloptError
from flopt.trace import Round, Trace, record

__all__ = ["Ledger", "ledger_rounds", "ledger_trace", "partly_metered", "read_ledger"]

MEASURED = ("wall_s", "cpu_s", "download_bytes", "upload_bytes", "samples")
ESTIMATED = ("energy_j", "co2e_g")
VERSION = 1


@dataclass
class Ledger:
    """What a training took so far; written as it grows, where it has a file."""

    file: Path | None = None
    entries: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.file is not None and self.file.exists() and self.file.stat().st_size:
            raise FloptError(f"{self.file}: holds the ledger of another training; give each its own")

    def add(self, number: int, phase: str, replies: Iterable[Mapping[str, Any]], came: int, network_g: float) -> None:
        """Book the metered replies of a phase (`train`, `evaluate`) of a round, of so many that came without error."""
        rows = [dict(reply) for reply in replies]
        self._write(
            {
                "flopt_ledger": VERSION,
                "round": number,
                "phase": phase,
                "replies": came,
                "metered": len(rows),
                "measured": {name: sum(row[name] for row in rows) for name in MEASURED},
                "estimated": {**_estimates(rows), "network_co2e_g": network_g},
                "warm_up": {
                    "replies": sum(row["warm_up"] for row in rows),
                    **_estimates(r for r in rows if r["warm_up"]),
                },
                "clients": rows,
            }
        )

    def add_metrics(self, number: int, phase: str, metrics: Mapping[str, object]) -> None:
        """Book what the strategy made of a phase, or the server's own evaluation (phase `server`)."""
        numbers = {k: float(v) for k, v in metrics.items() if isinstance(v, int | float) and math.isfinite(v)}
        self._write({"flopt_ledger": VERSION, "round": number, "phase": f"{phase}-metrics", "metrics": numbers})

    def total(self, name: str) -> float:
        """Sum of one estimate so far: `energy_j` (J), or `co2e_g` (g, the network's included)."""
        booked = [each["estimated"] for each in self.entries if "estimated" in each]
        extra = sum(each["network_co2e_g"] for each in booked) if name == "co2e_g" else 0.0
        return float(sum(each[name] for each in booked) + extra)

    def expected_g(self) -> float:
        """g CO2e that one more round is expected to take: the last one's, its warm-ups counted like the others."""
        rounds = [each["round"] for each in self.entries if "estimated" in each]
        return sum(_warm_g(each) for each in self.entries if "estimated" in each and each["round"] == max(rounds))

    def _write(self, entry: dict[str, Any]) -> None:
        self.entries.append(entry)
        if self.file is None:
            return
        try:
            with self.file.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(entry) + "\n")
        except OSError as error:
            raise FloptError(f"{self.file}: {error.strerror}") from None


def _estimates(rows: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    booked = list(rows)
    return {name: float(sum(row[name] for row in booked)) for name in ESTIMATED}


def _warm_g(entry: Mapping[str, Any]) -> float:
    """g of a phase if none of its clients had been a warm-up; as they are where all were."""
    rows = entry["clients"]
    usual = [row["co2e_g"] for row in rows if not row["warm_up"]] or [row["co2e_g"] for row in rows]
    mean = sum(usual) / len(usual) if usual else 0.0
    return float(mean * len(rows) + entry["estimated"]["network_co2e_g"])


def read_ledger(file: Path) -> list[dict[str, Any]]:
    """The lines of a ledger; a torn last one, which a kill leaves behind, is passed over."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise FloptError(f"no file {file}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise FloptError(f"{file}: {error}") from None
    entries: list[dict[str, Any]] = []
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
            checked(entry)
        except (ValueError, RecursionError) as error:
            if number == len(lines) > 1 and isinstance(error, json.JSONDecodeError):
                break
            raise FloptError(f"{file}: line {number}: no line of a flopt ledger ({error})") from None
        entries.append(entry)
    return entries


def checked(entry: Any) -> None:
    """Raise ValueError where a value is no line of a ledger."""
    if not isinstance(entry, dict) or entry.get("flopt_ledger") != VERSION:
        raise ValueError(f"flopt_ledger must be {VERSION}")
    if not isinstance(entry.get("round"), int) or entry["round"] < 0 or not isinstance(entry.get("phase"), str):
        raise ValueError("round must be a whole number and phase text")
    tables = ("measured", "estimated") if "measured" in entry else ("metrics",)
    for name in tables:
        table = entry.get(name)
        if not isinstance(table, dict) or not all(isinstance(v, int | float) for v in table.values()):
            raise ValueError(f"{name} must be a table of numbers")
    wanted = [("measured", name) for name in MEASURED] + [("estimated", name) for name in ESTIMATED]
    missing = [name for table, name in wanted if "measured" in entry and name not in entry[table]]
    if missing:
        raise ValueError(f"no {', '.join(missing)}")
    counts = [entry.get(name) for name in ("metered", "replies") if "measured" in entry]
    if not all(isinstance(count, int) and count >= 0 for count in counts):
        raise ValueError("metered and replies must be whole numbers")


def ledger_rounds(entries: Iterable[Mapping[str, Any]], metric: str = "accuracy") -> dict[int, Round]:
    """The rounds of a ledger by number: training's clients, samples and bytes as far as they were metered.

    The metric keeps its last value. Raises FloptError where it never stands, naming those that do.
    """
    entries = list(entries)
    trained = {each["round"]: each for each in entries if each["phase"] == "train" and each["replies"]}
    known: dict[str, float] = {}
    rounds: dict[int, Round] = {}
    found = set[str]()
    for number in sorted({each["round"] for each in entries if each["round"] > 0}):
        for each in entries:
            if each["round"] == number and each["phase"] in ("server-metrics", "evaluate-metrics"):
                found |= set(each["metrics"])
                known = {**known, **each["metrics"]}
        if number in trained and metric in known:
            rounds[number] = _round(trained[number], known[metric], known.get("loss", 1 - known[metric]))
        elif number in trained and not rounds:
            raise FloptError(
                f"round {number}: the ledger has no metric {metric!r}; it has {', '.join(sorted(found)) or '(none)'}"
            )
    return rounds


def partly_metered(entries: Iterable[Mapping[str, Any]]) -> set[int]:
    """The rounds in which clients without the meter trained too: what they took is not in the ledger."""
    return {each["round"] for each in entries if each["phase"] == "train" and each["metered"] < each["replies"]}


def _round(entry: Mapping[str, Any], accuracy: float, loss: float) -> Round:
    measured = entry["measured"]
    counts = {name: int(measured[name]) for name in ("samples", "download_bytes", "upload_bytes")}
    return Round(accuracy=accuracy, loss=loss, clients=int(entry["metered"]), **counts)


def ledger_trace(file: Path, metric: str = "accuracy") -> Trace:
    """A ledger as the trace of a run; one without a trained round is a failed run.

    Raises FloptError where it is not the whole of a run.
    """
    entries = read_ledger(file)
    try:
        found = ledger_rounds(entries, metric)
    except FloptError as error:
        raise FloptError(f"{file}: {error}") from None
    gaps, partly = set(range(1, max(found, default=0) + 1)) - set(found), partly_metered(entries)
    if gaps or partly:
        why = "is missing" if gaps else "had clients without the meter"
        raise FloptError(f"{file}: round {min(gaps or partly)} {why}")
    return record(iter(found.values()), seed=0, participation="")
