"""Ask and tell: the driver's proposals for the same results, and nothing lost between ask and tell."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from threadpoolctl import threadpool_info

import flopt
from flopt.asking.search import TellFirstError
from flopt.asking.trial import Trial
from flopt.catalogue import TOLD
from flopt.errors import FloptError
from flopt.oracles.analytic import analytic
from flopt.plan import Plan
from flopt.results import open_results
from flopt.search import samplers
from flopt.search.books import Books
from flopt.search.proposer import Proposal
from flopt.search.stores.storage import JOURNAL, Journal
from flopt.tuning import tune, write_results

STUDY: dict[str, Any] = {"space": "quick", "lag": 3, "stopping": "none", "replicates": 0, "budget": {"runs": 12}}


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sampler learns after a few runs; and no waiting for disks."""
    monkeypatch.setattr(samplers, "STARTUP_RUNS", 3)
    monkeypatch.setattr(os, "fsync", lambda _: None)


def train(search: flopt.Search, trial: Trial) -> None:
    """What a user's trainer does; its model is the analytic curve."""
    for done in analytic(search.problem.task)(trial.plan, trial.participation, trial.seed):
        trial.report(done)
        if trial.should_stop():
            break
    trial.tell()


def finish(search: flopt.Search) -> list[Plan]:
    while (trial := search.ask()) is not None:
        train(search, trial)
    return list(search.results().plans)


@pytest.fixture(scope="module")
def driven() -> Callable[[dict[str, Any], Path], tuple[Plan, ...]]:
    def drive(study: dict[str, Any], folder: Path) -> tuple[Plan, ...]:
        return tune({**study, "workers": 1, "oracle": "analytic"}, out=folder).plans

    return drive


@pytest.mark.parametrize(
    "change",
    [
        {"budget": {"runs": 12}},
        {"budget": {"rounds": 150}, "stopping": "power-law"},
        {"budget": {"runs": 14}, "replicates": 2},
    ],
    ids=("runs", "rounds", "replicates"),
)
def test_one_after_the_other_gives_what_tune_gives(
    tmp_path: Path, driven: Callable[[dict[str, Any], Path], tuple[Plan, ...]], change: dict[str, Any]
) -> None:
    study = {**STUDY, **change}
    search = flopt.Search(study)
    plans = finish(search)
    assert tuple(plans) == driven(study, tmp_path / "driven")
    assert search.ended == next(iter(study["budget"]))
    assert search.progress().runs == len(plans)
    found = open_results(tmp_path / "driven")
    assert [point.values for point in search.front().points] == [point.values for point in found.front().points]
    ends = [(trace.status, len(trace)) for trace in search.results().traces if trace]
    assert ends == [(trace.status, len(trace)) for trace in found.traces if trace]
    assert (study["stopping"] != "none") == ("stopped" in {status for status, _ in ends})


def test_several_at_once_told_in_any_order_give_the_same(tmp_path: Path) -> None:
    expected = finish(flopt.Search(STUDY))
    search = flopt.Search(STUDY, out=tmp_path)
    opened: list[Trial] = []
    while True:
        try:
            trial = search.ask()
        except TellFirstError:
            train(search, opened.pop())  # the youngest first
            continue
        if trial is None:
            break
        opened.append(trial)
    for trial in opened:
        train(search, trial)
    assert list(search.results().plans) == expected
    assert search.untold() == []


def test_more_than_lag_open_runs_are_refused_in_one_line() -> None:
    search = flopt.Search(STUDY)
    for _ in range(3):
        search.ask()
    line = r"^asked and not told: 0, 1, 2; the next proposal waits for run 0 \(lag = 3\)$"
    with pytest.raises(TellFirstError, match=line) as caught:
        search.ask()
    assert caught.value.numbers == [0, 1, 2]


def test_a_spent_budget_ends_it_though_runs_are_open() -> None:
    search = flopt.Search({**STUDY, "budget": {"runs": 2}})
    opened = [search.ask(), search.ask()]
    assert search.ask() is None
    assert (search.ended, search.untold()) == ("runs", [0, 1])
    for trial in opened:
        assert trial is not None
        train(search, trial)
    assert (search.ask(), search.progress().runs) == (None, 2)


def test_what_is_kept_in_a_database_is_not_told() -> None:
    with pytest.raises(FloptError, match=r"storage = 'postgresql.*': what is told is kept in its folder's") as caught:
        flopt.Search({**STUDY, "storage": "postgresql+psycopg://me:hunter2@localhost/flopt"})
    assert "hunter2" not in str(caught.value)


def test_rounds_that_open_runs_may_use_up_are_waited_for() -> None:
    search = flopt.Search({**STUDY, "budget": {"rounds": 5}})
    trial = search.ask()
    assert trial is not None
    while trial.plan.rounds < 5:
        train(search, trial)
        trial = search.ask()
        assert trial is not None
    with pytest.raises(TellFirstError, match="the open runs may use up all rounds of the budget"):
        search.ask()
    train(search, trial)
    assert search.ask() is None
    assert (search.ended, search.progress().rounds) == ("rounds", 5)


def test_an_untold_run_is_asked_again_under_its_number_and_seed(tmp_path: Path) -> None:
    expected = finish(flopt.Search(STUDY))
    for _ in range(40):  # every third run is abandoned in the middle, with the process
        with flopt.Search(STUDY, out=tmp_path) as search:
            for _ in range(2):
                trial = search.ask()
                if trial is not None:
                    train(search, trial)
            trial = search.ask()
            if trial is None:
                break
            trial.report(0.5, 1.0)
            abandoned = trial
        with flopt.Search(out=tmp_path) as search:
            again = search.ask()
            assert again is not None
            assert (again.number, again.plan, again.seed) == (abandoned.number, abandoned.plan, abandoned.seed)
            assert again.participation.fingerprint == abandoned.participation.fingerprint
            assert again.rounds == []
    assert list(open_results(tmp_path).plans) == expected


def test_another_run_though_one_is_open(tmp_path: Path) -> None:
    with flopt.Search(STUDY, out=tmp_path) as search:
        search.ask()
    with flopt.Search(out=tmp_path) as search:
        another = search.ask_another()
        assert another is not None
        assert (another.number, search.untold()) == (1, [0, 1])
        first = search.ask()
        assert first is not None
        assert first.number == 0
        assert search.trial(0) is first


def test_the_folder_is_one_that_the_other_commands_read(tmp_path: Path) -> None:
    with flopt.Search(STUDY, out=tmp_path) as search:
        finish(search)
        front = search.front()
        with Journal.read(tmp_path) as journal:  # beside the search
            assert {trial.state.name for trial in journal.trials()} == {"COMPLETE"}
    results = write_results(tmp_path)
    assert [point.values for point in results.front().points] == [point.values for point in front.points]
    assert results.problem.oracle == TOLD
    assert results.search_kg > 0


def test_tune_does_not_go_on_with_what_is_told_nor_ask_with_what_is_tuned(tmp_path: Path) -> None:
    with flopt.Search(STUDY, out=tmp_path / "told") as search:
        search.ask()
    with pytest.raises(FloptError, match="oracle is 'told' there and 'analytic' here"):
        tune({**STUDY, "workers": 1, "oracle": "analytic"}, out=tmp_path / "told")
    with pytest.raises(FloptError, match='oracle "told": another program trains the runs of this study'):
        tune(tmp_path / "told" / "study.toml", out=tmp_path / "told")
    tune({**STUDY, "workers": 1, "oracle": "analytic", "budget": {"runs": 1}}, out=tmp_path / "tuned")
    content = (tmp_path / "tuned" / JOURNAL).read_bytes()
    with pytest.raises(FloptError, match="oracle is 'analytic' there and 'told' here"):
        flopt.Search(out=tmp_path / "tuned")
    assert (tmp_path / "tuned" / JOURNAL).read_bytes() == content


def test_a_longer_budget_goes_on(tmp_path: Path) -> None:
    for runs in (4, 12):
        with flopt.Search({**STUDY, "budget": {"runs": runs}}, out=tmp_path) as search:
            plans = finish(search)
    assert plans == finish(flopt.Search(STUDY))


def test_only_one_search_at_a_time_and_none_after_close(tmp_path: Path) -> None:
    search = flopt.Search(STUDY, out=tmp_path)
    trial = search.ask()
    assert trial is not None
    with pytest.raises(FloptError, match="is in use by another flopt"):
        flopt.Search(out=tmp_path)
    search.close()
    with pytest.raises(FloptError, match="this search is closed"):
        search.ask()
    trial.report(0.5, 1.0)
    with pytest.raises(FloptError, match="this search is closed"):
        trial.tell()
    with flopt.Search(out=tmp_path) as search:
        assert search.untold() == [0]


def test_numbers_that_are_not_open_are_refused() -> None:
    search = flopt.Search(STUDY)
    search.ask()
    trial = search.ask()
    assert trial is not None
    train(search, trial)
    with pytest.raises(FloptError, match="run 1 is told already"):
        search.trial(1)
    with pytest.raises(FloptError, match="no run 7 is asked; asked and not told: 0"):
        search.trial(7)


def test_limits_that_no_plan_meets_end_the_search() -> None:
    search = flopt.Search({**STUDY, "limits": {"co2e": {"at_most": 1e-15}}})
    assert search.ask() is None
    assert search.ended == "no plan within the limits"


def test_cpu_seconds_are_those_given_or_else_measured(tmp_path: Path) -> None:
    with flopt.Search(STUDY, out=tmp_path) as search:
        first, second = search.ask(), search.ask()
        assert first is not None
        assert second is not None
        first.report(0.5, 1.0)
        first.tell(cpu_s=7.25)
        assert search.progress().cpu_s == 7.25
        second.report(0.5, 1.0)
        second.tell()
        assert search.progress().cpu_s > 7.25
    assert open_results(tmp_path).cpu_s[0] == 7.25


def test_a_proposal_is_made_on_one_thread_as_the_driver_makes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[set[int]] = []
    propose = Books.propose

    def watched(books: Books) -> Proposal | None:
        taken.append({each["num_threads"] for each in threadpool_info()})
        return propose(books)

    monkeypatch.setattr(Books, "propose", watched)
    flopt.Search(STUDY).ask()
    assert taken == [{1}]
