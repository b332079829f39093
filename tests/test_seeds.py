"""Streams are equal by equal path, different otherwise, and the same on every machine."""

from __future__ import annotations

import subprocess
import sys

import pytest

from flopt.seeds import stream, stream_seed


def test_equal_paths_draw_equal_numbers() -> None:
    assert stream(7, "clients", 3).random() == stream(7, "clients", 3).random()
    assert stream_seed(7, "clients", 3) == stream_seed(7, "clients", 3)


def test_other_seeds_and_other_paths_draw_other_numbers() -> None:
    paths: list[tuple[int, tuple[str | int, ...]]] = [
        (7, ()), (8, ()), (7, ("clients",)), (7, ("batches",)), (7, ("clients", 0)), (7, ("clients", 1)),
        (7, (0, "clients")), (7, ("clients", 0, 1)), (7, ("clients", 1, 0)),
    ]  # fmt: skip
    assert len({stream(seed, *path).random() for seed, path in paths}) == len(paths)
    assert len({stream_seed(seed, *path) for seed, path in paths}) == len(paths)


def test_known_values_do_not_change() -> None:
    assert stream(0, "clients", 1).integers(1000, size=4).tolist() == [98, 385, 666, 993]
    assert stream_seed(0, "clients", 1) == 2478681269


def test_a_new_process_draws_the_same() -> None:
    program = "from flopt.seeds import stream_seed; print(stream_seed(0, 'clients', 1))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(done.stdout) == stream_seed(0, "clients", 1)


@pytest.mark.parametrize("path", [(), ("search", 12)])
def test_a_stream_seed_fits_32_bits(path: tuple[str | int, ...]) -> None:
    assert 0 <= stream_seed(2**40, *path) < 2**32
