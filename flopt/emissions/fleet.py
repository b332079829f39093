"""A fleet: who trains, on which machine, over which link, in which country."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

from flopt.emissions.coefficient import Coefficient
from flopt.errors import FloptError

__all__ = ["Device", "Fleet", "Group", "Link", "LinkKind", "Scope", "Server"]

LinkKind = Literal["fixed", "mobile"]
Scope = Literal["chip", "board", "wall"]


@dataclass(frozen=True)
class Device:
    """A machine that trains: its draw in each state, and how fast it computes."""

    name: str
    train_w: Coefficient
    """W while it trains: the full draw."""
    wait_w: Coefficient
    """W while it waits for the slowest client of the round."""
    receive_w: Coefficient
    """W while it downloads."""
    transmit_w: Coefficient
    """W while it uploads."""
    flop_per_s: Coefficient
    """FLOP per second sustained while training."""
    scope: Scope = "board"
    """What the watts include."""
    description: str = ""

    def __post_init__(self) -> None:
        # A machine that waits draws least; else sending more could emit less, because the client would wait less.
        for name in ("train_w", "receive_w", "transmit_w"):
            watts, wait_w = getattr(self, name).value, self.wait_w.value
            if watts < wait_w:
                raise FloptError(f"device {self.name}: {name} = {watts:g} W is below wait_w = {wait_w:g} W")
        if self.scope not in get_args(Scope):
            raise FloptError(f"device {self.name}: scope {self.scope!r}; allowed: chip, board, wall")
        _above_zero(f"device {self.name}: flop_per_s", self.flop_per_s)


@dataclass(frozen=True)
class Link:
    """The way between a client and the server."""

    name: str
    down_bps: Coefficient
    """Bits per second towards the client."""
    up_bps: Coefficient
    """Bits per second from the client."""
    kind: LinkKind = "fixed"
    description: str = ""

    def __post_init__(self) -> None:
        _above_zero(f"link {self.name}: down_bps", self.down_bps)
        _above_zero(f"link {self.name}: up_bps", self.up_bps)
        if self.kind not in get_args(LinkKind):
            raise FloptError(f"link {self.name}: kind {self.kind!r}; allowed: fixed, mobile")


@dataclass(frozen=True)
class Server:
    """The aggregation server: its draw for this task while a round lasts, and the country it stands in."""

    watts: Coefficient
    country: str


@dataclass(frozen=True)
class Group:
    """The part of a fleet that shares device, link and country."""

    name: str
    device: Device
    link: Link
    country: str
    """ISO 3166 alpha-3 code."""
    share: float
    """Share of the population, above 0 and at most 1."""

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise FloptError(f"group {self.name}: share = {self.share}: must be above 0 and at most 1")


@dataclass(frozen=True)
class Fleet:
    """Everyone who can be drawn, as groups whose shares sum to 1, and the server."""

    name: str
    groups: tuple[Group, ...]
    server: Server

    def __post_init__(self) -> None:
        if not self.groups:
            raise FloptError(f"fleet {self.name}: it has no group")
        total = sum(group.share for group in self.groups)
        if abs(total - 1) > 1e-6:
            raise FloptError(f"fleet {self.name}: the shares sum to {total:g}; they must sum to 1")

    def moved(self, country: str | None, server_country: str | None) -> Fleet:
        """The same fleet with all clients and the server in `country`; `server_country` goes before it."""
        groups = tuple(replace(g, country=country) for g in self.groups) if country else self.groups
        place = server_country or country or self.server.country
        return replace(self, groups=groups, server=replace(self.server, country=place))


def _above_zero(place: str, coefficient: Coefficient) -> None:
    if coefficient.low <= 0:
        raise FloptError(f"{place} = {coefficient.low:g} {coefficient.unit}: must be above 0")
