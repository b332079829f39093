"""Interrupts: heard where somebody waits, and nowhere else."""

from __future__ import annotations

import signal
import threading

import pytest

from flopt.search.executors.interrupts import Interrupts


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_kept_until_somebody_waits(number: signal.Signals) -> None:
    with Interrupts() as interrupts:
        signal.raise_signal(number)
        with pytest.raises(KeyboardInterrupt), interrupts.waiting():
            pytest.fail("it was heard only inside")
        with interrupts.waiting(until=2):
            pass
        signal.raise_signal(number)
        with pytest.raises(KeyboardInterrupt), interrupts.waiting(until=2):
            pytest.fail("it was heard only inside")


def test_who_waits_hears_it_at_once() -> None:
    with Interrupts() as interrupts, pytest.raises(KeyboardInterrupt), interrupts.waiting():
        signal.raise_signal(signal.SIGTERM)


def test_the_inner_wait_decides_and_the_outer_one_is_back_after_it() -> None:
    with Interrupts() as interrupts:
        with interrupts.waiting(until=3):
            with interrupts.waiting(until=2):
                signal.raise_signal(signal.SIGINT)
            with pytest.raises(KeyboardInterrupt), interrupts.waiting():
                pytest.fail("one has come")
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt), interrupts.waiting(until=2):
            pytest.fail("two have come")


def test_the_handlers_from_before_are_back_at_the_end() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with Interrupts():
        assert signal.getsignal(signal.SIGTERM) != before[1]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_another_thread_than_the_first_leaves_them_alone() -> None:
    seen = []

    def look() -> None:
        with Interrupts() as interrupts, interrupts.waiting():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]
