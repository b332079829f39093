"""Tuning: a folder with its front; the same for any number of workers, in one go or in several."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

import flopt
from flopt import Plan
from flopt.errors import FloptError
from flopt.search.books import Progress
from flopt.study import load_study, study_of
from flopt.tuning import checked_problem, run_study, write_results

SMALL: dict[str, Any] = {"oracle": "analytic", "space": "quick", "workers": 1, "budget": {"runs": 12}}


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "front.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tuned") / "small"
    flopt.tune(SMALL, out=folder)
    return folder


def test_a_folder_holds_study_journal_table_and_pictures(small: Path) -> None:
    assert {"study.toml", "journal.log", "front.csv", "front.png", "front.svg", "report.html"} <= {
        f.name for f in small.iterdir()
    }
    assert study_of(SMALL) == load_study(small / "study.toml")
    assert (small / "front.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (small / "front.svg").read_text(encoding="utf-8")
    assert not list(small.glob(".*draft"))


def test_two_workers_find_the_front_of_one(small: Path, tmp_path: Path) -> None:
    flopt.tune(SMALL | {"workers": 2}, out=tmp_path / "two")
    for name in ("front.csv", "front.svg"):
        assert (tmp_path / "two" / name).read_bytes() == (small / name).read_bytes()


def test_a_second_call_trains_nothing_and_writes_the_same(small: Path) -> None:
    before = {path.name: path.read_bytes() for path in small.iterdir()}
    results = flopt.tune(SMALL, out=small)
    assert {path.name: path.read_bytes() for path in small.iterdir()} == before
    assert len(results.plans) == 12
    assert len(flopt.tune(SMALL | {"budget": {"runs": 3}}, out=small).plans) == 12  # a smaller budget keeps them
    assert (small / "front.csv").read_bytes() == before["front.csv"]
    assert (small / "journal.log").read_bytes() == before["journal.log"]


def test_a_larger_budget_goes_on_and_ends_where_one_go_ends(small: Path, tmp_path: Path) -> None:
    for runs in (5, 6, 12):
        flopt.tune(SMALL | {"budget": {"runs": runs}}, out=tmp_path / "steps")
    assert (tmp_path / "steps" / "front.csv").read_bytes() == (small / "front.csv").read_bytes()


def test_what_decides_the_outcome_may_not_change_and_what_does_not_may(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    flopt.tune(SMALL | {"budget": {"runs": 2}}, out=folder)
    flopt.tune(SMALL | {"budget": {"runs": 2}, "workers": 2, "search": {"country": "FRA"}}, out=folder)
    for changed in ({"seed": 1}, {"lag": 9}, {"task": {"model": "logreg"}}, {"fleet": {"use": "jetson_lab"}}):
        with pytest.raises(FloptError, match=f"holds another study: .*{next(iter(changed))}"):
            flopt.tune(SMALL | {"budget": {"runs": 2}} | changed, out=folder)


def test_a_study_may_be_a_file_a_table_or_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "space.toml").write_text("[rounds]\nlow = 2\nhigh = 4\n", encoding="utf-8")
    text = 'oracle = "analytic"\nspace = "space.toml"\nworkers = 1\n[budget]\nruns = 3\n'
    (tmp_path / "s.toml").write_text(text, encoding="utf-8")
    by_file = flopt.tune("s.toml", out="by file")
    table = {"oracle": "analytic", "space": "space.toml", "workers": 1, "budget": {"runs": 3}}
    by_table = flopt.tune(table, out=tmp_path / "by table")
    assert rows(tmp_path / "by file") == rows(tmp_path / "by table")
    assert by_file.study == by_table.study
    assert all(2 <= plan.rounds <= 4 for plan in by_file.plans)


def test_the_front_of_a_folder_is_the_one_in_its_table(small: Path) -> None:
    front, table = flopt.front(small), rows(small)
    assert len(front) == len(table) > 3
    for point, row in zip(front.points, table, strict=True):
        assert (point.number, point.run.rounds) == (int(row["run"]), int(row["round"]))
        assert point.values == {"accuracy": float(row["accuracy"]), "co2e": float(row["co2e_kg"])}


def test_a_prediction_without_any_training() -> None:
    run = flopt.estimate(Plan(rounds=10))
    assert run.whole_trace is None
    assert run.rounds == 10
    assert flopt.estimate().plan == Plan()
    france = flopt.estimate(Plan(rounds=10), study={"pricing": {"country": "FRA"}})
    assert france.energy_kwh == run.energy_kwh
    assert france.co2e_kg == pytest.approx(run.energy_kwh * 0.044179, rel=1e-12)


def test_one_objective_is_enough(tmp_path: Path) -> None:
    goal = SMALL | {"objectives": ["co2e"], "limits": {"accuracy": {"at_least": 0.6}}}
    results = flopt.tune(goal, out=tmp_path / "one")
    (point,) = results.front().points
    assert point.run.accuracy >= 0.6
    cheapest = min(
        candidate.run.until(r).co2e_kg
        for candidate in results.candidates()
        for r in range(1, candidate.run.length + 1)
        if candidate.run.until(r).accuracy >= 0.6
    )
    assert point.values == {"co2e": cheapest}
    assert (tmp_path / "one" / "front.svg").is_file()


def test_a_user_s_objective_is_searched_and_stands_in_the_table(tmp_path: Path) -> None:
    (tmp_path / "water.py").write_text(
        "from flopt import objective\n"
        "@objective(direction='minimize', unit='L')\n"
        "def water(run):\n    return 1.8 * run.energy_kwh\n",
        encoding="utf-8",
    )
    goal = SMALL | {"objectives": ["accuracy", f"{tmp_path}/water.py"]}
    results = flopt.tune(goal, out=tmp_path / "own")
    for row in rows(tmp_path / "own"):
        assert float(row["water_L"]) == pytest.approx(1.8 * float(row["expected_energy_kwh"]), rel=1e-15)
    assert results.problem.known() == (False, True)


def test_an_objective_that_breaks_on_what_is_learned_is_told_before_training(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(
        "from flopt import objective\n"
        "@objective(direction='minimize', unit='')\n"
        "def bad(run):\n    return run.accuracy / 0\n",
        encoding="utf-8",
    )
    for change in ({"objectives": ["co2e", f"{tmp_path}/bad.py"]}, {"limits": {f"{tmp_path}/bad.py": {"at_most": 1}}}):
        with pytest.raises(FloptError, match=r"objective 'bad' \(.*bad\.py:2\) failed .*ZeroDivisionError"):
            flopt.tune(SMALL | change, out=tmp_path / "never")
    assert not (tmp_path / "never").exists()


def test_the_problem_is_checked_as_a_search_would_meet_it() -> None:
    assert checked_problem(study_of(SMALL)).oracle == "analytic"
    for change, word in ((("sampler", "tp"), "no sampler 'tp'"), (("oracle", "analytical"), "no oracle 'analytical'")):
        with pytest.raises(FloptError, match=word):
            checked_problem(study_of(SMALL | dict([change])))


def test_a_space_of_which_a_table_knows_no_plan_is_refused_before_the_search(tmp_path: Path) -> None:
    (tmp_path / "long.toml").write_text("[rounds]\nlow = 101\nhigh = 300\n", encoding="utf-8")
    (tmp_path / "some.toml").write_text("[rounds]\nlow = 100\nhigh = 300\n", encoding="utf-8")
    (tmp_path / "none.toml").write_text("[local_epochs]\nlow = 1\nhigh = 5\n", encoding="utf-8")
    for oracle in ("recorded", ["recorded", "simulated"]):
        table = {"oracle": oracle, "workers": 1}
        with pytest.raises(FloptError, match="'recorded' knows 100 rounds of a plan; every plan here has 101 or more"):
            checked_problem(study_of(table | {"space": f"{tmp_path}/long.toml"}))
        with pytest.raises(FloptError, match="every plan here has 500 or more"):
            checked_problem(study_of(table | {"space": f"{tmp_path}/none.toml", "plan": {"rounds": 500}}))
        checked_problem(study_of(table | {"space": f"{tmp_path}/some.toml"}))


def test_plans_that_the_fleet_cannot_run_are_passed_over(tmp_path: Path) -> None:
    fleet = (
        "[server]\ncountry = 'FRA'\n[round]\nover_selection = 0.3\ndeadline_s = 60\n"
        "[[group]]\nshare = 1.0\ndevice = 'phone'\nlink = 'home_wifi'\ncountry = 'FRA'\ndrop_out = 0.1\n"
    )
    (tmp_path / "lossy.toml").write_text(fleet, encoding="utf-8")
    study = SMALL | {"fleet": {"use": f"{tmp_path}/lossy.toml"}, "budget": {"runs": 5}}
    for size in ({}, {"population": 1e6}):
        results = flopt.tune(study | {"fleet": study["fleet"] | size}, out=tmp_path / f"s{len(size)}")
        assert results.failed == {}
        assert len(results.front())
        for plan in results.plans:  # a round draws three in ten more than it wants, of 14 clients
            assert results.problem.task.clients_per_round(plan.client_fraction) <= 10


def test_progress_tells_of_every_run(tmp_path: Path) -> None:
    told: list[Progress] = []
    end = run_study(study_of(SMALL | {"budget": {"runs": 4}}), tmp_path / "s", told.append)
    assert [progress.runs for progress in told] == [1, 2, 3, 4]
    assert (end.runs, end.failed, end.ended, end.repaired_bytes) == (4, 0, "runs", 0)
    assert end.rounds == sum(len(trace or ()) for trace in write_results(tmp_path / "s").traces)


def test_a_budget_of_rounds_is_not_overspent(tmp_path: Path) -> None:
    end = run_study(study_of(SMALL | {"budget": {"rounds": 60}}), tmp_path / "s")
    assert (end.ended, end.rounds) == ("rounds", 60)
