"""A series: the intensity of one country's electricity, hour by hour."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flopt.errors import FloptError

__all__ = ["MOST_G_PER_KWH", "Kind", "Series", "utc_time"]

Array = NDArray[np.float64]
Kind = Literal["average", "marginal"]

MOST_G_PER_KWH = 5000
"""No electricity carries as much CO2e as this: above it, the unit is wrong."""

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, eq=False)
class Series:
    """Intensities of consecutive hours, from `start` on; no hour is missing."""

    country: str
    """ISO 3166 alpha-3 code, or one of its subdivisions such as USA-CA."""
    start: datetime
    """When the first hour begins; it has a time zone."""
    g_per_kwh: Array
    """g CO2e per kWh of each hour, shape (hours,)."""
    kind: Kind
    """`average`: of all that is generated; `marginal`: of the plants that one more kWh would set in motion."""
    source: str
    year: int
    """The year that the level stands for; the shape is that of the hours themselves."""

    def __post_init__(self) -> None:
        values = np.array(self.g_per_kwh, dtype=np.float64)
        if values.ndim != 1 or not len(values):
            raise FloptError(f"series {self.country}: shape {values.shape}; must be (hours,), one hour at least")
        if self.start.tzinfo is None:
            raise FloptError(f"series {self.country}: start {self.start.isoformat()} has no time zone")
        if self.kind not in get_args(Kind):
            raise FloptError(f"series {self.country}: kind {self.kind!r}; allowed: average, marginal")
        bad = np.flatnonzero(~((values >= 0) & (values < MOST_G_PER_KWH)))
        if len(bad):
            what = f"{values[bad[0]]:g} g/kWh at {self._time(bad[0])}"
            raise FloptError(f"series {self.country}: {what}; must be at least 0 and below {MOST_G_PER_KWH}")
        values.setflags(write=False)
        object.__setattr__(self, "g_per_kwh", values)
        object.__setattr__(self, "start", self.start.astimezone(UTC))

    def __len__(self) -> int:
        """How many hours it has."""
        return len(self.g_per_kwh)

    @cached_property
    def mean_g_per_kwh(self) -> float:
        """Mean over all its hours."""
        return float(self.g_per_kwh.mean())

    def scaled_to(self, mean_g_per_kwh: float) -> Series:
        """The same shape at another level: every hour times one factor, so that the mean is as given."""
        return replace(self, g_per_kwh=self.g_per_kwh * (mean_g_per_kwh / self.mean_g_per_kwh))

    def hour_of(self, time: str | date) -> float:
        """Hours from the series' start to a time such as 2019-06-01T13:00, which is UTC if it names no zone."""
        moment = utc_time(time, f"series {self.country}")
        hour = (moment - self.start) / _HOUR
        if not 0 <= hour <= len(self):
            raise FloptError(f"series {self.country}: {moment:%Y-%m-%dT%H:%M}Z is outside it; {self._span}")
        return hour

    def mean_between(self, begin_h: ArrayLike, end_h: ArrayLike) -> Array:
        """Mean intensity between two times, in hours after the start: exact, and an array where they are arrays.

        An interval of no length has the value of its hour.
        """
        begin, end = np.broadcast_arrays(np.asarray(begin_h, dtype=np.float64), np.asarray(end_h, dtype=np.float64))
        self._check(begin, end)
        last = len(self) - 1
        first_hour = np.minimum(begin.astype(np.int64), last)
        last_hour = np.minimum(end.astype(np.int64), last)
        inside = first_hour == last_hour
        length = np.where(inside, 1.0, end - begin)
        # Hours that are begun, then whole ones, then the one in which the interval ends. Differences from the mean
        # are summed, not the values, so that a flat series comes out as it went in.
        begun = self._from_mean[first_hour] * (first_hour + 1 - begin)
        whole = self._sums[last_hour] - self._sums[np.minimum(first_hour + 1, last_hour)]
        ended = self._from_mean[last_hour] * (end - last_hour)
        mean = self.mean_g_per_kwh + (begun + whole + ended) / length
        return np.where(inside, self.g_per_kwh[first_hour], np.clip(mean, self.g_per_kwh.min(), self.g_per_kwh.max()))

    @cached_property
    def _from_mean(self) -> Array:
        return np.asarray(self.g_per_kwh - self.mean_g_per_kwh)

    @cached_property
    def _sums(self) -> Array:
        """Sum of the differences from the mean over all hours before each hour."""
        return np.concatenate(([0.0], np.cumsum(self._from_mean)))

    @property
    def _span(self) -> str:
        return f"it goes from {self._time(0)} to {self._time(len(self))} (hours 0 to {len(self)})"

    def _time(self, hour: float) -> str:
        return f"{(self.start + float(hour) * _HOUR).astimezone(UTC):%Y-%m-%dT%H:%M}Z"

    def _check(self, begin: Array, end: Array) -> None:
        wrong = ~((begin >= 0) & (begin <= end) & (end <= len(self)))
        if np.any(wrong):
            which = tuple(np.argwhere(wrong)[0])
            hours = f"hours {begin[which]:g} to {end[which]:g}"
            reason = "must not end before they begin" if end[which] < begin[which] else f"are outside it; {self._span}"
            raise FloptError(f"series {self.country}: {hours} {reason}")


def utc_time(time: object, place: str) -> datetime:
    """A time in UTC, from ISO 8601 text or a TOML date; one that names no zone is UTC already."""
    try:
        moment = datetime.fromisoformat(time.isoformat() if isinstance(time, date) else str(time))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise FloptError(f"{place}: no time {str(time)!r}; write it as 2019-06-01T13:00 (UTC)") from None
