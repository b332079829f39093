"""The search in the hands of a program that trains by itself: ask for a run, report its rounds, tell."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from flopt.asking.trial import Trial
from flopt.catalogue import TOLD
from flopt.errors import FloptError
from flopt.fronts import Front
from flopt.results import STUDY_FILE, Results, results_of
from flopt.search.books import Books, Progress
from flopt.search.executors.memory import Memory
from flopt.search.executors.threads import one_thread
from flopt.search.stores.database_url import check_journal
from flopt.search.stores.storage import Journal
from flopt.study import Study, load_study, study_of
from flopt.trace import Trace
from flopt.tuning import checked_problem, identity, strategy_of, write_study

__all__ = ["NO_PLAN", "Search", "TellFirstError"]

NO_PLAN = "no plan within the limits"


class TellFirstError(FloptError):
    """No run can be asked for before one that is open is told."""

    def __init__(self, numbers: list[int], why: str) -> None:
        super().__init__(
            f"asked and not told: {', '.join(map(str, numbers))}; the next proposal waits for run {numbers[0]} ({why})"
        )
        self.numbers = numbers


class Search:
    """A search whose runs somebody else trains; flopt proposes them, prices them and judges them.

    `study` is the path of a study file, its content as a dict, or None for the shipped study or that of `out`; its
    oracle is always `told`. With `out`, all is kept in that folder, and the same call goes on from there: a run that
    was asked and never told is asked again under the same number and seed. Without, it lives in memory. Equal
    results lead to equal proposals, those that `flopt tune` makes. With `queue`, others that queue for the folder are
    waited for, instead of refused.
    """

    def __init__(
        self,
        study: Study | str | os.PathLike[str] | Mapping[str, Any] | None = None,
        *,
        out: str | os.PathLike[str] | None = None,
        queue: bool = False,
    ) -> None:
        folder = None if out is None else Path(out)
        self.study = _read(study, folder).model_copy(update={"oracle": TOLD})
        self.problem = checked_problem(self.study, trained_here=False)
        self.ended = ""
        """Why `ask` gave None: a bound of the budget by its name, or that no plan keeps to the limits."""
        self._handed: dict[int, Trial] = {}
        self._cpu_mark_s = time.process_time()
        with ExitStack() as stack:
            self._journal = self._opened(folder, stack, queue=queue)
            self._books = Books(self.problem, strategy_of(self.study), self._journal)
            self._open = stack.pop_all()
        self._closed = False

    def ask(self) -> Trial | None:
        """The next run to train; None where the search has ended, see `ended`.

        First come runs that were asked before a restart and never told. Several may be open at once: raises
        TellFirstError where `lag` are, or where the open ones may use up all rounds of the budget.
        """
        return next((self._hand(number) for number in self.untold() if number not in self._handed), None) or (
            self.ask_another()
        )

    def ask_another(self) -> Trial | None:
        """A run that was never asked before, whatever else is open; None where the search has ended."""
        self._check_open()
        self._advance()
        if not self.ended and not self._books.due():
            raise TellFirstError(self.untold(), self._waits())
        with one_thread():  # as the driver does: the bits of a proposal may depend on it
            if not self.ended and self._books.propose() is None:
                self.ended = NO_PLAN
        return None if self.ended else self._hand(len(self._books.proposals) - 1)

    def untold(self) -> list[int]:
        """Numbers of the runs that are asked and not told."""
        return self._books.untrained()

    def trial(self, number: int) -> Trial:
        """The run of that number, which is asked and not told."""
        if number not in self.untold():
            asked = 0 <= number < len(self._books.proposals)
            runs = ", ".join(map(str, self.untold())) or "none"
            raise FloptError(
                f"run {number} is told already" if asked else f"no run {number} is asked; asked and not told: {runs}"
            )
        return self._handed.get(number) or self._hand(number)

    def progress(self) -> Progress:
        """Runs, failures and rounds so far."""
        return self._books.progress(self.ended)

    def results(self) -> Results:
        """All runs so far, as `flopt front` and the reports read them."""
        return results_of(self.study, self.problem, self._journal)

    def front(self) -> Front:
        """The front so far; its points go from cheap to dear."""
        return self.results().front()

    def close(self) -> None:
        """Let go of the folder, so that others may write to it; the results can still be read."""
        self._closed = True
        self._open.close()

    def __enter__(self) -> Search:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _opened(self, folder: Path | None, stack: ExitStack, *, queue: bool) -> Journal | Memory:
        directions = [objective.direction for objective in self.problem.objectives]
        check_journal(self.study.storage, "what is told")
        if folder is None:
            return Memory(directions)
        if queue:
            stack.enter_context(_queued(folder))
        made = Journal.create_or_open(folder, directions, identity(self.study, self.problem))
        journal = stack.enter_context(made)
        write_study(self.study, folder)
        return journal

    def _hand(self, number: int) -> Trial:
        def told(trace: Trace, cpu_s: float | None) -> None:
            self._check_open()
            self._books.store(number, trace, self._cpu_s() if cpu_s is None else cpu_s)
            self._handed.pop(number, None)
            self._advance()

        self._handed[number] = Trial(number, self._books.proposals[number], self.problem, told)
        return self._handed[number]

    def _advance(self) -> None:
        """Show the next proposal all that it is to see, or end; then all is told that there is."""
        runs = self.study.budget.runs
        while True:
            if not self.ended and self._books.due():
                self.ended = self._books.ended()
                if not self.ended:
                    return
            elif runs is not None and len(self._books.proposals) >= runs:
                self.ended = self.ended or "runs"  # whatever the open runs will tell
            if not self._books.tell_next():
                return

    def _waits(self) -> str:
        behind = len(self._books.proposals) - self._books.progress().runs >= self.study.lag
        return f"lag = {self.study.lag}" if behind else "the open runs may use up all rounds of the budget"

    def _cpu_s(self) -> float:
        """CPU seconds of this process since they were last counted."""
        before, self._cpu_mark_s = self._cpu_mark_s, time.process_time()
        return self._cpu_mark_s - before

    def _check_open(self) -> None:
        if self._closed:
            raise FloptError("this search is closed")


@contextmanager
def _queued(folder: Path) -> Iterator[None]:
    """Wait for those that have the folder for a moment only; the kernel lets go of it for one that dies."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        queue = os.open(folder / "queue.lock", os.O_CREAT | os.O_RDWR)
    except OSError as error:
        raise FloptError(f"{folder}: {error.strerror}") from None
    try:
        fcntl.flock(queue, fcntl.LOCK_EX)
        yield
    finally:
        os.close(queue)


def _read(study: Study | str | os.PathLike[str] | Mapping[str, Any] | None, folder: Path | None) -> Study:
    """The study that is given, or else that of the folder, or else the shipped one."""
    if isinstance(study, Study):
        return study
    if isinstance(study, Mapping):
        return study_of({"workers": 1, **study}).anchored(Path())  # with one, every lag is allowed
    if study is not None:
        return load_study(Path(study))
    stored = None if folder is None else folder / STUDY_FILE
    return load_study(stored if stored is not None and stored.is_file() else None)
