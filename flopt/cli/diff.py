"""`flopt diff`: two studies side by side, and which part of their difference is physics and which is factors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from flopt.cli.front import tell_repairs
from flopt.cli.printing import note, print_json, print_table
from flopt.errors import FloptError
from flopt.objectives import Objective
from flopt.reading.difference import Difference, Fronts, differences, levels
from flopt.reading.reprice import OLD_PARTICIPATION, changes, mismatch
from flopt.results import Results, open_results, runnable
from flopt.units import quantity

__all__ = ["print_difference"]

_FACTORS = ("fleet", "pricing")
_ASIDE = ("search", "budget", "run", "workers", "executor", "lag")
"""What changes no run: where and how long the search went on."""


def print_difference(first: Path, second: Path, at: Sequence[float] = (), *, as_json: bool) -> int:
    """Print what differs and what it does to the cost of each level; returns 1 where no level is common to both."""
    one, two = open_results(first), open_results(second)
    _comparable(one, two)
    for results in (one, two):
        tell_repairs(results)
    fronts = Fronts(one.front(), _priced(one, two).front(), two.front(), _priced(two, one).front())
    found = differences(fronts, at or levels(fronts))
    facts = {
        "first": str(first),
        "second": str(second),
        "factors": [asdict(change) for change in changes(one.problem, two.problem)],
        "physics": _settings(one, two),
        "runs": _runs(one, two),
        "label": OLD_PARTICIPATION if _moved(one, two) else "",
        "cost": fronts.first.cost.name,
        "gain": next(o.name for o in fronts.first.objectives if o is not fronts.first.cost),
        "levels": [{**asdict(each), "ratio": each.ratio, "factor_share": each.factor_share} for each in found],
    }
    if as_json:
        print_json(facts)
    else:
        _print(facts, found, fronts.first.cost)
    if not found:
        note("no level that both fronts reach")
        return 1
    return 0


def _comparable(one: Results, two: Results) -> None:
    names = [[(o.name, o.direction) for o in each.problem.objectives] for each in (one, two)]
    if names[0] != names[1]:
        text = " and ".join(", ".join(name for name, _ in each) for each in names)
        raise FloptError(f"diff: the studies have other objectives: {text}")
    if len(names[0]) != 2:
        raise FloptError(f"diff: it needs two objectives, not {len(names[0])}")


def _priced(results: Results, prices: Results) -> Results:
    """The runs of one study under the prices of another; without those that its fleet cannot run."""
    other = prices.problem
    problem = replace(
        results.problem,
        fleet=other.fleet,
        pricing=other.pricing,
        population=other.population,
        value_of=other.value_of,
    )
    return runnable(replace(results, problem=problem))[0]


def _moved(one: Results, two: Results) -> bool:
    """Whether other clients would have taken part under the other's prices."""
    return mismatch(one.problem, _priced(one, two).problem, one.plans, one.traces) is not None


def _settings(one: Results, two: Results) -> list[dict[str, Any]]:
    """The keys of the study that decide the runs, where they differ."""
    flat = [each.study.flat() for each in (one, two)]
    names = [name for name in {**flat[0], **flat[1]} if name.split(".")[0] not in (*_FACTORS, *_ASIDE)]
    differ = [name for name in names if flat[0].get(name) != flat[1].get(name)]
    return [{"name": name, "before": flat[0].get(name), "after": flat[1].get(name)} for name in differ]


def _runs(one: Results, two: Results) -> dict[str, int]:
    """How many runs the studies share: the same plan, seed and accuracies."""
    keys = [
        {
            (str(plan.settings()), trace.seed, trace.accuracy.tobytes())
            for plan, trace in zip(each.plans, each.traces, strict=True)
            if trace is not None and trace.status != "failed"
        }
        for each in (one, two)
    ]
    return {"first": len(keys[0]), "second": len(keys[1]), "same": len(keys[0] & keys[1])}


def _print(facts: Mapping[str, Any], found: Sequence[Difference], cost: Objective) -> None:
    for kind in ("factors", "physics"):
        listed = [f"{each['name']} {_text(each['before'])} -> {_text(each['after'])}" for each in facts[kind]]
        print(f"{kind} that differ: {'; '.join(listed) or 'none'}")
    runs = facts["runs"]
    print(f"runs: {runs['first']} and {runs['second']}, {runs['same']} of them the same")
    if facts["label"]:
        print(facts["label"])
    if not found:
        return
    rows = [
        [f"{each.level:.4g}", _value(each.first, cost), _value(each.second, cost)]
        + [f"x {ratio:.3g}" for ratio in (each.ratio, each.factors, each.physics)]
        for each in found
    ]
    print()
    print_table([f"{facts['gain']} of at least", "first", "second", "in all", "factors", "physics"], rows)
    print(
        f"\n{facts['cost']} of reaching each level; in all = factors x physics: the mean of pricing the first study's"
    )
    print("runs as the second's and the other way round")


def _value(value: float, cost: Objective) -> str:
    return quantity(value, cost.unit)


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
