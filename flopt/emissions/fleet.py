"""A fleet: who trains, on which machine, over which link, in which country, and how often they fail to report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from flopt.emissions.coefficient import Coefficient, is_number
from flopt.emissions.grid import Grid, Intensity
from flopt.errors import FloptError

__all__ = ["HOURS_PER_DAY", "Device", "Fleet", "Group", "Link", "LinkKind", "Scope", "Server"]

LinkKind = Literal["fixed", "mobile"]
Scope = Literal["chip", "board", "wall"]

HOURS_PER_DAY = 24


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
    flop_per_s: Coefficient | None = None
    """FLOP per second sustained while training; None where `samples_per_s` is given."""
    scope: Scope = "board"
    """What the watts include."""
    description: str = ""
    samples_per_s: Coefficient | None = None
    """Samples per second of training, measured with the model and batch that its source names."""
    embodied_kg: Coefficient | None = None
    """kg CO2e of making it; None where nobody knows."""
    lifetime_years: Coefficient | None = None
    """Years of use that `embodied_kg` is spread over."""

    def __post_init__(self) -> None:
        place = f"device {self.name}"
        # A machine that waits draws least; else sending more could emit less, because the client would wait less.
        for name in ("train_w", "receive_w", "transmit_w"):
            watts, wait_w = getattr(self, name).value, self.wait_w.value
            if watts < wait_w:
                raise FloptError(f"{place}: {name} = {watts:g} W is below wait_w = {wait_w:g} W")
        if self.scope not in get_args(Scope):
            raise FloptError(f"{place}: scope {self.scope!r}; allowed: chip, board, wall")
        if (self.flop_per_s is None) == (self.samples_per_s is None):
            raise FloptError(f"{place}: give flop_per_s or samples_per_s, and only one of them")
        _above_zero(f"{place}: {'samples_per_s' if self.flop_per_s is None else 'flop_per_s'}", self.throughput)
        if (self.embodied_kg is None) != (self.lifetime_years is None):
            raise FloptError(f"{place}: give embodied_kg and lifetime_years, or neither")
        if self.lifetime_years is not None:
            _above_zero(f"{place}: lifetime_years", self.lifetime_years)

    @property
    def throughput(self) -> Coefficient:
        """How fast it trains: in FLOP/s or in samples/s, as its unit says."""
        found = self.samples_per_s if self.flop_per_s is None else self.flop_per_s
        assert found is not None  # checked at birth
        return found


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
    access_nj_per_bit_down: Coefficient | None = None
    """nJ per bit of its access network; None takes that of its kind. Only the `per_hop` model reads it."""
    access_nj_per_bit_up: Coefficient | None = None

    def __post_init__(self) -> None:
        _above_zero(f"link {self.name}: down_bps", self.down_bps)
        _above_zero(f"link {self.name}: up_bps", self.up_bps)
        if self.kind not in get_args(LinkKind):
            raise FloptError(f"link {self.name}: kind {self.kind!r}; allowed: fixed, mobile")
        if (self.access_nj_per_bit_down is None) != (self.access_nj_per_bit_up is None):
            raise FloptError(f"link {self.name}: give access_nj_per_bit_down and access_nj_per_bit_up, or neither")


@dataclass(frozen=True)
class Server:
    """The aggregation server: its draw for this task while a round lasts, and the country it stands in."""

    watts: Coefficient
    country: str
    selector_w: Coefficient | None = None
    """W of the machine that selects clients, where it is another one."""
    pue: Coefficient | None = None
    """Power usage effectiveness of its data centre; None takes the shipped one."""

    def __post_init__(self) -> None:
        if self.pue is not None and self.pue.low < 1:
            raise FloptError(f"server: pue = {self.pue.low:g}: must be at least 1")


@dataclass(frozen=True)
class Group:
    """The part of a fleet that shares device, link, country and habits."""

    name: str
    device: Device
    link: Link
    country: str
    """ISO 3166 alpha-3 code."""
    share: float
    """Share of the population, above 0 and at most 1."""
    utc_offset_h: float = 0.0
    """Hours that its clocks are ahead of UTC."""
    availability: tuple[float, ...] = (1.0,) * HOURS_PER_DAY
    """Share of its clients that can be drawn in each hour of the local day, above 0 and at most 1."""
    drop_out: float = 0.0
    """Share of its drawn clients that never report, below 1."""

    def __post_init__(self) -> None:
        place = f"group {self.name}"
        if not 0 < self.share <= 1:
            raise FloptError(f"{place}: share = {self.share}: must be above 0 and at most 1")
        if not -12 <= self.utc_offset_h <= 14:
            raise FloptError(f"{place}: utc_offset_h = {self.utc_offset_h}: must be from -12 to 14")
        if len(self.availability) != HOURS_PER_DAY:
            count = len(self.availability)
            raise FloptError(f"{place}: availability has {count} values; it must have 24, one for each local hour")
        for hour, share in enumerate(self.availability):
            if not 0 < share <= 1:
                raise FloptError(f"{place}: availability[{hour}] = {share}: must be above 0 and at most 1")
        if not 0 <= self.drop_out < 1:
            raise FloptError(f"{place}: drop_out = {self.drop_out}: must be at least 0 and below 1")


@dataclass(frozen=True)
class Fleet:
    """Everyone who can be drawn, as groups whose shares sum to 1, the server, and how a round is run."""

    name: str
    groups: tuple[Group, ...]
    server: Server
    over_selection: float = 0.0
    """Share of clients that are drawn beyond K, so that K of them report early."""
    deadline_s: float | None = None
    """Seconds after which a round takes no more updates; None waits for the last."""
    grid: Mapping[str, Intensity] = field(default_factory=dict)
    """Intensities that this fleet sets itself, by country."""

    def __post_init__(self) -> None:
        place = f"fleet {self.name}"
        if not self.groups:
            raise FloptError(f"{place}: it has no group")
        total = sum(group.share for group in self.groups)
        if abs(total - 1) > 1e-6:
            raise FloptError(f"{place}: the shares sum to {total:g}; they must sum to 1")
        if not (is_number(self.over_selection) and self.over_selection >= 0):
            raise FloptError(f"{place}: over_selection = {self.over_selection}: must be a number, and not negative")
        if self.deadline_s is not None and not (is_number(self.deadline_s) and self.deadline_s > 0):
            raise FloptError(f"{place}: deadline_s = {self.deadline_s}: must be a number above 0")

    def on(self, grid: Grid) -> Grid:
        """A grid with this fleet's own intensities put over it."""
        return grid.updated(Grid(self.grid)) if self.grid else grid

    def moved(self, country: str | None, server_country: str | None) -> Fleet:
        """The same fleet with all clients and the server in `country`; `server_country` goes before it.

        Clocks stay as they are: clients keep the hours, in UTC, at which they can be drawn.
        """
        groups = tuple(replace(g, country=country) for g in self.groups) if country else self.groups
        place = server_country or country or self.server.country
        return replace(self, groups=groups, server=replace(self.server, country=place))


def _above_zero(place: str, coefficient: Coefficient) -> None:
    if coefficient.low <= 0:
        raise FloptError(f"{place} = {coefficient.low:g} {coefficient.unit}: must be above 0")
