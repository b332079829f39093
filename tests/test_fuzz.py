"""Fuzzing: whatever stands in a file, it is read or refused with one line, at once; and what is read is sound.

Each input is a good file with pieces taken out, doubled, exchanged or replaced by what breaks parsers. FLOPT_FUZZ sets
how many there are of each format; `make fuzz` takes 100 000.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import time
import tomllib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flopt.catalogue import load_space
from flopt.emissions.fleet_file import DATA, load_fleet
from flopt.emissions.grid_file import load_grid
from flopt.errors import FloptError
from flopt.importing.rounds_csv import read_rounds_csv
from flopt.plan import Plan
from flopt.results import problem_of
from flopt.search.samplers import distributions, propose
from flopt.search.stores.packed import pack, unpack
from flopt.search.stores.storage import JOURNAL, Journal
from flopt.study import load_study, study_of
from flopt.trace import COLUMNS, Round, Trace

ROOT = Path(__file__).parent.parent
INPUTS = int(os.environ.get("FLOPT_FUZZ", "2000"))
MOST_S = 1.0
"""CPU seconds that reading one small file may take."""
CURVE = [Round(0.1 * n, 1 / 3, 2, 30, 8, 8, test_accuracy=0.1 * n) for n in range(1, 4)]
PROBLEM = problem_of(study_of({"oracle": "analytic", "space": "quick"}))

NASTY = [
    "9" * 5000, "-0.0",
    "", " ", "0", "-1", "1", "2", "0.5", "1e308", "-1e308", "1e-320", "1e999", "nan", "-nan", "inf", "-inf", "NaN",
    "null", "true", "false", "[]", "{}", "[[]]", '""', "''", "'x'", '"\\u0000"', '"\\ud800"', "[1, 2]", "{a = 1}",
    "9" * 25, "9" * 400, "0x10", "1_0", "٣", "２", "\u202e", "\x00", "\x1b[31m", "\ufeff", "\r", "\n", "\n\n", "\t",
    ",", ";", "=", ".", "#", '"', "'", "\\", "[", "]", "{", "}", ":", "../../etc/passwd", "/dev/zero", "~", "$HOME",
    "<script>", "__import__('os')", "!!python/object", "2019-13-45T99:99", "0001-01-01T00:00", "1970-01-01T00:00:00Z",
    "FRA", "DEU", "USA-TX", "kind", "low", "high", "log", "choices", "rounds", "x" * 300, "[" * 2000, "{" * 2000,
]  # fmt: skip


@st.composite
def broken(draw: st.DrawFn, seeds: list[str]) -> bytes:
    """A good file after a few edits."""
    text = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, 4))):
        lines = text.split("\n")
        edit = draw(st.sampled_from(["token", "token", "token", "line", "double", "swap", "cut", "insert", "noise"]))
        at = draw(st.integers(0, len(lines) - 1))
        if edit == "token":
            parts = lines[at].replace(",", " , ").replace("=", " = ").replace(":", " : ").split(" ")
            parts[draw(st.integers(0, len(parts) - 1))] = draw(st.sampled_from(NASTY))
            lines[at] = " ".join(parts)
        elif edit == "line":
            del lines[at]
        elif edit == "double":
            lines.insert(at, lines[draw(st.integers(0, len(lines) - 1))])
        elif edit == "swap":
            other = draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
        elif edit == "insert":
            place = draw(st.integers(0, len(lines[at])))
            lines[at] = lines[at][:place] + draw(st.sampled_from(NASTY)) + lines[at][place:]
        text = "\n".join(lines)
        if edit == "cut":
            text = text[: draw(st.integers(0, len(text)))]
        if edit == "noise":
            text = text[: draw(st.integers(0, len(text)))] + draw(st.text(max_size=20))
    content = text.encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 19)) == 0:
        place = draw(st.integers(0, len(content)))
        content = content[:place] + draw(st.binary(max_size=8)) + content[place:]
    return content


def fuzzed(seeds: list[str]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A slow test of many inputs made from some good ones."""
    many = settings(max_examples=INPUTS, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    return lambda test: pytest.mark.slow(many(given(content=broken(seeds))(test)))


def accepted(read: Callable[[], Any]) -> Any:
    """What is read; None where it is refused, which must have a reason. Everything else that is raised is a bug."""
    started = time.process_time()
    try:
        return read()
    except FloptError as error:
        assert str(error).strip()  # noqa: PT017  # most inputs are refused, some are not
        return None
    finally:
        assert time.process_time() - started < MOST_S


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def written(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    return file


def shipped(pattern: str) -> list[str]:
    return [file.read_text(encoding="utf-8") for file in sorted(ROOT.glob(pattern))]


STUDIES = [
    (ROOT / "flopt" / "cli" / "study_template.toml").read_text(encoding="utf-8"),
    'seed = 3\nsampler = "random"\nworkers = 1\n[budget]\nruns = 5\nminutes = 0.5\n[plan]\nclient_lr = 0.1\n',
    (
        '[task]\ndata = "digits"\npartition = "dirichlet"\nalpha = 0.3\nclients = 7\n[pricing]\npue = 1.2\n'
        "grid = 300.0\nstart = 2019-06-01T13:00\n[limits]\naccuracy = { at_least = 0.8 }\n[search]\n"
        'country = "FRA"\ncpu_watts = 3\n'
    ),
]


@fuzzed(STUDIES)
def test_study_files(folder: Path, content: bytes) -> None:
    study = accepted(lambda: load_study(written(folder / "study.toml", content)))
    if study is not None:
        assert study_of(tomllib.loads(study.to_toml())) == study
        assert study.workers <= study.lag
        json.dumps(study.flat(), allow_nan=False)


@fuzzed(shipped("search_spaces/*.toml"))
def test_spaces(folder: Path, content: bytes) -> None:
    space = accepted(lambda: load_space(str(written(folder / "space.toml", content))))
    if space is not None:
        assert load_space(str(folder / "space.toml")) == space
        for seed in range(2):
            trial = propose("random", space, ["maximize", "minimize"], [], [False, False], seed)
            plan = space.plan(trial.params, Plan())
            assert Plan.of(json.loads(json.dumps(plan.settings()))) == plan
        assert list(distributions(space)) == list(space.axes)


@fuzzed([file.read_text(encoding="utf-8") for file in sorted((DATA / "fleets").glob("*.toml"))])
def test_fleets(folder: Path, content: bytes) -> None:
    fleet = accepted(lambda: load_fleet(str(written(folder / "fleet.toml", content))))
    if fleet is not None:
        assert load_fleet(str(folder / "fleet.toml")) == fleet
        assert math.isclose(sum(group.share for group in fleet.groups), 1, rel_tol=1e-6)
        problem = replace(PROBLEM, fleet=fleet)
        if problem.can_run(Plan()):
            assert not math.isnan(problem.run(Plan()).co2e_kg)


GRIDS = [
    "country,g_per_kwh,year,source\nFRA,56.0,2024,mine\nDEU,381,2024,mine\nUSA-TX,400,,\n",
    "country,g_per_kwh,kind\nFRA,56.0,marginal\nDEU,381,marginal\n",
    "country,time,g_per_kwh\n" + "".join(f"FRA,2019-06-01T{hour:02}:00,{50 + hour}\n" for hour in range(24)),
]


@fuzzed(GRIDS)
def test_grids(folder: Path, content: bytes) -> None:
    grid = accepted(lambda: load_grid(written(folder / "grid.csv", content)))
    if grid is not None:
        back = io.StringIO()
        rows = csv.writer(back)
        rows.writerow(["country", "g_per_kwh", "year", "source", "kind"])
        for country, each in grid.by_country.items():
            assert 0 <= each.g_per_kwh < math.inf
            rows.writerow([country, repr(each.g_per_kwh), each.year or "", each.source, each.kind])
        again = load_grid(written(folder / "again.csv", back.getvalue().encode("utf-8")))
        assert {k: (v.g_per_kwh, v.year) for k, v in again.by_country.items()} == {
            k: (v.g_per_kwh, v.year) for k, v in grid.by_country.items()
        }


TABLES = [
    (
        "run,round,accuracy,clients,samples,download_bytes,upload_bytes,loss,local_epochs\n"
        "a,1,0.5,3,30,100,100,0.7,2\na,2,0.6,3,30,100,100,0.6,2\nb,1,0.4,3,30,100,100,0.8,1\n"
    ),
    "round,accuracy,seconds,energy_kwh,uplink,app.momentum\n1,0.5,3,0.1,quantize:8,0.9\n2,,3,0.1,quantize:8,0.9\n",
]


@fuzzed(TABLES)
def test_imported_tables(folder: Path, content: bytes) -> None:
    runs = accepted(lambda: read_rounds_csv(written(folder / "rounds.csv", content)))
    for run in runs or []:
        back = io.StringIO()
        rows = csv.writer(back)
        names = sorted({name for each in run.rounds for name in each.counts})
        rows.writerow(["run", "round", "accuracy", "loss", *names, *run.settings])
        for each in run.rounds:
            counts = [each.counts.get(name, "") for name in names]
            cells = [each.accuracy, each.loss]
            shown = ["" if cell is None else repr(cell) for cell in cells]
            rows.writerow([run.name, each.number, *shown, *counts, *map(str, run.settings.values())])
        (again,) = read_rounds_csv(written(folder / "again.csv", back.getvalue().encode("utf-8")))
        assert (again.name, again.rounds, again.settings) == (run.name, run.rounds, run.settings)
        assert run.flaw() == again.flaw()


TRACES = [
    json.dumps(pack(Trace.of(CURVE, seed=1, participation="p")), indent=0),
    json.dumps(Trace.of(CURVE, seed=1, participation="p").to_json(), indent=0),
    json.dumps(pack(Trace.of([], seed=1, participation="p", status="failed", reason="x")), indent=0),
]


@fuzzed(TRACES)
def test_traces(content: bytes) -> None:
    try:
        stored = json.loads(content)
    except (ValueError, RecursionError):
        return
    trace = accepted(lambda: unpack(stored))
    if trace is not None:
        assert unpack(pack(trace)).to_json() == trace.to_json()
        assert Trace.from_json(json.loads(json.dumps(trace.to_json()))).to_json() == trace.to_json()
        for row in np.array([trace.columns[name] for name in COLUMNS]).T.tolist():
            Round(*row)


def journal_text() -> str:
    """A journal of three finished runs and one in progress."""
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        with Journal.create_or_open(Path(name), ["maximize", "minimize"], {"seed": 0}) as journal:
            for number in range(4):
                trial = propose("random", PROBLEM.space, ["maximize", "minimize"], [], [False, False], number)
                plan = PROBLEM.space.plan(trial.params, Plan())
                journal.add(trial, {"plan": plan.settings(), "seed": 0, "policy": {"kind": "none"}, "told": 0})
                if number < 3:
                    journal.record(number, Trace.of(CURVE, seed=0, participation="p"), 0.5)
                    journal.tell(number, [0.3, 1.0])
        return (Path(name) / JOURNAL).read_text(encoding="utf-8")


@fuzzed([journal_text()])
def test_journals(folder: Path, content: bytes) -> None:
    written(folder / JOURNAL, content)
    journal = accepted(lambda: Journal.read(folder))
    if journal is None:
        return
    trials = journal.trials()
    assert [trial.number for trial in trials] == list(range(len(trials)))
    traces = [accepted(partial(journal.trace, number)) for number in range(len(trials))]
    again = Journal.read(folder)
    assert again.repaired_bytes == 0
    for before, after in zip(
        traces, [accepted(partial(again.trace, number)) for number in range(len(trials))], strict=True
    ):
        assert (before and before.to_json()) == (after and after.to_json())
