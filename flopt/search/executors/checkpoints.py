"""Checkpoints: files from which runs that were killed or stopped go on, kept until the run is stored."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["FOLDER", "Checkpoint", "Checkpoints"]

FOLDER = "checkpoints"


@dataclass(frozen=True)
class Checkpoint:
    """Where one run leaves off."""

    folder: Path
    """The study's; a worker that does not see it keeps no checkpoint."""
    number: int
    every_s: float
    """Seconds at least between two writes."""

    @property
    def file(self) -> Path:
        """The file, whether it is there or not."""
        return self.folder / FOLDER / f"{self.number}.checkpoint"


class Checkpoints:
    """The checkpoints of a study folder."""

    def __init__(self, folder: Path, every_s: float) -> None:
        self._folder = folder.resolve()  # a worker may stand in another folder
        self._every_s = every_s

    def of(self, number: int) -> Checkpoint:
        """That of one run."""
        return Checkpoint(self._folder, number, self._every_s)

    def drop(self, number: int) -> None:
        """Remove it, with drafts that a kill has left; a folder that takes no changes keeps them."""
        folder = self._folder / FOLDER
        with suppress(OSError):
            for file in folder.glob(f"{number}.*"):
                file.unlink(missing_ok=True)
            folder.rmdir()  # once it is empty
