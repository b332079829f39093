"""How an update is made smaller on the wire, and exactly how many bytes it then takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flopt.errors import FloptError, unknown

__all__ = ["NONE", "SCHEMES", "Compression", "Scheme", "Shapes", "blockwise_bytes"]

Shapes = Sequence[tuple[int, ...]]

FLOAT_BYTES = 4
INDEX_BYTES = 4
HALF_BYTES = 2
SEED_BYTES = 8


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
    feedback: bool = True
    """Whether a client adds what one message left out to its next; unbiased or nearly exact kinds need it not."""


def _dense_bytes(shapes: Shapes, _amount: float) -> int:
    return FLOAT_BYTES * sum(map(math.prod, shapes))


def _quantized_bytes(shapes: Shapes, bits: float) -> int:
    """Each tensor: its values packed at `bits` each, padded to a whole byte, and one float32 scale."""
    return sum(math.ceil(math.prod(shape) * int(bits) / 8) + FLOAT_BYTES for shape in shapes)


def blockwise_bytes(shapes: Shapes, bits: int, block: int) -> int:
    """Bytes of blockwise quantisation with code books: the law of NVFlare's int8 and int4, to compare with; no `kind`.

    Each tensor: its values packed at `bits` each, one float32 scale for every block of so many values, and one code
    book of 2^bits float32 entries (Dettmers et al., "8-bit optimizers via block-wise quantization", ICLR 2022).
    """
    sizes = [math.prod(shape) for shape in shapes]
    packed = sum(math.ceil(size * bits / 8) for size in sizes)
    scales = sum(math.ceil(size / block) for size in sizes)
    return packed + FLOAT_BYTES * (scales + len(sizes) * (1 << bits))


def kept_entries(parameters: int, fraction: float) -> int:
    """How many entries top-k sends: ceil(fraction x parameters), at least one."""
    # 0.01 * 300 is 3.0000000000000004 in binary; the rounding keeps that from becoming 4 entries.
    return max(1, math.ceil(round(fraction * parameters, 9)))


def _topk_bytes(shapes: Shapes, fraction: float) -> int:
    """The kept entries of all tensors together, each a float32 value and an int32 index."""
    return kept_entries(sum(map(math.prod, shapes)), fraction) * (FLOAT_BYTES + INDEX_BYTES)


def _randomk_bytes(shapes: Shapes, fraction: float) -> int:
    """The seed that gives the indices, and the kept entries as float32 values."""
    return SEED_BYTES + kept_entries(sum(map(math.prod, shapes)), fraction) * FLOAT_BYTES


def _half_bytes(shapes: Shapes, _amount: float) -> int:
    return HALF_BYTES * sum(map(math.prod, shapes))


def _sign_bytes(shapes: Shapes, _amount: float) -> int:
    """Each tensor: one bit for each entry, padded to a whole byte, and one float32 scale."""
    return sum(math.ceil(math.prod(shape) / 8) + FLOAT_BYTES for shape in shapes)


def _powersgd_bytes(shapes: Shapes, rank: float) -> int:
    """Each matrix of m x n as two factors of r (m + n) float32 values, whatever is smaller whole as it is."""
    return FLOAT_BYTES * sum(factor_entries(shape, int(rank)) or math.prod(shape) for shape in shapes)


def factor_entries(shape: tuple[int, ...], rank: int) -> int:
    """Entries of the two factors of one tensor, read as a matrix of its first size; 0 where it is sent whole."""
    if len(shape) < 2:
        return 0
    entries = rank * (shape[0] + math.prod(shape[1:]))
    return entries if entries < math.prod(shape) else 0


def _bits(level: float) -> float:
    return 2 + round(6 * level)


def _share(level: float) -> float:
    return float(10 ** (-3 + 2.5 * level))


def _fixed(_level: float) -> float:
    return 0


SCHEMES: dict[str, Scheme] = {
    "none": Scheme("", 0, 0, True, _fixed, _dense_bytes, downlink=True, feedback=False),
    "float16": Scheme("", 0, 0, True, _fixed, _half_bytes, downlink=True, feedback=False),
    "bfloat16": Scheme("", 0, 0, True, _fixed, _half_bytes, downlink=True, feedback=False),
    "quantize": Scheme("bits", 2, 16, True, _bits, _quantized_bytes, downlink=True),
    "qsgd": Scheme("bits", 2, 16, True, _bits, _quantized_bytes, downlink=True, feedback=False),
    "topk": Scheme("kept fraction", 1e-6, 1, False, _share, _topk_bytes, downlink=False),
    "randomk": Scheme("kept fraction", 1e-6, 1, False, _share, _randomk_bytes, downlink=False),
    "sign": Scheme("", 0, 0, True, _fixed, _sign_bytes, downlink=False),
    "powersgd": Scheme("rank", 1, 256, True, lambda level: 2 ** round(4 * level), _powersgd_bytes, downlink=False),
}
"""Sources: Alistarh et al. 2017 (qsgd), Aji and Heafield 2017 (topk), Konecny et al. 2016 (randomk: random masks),
Karimireddy et al. 2019 (sign, with feedback), Vogels et al. 2019 (powersgd)."""


@dataclass(frozen=True)
class Compression:
    """A kind of compression and its amount: `none`, `quantize:8` (bits), `topk:0.01` (kept fraction), `powersgd:4`."""

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
