"""How an update is made smaller on the wire, and exactly how many bytes it then takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flopt.errors import FloptError, unknown

__all__ = ["NONE", "SCHEMES", "Compression", "Scheme", "Shapes"]

Shapes = Sequence[tuple[int, ...]]

FLOAT_BYTES = 4
INDEX_BYTES = 4


@dataclass(frozen=True)
class Scheme:
    """One family of compressors: what its number means, and its law of bytes."""

    amount: str
    """What the number after the colon counts, in words; empty where there is none."""
    low: float
    high: float
    whole: bool
    """Whether the amount is a whole number."""
    of_level: Callable[[float], float]
    """Amount for a search level in [0, 1]: 0 compresses most, 1 least."""
    wire_bytes: Callable[[Shapes, float], int]
    """Bytes of one message of tensors with these shapes."""
    downlink: bool
    """Whether a client that holds no earlier model can decode it."""


def _dense_bytes(shapes: Shapes, _amount: float) -> int:
    return FLOAT_BYTES * sum(map(math.prod, shapes))


def _quantized_bytes(shapes: Shapes, bits: float) -> int:
    """Each tensor: its values packed at `bits` each, padded to a whole byte, and one float32 scale."""
    return sum(math.ceil(math.prod(shape) * int(bits) / 8) + FLOAT_BYTES for shape in shapes)


def kept_entries(parameters: int, fraction: float) -> int:
    """How many entries top-k sends: ceil(fraction x parameters), at least one."""
    # 0.01 * 300 is 3.0000000000000004 in binary; the rounding keeps that from becoming 4 entries.
    return max(1, math.ceil(round(fraction * parameters, 9)))


def _topk_bytes(shapes: Shapes, fraction: float) -> int:
    """The kept entries of all tensors together, each a float32 value and an int32 index."""
    return kept_entries(sum(map(math.prod, shapes)), fraction) * (FLOAT_BYTES + INDEX_BYTES)


SCHEMES: dict[str, Scheme] = {
    "none": Scheme("", 0, 0, True, lambda _level: 0, _dense_bytes, downlink=True),
    "quantize": Scheme("bits", 2, 16, True, lambda level: 2 + round(6 * level), _quantized_bytes, downlink=True),
    "topk": Scheme(
        "kept fraction", 1e-6, 1, False, lambda level: 10 ** (-3 + 2.5 * level), _topk_bytes, downlink=False
    ),
}


@dataclass(frozen=True)
class Compression:
    """A kind of compression and its amount: `none`, `quantize:8` (bits), `topk:0.01` (kept fraction)."""

    kind: str = "none"
    amount: float = 0

    def __post_init__(self) -> None:
        if self.kind not in SCHEMES:
            raise unknown("compression", self.kind, SCHEMES)
        scheme = SCHEMES[self.kind]
        if not (math.isfinite(self.amount) and scheme.low <= self.amount <= scheme.high):
            raise FloptError(
                f"compression {self}: {scheme.amount or 'amount'} must be between {scheme.low:g} and {scheme.high:g}"
            )
        if scheme.whole and self.amount != int(self.amount):
            raise FloptError(f"compression {self}: {scheme.amount} must be a whole number")

    def __str__(self) -> str:
        return self.kind if not SCHEMES[self.kind].amount else f"{self.kind}:{_digits(self.amount)}"

    @classmethod
    def parse(cls, text: str) -> Compression:
        """Read `none`, `quantize:8` or `topk:0.01`."""
        kind, colon, amount = text.partition(":")
        if kind not in SCHEMES:
            raise unknown("compression", kind, SCHEMES)
        meaning = SCHEMES[kind].amount
        if bool(meaning) != bool(colon):
            expected = f"{kind}:AMOUNT ({meaning})" if meaning else kind
            raise FloptError(f"compression {text!r}: write {expected}")
        try:
            return cls(kind, float(amount) if colon else 0)
        except ValueError:
            raise FloptError(f"compression {text!r}: {amount!r} is not a number") from None

    @classmethod
    def at_level(cls, kind: str, level: float) -> Compression:
        """Compression at a search level in [0, 1]: 0 compresses most, 1 least."""
        if not 0 <= level <= 1:
            raise FloptError(f"compression level {level}: must be between 0 and 1")
        if kind not in SCHEMES:
            raise unknown("compression", kind, SCHEMES)
        # Six significant digits, so that what is printed is exactly what was run.
        return cls(kind, float(f"{SCHEMES[kind].of_level(level):.6g}"))

    def wire_bytes(self, shapes: Shapes) -> int:
        """Bytes of one message that carries tensors of these shapes; headers of the transport excluded."""
        return SCHEMES[self.kind].wire_bytes(shapes, self.amount)


def _digits(amount: float) -> str:
    """The shortest text that reads back as exactly this amount."""
    short = f"{amount:g}"
    return short if float(short) == amount else repr(amount)


NONE = Compression()
