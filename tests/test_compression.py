"""Bytes on the wire counted by hand, and compressions that read back as they were written."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flopt.compression import NONE, SCHEMES, Compression, kept_entries
from flopt.errors import FloptError

SHAPES = ((5, 3), (3,), (7,))  # 15 + 3 + 7 = 25 entries in three tensors

LEVELS = st.floats(0, 1)
AT_LEVEL = st.builds(Compression.at_level, st.sampled_from(sorted(SCHEMES)), LEVELS)
BY_AMOUNT = st.one_of(
    st.just(NONE),
    st.builds(Compression, st.just("quantize"), st.integers(2, 16)),
    st.builds(Compression, st.sampled_from(["topk", "randomk"]), st.floats(1e-6, 1)),
    st.builds(Compression, st.just("powersgd"), st.integers(1, 256)),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", 25 * 4),
        ("quantize:8", (15 + 4) + (3 + 4) + (7 + 4)),
        ("quantize:3", (6 + 4) + (2 + 4) + (3 + 4)),  # 45, 9 and 21 bits, each padded to whole bytes
        ("quantize:16", (30 + 4) + (6 + 4) + (14 + 4)),
        ("topk:0.1", 3 * 8),  # ceil(2.5) entries of all tensors together
        ("topk:0.04", 1 * 8),
        ("topk:1e-06", 1 * 8),  # at least one
        ("topk:1", 25 * 8),
        ("float16", 25 * 2),
        ("bfloat16", 25 * 2),
        ("qsgd:3", (6 + 4) + (2 + 4) + (3 + 4)),
        ("randomk:0.1", 8 + 3 * 4),
        ("sign", (2 + 4) + (1 + 4) + (1 + 4)),  # 15, 3 and 7 bits
        ("powersgd:1", ((5 + 3) + 3 + 7) * 4),
        ("powersgd:2", 25 * 4),  # 2 (5 + 3) entries would be more than 15
    ],
)
def test_wire_bytes_of_three_tensors_by_hand(text: str, expected: int) -> None:
    assert Compression.parse(text).wire_bytes(SHAPES) == expected


def test_wire_bytes_count_a_scalar_tensor_as_one_entry() -> None:
    assert NONE.wire_bytes([()]) == 4
    assert Compression("quantize", 2).wire_bytes([()]) == 1 + 4


def test_kept_entries_ignore_the_noise_of_binary_fractions() -> None:
    assert 0.07 * 300 > 21
    assert kept_entries(300, 0.07) == 21
    assert kept_entries(101_770, 0.01) == 1018


@pytest.mark.parametrize(
    ("kind", "level", "text"),
    [
        ("none", 0.5, "none"),
        ("quantize", 0, "quantize:2"),
        ("quantize", 0.5, "quantize:5"),
        ("quantize", 1, "quantize:8"),
        ("topk", 0, "topk:0.001"),
        ("topk", 0.4, "topk:0.01"),
        ("topk", 1, "topk:0.316228"),
        ("randomk", 0.4, "randomk:0.01"),
        ("qsgd", 0, "qsgd:2"),
        ("sign", 0.7, "sign"),
        ("powersgd", 0, "powersgd:1"),
        ("powersgd", 0.5, "powersgd:4"),
        ("powersgd", 1, "powersgd:16"),
    ],
)
def test_levels_run_from_most_to_least_compression(kind: str, level: float, text: str) -> None:
    assert str(Compression.at_level(kind, level)) == text


@given(st.sampled_from(sorted(SCHEMES)), LEVELS, LEVELS)
def test_a_higher_level_never_sends_less(kind: str, one: float, other: float) -> None:
    low, high = sorted((one, other))
    shapes = [(64, 32), (32,), (32, 10)]
    assert Compression.at_level(kind, low).wire_bytes(shapes) <= Compression.at_level(kind, high).wire_bytes(shapes)


@given(st.one_of(AT_LEVEL, BY_AMOUNT))
def test_text_reads_back_as_the_same_compression(compression: Compression) -> None:
    assert Compression.parse(str(compression)) == compression


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("quantise:8", "no compression 'quantise'; did you mean 'quantize'?"),
        (
            "zip",
            "no compression 'zip'; allowed: bfloat16, float16, none, powersgd, qsgd, quantize, randomk, sign, topk",
        ),
        ("quantize", "compression 'quantize': write quantize:AMOUNT (bits)"),
        ("topk", "compression 'topk': write topk:AMOUNT (kept fraction)"),
        ("none:3", "compression 'none:3': write none"),
        ("quantize:", "compression 'quantize:': '' is not a number"),
        ("quantize:eight", "compression 'quantize:eight': 'eight' is not a number"),
        ("quantize:1", "compression quantize:1: bits must be between 2 and 16"),
        ("quantize:17", "compression quantize:17: bits must be between 2 and 16"),
        ("quantize:4.5", "compression quantize:4.5: bits must be a whole number"),
        ("topk:0", "compression topk:0: kept fraction must be between 1e-06 and 1"),
        ("topk:1.5", "compression topk:1.5: kept fraction must be between 1e-06 and 1"),
        ("topk:nan", "compression topk:nan: kept fraction must be between 1e-06 and 1"),
        ("topk:inf", "compression topk:inf: kept fraction must be between 1e-06 and 1"),
    ],
)
def test_bad_text_says_what_to_write(text: str, message: str) -> None:
    with pytest.raises(FloptError, match=re.escape(message)):
        Compression.parse(text)


@pytest.mark.parametrize("level", [-0.1, 1.1, float("nan")])
def test_a_level_outside_0_to_1_is_refused(level: float) -> None:
    with pytest.raises(FloptError, match=f"compression level {level}: must be between 0 and 1"):
        Compression.at_level("topk", level)


@pytest.mark.parametrize("make", [Compression, Compression.at_level])
def test_an_unknown_kind_is_refused_everywhere(make: Callable[[str, float], Compression]) -> None:
    with pytest.raises(FloptError, match=r"no compression 'top_k'; did you mean 'topk'\?"):
        make("top_k", 0.1)


def test_only_kinds_without_an_earlier_model_serve_the_downlink() -> None:
    assert {kind for kind, scheme in SCHEMES.items() if scheme.downlink} == {
        "none",
        "float16",
        "bfloat16",
        "quantize",
        "qsgd",
    }


def test_the_bytes_of_the_notes_mlp() -> None:
    shapes = [(128, 784), (128,), (10, 128), (10,)]  # 101 770 entries
    assert Compression("randomk", 0.1).wire_bytes(shapes) == 40_716
    assert Compression("topk", 0.01).wire_bytes(shapes) == 8_144  # 1018 entries
    assert Compression("powersgd", 4).wire_bytes(shapes) == 4 * (4 * (128 + 784) + 128 + 4 * (10 + 128) + 10)
