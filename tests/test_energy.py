"""Energy of a round against rounds that were drawn, settled and added up client by client."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from flopt.emissions.client_cost import client_cost
from flopt.emissions.coefficient import Coefficient
from flopt.emissions.energy import RoundEnergy, cohort, push_energy, round_energy
from flopt.emissions.fleet import Device, Fleet, Group, Link, LinkKind, Server
from flopt.emissions.pricing import NetworkModel, Pricing, rates
from flopt.emissions.settling import settle
from flopt.emissions.work import Work
from flopt.units import J_PER_KWH

Array = NDArray[np.float64]
ROUNDS = 100_000


def of(value: float) -> Coefficient:
    return Coefficient.of(value, "1", "test")


def group(name: str, count: int, lost: int, flop_per_s: float, bps: float, kind: LinkKind = "fixed") -> Group:
    device = Device(name, of(10), of(1), of(3), of(5), of(flop_per_s))
    link = Link(name, of(bps), of(bps / 2), kind)
    return Group(name, device, link, "FRA", count / 20, drop_out=lost / count)


# 20 clients. 1e6 bytes each way, 100 samples of 4e7 FLOP.
#   fast   4e9 FLOP/s, 8 Mbit/s: 1 s down, 1 s of training, 2 s up
#   slow   1e9 FLOP/s, 8 Mbit/s: 1 s, 4 s, 2 s
#   far    2e9 FLOP/s, 2 Mbit/s: 4 s, 2 s, 8 s
SOME = (group("fast", 8, 2, 4e9, 8e6), group("slow", 8, 1, 1e9, 8e6), group("far", 4, 1, 2e9, 2e6, "mobile"))
FLEET = Fleet("three", SOME, Server(of(45), "FRA"))
COUNTS, LOST = np.array([8, 8, 4]), np.array([2, 1, 1])


@dataclass(frozen=True)
class Case:
    """How many updates are wanted, and how rounds go."""

    wanted: int
    over_selection: float = 0.0
    deadline_s: float | None = None
    lossy: bool = True
    network: NetworkModel = "router"

    @property
    def fleet(self) -> Fleet:
        groups = SOME if self.lossy else tuple(replace(group, drop_out=0.0) for group in SOME)
        return replace(FLEET, groups=groups, over_selection=self.over_selection, deadline_s=self.deadline_s)

    @property
    def work(self) -> Work:
        one = np.full(1, 1e6)
        return Work(np.array([float(self.wanted)]), np.full(1, 100.0), np.full(1, 10.0), one, one, 4e7, 20.0)

    def simulated(self, generator: np.random.Generator) -> dict[str, Array]:
        """J of each round by part, all clients together; shape (rounds,)."""
        table = rates(self.fleet, Pricing(network=self.network))
        drawn = int(cohort(self.work, table).drawn.item())
        group_of = np.repeat(np.arange(3), COUNTS)
        reporting = np.concatenate([np.arange(n) >= gone * self.lossy for n, gone in zip(COUNTS, LOST, strict=True)])
        selected = generator.permuted(np.tile(np.arange(20), (ROUNDS, 1)), axis=1)[:, :drawn]
        clients = table.of_clients(group_of)
        everyone = client_cost(np.full(20, 100.0), np.array(1e6), np.array(1e6), 4e7, clients)
        cost, reports = everyone.of(selected), reporting[selected]
        round_s, used = settle(cost.busy_s, reports, self.wanted, self.deadline_s, float(everyone.busy_s.max()))
        ends = round_s[:, np.newaxis]
        until = cost.kwh_until(ends)
        stopped = np.where(reports, until, np.minimum(until, cost.unsent_kwh))
        kwh = {
            "training": used * cost.train_kwh,
            "waiting": used * (ends - cost.busy_s) * clients.wait_w[selected] / J_PER_KWH,
            "download": used * cost.download_kwh,
            "upload": used * cost.upload_kwh,
            "network": used * (cost.network_down_kwh + cost.network_up_kwh),
            "wasted": ~used * stopped,
        }
        busy_s = np.where(reports, np.minimum(ends, cost.busy_s), np.minimum(ends, cost.busy_s - cost.upload_s))
        found = {part: values.sum(axis=1) * J_PER_KWH for part, values in kwh.items()}
        found["busy_s"] = (busy_s + used * (ends - cost.busy_s)).sum(axis=1)
        return {**found, "round_s": round_s, "server": round_s * 45 * 1.1}


def expected(energy: RoundEnergy, name: str) -> float:
    return float(np.sum(getattr(energy, name))) * (1 if name.endswith("_s") else J_PER_KWH)


CASES = [
    Case(6, lossy=False),
    Case(6),
    Case(6, over_selection=0.5, lossy=False),
    Case(6, over_selection=0.5),
    Case(10, over_selection=1.0, network="per_gb"),
    Case(6, deadline_s=8.0),
    Case(6, over_selection=0.5, deadline_s=6.0),  # the slow are stopped while they send, the far while they train
    Case(8, over_selection=0.3, deadline_s=3.0),  # nobody makes it
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_part_agrees_with_100_000_rounds_added_up_client_by_client(case: Case) -> None:
    energy = round_energy(case.work, rates(case.fleet, Pricing(network=case.network)))
    for name, samples in case.simulated(np.random.default_rng([1, CASES.index(case)])).items():
        error = samples.std(ddof=1) / ROUNDS**0.5
        want = expected(energy, name)
        assert abs(samples.mean() - want) <= 3 * error + 1e-10 * max(1.0, want), name


def test_a_round_that_nobody_reaches_by_hand() -> None:
    # All 20 are drawn and stopped after 3 s, 10 wanted; 7.5 W of the router beside the device's own draw.
    #   fast   1 s x 10.5 W + 1 s x 10 W + 1 s x 12.5 W = 33 J; who drops out sends nothing: 20.5 J
    #   slow   1 s x 10.5 W + 2 s x 10 W                = 30.5 J
    #   far    3 s x 10.5 W                             = 31.5 J
    case = Case(10, over_selection=1.0, deadline_s=3.0)
    energy = round_energy(case.work, rates(case.fleet, Pricing(pue=1.2)))
    wasted_j = energy.wasted.ravel() * J_PER_KWH
    assert wasted_j == pytest.approx([6 * 33 + 2 * 20.5, 8 * 30.5, 4 * 31.5], rel=1e-12)
    assert energy.busy_s.ravel() == pytest.approx([6 * 3 + 2 * 2, 24, 12], rel=1e-12)
    assert energy.server.item() * J_PER_KWH == pytest.approx(3 * 45 * 1.2, rel=1e-12)
    assert energy.training.max() == energy.waiting.max() == energy.upload.max() == 0


def test_over_selection_draws_whole_clients_and_never_more_than_there_are() -> None:
    table = rates(replace(FLEET, over_selection=0.3), Pricing())
    one = np.full(5, 1.0)
    who = cohort(Work(np.array([1.0, 5, 10, 18, 20]), one, one, one, one, 1.0, 20.0), table)
    assert who.drawn.tolist() == [2, 7, 13, 20, 20]  # 1.3, 6.5, 13 and 23.4, rounded up
    assert who.wanted.tolist() == [1, 5, 10, 18, 20]
    assert not who.lossless
    assert cohort(Case(5).work, rates(Case(5, lossy=False).fleet, Pricing())).lossless


def test_the_final_push_by_hand() -> None:
    # 10 clients receive the model: 4 fast and 4 slow ones for 1 s, 2 far ones for 4 s, at 3 W and 7.5 W of the router.
    energy = push_energy(Case(6).work, rates(FLEET, Pricing()), np.array([10.0]))
    assert energy.download.ravel() * J_PER_KWH == pytest.approx([12, 12, 24], rel=1e-12)
    assert energy.network.ravel() * J_PER_KWH == pytest.approx([30, 30, 60], rel=1e-12)
    assert energy.busy_s.ravel() == pytest.approx([4, 4, 8], rel=1e-12)
    assert (energy.server.item(), energy.round_s.item()) == (0, 0)


def test_evaluation_by_hand() -> None:
    # A tenth of 20 clients score the model on 10 held-out samples: a third of 4e8 FLOP, after they have received it.
    #   0.8 fast: 1/30 s at 10 W + 10.5 J; 0.8 slow: 2/15 s at 10 W + 10.5 J; 0.4 far: 1/15 s at 10 W + 42 J
    table = rates(FLEET, Pricing(evaluation_fraction=0.1))
    with_it, without = round_energy(Case(6).work, table), round_energy(Case(6).work, rates(FLEET, Pricing()))
    hand_j = [0.8 * (10 / 30 + 10.5), 0.8 * (20 / 15 + 10.5), 0.4 * (10 / 15 + 42)]
    assert with_it.evaluation.ravel() * J_PER_KWH == pytest.approx(hand_j, rel=1e-12)
    extra_s = (with_it.busy_s - without.busy_s).ravel()
    assert extra_s == pytest.approx([0.8 * (1 + 1 / 30), 0.8 * (1 + 2 / 15), 0.4 * (4 + 1 / 15)], rel=1e-9)
    assert with_it.training.tolist() == without.training.tolist()
