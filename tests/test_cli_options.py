"""Options: what two commands share has one text, and takes the same values."""

from __future__ import annotations

import inspect
import re
from collections import defaultdict
from collections.abc import Callable
from typing import get_type_hints

import pytest

from flopt.cli import options
from flopt.cli.commands import pricing, reading, searching

Command = Callable[..., tuple[int, str, str]]
PLANNED: dict[str, Callable[..., object]] = {
    "train": searching.train,
    "estimate": pricing.estimate,
    "compare": reading.compare,
}


def test_an_option_of_several_commands_is_one_of_the_shared_ones() -> None:
    shared = [getattr(options, name) for name in options.__all__]
    found: dict[str, list[object]] = defaultdict(list)
    for function in PLANNED.values():
        for option, hint in get_type_hints(function, include_extras=True).items():
            if option not in ("return", "study", "seed"):
                found[option].append(hint)
    for option, hints in found.items():
        assert len(hints) == 1 or all(hint == hints[0] in shared for hint in hints), option


@pytest.mark.parametrize("name", PLANNED)
def test_a_plan_is_given_in_the_same_words_to_every_command(command: Command, name: str) -> None:
    code, out, _ = command(name, "--help")
    assert code == 0
    words = set(re.findall(r"--[a-z-]+", out))
    assert {"--rounds", "--local-epochs", "--client-fraction", "--uplink", "--compression", "--set"} <= words
    assert inspect.signature(PLANNED[name]).parameters["uplink"].default is None
