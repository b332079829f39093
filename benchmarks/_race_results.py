"""The results of the search race: every search that was run, kept in one JSON file, and its rows."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from _race_front import expected_trail
from _race_methods import METHODS
from _race_score import Evidence, Scorer, Trail, Training
from _race_search import Course, race

from flopt.errors import FloptError

__all__ = ["EXPECTED", "PREFIXES", "Results", "Row", "rows"]

PREFIXES = " + prefixes"
"""What the name of a row ends with where the same searches are scored with all rounds of each run."""
EXPECTED = " + expected"
"""The same where they are scored by the front that flopt reports: of all rounds, by values expected over seeds."""


class Ground(Course, Evidence, Protocol):
    """Where searches are run and scored: a table, or live training."""

    @property
    def smoothing(self) -> str:
        """Of the accuracy."""
        ...

    def kept(self) -> dict[str, Any]:
        """What the file must keep beside the searches, as plain values."""
        ...

    def take(self, plain: Mapping[str, Any]) -> None:
        """Take up what a file kept."""
        ...


@dataclass(frozen=True)
class Row:
    """One method as it is compared: its searches, each scored in the same way."""

    name: str
    trails: Mapping[int, Trail]
    """By the seed of the search."""


@dataclass
class Results:
    """The searches on one ground; what is in the file is not run again."""

    world: Ground
    rounds: int
    """Rounds that each search may train."""
    file: Path | None = None
    searches: dict[str, dict[int, list[Training]]] = field(default_factory=dict)
    """Method -> seed -> what it trained."""
    cpu_s: dict[str, dict[int, float]] = field(default_factory=dict)
    """Method -> seed -> CPU seconds that its proposals took on this machine."""
    missing: dict[str, str] = field(default_factory=dict)
    """Method -> why it is not there."""

    def __post_init__(self) -> None:
        if self.file is not None and self.file.is_file():
            self.join(self.file)

    def fill(self, names: Sequence[str], seeds: int, workers: int) -> None:
        """Run what is not there yet, and write the file after each search."""
        todo = [
            (name, seed, min(self.rounds, METHODS[name].rounds))
            for seed in range(seeds)
            for name in names
            if seed < METHODS[name].seeds and self._trained(name, seed) < min(self.rounds, METHODS[name].rounds)
        ]
        for name, seed, found in _run(self.world, todo, workers):
            if isinstance(found, str):
                self.missing[name] = found
            else:
                self.searches.setdefault(name, {})[seed], self.cpu_s.setdefault(name, {})[seed] = found
                self.missing.pop(name, None)
            self.write()

    def join(self, file: Path) -> None:
        """Take up the searches of a file, which must be of the same table."""
        plain: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        for key, here in (("table", self.world.name), ("smoothing", self.world.smoothing)):
            if plain[key] != here:
                raise FloptError(f"{file}: holds a race with {key} {plain[key]!r}; this one has {here!r}")
        self.world.take(plain)
        for name, by_seed in plain["searches"].items():
            found = {int(seed): [Training(*each) for each in runs] for seed, runs in by_seed.items()}
            self.searches.setdefault(name, {}).update(found)
            self.cpu_s.setdefault(name, {}).update({int(n): each for n, each in plain["cpu_s"][name].items()})
        self.missing.update(plain["missing"])
        self.missing = {name: why for name, why in self.missing.items() if name not in self.searches}

    def write(self, more: Mapping[str, Any] | None = None) -> None:
        """Write the file, with `more` beside the searches; the old one stays until the new one is whole."""
        if self.file is None:
            return
        plain = {
            "table": self.world.name,
            "smoothing": self.world.smoothing,
            "rounds": self.rounds,
            "searches": {name: {str(seed): each for seed, each in by.items()} for name, by in self.searches.items()},
            "cpu_s": self.cpu_s,
            "missing": self.missing,
            **self.world.kept(),
            **(more or {}),
        }
        draft = self.file.with_name(f".{self.file.name}.draft")
        draft.write_text(json.dumps(plain, separators=(",", ":")) + "\n", encoding="utf-8")
        draft.replace(self.file)

    def _trained(self, name: str, seed: int) -> int:
        return sum(each.rounds for each in self.searches.get(name, {}).get(seed, []))


def rows(results: Results, scorer: Scorer, names: Sequence[str], expected: Collection[str]) -> list[Row]:
    """The methods of the race, each scored in two ways; those `expected` also by the front of expected values."""
    found = []
    for name in [name for name in METHODS if name in results.searches and name in names]:
        runs = dict(sorted(results.searches[name].items()))
        if not METHODS[name].prefixes:
            found.append(Row(name, {seed: scorer.trail(each, prefixes=False) for seed, each in runs.items()}))
        every = name if METHODS[name].prefixes else name + PREFIXES
        found.append(Row(every, {seed: scorer.trail(each, prefixes=True) for seed, each in runs.items()}))
        if name in expected:
            found.append(Row(name + EXPECTED, {seed: expected_trail(scorer, each) for seed, each in runs.items()}))
    return found


_Found = tuple[list[Training], float]


def _run(world: Ground, todo: Sequence[tuple[str, int, int]], workers: int) -> Iterator[tuple[str, int, _Found | str]]:
    if workers == 1 or len(todo) < 2:
        for name, seed, rounds in todo:
            yield name, seed, _search(world, name, seed, rounds)
        return
    with ProcessPoolExecutor(workers, initializer=_take, initargs=(world,)) as pool:
        jobs = {pool.submit(_search_taken, *each): each for each in todo}
        for job in as_completed(jobs):
            name, seed, _ = jobs[job]
            yield name, seed, job.result()


def _search(world: Ground, name: str, seed: int, rounds: int) -> _Found | str:
    """One search, or why there is none: a peer that fails is missing, and the race goes on."""
    started = time.process_time()
    try:
        found = race(world, METHODS[name].search(world, seed), seed, rounds)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return found, round(time.process_time() - started, 2)


_taken: list[Ground] = []


def _take(world: Ground) -> None:
    _taken[:] = [world]


def _search_taken(name: str, seed: int, rounds: int) -> _Found | str:
    return _search(_taken[0], name, seed, rounds)
