"""The version stands in one place."""

from __future__ import annotations

import re
from importlib.metadata import version

import flopt
from flopt.version import __version__


def test_the_version_is_the_same_everywhere() -> None:
    assert flopt.__version__ == __version__ == version("flopt-carbon")
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev\d+|(a|b|rc)\d+)?", __version__)
