"""The contract of an oracle: how well a plan learns, round by round."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, runtime_checkable

from flopt.participation import Participation
from flopt.plan import Plan
from flopt.trace import Round

__all__ = ["Bounded", "Oracle", "Resumable"]


class Oracle(Protocol):
    """A generator function of rounds; closing the generator stops the training.

    It yields at most `plan.rounds` rounds. Equal arguments give equal rounds, and the first r rounds do not
    depend on `plan.rounds`, because flopt counts every prefix of a run as a candidate. The smallest one:

        def rounds(plan, participation, seed):
            for clients in participation.selected:
                yield Round(
                    accuracy=..., loss=..., clients=len(clients), samples=..., download_bytes=..., upload_bytes=...
                )
    """

    def __call__(self, plan: Plan, participation: Participation, seed: int) -> Iterator[Round]:
        """Train under `plan` with the given clients, and yield a `Round` after each round."""
        ...


@runtime_checkable
class Resumable(Protocol):
    """What an oracle may offer beside its rounds: to go on from a file after a crash or a pause.

    `isinstance(oracle, Resumable)` says whether it does.
    """

    def resume(
        self, plan: Plan, participation: Participation, seed: int, checkpoint: Path, *, every_s: float,
        tell: Callable[[str], None],
    ) -> Iterator[Round]:  # fmt: skip
        """The very rounds that a call of the oracle gives, from the first on, those before the checkpoint out of it.

        The file is written whole or not at all, at least `every_s` seconds apart (0: after every round), and when
        the generator is closed before its last round: that is how a run is paused. Whoever asks deletes the file.
        A file that is torn, foreign, or cannot be written is told in one line by `tell`, and costs time alone: the
        run then begins from its first round.
        """
        ...


@runtime_checkable
class Bounded(Protocol):
    """What an oracle may offer that does not know every plan: to say so before it is asked for rounds."""

    @property
    def most_rounds(self) -> int:
        """Rounds that it knows of any plan, at most."""
        ...

    def check(self, plan: Plan) -> None:
        """Raise a `FloptError` for a plan of which it has no rounds."""
        ...
