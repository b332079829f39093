"""The rule for missing components: skipped with the reason, and a failure with CI=true; and one thread each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ABSENT = "no-such-thing-anywhere"


def test_a_program_that_is_there_gives_its_path(needs_program: Callable[[str], str]) -> None:
    assert Path(needs_program("sh")).is_file()


def test_a_missing_program_skips_with_the_reason(
    needs_program: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=f"program '{ABSENT}' is not installed"):
        needs_program(ABSENT)


def test_a_missing_program_fails_with_ci(needs_program: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=f"nothing may be skipped: the program '{ABSENT}'"):
        needs_program(ABSENT)


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_a_missing_package_follows_the_same_rule(
    ci: str, outcome: type[BaseException], needs_module: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_module("json")
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="see the extras"):
        needs_module(ABSENT)


def test_torch_has_one_thread_here_and_in_every_process_of_a_test() -> None:
    if "OMP_NUM_THREADS" not in os.environ:
        pytest.fail("tests/conftest.py sets it")
    count = "import torch; print(torch.get_num_threads())"
    done = subprocess.run([sys.executable, "-c", count], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == os.environ["OMP_NUM_THREADS"]
