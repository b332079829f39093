"""Where a task is trained."""

from __future__ import annotations

import torch

from flopt.errors import FloptError, unknown

__all__ = ["DEVICES", "device"]

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
