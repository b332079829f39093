"""Re-pricing: the same runs on another fleet, in another country, with other factors; nothing is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from flopt.emissions.fleet import Fleet
from flopt.emissions.network_file import network_facts
from flopt.emissions.pricing import Pricing
from flopt.errors import FloptError
from flopt.plan import Plan
from flopt.search.problem import Problem
from flopt.trace import Trace

__all__ = ["OLD_PARTICIPATION", "Change", "Mismatch", "changes", "mismatch", "same_draw", "without_effect"]

OLD_PARTICIPATION = "accuracy of the old participation"
"""What every output says where other clients would have taken part under the new price."""

_NETWORK_OF = {"router_w": "router", "kwh_per_gb": "per_gb"}
"""The network model that reads a factor."""

Value = str | float | bool | None


@dataclass(frozen=True)
class Change:
    """One setting that differs between two prices."""

    name: str
    before: Value
    after: Value

    def __str__(self) -> str:
        return f"{self.name} {_text(self.before)} -> {_text(self.after)}"


@dataclass(frozen=True)
class Mismatch:
    """A run in which other clients would have taken part."""

    number: int
    reason: str

    def __str__(self) -> str:
        return f"run {self.number}: {self.reason}"


def changes(before: Problem, after: Problem) -> list[Change]:
    """What differs between the prices of two problems; defaults are resolved to what they stand for."""
    old, new = _facts(before), _facts(after)
    shipped = [name for name in _NETWORK_OF if getattr(before.pricing, name) is getattr(after.pricing, name) is None]
    found = [Change(name, old[name], new[name]) for name in old if old[name] != new[name] and name not in shipped]
    if before.fleet.name == after.fleet.name and before.fleet != after.fleet:
        found.insert(0, Change("fleet", before.fleet.name, f"{after.fleet.name} (another of this name)"))
    return found


def without_effect(found: Sequence[Change], after: Problem) -> list[str]:
    """The changes that the network model in use does not read, each as a line."""
    model = after.pricing.network
    return [
        f"{change.name} has no effect: only the network model {_NETWORK_OF[change.name]} reads it, this is {model}"
        for change in found
        if _NETWORK_OF.get(change.name, model) != model
    ]


def mismatch(before: Problem, after: Problem, plans: Sequence[Plan], traces: Sequence[Trace | None]) -> Mismatch | None:
    """The first run in which the new problem would select or use other clients, or run none; None where there is none.

    Each run's participation is drawn anew with the run's seed and compared with the trace's fingerprint, unless the
    two problems cannot differ in it.
    """
    if same_draw(before, after):
        return None
    for number, (plan, trace) in enumerate(zip(plans, traces, strict=True)):
        if trace is not None and trace.status != "failed":
            reason = _reason(before, after, plan, trace)
            if reason:
                return Mismatch(number, reason)
    return None


def same_draw(before: Problem, after: Problem) -> bool:
    """Whether two problems cannot differ in who takes part."""
    return (_complete(before.fleet) and _complete(after.fleet)) or _drawing(before) == _drawing(after)


def _reason(before: Problem, after: Problem, plan: Plan, trace: Trace) -> str:
    try:
        found = after.participation(plan, trace.seed).fingerprint
    except FloptError as error:
        return str(error)
    if found == trace.participation:
        return ""
    what = ", ".join(name for name, value in _drawing(before).items() if _drawing(after)[name] != value)
    return f"with seed {trace.seed} other clients would take part than did ({what or 'drawn anew'})"


def _complete(fleet: Fleet) -> bool:
    """Whether all who are drawn take part, from all clients at all hours: on which devices then makes no difference."""
    lossless = fleet.deadline_s is None and fleet.over_selection == 0
    return lossless and all(group.drop_out == 0 and set(group.availability) == {1.0} for group in fleet.groups)


def _drawing(problem: Problem) -> dict[str, object]:
    """All that decides who takes part, under the name that a message gives it."""
    fleet, groups = problem.fleet, problem.fleet.groups
    return {
        "over_selection": fleet.over_selection,
        "deadline_s": fleet.deadline_s,
        "drop_out": [group.drop_out for group in groups],
        "availability": [(group.availability, group.utc_offset_h) for group in groups],
        "shares": [group.share for group in groups],
        "speeds": [
            (g.device.throughput.value, g.device.throughput.unit, g.link.down_bps.value, g.link.up_bps.value)
            for g in groups
        ],
        "start": problem.pricing.start,
    }


def _facts(problem: Problem) -> dict[str, Value]:
    """Every choice of a price under its name, None replaced by what it stands for."""
    pricing, moved = problem.pricing, problem.fleet.moved(problem.pricing.country, problem.pricing.server_country)
    kinds = sorted({group.link.kind for group in moved.groups})
    per_gb = {kind: network_facts()[f"network.{kind}_kwh_per_gb"].value for kind in kinds}
    shipped: dict[str, Value] = {
        "pue": float(problem.pricer.rates.pue),
        "country": ", ".join(sorted({group.country for group in moved.groups})),
        "server_country": moved.server.country,
        "router_w": network_facts()["network.router_w"].value,
        "kwh_per_gb": ", ".join(f"{kind} {value:g}" for kind, value in per_gb.items()),
        "grid": "shipped",
    }
    chosen = {field.name: getattr(pricing, field.name) for field in fields(Pricing)}
    resolved = {name: shipped.get(name) if value is None else value for name, value in chosen.items()}
    own_grid = {"server_country": shipped["server_country"], "country": shipped["country"]}
    return {"fleet": problem.fleet.name, **resolved, **own_grid, "population": problem.population or _clients(problem)}


def _clients(problem: Problem) -> float:
    return float(problem.task.clients)


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, int | float) else str(value)
