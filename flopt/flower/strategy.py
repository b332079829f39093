"""The meter in a server: a mixin that books every round, and ends a training whose budget is spent."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flopt.emissions.network_file import network_facts
from flopt.errors import FloptError
from flopt.flower.ledger import Ledger
from flopt.flower.meter import METER
from flopt.units import BYTES_PER_GB

__all__ = ["TOTALS", "CarbonStrategy"]

TOTALS = {"flopt-co2e-g": "co2e_g", "flopt-energy-j": "energy_j"}
"""Metrics of each evaluation, so that they land in Flower's `Result`: estimated sums so far, in g CO2e and in J."""

if TYPE_CHECKING:
    from flwr.serverapp.strategy import Strategy as _Base
else:
    _Base = object


class CarbonStrategy(_Base):
    """Put it before a strategy of Flower's Message API, and say what to do by `metered`.

        class Mine(CarbonStrategy, FedAvg): ...

        strategy = Mine(fraction_train=0.5).metered("ledger.jsonl", budget_g=50)
        strategy.start(grid, arrays, num_rounds=40)

    Clients bring their numbers by `meter_mod`; those without it are counted as replies that are not metered.
    """

    _ledger: Ledger | None = None
    _budget_g: float | None = None
    _network_g_per_byte: float = 0.0
    _over = False

    def metered(
        self,
        ledger: str | Path | None = None,
        *,
        budget_g: float | None = None,
        network_g_per_kwh: float = 0.0,
        kwh_per_gb: float | None = None,
    ) -> Any:
        """Book into a file, and begin no round that would spend more than `budget_g` (g CO2e); returns the strategy.

        What the next round takes is estimated from the last. The network's share is bytes x `kwh_per_gb` (default:
        the shipped coefficient of fixed lines) x `network_g_per_kwh`, 0 by default: not counted. Raises FloptError
        where the ledger holds another training.
        """
        for name, value in (
            ("budget_g", budget_g),
            ("network_g_per_kwh", network_g_per_kwh),
            ("kwh_per_gb", kwh_per_gb),
        ):
            if value is not None and not 0 <= value < float("inf"):
                raise FloptError(f"metered: {name} = {value!r}: must be a number, at least 0")
        per_gb = network_facts()["network.fixed_kwh_per_gb"].value if kwh_per_gb is None else kwh_per_gb
        self._ledger = Ledger(None if ledger is None else Path(ledger))
        self._budget_g, self._over = budget_g, False
        self._network_g_per_byte = per_gb / BYTES_PER_GB * network_g_per_kwh
        return self

    @property
    def ledger(self) -> Ledger:
        """What was booked so far."""
        if self._ledger is None:
            self._ledger = Ledger()
        return self._ledger

    @property
    def budget_spent(self) -> bool:
        """Whether the budget ended the training before its last round."""
        return self._over

    def configure_train(self, server_round: int, arrays: Any, config: Any, grid: Any) -> Iterable[Any]:
        """As the strategy does; nobody is asked once another round would break the budget."""
        if self._budget_g is not None and not self._over:
            self._over = self.ledger.total("co2e_g") + self.ledger.expected_g() > self._budget_g or self._budget_g == 0
        return [] if self._over else super().configure_train(server_round, arrays, config, grid)  # type: ignore[safe-super]

    def configure_evaluate(self, server_round: int, arrays: Any, config: Any, grid: Any) -> Iterable[Any]:
        """As the strategy does; a round that was trained is scored, and none after it."""
        return [] if self._over else super().configure_evaluate(server_round, arrays, config, grid)  # type: ignore[safe-super]

    def aggregate_train(self, server_round: int, replies: Iterable[Any]) -> tuple[Any, Any]:
        """As the strategy does, without the meter's records."""
        if self._over:
            return None, None
        arrays, metrics = super().aggregate_train(server_round, self._booked(server_round, "train", replies))  # type: ignore[safe-super]
        self._book_metrics(server_round, "train", metrics)
        return arrays, metrics

    def aggregate_evaluate(self, server_round: int, replies: Iterable[Any]) -> Any:
        """As the strategy does, without the meter's records and with `TOTALS` added."""
        if self._over:
            return None
        metrics = super().aggregate_evaluate(server_round, self._booked(server_round, "evaluate", replies))  # type: ignore[safe-super]
        self._book_metrics(server_round, "evaluate", metrics)
        if metrics is None:
            from flwr.app import MetricRecord

            metrics = MetricRecord()
        for name, total in TOTALS.items():
            metrics[name] = self.ledger.total(total)
        return metrics

    def start(
        self,
        grid: Any,
        initial_arrays: Any,
        num_rounds: int = 3,
        timeout: float = 3600,
        train_config: Any = None,
        evaluate_config: Any = None,
        evaluate_fn: Any = None,
    ) -> Any:
        """As the strategy does, with the server's own evaluations booked."""

        def heard(number: int, arrays: Any) -> Any:
            if self._over:
                return None
            metrics = evaluate_fn(number, arrays)
            self._book_metrics(number, "server", metrics)
            return metrics

        own = None if evaluate_fn is None else heard
        return super().start(grid, initial_arrays, num_rounds, timeout, train_config, evaluate_config, own)

    def _booked(self, number: int, phase: str, replies: Iterable[Any]) -> list[Any]:
        """Take the meter's records out of the replies."""
        came = list(replies)
        metered = [reply for reply in came if not reply.has_error() and METER in reply.content]
        rows = [{"client": reply.metadata.src_node_id, **reply.content.pop(METER)} for reply in metered]
        moved = sum(row["download_bytes"] + row["upload_bytes"] for row in rows)
        answered = sum(not reply.has_error() for reply in came)
        self.ledger.add(number, phase, rows, answered, moved * self._network_g_per_byte)
        return came

    def _book_metrics(self, number: int, phase: str, metrics: Any) -> None:
        if metrics:
            self.ledger.add_metrics(number, phase, dict(metrics))
