"""Constants that convert units, and how a quantity is printed with its unit."""

from __future__ import annotations

import math

__all__ = ["BITS_PER_BYTE", "BYTES_PER_GB", "G_PER_KG", "J_PER_KWH", "quantity", "quantity_range"]

J_PER_KWH = 3.6e6
BITS_PER_BYTE = 8
BYTES_PER_GB = 1e9
G_PER_KG = 1e3

# The base unit that each unit of a field's name is printed in, and how many of it that unit holds.
_PRINTED = {"kg": ("g", 1e3), "kWh": ("Wh", 1e3), "byte": ("B", 1.0), "W": ("W", 1.0)}
_PREFIXES = {-9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}


def quantity(value: float, unit: str) -> str:
    """Print a value with its unit, with an SI prefix where the unit has one: 4.2e-6 kg is `4.2 mg`."""
    if not math.isfinite(value):
        return f"{value} {unit}".rstrip()
    factor, name = _printed(value, unit)
    if unit not in (*_PRINTED, "s"):
        return f"{value:.4g} {unit}".rstrip()
    return f"{_three_digits(value * factor)} {name}"


def quantity_range(central: float, low: float, high: float, unit: str) -> str:
    """Print a value with its range in the same unit: `420 g (210-800)`; without the range where it has no width."""
    text = quantity(central, unit)
    if not all(map(math.isfinite, (central, low, high))) or low == high:
        return text
    factor = _printed(central, unit)[0]
    return f"{text} ({_three_digits(low * factor)}-{_three_digits(high * factor)})"


def _printed(value: float, unit: str) -> tuple[float, str]:
    """What a value is multiplied with to be printed, and the unit that it then has."""
    rounded = float(f"{value:.3g}")  # rounded before the prefix is chosen: 999.9 W is 1 kW
    if unit == "s":
        for limit, size, name in ((1e-3, 1e-6, "µs"), (1, 1e-3, "ms"), (120, 1, "s"), (7200, 60, "min")):
            if 0 < abs(rounded) < limit:
                return 1 / size, name
        return (1 / 3600, "h") if rounded else (1.0, "s")
    if unit not in _PRINTED:
        return 1.0, unit
    base, factor = _PRINTED[unit]
    scaled = float(f"{value * factor:.3g}")
    power = 0 if scaled == 0 else 3 * math.floor(math.log10(abs(scaled)) / 3)
    power = min(max(power, min(_PREFIXES)), max(_PREFIXES))
    return factor / 10**power, f"{_PREFIXES[power]}{base}"


def _three_digits(value: float) -> str:
    """Three significant digits, never with an exponent where a plain number does: 2777.8 is `2780`."""
    return f"{float(f'{value:.3g}'):.12g}"
