"""`flopt record`, and a search on its table."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def flopt(*arguments: str, cwd: Path) -> str:
    done = subprocess.run([sys.executable, "-m", "flopt", *arguments], capture_output=True, text=True, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_table_is_recorded_and_searched(tmp_path: Path) -> None:
    own = "[rounds]\nlow = 1\nhigh = 6\n[local_epochs]\nlow = 1\nhigh = 4\n"
    (tmp_path / "own.toml").write_text(own, encoding="utf-8")
    quick = ("--set", "workers=1", "--set", "space=own.toml")
    options = ("--plans", "8", "--seeds", "2", "--rounds", "6", "--out", "t.npz", "--set", "oracle=analytic")
    told = flopt("record", *options, *quick, cwd=tmp_path)
    assert "8 plans x 2 seeds x 6 rounds" in told
    assert "accuracy between plans: RMS error" in told
    tuned = flopt("tune", *quick, "--set", "oracle=t.npz", "--set", "budget.runs=5", "--out", "s", cwd=tmp_path)
    assert "5 runs, " in tuned
