"""The file of a stopped training: read back as it was written, refused in one line where it is anything else."""

from __future__ import annotations

import hashlib
import io
import math
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flopt.errors import FloptError
from flopt.simulation.checkpoint import Checkpoint
from flopt.trace import Round

ROUNDS = [
    Round(0.1, math.pi, 3, 120, 2**40 + 1, 8, test_accuracy=0.3),
    Round(np.float64(1 / 3), 0.7, clients=0, samples=0, download_bytes=8, upload_bytes=0),
]
WEIGHTS = [torch.linspace(-1, 1, 5), torch.zeros(2, 2, dtype=torch.float64)]
STATE = {"server": {"weights": WEIGHTS, "values": [0.1]}}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    return Checkpoint(tmp_path / "kept" / "run.ckpt", "0123456789ab")


def test_what_is_written_is_read_back(checkpoint: Checkpoint) -> None:
    assert checkpoint.read() is None
    checkpoint.write(ROUNDS, STATE)
    found = checkpoint.read()
    assert found is not None
    rounds, state = found
    assert rounds == ROUNDS
    assert [type(value) for value in vars(rounds[1]).values()] == [float, float, int, int, int, int, *[float] * 4]
    for ours, theirs in zip(state["server"]["weights"], WEIGHTS, strict=True):
        assert (ours.dtype, ours.tolist()) == (theirs.dtype, theirs.tolist())
    assert state["server"]["values"] == [0.1]


def test_a_later_one_takes_its_place_and_nothing_else_is_left(checkpoint: Checkpoint) -> None:
    for rounds in (ROUNDS[:1], ROUNDS):
        checkpoint.write(rounds, STATE)
        found = checkpoint.read()
        assert found is not None
        assert len(found[0]) == len(rounds)
    assert os.listdir(checkpoint.file.parent) == ["run.ckpt"]


def test_one_that_cannot_be_written_leaves_the_last(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint.write(ROUNDS, STATE)
    before = checkpoint.file.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        checkpoint.write(ROUNDS[:1], STATE)
    assert checkpoint.file.read_bytes() == before
    assert os.listdir(checkpoint.file.parent) == ["run.ckpt"]


def test_another_run_s_file_is_refused(checkpoint: Checkpoint) -> None:
    Checkpoint(checkpoint.file, "ba9876543210").write(ROUNDS, STATE)
    with pytest.raises(FloptError, match=r"^of another run: plan, task, seed, participants or versions differ$"):
        checkpoint.read()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.data())
def test_a_torn_or_altered_file_is_never_taken(checkpoint: Checkpoint, data: st.DataObject) -> None:
    checkpoint.write(ROUNDS, STATE)
    whole = checkpoint.file.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    torn = data.draw(st.booleans())
    flip = data.draw(st.integers(1, 255))
    broken = whole[:place] if torn else whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :]
    checkpoint.file.write_bytes(broken)
    with pytest.raises(FloptError) as refused:
        checkpoint.read()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"\n", b"\x00" * 100, b"flopt-checkpoint-1 0123456789ab\n", b"a b c\n"])
def test_some_other_file_is_no_checkpoint(checkpoint: Checkpoint, content: bytes) -> None:
    checkpoint.file.parent.mkdir()
    checkpoint.file.write_bytes(content)
    with pytest.raises(FloptError, match=r"^not a checkpoint of this version of flopt$"):
        checkpoint.read()


class Exploit:
    """What a pickle can do to whoever reads it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.mark,)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol:UserWarning")  # torch's, of the plain pickle
def test_a_file_with_code_in_it_runs_none(checkpoint: Checkpoint, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    zipped = io.BytesIO()
    torch.save({"rounds": [], "state": Exploit(mark)}, zipped)
    checkpoint.file.parent.mkdir()
    for content in (zipped.getvalue(), pickle.dumps(Exploit(mark))):
        digest = hashlib.sha256(content).hexdigest()
        checkpoint.file.write_bytes(f"flopt-checkpoint-1 {checkpoint.fingerprint} {digest}\n".encode() + content)
        with pytest.raises(FloptError, match=r"^UnpicklingError in its content$"):
            checkpoint.read()
    assert not mark.exists()


def test_a_folder_in_its_place_is_told(checkpoint: Checkpoint) -> None:
    checkpoint.file.mkdir(parents=True)
    with pytest.raises(FloptError, match=r"^IsADirectoryError: Is a directory$"):
        checkpoint.read()
