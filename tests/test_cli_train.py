"""`flopt train`: a line for each round, or the trace as JSON."""

from __future__ import annotations

import json
import subprocess
import sys


def train(*arguments: str) -> tuple[int, str, str]:
    done = subprocess.run([sys.executable, "-m", "flopt", "train", *arguments], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_a_line_for_each_round() -> None:
    code, out, _ = train("--rounds", "3", "--uplink", "sign")
    lines = out.splitlines()
    assert code == 0
    assert [line.split("  ")[0] for line in lines] == ["round 1/3", "round 2/3", "round 3/3"]
    assert all("accuracy 0." in line and line.endswith("CO2e expected so far") for line in lines)


def test_json_is_the_trace() -> None:
    settings = ("--set", "oracle=analytic", "--set", "plan.server_optimizer=adam", "--seed", "7")
    code, out, _ = train("--rounds", "4", "--json", *settings)
    told = json.loads(out)
    assert code == 0
    assert (told["seed"], told["status"], told["plan"]["server_optimizer"]) == (7, "ok", "adam")
    assert len(told["accuracy"]) == len(told["expected_co2e_kg_so_far"]) == 4
    assert told["expected_co2e_kg_so_far"] == sorted(told["expected_co2e_kg_so_far"])


def test_a_training_that_diverges_fails() -> None:
    code, _, err = train("--rounds", "2", "--client-lr", "1e30")
    assert code == 1
    assert "flopt: the run failed: round 1: the training diverged in round 1" in err


def test_a_bad_setting_is_one_line() -> None:
    code, _, err = train("--set", "plan.schedule=linear")
    assert code == 2
    assert err.strip() == "flopt: command line: plan: no schedule 'linear'; allowed: constant, cosine, inverse-sqrt"


def test_a_plan_that_no_table_knows_is_refused_and_is_no_failed_run() -> None:
    code, out, err = train("--set", "oracle=recorded", "--rounds", "101")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("flopt: command line: oracle: table ")
    assert err.endswith("digits.npz: the plan has 101 rounds; the table 100, not extrapolated\n")
    code, out, err = train("--set", "oracle=recorded", "--batch-size", "100000")
    assert (code, out) == (2, "")
    assert "batch_size lies outside the recorded plans" in err
