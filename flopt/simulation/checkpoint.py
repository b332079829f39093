"""The file that a stopped training goes on from."""

from __future__ import annotations

import hashlib
import io
import math
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
import torch

from flopt.errors import FloptError
from flopt.simulation.state import State
from flopt.trace import Round

__all__ = ["Checkpoint"]

_MAGIC = b"flopt-checkpoint-1"


@dataclass(frozen=True)
class Checkpoint:
    """A file of one run: a line with the run's fingerprint and the digest of what follows, then torch's own format.

    It is read with torch's `weights_only`, which runs no code, and only after line and digest are found right: torch
    itself does not notice a flipped bit.
    """

    file: Path
    fingerprint: str
    """Of everything that the rounds depend on; a file with another one is not taken."""

    def write(self, rounds: Sequence[Round], state: State) -> None:
        """Put these rounds, and what remains after the last of them, in the place of the file, whole or not at all.

        Raises OSError where that is impossible, and leaves the file as it was.
        """
        stream = io.BytesIO()
        torch.save({"rounds": [_plain(done) for done in rounds], "state": state}, stream)
        content = stream.getbuffer()
        draft = self.file.with_name(f"{self.file.name}.{os.getpid()}.draft")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as out:
                out.write(b"%s %s %s\n" % (_MAGIC, self.fingerprint.encode(), _digest(content)))
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            draft.replace(self.file)
            _sync_folder(self.file.parent)
        except OSError:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise

    def read(self) -> tuple[list[Round], State] | None:
        """What was written last; None where there is no file. Raises FloptError, which says why, for one of no use."""
        try:
            head, _, content = self.file.read_bytes().partition(b"\n")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise FloptError(f"{type(error).__name__}: {error.strerror}") from None
        match head.split(b" "):
            case [magic, fingerprint, digest] if magic == _MAGIC:
                if digest != _digest(content):
                    raise FloptError("torn or altered, its digest differs")
                if fingerprint != self.fingerprint.encode():
                    raise FloptError("of another run: plan, task, seed, participants or versions differ")
            case _:
                raise FloptError("not a checkpoint of this version of flopt")
        try:
            found = torch.load(io.BytesIO(content), weights_only=True)
            return [_round(row) for row in found["rounds"]], found["state"]
        except Exception as error:  # whatever torch says of a file that somebody wrote with a right digest
            raise FloptError(f"{type(error).__name__} in its content") from None


def _plain(done: Round) -> list[int | float | None]:
    """The fields of a round in their order, without NumPy's types, which `weights_only` does not read."""
    values = [value.item() if isinstance(value, np.generic) else value for value in astuple(done)]
    return [None if math.isnan(value) else value for value in values]


def _round(row: Sequence[int | float | None]) -> Round:
    return Round(*(math.nan if value is None else value for value in row))  # type: ignore[arg-type]  # Round checks them


def _digest(content: bytes | memoryview) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def _sync_folder(folder: Path) -> None:
    """Make the new name durable too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
