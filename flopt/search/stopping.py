"""Stopping: policies that end a run which can no longer help, frozen at its proposal and sent along with its plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from flopt.errors import unknown
from flopt.trace import Round

__all__ = ["NEVER", "STOPPING", "Never", "Policy", "check_stopping", "policy_of"]

STOPPING = {
    "none": "every run goes to its end",
}


class Policy(Protocol):
    """Decides after every round whether a run goes on; the same decision wherever the run is trained."""

    def stops(self, done: Sequence[Round]) -> str:
        """Why the run should end after these rounds; empty where it should go on."""
        ...

    def settings(self) -> dict[str, Any]:
        """The policy as plain values for the journal; `policy_of` reads them back."""
        ...


@dataclass(frozen=True)
class Never:
    """Lets every run go to its end."""

    def stops(self, done: Sequence[Round]) -> str:  # noqa: ARG002  # the contract's signature
        """Never a reason."""
        return ""

    def settings(self) -> dict[str, Any]:
        """Its kind."""
        return {"kind": "none"}


NEVER = Never()


def policy_of(settings: Mapping[str, Any]) -> Policy:
    """The policy whose `settings` these are."""
    check_stopping(settings["kind"])
    return NEVER


def check_stopping(name: str) -> None:
    """Raise a `FloptError` for a stopping rule that does not exist."""
    if name not in STOPPING:
        raise unknown("stopping", name, STOPPING)
