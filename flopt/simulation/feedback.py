"""Error feedback: what compression left out of an update is added to the client's next one."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from flopt.compression import SCHEMES, Compression
from flopt.simulation.codecs import carry
from flopt.simulation.state import State

__all__ = ["ErrorFeedback"]


class ErrorFeedback:
    """The uplinks of all clients, with the residual that each of them keeps between its rounds.

    Sent is C(update + residual), kept is the rest: Seide et al., "1-bit stochastic gradient descent", Interspeech
    2014; Karimireddy et al., "Error feedback fixes SignSGD", ICML 2019, algorithm 2.
    """

    def __init__(self, compression: Compression) -> None:
        self._compression = compression
        self._residuals: dict[int, list[Tensor]] = {}

    def send(self, client: int, update: Sequence[Tensor], seed: int) -> list[Tensor]:
        """The update of `client` as the server receives it; `seed` draws what the compression leaves to chance."""
        if not SCHEMES[self._compression.kind].feedback:
            return carry(self._compression, update, seed)
        residual = self._residuals.get(client)
        wanted = list(update) if residual is None else [u + r for u, r in zip(update, residual, strict=True)]
        sent = carry(self._compression, wanted, seed)
        self._residuals[client] = [w - s for w, s in zip(wanted, sent, strict=True)]
        return sent

    def state(self) -> State:
        """The residuals of the clients that sent something so far."""
        return {"residuals": self._residuals}

    def restore(self, state: State) -> None:
        """Go on from what `state` gave."""
        self._residuals = dict(state["residuals"])
