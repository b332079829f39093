"""Where a task is trained."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from flopt.errors import FloptError, unknown

__all__ = ["DEVICES", "device", "exact"]

DEVICES = ("cpu", "cuda")


def device(name: str) -> torch.device:
    """The processor of that name; raises FloptError where this machine or this torch has none."""
    if name not in DEVICES:
        raise unknown("device", name, DEVICES)
    if name == "cuda" and not torch.cuda.is_available():
        raise FloptError(
            f"device = 'cuda': torch {torch.__version__} finds no CUDA GPU on this machine; use device = 'cpu', "
            "or install torch's CUDA build"
        )
    return torch.device(name)


@contextmanager
def exact(on: torch.device) -> Iterator[None]:
    """Convolutions on a GPU that give the same bits every time, in float32 as on the CPU and not in TF32's ten bits.

    Both are cuDNN's own choice otherwise; what the process has chosen comes back after it.
    """
    if on.type == "cpu":
        yield
        return
    with torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
        yield
