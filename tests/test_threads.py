"""Threads: the driver's linear algebra takes one, and gives the others back."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from flopt.search.executors.threads import one_thread


def taken() -> list[int]:
    np.linalg.inv(np.eye(2))  # its library is loaded
    return [each["num_threads"] for each in threadpool_info()]


def test_all_that_is_loaded_takes_one_thread_meanwhile() -> None:
    taken()
    with threadpool_limits(2):  # as a machine with cores to spare would have it
        before = taken()
        assert 2 in before
        with one_thread():
            assert set(taken()) == {1}
        assert taken() == before
