"""How long does the report of 1000 runs of 200 rounds take to write, how large is it, and does it follow a drag?

The runs have different plans and the curves of the analytic oracle. The page is opened in headless Chromium (it needs
the program `chromium` and the package `playwright`; without them only the file is measured); a drag is an answer to
another PUE: all kept rounds priced anew, front, knee, recommendation and picture. On a machine with other work the
CPU seconds of the browser's processes tell more than the time that passed, so both are printed.
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import psutil

from flopt.compression import Compression
from flopt.oracles.analytic import analytic
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.report.page import MOST_BYTES, write_report
from flopt.results import Results, problem_of
from flopt.search.problem import Problem
from flopt.study import study_of
from flopt.trace import Trace, record

RUNS = 1000
ROUNDS = 200
CURVES = 40
DRAGS = 20
DRAG = "(step) => { controls.choice.pue = 1.1 + 0.01 * step; update(true); return document.body.offsetHeight; }"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]


def main() -> None:
    """Write, measure, drag."""
    results = many_runs()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.html"
        began, cpu = time.perf_counter(), time.process_time()
        write_report(results, file)
        took, cpu_s = time.perf_counter() - began, time.process_time() - cpu
        size = file.stat().st_size
        print(f"{RUNS} runs x {ROUNDS} rounds: written in {took:.1f} s ({cpu_s:.1f} s of CPU; wanted: 10 s)")
        print(f"{size / 1e6:.2f} MB (wanted: below {MOST_BYTES / 1e6:.0f} MB)")
        if shutil.which("chromium") is None:
            print("no chromium: the page is not opened")
            return
        with suppress(ModuleNotFoundError):
            drag(file)


def many_runs() -> Results:
    """A study whose runs never happened: random plans, curves of the analytic oracle in turn."""
    study = study_of({"oracle": "analytic"})
    problem, random = problem_of(study), np.random.default_rng(0)
    plans = tuple(random_plan(random) for _ in range(RUNS))
    curves = [curve(problem, plan, seed) for seed, plan in enumerate(plans[:CURVES])]
    return Results(study, problem, plans, tuple(curves[number % CURVES] for number in range(RUNS)), 0.0)


def random_plan(random: np.random.Generator) -> Plan:
    """A plan of the size that the shipped space has, with many rounds."""
    return Plan(
        rounds=ROUNDS,
        local_epochs=int(random.integers(1, 11)),
        client_fraction=float(random.uniform(0.05, 1)),
        batch_size=int(random.integers(5, 40)),
        client_lr=float(10 ** random.uniform(-2, -0.3)),
        uplink=Compression.parse(f"topk:{random.uniform(0.01, 0.5):.4f}"),
    )


def curve(problem: Problem, plan: Plan, seed: int) -> Trace:
    """The analytic curve of a plan whose first K clients take part in all rounds."""
    drawn = problem.task.clients_per_round(plan.client_fraction)
    everyone = np.zeros(problem.task.clients, dtype=np.int64)
    participation = Participation.complete(np.tile(np.arange(drawn), (plan.rounds, 1)), everyone)
    rounds = analytic(problem.task)(plan, participation, seed)
    return record(rounds, seed=seed, participation=participation.fingerprint)


def drag(file: Path) -> None:
    """Open the page and move a slider step by step."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS, timeout=300_000)
        page = browser.new_page(viewport={"width": 1360, "height": 1000})
        page.set_default_timeout(300_000)
        with watched("opened"):
            page.goto(file.as_uri())
            page.wait_for_selector("html[data-ready]", state="attached")
        print(page.inner_text("#kept-text"))
        passed = []
        with watched(f"{DRAGS} drags"):
            for step in range(DRAGS):
                began = time.perf_counter()
                page.evaluate(DRAG, step)
                passed.append(time.perf_counter() - began)
        print(f"a drag: median {1000 * statistics.median(passed):.0f} ms passed (wanted: 100 ms)")
        browser.close()


@contextmanager
def watched(what: str) -> Iterator[None]:
    """Prints the time that passed, and the CPU seconds of this process's children meanwhile."""
    began, before = time.perf_counter(), children_s()
    yield
    print(f"{what}: {time.perf_counter() - began:.2f} s passed, {children_s() - before:.2f} s of CPU in the browser")


def children_s() -> float:
    """CPU seconds of all processes below this one that still run."""
    total = 0.0
    for child in psutil.Process(os.getpid()).children(recursive=True):
        with suppress(psutil.Error):
            times = child.cpu_times()
            total += times.user + times.system
    return total


if __name__ == "__main__":
    main()
