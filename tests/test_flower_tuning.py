"""A Flower app from the study file to the answer, by the commands that a user types: the how-to's own files."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("flwr")

from flower_apps import changed

from flopt.figures import KINDS

Command = Callable[..., tuple[int, str, str]]
HOW_TO = (Path(__file__).parent.parent / "docs" / "howto" / "flower.md").read_text(encoding="utf-8")
SMALL = ("--set", "budget.runs=4", "--set", "task.clients=4", "--workers", "1")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """The how-to's study and space, in a folder with the app."""
    changed(tmp_path / "my_app")
    for name, text in re.findall(r"```toml\n# (\S+)\n(.*?)```", HOW_TO, re.DOTALL):
        (tmp_path / name).write_text(text.replace("high = 60", "high = 6"), encoding="utf-8")
    return tmp_path / "flower.toml"


@pytest.mark.slow
def test_the_how_tos_study_runs_and_everything_reads_it(study: Path, command: Command) -> None:
    code, front, err = command("tune", study, "--out", "s", *SMALL)
    assert code == 0, err
    assert "learning-rate" in front
    assert "accuracy measured and reported by the app" in front
    for kind in KINDS:
        code, _, err = command("plot", "s", kind, "-o", f"{kind}.png")
        assert code in (0, 2), err  # some need more runs than four, and say so in a line
        assert len(err.strip().splitlines()) == 1, err
    for words in (("recommend", "s"), ("front", "s", "--json"), ("reprice", "s", "--country", "SWE"), ("report", "s")):
        assert command(*words)[0] == 0, words
    code, diff, err = command("export", "s", "--run", "0", "--flower-app", "my_app", "--dry-run")
    assert (code, "learning-rate = 0." in diff) == (0, True), err
    rows = list(csv.DictReader(Path("s/front.csv").read_text(encoding="utf-8").splitlines()))
    assert {row["realised_co2e_kg"] for row in rows} == {"nan"}
    assert all(int(row["realised_upload_bytes"]) > 0 for row in rows)


def test_runs_that_break_are_no_points_and_the_search_goes_on(study: Path, command: Command) -> None:
    client = study.parent / "my_app" / "digits_app" / "client_app.py"
    text, old = client.read_text(encoding="utf-8"), "    loss = train("
    broken = "    if config['learning-rate'] > 0.12:\n        raise ValueError('too fast')\n"
    client.write_text(text.replace(old, broken + old), encoding="utf-8")
    quick = ("--set", "budget.runs=6", "--set", "sampler=random")
    code, front, err = command("tune", study, "--out", "s", *SMALL, *quick)
    assert code == 0, err
    told = re.findall(r"run (\d+) failed: round 1: client \d, train: ValueError: too fast \(client_app.py:\d+\)", err)
    assert told
    assert len(told) < 6
    on_front = set(re.findall(r"^(\d+)@", front, re.MULTILINE))
    assert on_front
    assert not on_front & set(told)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "my_space.toml",
            "learning-rate",
            "lerning-rate",
            "no run-config key 'lerning-rate'; did you mean",
        ),
        (
            "my_space.toml",
            "learning-rate   = { low = 0.01, high = 0.3",
            "hidden-units = { low = 1.5, high = 9",
            "whole",
        ),
        ("my_app/pyproject.toml", "learning-rate = 0.1", "learning-rate = [1]", "must be a finite number, text, or"),
        ("my_app/pyproject.toml", "num-server-rounds = 3", "num-server-rounds = 3.5", "must be a whole number"),
        ("my_app/pyproject.toml", "num-server-rounds", "turns", "no key for the rounds"),
        ("flower.toml", '"my_app" ', '"my_map"', r"no file \S+my_map/pyproject.toml; give the folder that"),
        ("flower.toml", 'metric = "accuracy"', 'metric = "f1"', "reports no such metric; it reports clients: acc"),
        (
            "my_app/digits_app/server_app.py",
            "    strategy.start(",
            "    1 / 0\n    strategy.start(",
            "ZeroDivisionError",
        ),
    ],
    ids=["key", "axis type", "value type", "rounds type", "no rounds", "no app", "metric", "server"],
)
def test_what_can_be_refused_before_the_search_is_one_line(
    study: Path, command: Command, file: str, old: str, new: str, message: str
) -> None:
    place = study.parent / file
    text = place.read_text(encoding="utf-8")
    assert old in text
    place.write_text(text.replace(old, new), encoding="utf-8")
    code, out, err = command("tune", study, "--out", "s", *SMALL)
    assert (code, out) == (2, "")
    assert re.fullmatch(rf"flopt: .*{message}.*\n", err), err
    assert not Path("s").exists()
