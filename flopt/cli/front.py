"""`flopt front`: the answer of a study folder."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from flopt.catalogue import TOLD, load_objective
from flopt.cli.printing import note, print_json, print_table
from flopt.emissions.uncertainty import Interval
from flopt.errors import FloptError
from flopt.fronts import LEAST, Front, Point
from flopt.objectives import Objective
from flopt.plan import Plan, told
from flopt.reading.certainty import certainty
from flopt.reading.rate import front_rates, run_rates
from flopt.reading.recommend import Nearest, nearest
from flopt.reading.table import front_rows
from flopt.results import Results, open_results, rescored
from flopt.run import Run
from flopt.search.problem import Limit
from flopt.search.volume import box_of
from flopt.study_error import Origin
from flopt.units import quantity, quantity_range

__all__ = [
    "limit_of",
    "print_front",
    "print_points",
    "rate_columns",
    "say_value",
    "scored_by",
    "tell_nearest",
    "tell_repairs",
    "test_accuracy",
    "why_empty",
]

_SAID: dict[str, Callable[[Run], str]] = {
    "epochs": lambda run: "-" if run.plan.local_steps else str(run.plan.local_epochs),
    "steps": lambda run: str(run.plan.local_steps or "-"),
    "clients": lambda run: str(run.clients_per_round),
    "batch": lambda run: str(run.plan.batch_size),
    "lr": lambda run: f"{run.plan.client_lr:.3g}",
    "uplink": lambda run: told(str(run.plan.uplink)),
    "downlink": lambda run: told(str(run.plan.downlink)),
    "algorithm": lambda run: run.plan.algorithm,
    "server": lambda run: run.plan.server_optimizer,
}
"""The columns of a plan, from left to right."""


def print_front(
    folder: Path, objectives: Sequence[str], plot: Path | None, *, rate: bool = False, as_json: bool
) -> int:
    """Print the front, with the price of a point of accuracy if asked, and draw it; returns 1 where it has no point."""
    results = open_results(folder)
    tell_repairs(results)
    results = scored_by(results, objectives)
    front = results.front()
    if plot is not None:
        from flopt.drawing.front import save_front

        save_front(results, plot)
        note(f"wrote {plot}")
    if as_json:
        rows = front_rows(front, results.problem)
        print_json(rows if not rate else [{**row, **each} for row, each in zip(rows, rate_columns(front), strict=True)])
    elif front.points:
        print_points(front, results, rate=rate)
    if not front.points:
        note(f"{folder}: {why_empty(results)}")
        return 1
    return 0


def why_empty(results: Results) -> str:
    """Why a front has no point: with what comes nearest to the study's limits, where something was trained."""
    if results.unconfirmed:
        return results.unconfirmed
    free = replace(results, problem=replace(results.problem, limits=())).front()
    near = nearest(free, results.problem.limits)
    said = "no run has a point within the limits yet"
    return said if near is None else f"{said}; nearest is {tell_nearest(near, free)}"


def tell_nearest(near: Nearest, front: Front) -> str:
    """The point that comes nearest to some limits, and by what it misses them."""
    missed = ", ".join(f"{limit.objective.name} misses by {_amount(by, limit.objective)}" for limit, by in near.missed)
    values = ", ".join(f"{o.name} {say_value(o, near.point)}" for o in front.objectives)
    return f"{near.point.number}@{near.point.run.rounds} ({values}): {missed}"


def print_points(front: Front, results: Results, *, rate: bool = False) -> None:
    """The front as a table: where each point stands, its objectives, its test accuracy, its plan."""
    prices = [[_price(price) for price in each.values()] if rate else [] for each in rate_columns(front)]
    names = [objective.name for objective in front.objectives]
    knee = front.knee() if len(front.objectives) == 2 else None
    settings = _columns([point.run.plan for point in front.points])
    rows = []
    for point, sure, price_of_point in zip(front.points, certainty(front, results.problem), prices, strict=True):
        values = [_with_range(objective, sure.intervals[objective.name]) for objective in front.objectives]
        place = f"{point.number}@{point.run.rounds}" + (" knee" if point is knee else "")
        done = [str(point.seeds), f"{point.probability:.2f}", *price_of_point, _score(test_accuracy(point))]
        rows.append([place, *values, *done, *(say(point.run) for say in settings.values())])
    paid = ["+1 point", "in its run"] if rate else []
    print_table(["run@round", *names, "seeds", "sure", *paid, "test acc.", *settings], rows)
    how = _how(results.problem.oracle)
    priced = results.problem.population
    price = f"; accuracy from {results.problem.task.clients} clients, priced for {priced:,.0f}" if priced else ""
    network = results.problem.pricing.network
    print(f"\n{len(front)} points; {how}, CO2e and energy predicted for the fleet{price}")
    print(f"network model {network}; ranges: nine of ten draws of all coefficients; of what is learned, where it lies")
    print("over seeds with probability 0.9; sure: probability that no other point is better, over seeds")
    share = box_of(results.problem, results.candidates()).share(
        np.array([list(p.values.values()) for p in front.points])
    )
    print(f"hypervolume {100 * share:.1f} % of its box, as expected over seeds (its box: flopt plot history)")
    if front.doubtful:
        print(
            f"left out: {len(front.doubtful)} more that are better than the rest with a probability below {LEAST} only"
        )
    if rate:
        print("+1 point: CO2e of one more point of accuracy (0.01), from the next cheaper point of the front; in its")
        print("run: since its accuracy was last higher than ever before; - where accuracy does not rise")


def _columns(plans: Sequence[Plan]) -> dict[str, Callable[[Run], str]]:
    """What the table says of a plan: the usual settings, and the less usual ones that some plan uses."""
    default, steps = Plan(), [plan.local_steps > 0 for plan in plans]
    shown = {
        "epochs": not all(steps),
        "steps": any(steps),
        "algorithm": any(plan.algorithm != default.algorithm for plan in plans),
        "server": any(plan.server_optimizer != default.server_optimizer for plan in plans),
    }
    varied = {key: {dict(plan.app).get(key) for plan in plans} for plan in plans for key, _ in plan.app}
    if varied:  # a Flower app has a rate of its own, and its downlink is never compressed
        shown |= {"lr": False, "downlink": False, "batch": len({plan.batch_size for plan in plans}) > 1}
    own = {key: partial(_app_setting, key) for key, values in varied.items() if len(values) > 1}
    return {name: say for name, say in _SAID.items() if shown.get(name, True)} | own


def _app_setting(key: str, run: Run) -> str:
    value = dict(run.plan.app)[key]
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _how(oracle: str) -> str:
    if oracle == "analytic":
        return "accuracy from the analytic curve, not measured"
    if oracle == "recorded" or oracle.endswith(".npz"):
        return "accuracy from recorded runs, interpolated between them, on validation data"
    if oracle == "flower":
        return "accuracy measured and reported by the app"
    if oracle == TOLD:
        return "accuracy on validation data, as told by the program that trained"
    return "accuracy measured on validation data"


def rate_columns(front: Front) -> list[dict[str, float]]:
    """For each point: kg CO2e for one more point of accuracy (0.01), along the front and along its own run."""
    along = front_rates(front)
    return [
        {"co2e_kg_per_accuracy_point": float(kg), "run_co2e_kg_per_accuracy_point": _own_rate(point)}
        for kg, point in zip(along, front.points, strict=True)
    ]


def _own_rate(point: Point) -> float:
    return float(run_rates(point.run)[point.run.rounds - 1])


def _price(kg: float) -> str:
    return "-" if math.isnan(kg) else quantity(kg, "kg")


def tell_repairs(results: Results) -> None:
    """Say what opening a folder has mended, and which runs failed."""
    if results.repaired_bytes:
        note(f"the journal ended in half a line; cut off {results.repaired_bytes} bytes, nothing finished is lost")
    for number, reason in results.failed.items():
        note(f"run {number} failed: {reason}")


def scored_by(results: Results, objectives: Sequence[str]) -> Results:
    """The results under the objectives that the command line asks for; without any, under the study's own."""
    return Origin("").resolve("--objective", lambda: rescored(results, objectives)) if objectives else results


def limit_of(text: str, results: Results, side: str) -> Limit:
    """The limit that an option such as `--at-least accuracy=0.9` asks for; `side` is `at_least` or `at_most`."""
    reference, equals, value = text.rpartition("=")
    option = f"--{side.replace('_', '-')} {text!r}"
    if not equals:
        raise FloptError(f"{option}: write NAME=VALUE, such as accuracy=0.9")
    try:
        bound = float(value)
    except ValueError:
        bound = math.nan
    if not math.isfinite(bound):
        raise FloptError(f"{option}: {value!r} is not a finite number")
    own = {objective.name: objective for objective in results.problem.objectives}
    try:
        return Limit(own.get(reference) or load_objective(reference), **{side: bound})
    except FloptError as error:
        raise FloptError(f"{option}: {error}") from None


def say_value(objective: Objective, point: Point) -> str:
    """A point's value with its unit."""
    return _amount(point.values[objective.name], objective)


def _amount(value: float, objective: Objective) -> str:
    return quantity(value, objective.unit) if objective.unit else f"{value:.4f}"


def _with_range(objective: Objective, found: Interval) -> str:
    if not objective.unit:
        return f"{found.central:.4f}" + (f" ({found.low:.3f}-{found.high:.3f})" if found.low < found.high else "")
    return quantity_range(found.central, found.low, found.high, objective.unit)


def _score(accuracy: float) -> str:
    return "-" if math.isnan(accuracy) else f"{accuracy:.4f}"


def test_accuracy(point: Point) -> float:
    """What the point's model scores on test data, which chose nothing."""
    return float(point.run.trace.columns["test_accuracy"][-1])
