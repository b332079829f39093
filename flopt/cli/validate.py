"""`flopt validate`: a point of the front, run for real by Flower's own runtime."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from flopt.cli.printing import note, print_json, print_table
from flopt.emissions.uncertainty import Interval
from flopt.errors import FloptError
from flopt.flower.real import run_for_real
from flopt.results import Results, open_results
from flopt.run import Run
from flopt.search.ensembles import same_plan
from flopt.spread import HALF_WIDTH
from flopt.trace import Trace
from flopt.units import quantity

__all__ = ["chosen_run", "expected_accuracy", "print_validation", "validation_facts"]


def print_validation(folder: Path, point: str, superlink: str, *, as_json: bool) -> int:
    """Run a point by `flwr run` and print both; returns 1 where the real run failed."""
    results = open_results(folder)
    number, run = chosen_run(results, point)
    note(f"run {number} to round {run.rounds} by flwr run; it starts a process for each client, so it takes a while")
    trace = run_for_real(results.problem.source, results.problem.task, run.plan, run.trace.seed, superlink)
    if trace.status == "failed":
        note(f"the real run failed: {trace.reason}")
        return 1
    facts = validation_facts(run, trace, expected_accuracy(results, run))
    if as_json:
        print_json({"run": number, "round": run.rounds, "plan": run.plan.settings(), **facts})
    else:
        _print(number, run, facts)
    return 0


def chosen_run(results: Results, point: str) -> tuple[int, Run]:
    """The run of `7@12`; of `7` its last point on the front, and where it has none its last round."""
    found = re.fullmatch(r"(\d+)(?:@(\d+))?", point.strip())
    if found is None:
        raise FloptError(f"--run {point!r}: write a run, or run@round as `flopt front` does")
    number = int(found[1])
    candidate = next((each for each in results.seen() if each.number == number), None)
    if candidate is None:
        raise FloptError(f"--run {point!r}: no finished run {number}; there are 0..{len(results.plans) - 1}")
    ends = [each.run.rounds for each in results.front().points if each.number == number]
    return number, candidate.run.until(int(found[2]) if found[2] else max(ends, default=candidate.run.length))


def expected_accuracy(results: Results, run: Run) -> Interval:
    """The accuracy that the search expects of the run's plan over seeds, and where that lies with probability 0.9."""
    wanted = same_plan(run.whole_plan)
    found = next(each for each in results.expected() if same_plan(each.ensemble.plan) == wanted)
    central = float(found.trace.accuracy[run.rounds - 1])
    spread = found.spreads.get("accuracy")
    half = 0.0 if spread is None else HALF_WIDTH * float(spread.sd(run.rounds)[-1])
    return Interval(central, max(central - half, 0.0), min(central + half, 1.0))


def validation_facts(run: Run, real: Trace, expected: Interval) -> dict[str, Any]:
    """Accuracy and bytes of all rounds: predicted, measured in the search, and measured by `flwr run`.

    Predicted are the accuracy that is expected over seeds, and the bytes of the price.
    """
    seen = run.trace
    differs = [abs(float(a) - float(b)) for a, b in zip(seen.accuracy, real.accuracy, strict=False)]
    bytes_ = {
        name: {
            "predicted": float(getattr(run, name)),
            "search": int(seen.columns[name].sum()),
            "real": int(real.columns[name].sum()),
        }
        for name in ("download_bytes", "upload_bytes")
    }
    accuracy = {
        "predicted": expected.central,
        "predicted_low": expected.low,
        "predicted_high": expected.high,
        "search": float(seen.accuracy[-1]),
        "real": float(real.accuracy[-1]),
    }
    rounds = {"search": len(seen), "real": len(real)}
    return {"accuracy": accuracy, "largest_difference": max(differs, default=math.nan), "rounds": rounds, **bytes_}


def _print(number: int, run: Run, facts: dict[str, Any]) -> None:
    accuracy = facts["accuracy"]
    rows = [["accuracy", _predicted(accuracy), f"{accuracy['search']:.4f}", f"{accuracy['real']:.4f}"]]
    for name, title in (("download_bytes", "download"), ("upload_bytes", "upload")):
        each = facts[name]
        rows.append([title, *(quantity(each[kind], "byte") for kind in ("predicted", "search", "real"))])
    print(f"run {number}, rounds 1 to {run.rounds}: {run.plan}")
    print_table(["", "predicted", "measured in the search", "measured by flwr run"], rows)
    print(f"against the prediction, flwr run: {_apart(facts)}")
    print("predicted accuracy: expected over seeds; range: where that lies with probability 0.9, one run scatters more")
    same = facts["largest_difference"] == 0 and facts["rounds"]["search"] == facts["rounds"]["real"]
    told = "bit for bit the same in every round" if same else f"at most {facts['largest_difference']:.3g} apart"
    print(f"accuracies of search and flwr run {told}")
    print("bytes: predicted are tensors alone, measured also names and headers of Flower's records")


def _predicted(accuracy: dict[str, float]) -> str:
    low, high = accuracy["predicted_low"], accuracy["predicted_high"]
    return f"{accuracy['predicted']:.4f}" + (f" ({low:.3f}-{high:.3f})" if low < high else "")


def _apart(facts: dict[str, Any]) -> str:
    """`accuracy +0.0120, download +0.31 %, upload +0.30 %`."""
    accuracy = facts["accuracy"]["real"] - facts["accuracy"]["predicted"]
    found = [f"accuracy {accuracy:+.4f}"]
    for name, title in (("download_bytes", "download"), ("upload_bytes", "upload")):
        each = facts[name]
        share = each["real"] / each["predicted"] - 1 if each["predicted"] else math.nan
        found.append(f"{title} {100 * share:+.2g} %")
    return ", ".join(found)
