"""Stopping policies: plain values that come back equal, and decide from the rounds alone."""

from __future__ import annotations

import pytest

from flopt.errors import FloptError
from flopt.search.stopping import Never, check_stopping, policy_of
from flopt.trace import Round

ROUNDS = [Round(accuracy=0.1 * i, loss=1.0, clients=1, samples=1, download_bytes=1, upload_bytes=1) for i in range(5)]


def test_never_stops() -> None:
    assert not any(Never().stops(ROUNDS[:length]) for length in range(6))
    assert policy_of(Never().settings()) == Never()


def test_an_unknown_rule_names_the_nearest() -> None:
    with pytest.raises(FloptError, match="no stopping 'nome'; did you mean 'none'"):
        check_stopping("nome")
