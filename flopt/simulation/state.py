"""What a part of a training remembers from one round to the next."""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["Remembering", "State"]

State = dict[str, Any]
"""Names with numbers, tensors, and lists and dictionaries of them: what a file keeps without running code."""


class Remembering(Protocol):
    """Gives all that it remembers, and goes on from it bit by bit as if it had never been away."""

    def state(self) -> State:
        """All that it remembers; tensors are not copied."""
        ...

    def restore(self, state: State) -> None:
        """Go on from what `state` gave; raises KeyError where that was another kind of thing."""
        ...
