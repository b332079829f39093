from __future__ import annotations

import random
import subprocess
import sys
import threading

import numpy as np
import torch

from flopt.flower.randomness import isolated, seeded, undisturbed


def drawn() -> tuple[float, float, float]:
    return random.random(), float(np.random.rand()), float(torch.rand(1))  # noqa: NPY002


def test_equal_seeds_draw_the_same_and_afterwards_everything_goes_on() -> None:
    random.seed(1)
    before = random.getstate()
    with seeded(3, "server"):
        first = drawn()
    assert random.getstate() == before
    with seeded(3, "server"):
        assert drawn() == first
    with seeded(4, "server"):
        assert drawn() != first


def test_what_a_client_draws_changes_nothing_for_the_others() -> None:
    with seeded(3, "server"):
        with isolated(3, "train", 1, 1):
            one = drawn()
        between = drawn()
        with isolated(3, "train", 1, 2):
            assert drawn() != one
    with seeded(3, "server"):
        assert drawn() == between


def test_a_fresh_process_draws_what_one_draws_that_has_loaded_torch_before() -> None:
    script = "from flopt.flower.randomness import seeded\n"
    script += "for _ in range(2):\n  with seeded(3, 'server'):\n    import torch\n    print(float(torch.rand(1)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    first, second = done.stdout.split()
    assert first == second


def test_other_threads_draw_nothing_of_an_undisturbed_one() -> None:
    with seeded(3, "server"):
        first = [drawn() for _ in range(3)]
    before = random.uniform
    with undisturbed(), seeded(3, "server"):
        second = []
        for _ in range(3):
            other = threading.Thread(target=lambda: (random.seed(1), random.uniform(0, 1), random.sample([1, 2, 3], 2)))
            other.start()
            other.join()
            second.append(drawn())
    assert second == first
    assert random.uniform == before
