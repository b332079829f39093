"""`flopt tell`: what came of a run, as JSON from the program that trained it."""

from __future__ import annotations

from pathlib import Path

from flopt.asking.message import parsed
from flopt.asking.search import Search
from flopt.cli.printing import print_json_line
from flopt.results import STUDY_FILE
from flopt.search.stores.database_url import check_journal
from flopt.search.stores.storage import check_there
from flopt.study import load_study

__all__ = ["tell_run"]


def tell_run(folder: Path, text: str | bytes, *, partial: bool) -> None:
    """End the run that the message names; with `partial` only say whether it should stop, and keep nothing."""
    if (folder / STUDY_FILE).is_file():
        check_journal(load_study(folder / STUDY_FILE).storage, "what is told")
    check_there(folder)
    message = parsed(text)
    with Search(out=folder, queue=True) as search:
        trial = search.trial(message.number)
        message.report_to(trial)
        if partial:
            done = len(trial.rounds) == trial.plan.rounds
            why = f"all {trial.plan.rounds} rounds are done" if done else trial.why()
            print_json_line({"number": trial.number, "stop": trial.should_stop(), "why": why})
            return
        message.end(trial)
        trace = search.results().traces[trial.number]
        assert trace is not None
        print_json_line(
            {
                "number": trial.number,
                "status": trace.status,
                "why": trace.reason,
                "rounds": len(trace),
                "untold": search.untold(),
            }
        )
