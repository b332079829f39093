"""A study in memory holds what a journal holds."""

from __future__ import annotations

from pathlib import Path

from flopt.search.executors.memory import Memory
from flopt.search.samplers import propose
from flopt.search.stores.storage import Journal
from flopt.space import IntAxis, Space
from flopt.trace import Round, Trace

SPACE = Space("small", {"rounds": IntAxis(1, 6)})
TRACE = Trace.of([Round(0.5, 1.0, 2, 30, 40, 50)], seed=1, participation="abc")


def test_it_holds_what_a_journal_holds(tmp_path: Path) -> None:
    memory = Memory(["maximize"])
    with Journal.create_or_open(tmp_path, ["maximize"], {}) as journal:
        for store in (memory, journal):
            for seed in range(4):
                store.add(propose("random", SPACE, ["maximize"], [], [False], seed), {"seed": seed})
            assert store.trace(0) is None
            for number in range(3):
                store.record(number, TRACE, 1.5)
            store.tell(0, [0.5])
            store.tell(1, None)
            store.tell(2, [0.5], stopped=True)
        seen = [
            [
                (each.number, each.params, each.state, each.values, each.user_attrs.get("cpu_s"))
                for each in store.trials()
            ]
            for store in (memory, journal)
        ]
        assert seen[0] == seen[1]
        for number in range(4):
            one, other = memory.trace(number), journal.trace(number)
            assert (one and one.to_json()) == (other and other.to_json())
