"""`flopt record`: real runs kept as a table, which the oracle `recorded` serves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress

from flopt.oracles.recorded import Lookup
from flopt.recording import record_table
from flopt.results import problem_of
from flopt.study import load_study

__all__ = ["record_study"]


def record_study(file: Path | None, settings: Sequence[str], plans: int, seeds: int, rounds: int, out: Path) -> None:
    """Record, and say how far the table errs between its plans."""
    study = load_study(file, settings)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        runs = bar.add_task("runs", total=plans * seeds)
        table = record_table(
            study, plans, seeds, rounds, out, lambda done, total: bar.update(runs, completed=done, total=total)
        )
    band = Lookup.of(table, problem_of(study).task).error_band()
    print(f"written: {out}: {plans} plans x {seeds} seeds x {rounds} rounds, {out.stat().st_size / 1e6:.2f} MB")
    failed = int(np.isnan(table.curves["accuracy"][:, :, -1]).sum())
    if failed:
        print(f"{failed} of {plans * seeds} runs failed: their curves end there, and fail again when looked up")
    if np.isnan(band).all():
        print("too few plans to interpolate: only the recorded ones can be looked up")
    else:
        print(f"accuracy between plans: RMS error {band[-1]:.4f} after {rounds} rounds (leave one plan out)")
