"""How much arithmetic a model needs: FLOP per sample, counted operation by operation."""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.flop_counter import FlopCounterMode

from flopt.errors import FloptError

__all__ = ["flop_per_sample"]

BATCH = 16


def flop_per_sample(model: str, module: nn.Module, features: tuple[int, ...]) -> float:
    """FLOP of one forward and backward pass, divided by the samples of the batch.

    Matrix products and convolutions as torch.utils.flop_counter counts them, two FLOP for a multiply-add; what is
    cheap beside them (biases, activations, the loss) counts nothing. On the `meta` device, where nothing is
    computed: there recurrent layers are counted too, which on a CPU they are not.
    """
    try:
        return _counted(copy.deepcopy(module).to("meta").train(), features)
    except Exception as error:  # the user's own forward pass may raise anything
        raise FloptError(
            f"model {model}: its FLOP cannot be counted: its forward pass fails on torch's meta device "
            f"({type(error).__name__}: {error}); it must not read values of tensors"
        ) from error


def _counted(module: nn.Module, features: tuple[int, ...]) -> float:
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        scores = module(torch.zeros(BATCH, *features))
        cross_entropy(scores, torch.zeros(BATCH, dtype=torch.int64)).backward()  # type: ignore[no-untyped-call]
    return float(counter.get_total_flops()) / BATCH
