"""Where a task is trained: refused in one line before anything is loaded."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from flopt.errors import FloptError
from flopt.simulation.device import device
from flopt.simulation.setup import prepare
from flopt.study import study_of
from flopt.task import TaskSource
from flopt.training import simulate

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def test_the_cpu_is_always_there() -> None:
    assert device("cpu") == torch.device("cpu")


def test_other_processors_are_unknown() -> None:
    with pytest.raises(FloptError, match="no device 'cude'; did you mean 'cuda'"):
        device("cude")
    with pytest.raises(FloptError, match="study: device = 'tpu': must be cpu or cuda"):
        study_of({"device": "tpu"})


@pytest.mark.usefixtures("no_gpu")
def test_without_a_gpu_cuda_is_refused_before_the_data_are_read() -> None:
    with pytest.raises(FloptError, match=r"^device = 'cuda': torch .* finds no CUDA GPU on this machine; use device"):
        prepare(TaskSource("absent.npz", device="cuda"))
    with pytest.raises(FloptError, match="finds no CUDA GPU"):
        simulate(task=TaskSource(device="cuda"))


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize("verb", ["tune", "train", "record"])
def test_every_command_that_trains_says_so_in_one_line(command: Command, verb: str) -> None:
    code, out, err = command(verb, "--set", "device=cuda", "--set", "workers=1")
    assert (code, out, err.strip().count("\n")) == (2, "", 0)
    assert "finds no CUDA GPU" in err


def test_the_study_s_device_reaches_the_task() -> None:
    assert study_of({"device": "cuda"}).source() == TaskSource(device="cuda")
    assert study_of({}).source().device == "cpu"
