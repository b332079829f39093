from __future__ import annotations

import threading

import pytest

from flopt.flower.pace import Stop, Turns, paced


def test_items_come_one_at_a_time_and_the_app_waits_for_each_to_be_asked_for() -> None:
    done: list[int] = []

    def app(turns: Turns[int]) -> None:
        for number in range(3):
            done.append(number)
            turns.give(number)

    running = paced(app)
    assert done == []
    assert [next(running), list(done)] == [0, [0]]
    assert list(running) == [1, 2]


def test_what_the_app_raises_is_raised_where_it_is_iterated() -> None:
    def app(turns: Turns[int]) -> None:
        turns.give(1)
        raise ValueError("no")

    running = paced(app)
    assert next(running) == 1
    with pytest.raises(ValueError, match="no"):
        next(running)


def test_closing_stops_the_app_past_every_except_exception() -> None:
    seen: list[str] = []

    def app(turns: Turns[int]) -> None:
        while True:
            try:
                turns.give(1)
            except Exception:
                seen.append("swallowed")
            except Stop:
                seen.append("stopped")
                raise

    threads = threading.active_count()
    running = paced(app)
    next(running)
    running.close()  # type: ignore[attr-defined]
    assert (seen, threading.active_count()) == (["stopped"], threads)
