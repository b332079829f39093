"""`flopt ask`: the next run, as JSON for a program that trains by itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flopt.asking.search import Search, TellFirstError
from flopt.asking.trial import Trial
from flopt.cli.printing import print_json_line, why_ended
from flopt.errors import FloptError
from flopt.results import STUDY_FILE
from flopt.search.budget import NO_PLAN
from flopt.search.obstacle import find_obstacle
from flopt.study import Study, load_study

__all__ = ["ask_run"]


def ask_run(
    folder: Path, file: Path | None, settings: Sequence[str], objectives: Sequence[str], *, another: bool
) -> int:
    """Print one JSON object on one line; returns 0, or 1 where there is no run to train now."""
    study = _study(folder, file, settings, objectives)
    if study.budget.minutes is not None:
        raise FloptError(
            "budget.minutes: no clock runs between one flopt ask and the next; give runs, rounds, search_kg"
        )
    with Search(study, out=folder, queue=True) as search:
        try:
            trial = search.ask_another() if another else search.ask()
        except TellFirstError as error:
            print_json_line({"number": None, "untold": error.numbers, "why": str(error)})
            return 1
        if trial is None:
            print_json_line({"number": None, "untold": search.untold(), "why": _why(search)})
            return 1
        print_json_line(_told(trial, search))
    return 0


def _study(folder: Path, file: Path | None, settings: Sequence[str], objectives: Sequence[str]) -> Study:
    """The study of the file, or of the folder, or the shipped one, with what the command line changes."""
    stored = folder / STUDY_FILE
    options = {"objectives": tuple(objectives)} if objectives else {}
    # With one worker every lag is allowed: how many train at once is not flopt's to say here.
    return load_study(file or (stored if stored.is_file() else None), settings, {"workers": 1, **options})


def _why(search: Search) -> str:
    found = find_obstacle(search.problem) if search.ended == NO_PLAN else None
    return str(found or why_ended(search.ended))


def _told(trial: Trial, search: Search) -> dict[str, Any]:
    footprint = trial.predicted.footprint
    return {
        "number": trial.number,
        "seed": trial.seed,
        "rounds": trial.plan.rounds,
        "plan": trial.plan.settings(),
        "drawn": trial.participation.selected.tolist(),
        "clients": trial.clients,
        "expected_energy_kwh_so_far": footprint.energy_kwh.total.tolist(),
        "expected_co2e_kg_so_far": footprint.co2e_kg.total.tolist(),
        "untold": search.untold(),
    }
