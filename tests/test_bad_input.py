"""Bad input of every kind: exit 2, one line on stderr that says place, value and what is allowed, and nothing lost."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from flopt.errors import FloptError

Command = Callable[..., tuple[int, str, str]]

OBJECTIVE = "from flopt import objective\n\n\n@objective(direction='minimize', unit='L')\ndef water(run):\n    "
FLEET = (
    "[server]\ncountry = '{server}'\n"
    "[[group]]\nshare = {share}\ndevice = '{device}'\nlink = '{link}'\ncountry = 'FRA'\n"
)
GOOD_FLEET = {"server": "FRA", "share": 1.0, "device": "phone", "link": "home_wifi"}
DEVICE = "[device.mine]\ntrain_w = {train_w}\nwait_w = 0.1\nreceive_w = 1\ntransmit_w = 1\nflop_per_s = {flop_per_s}\n"

FILES = {
    # studies
    "malformed.toml": "space = \n",
    "unknown_key.toml": "[budget]\nrnus = 3\n",
    "wrong_type.toml": 'seed = "three"\n',
    # spaces
    "low_high.toml": "[rounds]\nlow = 9\nhigh = 3\n",
    "no_choices.toml": "[local_epochs]\nchoices = []\n",
    "zero_rounds.toml": "[rounds]\nlow = 0\nhigh = 3\n",
    "wide_fraction.toml": "[client_fraction]\nlow = 0.1\nhigh = 1.5\n",
    "unknown_axis.toml": "[round]\nlow = 1\nhigh = 3\n",
    "no_axis.toml": "",
    "no_table.toml": "rounds = 3\n",
    # fleets
    "shares.toml": FLEET.format(**GOOD_FLEET | {"share": 0.7}),
    "device.toml": FLEET.format(**GOOD_FLEET | {"device": "fone"}),
    "link.toml": FLEET.format(**GOOD_FLEET | {"link": "wifi"}),
    "server.toml": FLEET.format(**GOOD_FLEET | {"server": "France"}),
    "watts.toml": FLEET.format(**GOOD_FLEET | {"device": "mine"}) + DEVICE.format(train_w=-5, flop_per_s=1e9),
    "speed.toml": FLEET.format(**GOOD_FLEET | {"device": "mine"}) + DEVICE.format(train_w=5, flop_per_s=0),
    # objectives
    "good.py": OBJECTIVE + "return 1.8 * run.energy_kwh\n",
    "imports.py": "import no_such_package\n",
    "syntax.py": "def broken(:\n",
    "exits.py": "import sys\nsys.exit(3)\n",
    "undecorated.py": "def water(run):\n    return 1.0\n",
    "direction.py": OBJECTIVE.replace("minimize", "down") + "return 1.0\n",
    "raises.py": OBJECTIVE + "raise ValueError('two\\nlines')\n",
    "nan.py": OBJECTIVE + "return float('nan')\n",
    "text.py": OBJECTIVE + "return 'wet'\n",
    "nothing.py": OBJECTIVE + "pass\n",
    "learned_raises.py": OBJECTIVE + "return run.accuracy.nope\n",
    "learned_nan.py": OBJECTIVE + "return run.accuracy * float('nan')\n",
    "learned_text.py": OBJECTIVE + "return str(run.accuracy)\n",
    # models and oracles
    "model.py": "def build(features, classes):\n    return 3\n",
    "oracle.py": "def round(plan, participation, seed):\n    yield\n",
}


def arrays() -> dict[str, dict[str, NDArray[Any]]]:
    x, y = np.arange(120.0).reshape(60, 2), np.arange(60) % 3
    with_nan = x.copy()
    with_nan[7, 1] = np.nan
    return {
        "lengths.npz": {"X": x, "y": y[:-1]},
        "no_y.npz": {"X": x},
        "nan.npz": {"X": x, "y": y} | {"X": with_nan},
        "one_class.npz": {"X": x, "y": 0 * y},
        "no_clients.npz": {"X": x, "y": y},
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The working folder, filled with every broken file."""
    for name, content in FILES.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    for name, values in arrays().items():
        np.savez(tmp_path / name, **values)  # type: ignore[arg-type]  # numpy's stub takes allow_pickle for an array
    (tmp_path / "not_an.npz").write_text("hello", encoding="utf-8")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "just_a_folder").mkdir()
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, but caches."""
    files = (path for path in folder.rglob("*") if path.is_file())
    found = {str(path.relative_to(folder)): path for path in files}
    return {name: path.read_bytes() for name, path in found.items() if "cache" not in name}


def refused(said: tuple[int, str, str], *words: str) -> str:
    """Check that a command was refused in one line that has all the words; returns the line."""
    code, out, err = said
    assert code == 2, f"exit {code}\n{out}\n{err}"
    assert out == ""
    assert err.startswith("flopt: ")
    assert err.endswith("\n")
    assert err.count("\n") == 1, err
    for word in words:
        assert word in err, f"{word!r} is missing in: {err}"
    return err


def tuned(reference: str) -> tuple[str, ...]:
    return ("--objective", "accuracy", "--objective", reference)


COMMAND_LINES: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
    # the command line itself
    (("--nope",), ("--nope",)),
    (("tun",), ("tun", "tune")),
    (("tune", "--nope"), ("--nope",)),
    (("tune", "--workers", "two"), ("--workers", "integer")),
    (("tune", "a.toml", "b.toml"), ("b.toml",)),
    (("front",), ("DIR",)),
    (("recommend",), ("DIR",)),
    (("list",), ("KIND", "objectives, spaces")),
    (("list", "objective"), ("'objective'", "'objectives'")),
    (("estimate", "--rounds", "x"), ("--rounds", "integer")),
    # --set
    (("tune", "--set", "budget"), ("--set 'budget'", "key=value")),
    (("tune", "--set", "=3"), ("--set '=3'", "key=value")),
    (("tune", "--set", "seed.x=3"), ("--set 'seed.x=3'", "seed is not a table")),
    (("tune", "--set", "objectives=[accuracy,co2e]"), ("--set", '["accuracy", "co2e"]', "quotes")),
    (("tune", "--set", "nope=3"), ("no key 'nope'", "allowed: budget")),
    (("tune", "--set", "a.b.c=3"), ("no key 'a'",)),
    (("tune", "--set", "budget.rnus=3"), ("no key 'budget.rnus'", "'runs'")),
    (("tune", "--set", "limits.accuracy.at_leest=0.8"), ("no key 'limits.accuracy.at_leest'", "'at_least'")),
    # wrong types and values
    (("tune", "--set", "budget=3"), ("budget = 3", "a table")),
    (("tune", "--set", "budget.runs=0"), ("budget.runs = 0", "at least 1")),
    (("tune", "--set", "budget.runs=1.5"), ("budget.runs = 1.5", "a whole number")),
    (("tune", "--set", "budget.runs=true"), ("budget.runs = True", "a whole number")),
    (("tune", "--set", "budget.minutes=0"), ("budget.minutes = 0", "above 0")),
    (("tune", "--set", "seed=-1"), ("seed = -1", "at least 0")),
    (("tune", "--set", "seed="), ("seed = ''", "a whole number")),
    (("tune", "--set", "fleet.population=nan"), ("fleet.population = nan", "finite")),
    (("tune", "--set", "limits.accuracy.at_least='0.8'"), ("limits.accuracy.at_least = '0.8'", "a number")),
    (("tune", "--set", "limits.accuracy=0.8"), ("limits.accuracy = 0.8", "a table")),
    (("tune", "--set", "limits.accuracy={}"), ("accuracy", "at_least or at_most")),
    (("tune", "--set", "limits.accuracy.at_least=2"), ("limits.accuracy.at_least = 2", "between 0 and 1")),
    (("tune", "--set", "limits.accuracy.at_most=-0.5"), ("limits.accuracy.at_most = -0.5", "between 0 and 1")),
    (("tune", "--set", "limits.co2e.at_most=-1"), ("limits.co2e.at_most = -1", "at least 0")),
    (("tune", "--set", "objectives=accuracy"), ("objectives = 'accuracy'", "a list")),
    (("tune", "--set", "objectives=[]"), ("objectives = []", "at least one")),
    (("tune", "--set", 'objectives=["co2e","co2e"]'), ("co2e", "twice")),
    (("tune", "--set", "task.split=half"), ("task.split = 'half'", "sample or client")),
    (("tune", "--set", "pricing.network=wifi"), ("pricing.network = 'wifi'", "router, per_gb or per_hop")),
    (("tune", "--set", "pricing.pue=0.5"), ("pue = 0.5", "at least 1")),
    (("tune", "--set", "search.cpu_watts=-3"), ("search.cpu_watts = -3", "above 0")),
    (("tune", "--workers", "0"), ("workers = 0", "at least 1")),
    (("tune", "--workers", "9"), ("workers = 9", "lag = 8")),
    # the plan
    (("tune", "--set", "plan.round=3"), ("'round'", "'rounds'")),
    (("tune", "--set", "plan.rounds=0"), ("rounds = 0", "at least 1")),
    (("tune", "--set", "plan.rounds=true"), ("rounds = True", "a whole number")),
    (("tune", "--set", "plan.rounds=[1]"), ("plan.rounds = [1]", "a number or text")),
    (("estimate", "--rounds", "0"), ("rounds = 0", "at least 1")),
    (("estimate", "--client-fraction", "0"), ("client_fraction = 0", "above 0 and at most 1")),
    (("estimate", "--client-fraction", "1.5"), ("client_fraction = 1.5", "above 0 and at most 1")),
    (("estimate", "--compression", "zip"), ("'zip'", "allowed: bfloat16, float16, none, ")),
    (("estimate", "--compression", "quantize:99"), ("quantize:99", "between 2 and 16")),
    (("estimate", "--downlink", "topk:0.1"), ("downlink topk:0.1", "takes none, float16, bfloat16, quantize, qsgd")),
    # unknown names
    (("estimate", "--country", "fra"), ("pricing.country", "'fra'", "'FRA'")),
    (("estimate", "--country", "France"), ("'France'", "did you mean 'FRA'?")),
    (("tune", "--set", "search.country=DEUX"), ("search.country", "'DEUX'", "'DEU'")),
    (("estimate", "--fleet", "phone_europe"), ("'phone_europe'", "did you mean 'phones_europe'")),
    (("tune", "--objective", "co2"), ("objective 'co2'", "did you mean 'co2e'?")),
    (("tune", "--set", "space=cross_devise"), ("space 'cross_devise'", "'cross_device'")),
    (("tune", "--set", "oracle=simulate"), ("oracle 'simulate'", "did you mean 'simulated'?")),
    (("tune", "--set", "sampler=tpee"), ("sampler 'tpee'", "did you mean 'tpe'?")),
    (("tune", "--set", "limits.acuracy.at_least=0.8"), ("objective 'acuracy'", "did you mean 'accuracy'?")),
    (("tune", "--set", "task.data=digit"), ("data set 'digit'", "did you mean 'digits'?")),
    (("tune", "--set", "task.model=mpl"), ("model 'mpl'", "did you mean 'mlp'?")),
    (("tune", "--set", "task.partition=iidd"), ("partition 'iidd'", "did you mean 'iid'?")),
    # study files
    (("tune", "absent.toml"), ("no file absent.toml",)),
    (("tune", "just_a_folder"), ("just_a_folder", "directory")),
    (("tune", "malformed.toml"), ("malformed.toml", "line 1")),
    (("tune", "binary.toml"), ("binary.toml", "utf-8")),
    (("tune", "unknown_key.toml"), ("unknown_key.toml", "no key 'budget.rnus'", "'runs'")),
    (("tune", "wrong_type.toml"), ("wrong_type.toml", "seed = 'three'", "a whole number")),
    (("estimate", "--study", "absent.toml"), ("no file absent.toml",)),
    # spaces
    (("tune", "--set", "space=absent.toml"), ("no file", "absent.toml")),
    (("tune", "--set", "space=malformed.toml"), ("malformed.toml", "line 1")),
    (("tune", "--set", "space=low_high.toml"), ("low_high.toml: rounds", "low = 9", "high = 3")),
    (("tune", "--set", "space=no_choices.toml"), ("no_choices.toml: local_epochs", "choices = []", "at least one")),
    (("tune", "--set", "space=zero_rounds.toml"), ("zero_rounds.toml", "rounds = 0", "at least 1")),
    (("tune", "--set", "space=wide_fraction.toml"), ("wide_fraction.toml", "1.5", "at most 1")),
    (("tune", "--set", "space=unknown_axis.toml"), ("unknown_axis.toml", "axis 'round'", "'rounds'")),
    (("tune", "--set", "space=no_axis.toml"), ("no_axis.toml", "no axis")),
    (("tune", "--set", "space=no_table.toml"), ("no_table.toml", "rounds", "table")),
    # fleets
    (("estimate", "--fleet", "absent.toml"), ("no file", "absent.toml")),
    (("estimate", "--fleet", "malformed.toml"), ("malformed.toml", "line 1")),
    (("estimate", "--fleet", "shares.toml"), ("shares sum to 0.7", "sum to 1")),
    (("estimate", "--fleet", "device.toml"), ("device.toml: group 1", "device 'fone'", "'phone'")),
    (("estimate", "--fleet", "link.toml"), ("link.toml: group 1", "link 'wifi'", "'home_wifi'")),
    (("estimate", "--fleet", "server.toml"), ("server.toml: server", "'France'", "'FRA'")),
    (("estimate", "--fleet", "watts.toml"), ("watts.toml: device mine", "train_w = -5 W", "not be negative")),
    (("estimate", "--fleet", "speed.toml"), ("device mine", "flop_per_s = 0", "above 0")),
    # objective files, in order: what does not import, and what imports and does not work
    (("tune", *tuned("absent.py:water")), ("no file", "absent.py")),
    (("tune", *tuned("imports.py")), ("imports.py:1", "No module named 'no_such_package'")),
    (("tune", *tuned("syntax.py")), ("syntax.py", "SyntaxError", "line 1")),
    (("tune", *tuned("exits.py")), ("exits.py:2", "SystemExit")),
    (("tune", *tuned("undecorated.py")), ("undecorated.py", "@flopt.objective")),
    (("tune", *tuned("direction.py")), ("direction.py:4", "'down'", "maximize, minimize")),
    (("tune", *tuned("good.py:watr")), ("good.py", "objective 'watr'", "did you mean 'water'?")),
    (("tune", *tuned("raises.py")), ("'water'", "raises.py", "ValueError: two lines")),
    (("tune", *tuned("nan.py")), ("'water'", "nan.py", "gave nan", "finite")),
    (("tune", *tuned("text.py")), ("'water'", "text.py", "gave 'wet'", "a number")),
    (("tune", *tuned("nothing.py")), ("'water'", "nothing.py", "gave None", "a number")),
    (("tune", *tuned("learned_raises.py")), ("'water'", "learned_raises.py", "AttributeError")),
    (("tune", *tuned("learned_nan.py")), ("'water'", "learned_nan.py", "gave nan", "finite")),
    (("tune", *tuned("learned_text.py")), ("'water'", "learned_text.py", "a number")),
    (("tune", "--dry-run", *tuned("learned_nan.py")), ("'water'", "learned_nan.py", "gave nan")),
    # data
    (("tune", "--set", "task.data=absent.npz"), ("no data file", "absent.npz")),
    (("tune", "--set", "task.data=not_an.npz"), ("not_an.npz", "not a readable .npz")),
    (("tune", "--set", "task.data=lengths.npz"), ("lengths.npz", "y of shape (59,)", "(60,)")),
    (("tune", "--set", "task.data=no_y.npz"), ("no_y.npz", "no array 'y'", "it holds X")),
    (("tune", "--set", "task.data=nan.npz"), ("nan.npz", "X holds NaN", "finite")),
    (("tune", "--set", "task.data=one_class.npz"), ("one_class.npz", "one single class", "at least 2")),
    (("tune", "--set", "task.data=no_clients.npz"), ("no_clients.npz", "no client ids", "'iid'")),
    # models and oracles
    (("tune", "--set", "task.model=model.py:biuld"), ("model.py", "'biuld'", "did you mean 'build'?")),
    (("tune", "--set", "task.model=model.py:build"), ("model.py:build", "returned int", "torch.nn.Module")),
    (("tune", "--set", "task.model=model.py"), ("model.py", "file.py:function")),
    (("tune", "--set", "oracle=oracle.py"), ("oracle.py", "'rounds'", "did you mean 'round'?")),
    (("tune", "--set", "oracle=absent.py:rounds"), ("no file", "absent.py")),
    # folders
    (("front", "absent"), ("absent", "not a study folder", "journal.log")),
    (("front", "just_a_folder"), ("just_a_folder", "not a study folder", "journal.log")),
    (("recommend", "good.py"), ("good.py", "not a study folder")),
    (("tune", "--set", "oracle=analytic", "--out", "good.py"), ("good.py", "not a folder")),
    (("tune", "--set", "oracle=analytic", "--out", "good.py/study"), ("good.py/study", "Not a directory")),
    (("init", "good.py"), ("good.py", "exists", "--force")),
    (("init", "absent/study.toml"), ("absent/study.toml", "No such file")),
]


@pytest.mark.parametrize(("arguments", "words"), COMMAND_LINES, ids=[" ".join(line) for line, _ in COMMAND_LINES])
def test_bad_input_is_told_in_one_line_before_anything_is_done(
    command: Command, folder: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    before = contents(folder)
    refused(command(*arguments), *words)
    assert contents(folder) == before


MISSPELLED: list[tuple[str, str, str, str]] = [
    ("sampler", "'trajectori'", "sampler", "did you mean 'trajectory'?"),
    ("stopping", "'powerlaw'", "stopping", "did you mean 'power-law'?"),
    ("oracle", "'simulatd'", "oracle", "did you mean 'simulated'?"),
    ("oracle", "['recorded', 'simulatd']", "oracle", "did you mean 'simulated'?"),
    ("oracle", "'absent.npz'", "oracle", "no file"),
    ("objectives", "['acuracy']", "objectives", "did you mean 'accuracy'?"),
    ("objectives", "['co2e', 'water.py']", "objectives", "no file"),
    ("space", "'quik'", "space", "did you mean 'quick'?"),
    ("space", "'absent.toml'", "space", "no file"),
    ("fleet.use", "'phones_europ'", "fleet.use", "did you mean 'phones_europe'"),
    ("pricing.country", "'FRAN'", "pricing.country", "did you mean 'FRA'?"),
    ("pricing.grid", "'absent.csv'", "pricing", "no file"),
    ("pricing.pue", "0.5", "pricing", "pue = 0.5: must be a number, at least 1"),
    ("pricing.network", "'routr'", "pricing.network", "router, per_gb or per_hop"),
    ("search.country", "'DE'", "search.country", "did you mean 'DEU'?"),
    ("executor", "'rayy'", "executor", "did you mean 'ray'?"),
    ("task.data", "'digit'", "task", "did you mean 'digits'?"),
    ("task.model", "'mpl'", "task", "did you mean 'mlp'?"),
    ("task.partition", "'iidd'", "task", "did you mean 'iid'?"),
    ("task.metric", "'acuracy'", "task", "did you mean 'accuracy' or 'auc'?"),
    ("limits.acuracy.at_least", "0.5", "limits", "did you mean 'accuracy'?"),
    ("limits.accuracy.at_least", "2", "limits.accuracy.at_least", "must be between 0 and 1"),
    ("plan.round", "3", "plan", "did you mean 'rounds'?"),
    ("plan.uplink", "'quantise:8'", "plan: uplink", "did you mean 'quantize'?"),
    ("workers", "9", "workers", "must not be above lag = 8"),
]


@pytest.mark.parametrize(("key", "value", "told", "words"), MISSPELLED, ids=[f"{k}={v}" for k, v, _, _ in MISSPELLED])
def test_whatever_is_wrong_is_told_with_where_it_stands_and_its_key(
    command: Command, tmp_path: Path, key: str, value: str, told: str, words: str
) -> None:
    refused(command("tune", "--set", f"{key}={value}"), f"flopt: command line: {told}", words)
    (tmp_path / "mine.toml").write_text(f"{key} = {value}\n", encoding="utf-8")
    refused(command("tune", "mine.toml"), f"flopt: mine.toml: {told}", words)
    # What else the command line says does not take the blame for the file.
    refused(command("tune", "mine.toml", "--set", "seed=4"), f"flopt: mine.toml: {told}", words)


@pytest.fixture
def study(analytic_study: Path, folder: Path) -> Path:
    """A study folder of its own to break."""
    return Path(shutil.copytree(analytic_study, folder / "study"))


READINGS: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
    (("front", "study", "--plot", "front.jpg"), ("front.jpg", ".png, .svg, .pdf")),
    (("front", "study", "--plot", "front"), ("picture front", ".png, .svg, .pdf")),
    (("front", "study", "--plot", "absent/front.png"), ("absent/front.png", "No such file")),
    (
        ("front", "study", "--objective", "co2"),
        ("command line: --objective: no objective 'co2'", "'co2e'?"),
    ),
    (("front", "study", "--objective", "co2e", "--objective", "co2e"), ("'co2e'", "twice")),
    (("front", "study", "--objective", "nan.py"), ("'water'", "nan.py", "gave nan")),
    (("front", "study", "--objective", "learned_raises.py"), ("'water'", "learned_raises.py", "AttributeError")),
    (("recommend", "study", "--at-least", "accuracy"), ("--at-least 'accuracy'", "NAME=VALUE")),
    (("recommend", "study", "--at-least", "accuracy=high"), ("--at-least 'accuracy=high'", "'high'", "number")),
    (("recommend", "study", "--at-most", "co2e=nan"), ("--at-most 'co2e=nan'", "'nan'", "finite")),
    (("recommend", "study", "--at-least", "accuracy=2"), ("--at-least 'accuracy=2'", "between 0 and 1")),
    (("recommend", "study", "--at-most", "co2e=-1"), ("--at-most 'co2e=-1'", "at least 0")),
    (("recommend", "study", "--at-least", "acuracy=0.9"), ("--at-least 'acuracy=0.9'", "did you mean 'accuracy'?")),
]


@pytest.mark.parametrize(("arguments", "words"), READINGS, ids=[" ".join(line) for line, _ in READINGS])
def test_a_bad_question_changes_nothing(
    command: Command, folder: Path, study: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    before = contents(study)
    refused(command(*arguments), *words)
    assert contents(study) == before
    assert sorted(path.name for path in folder.iterdir() if path.suffix in (".png", ".jpg")) == []


CHANGES = [
    (("--set", "seed=4"), "seed is 0 there and 4 here"),
    (("--set", "lag=4"), "lag is 8 there and 4 here"),
    (("--set", "sampler=random"), "sampler is 'tpe' there and 'random' here"),
    (("--set", "space=quick"), "space is 'cross_device' there and 'quick' here"),
    (("--set", "pricing.country=FRA"), "pricing.country is None there and 'FRA' here"),
    (("--set", "plan.rounds=7"), "plan.rounds is None there and 7 here"),
    (("--set", "limits.accuracy.at_least=0.5"), "limits.accuracy.at_least is None there and 0.5 here"),
    (("--objective", "accuracy", "--objective", "energy"), "objective.co2e is 'minimize' there and None here"),
]


@pytest.mark.parametrize(("changed", "words"), CHANGES, ids=[" ".join(change) for change, _ in CHANGES])
def test_a_changed_study_is_refused_with_the_key_that_differs(
    command: Command, study: Path, changed: tuple[str, ...], words: str
) -> None:
    before = contents(study)
    refused(command("tune", study / "study.toml", "--out", study, *changed), str(study), words, "--out")
    assert contents(study) == before


def test_the_same_key_with_another_content_is_refused_too(command: Command, folder: Path) -> None:
    (folder / "space.toml").write_text("[rounds]\nlow = 1\nhigh = 5\n", encoding="utf-8")
    line = ("tune", "--set", "oracle=analytic", "--set", "space=space.toml", "--set", "budget.runs=2", "--workers", 1)
    assert command(*line, "--out", "own")[0] == 0
    (folder / "space.toml").write_text("[rounds]\nlow = 1\nhigh = 6\n", encoding="utf-8")
    refused(command(*line, "--out", "own"), "space.rounds", "high=5", "high=6")


@pytest.mark.parametrize("reading", ["front", "recommend", "tune"])
def test_a_torn_last_line_is_cut_off_and_said(command: Command, study: Path, reading: str) -> None:
    journal = study / "journal.log"
    whole = journal.read_bytes()
    answer = command("front", study, "--json")[1]
    journal.write_bytes(whole + b'{"op_code": 4, "wor')
    line = ("tune", study / "study.toml", "--out", study) if reading == "tune" else (reading, study)
    code, _, err = command(*line)
    assert code == 0
    assert "cut off 19 bytes" in err
    assert "nothing finished is lost" in err
    assert journal.read_bytes() == whole
    assert command("front", study, "--json") == (0, answer, "")


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"hello\n", "not a journal"), (b"[1, 2]\n", "not a journal"), (b"", "header"), (b'{"op', "header")],
)
def test_a_journal_that_is_none_is_refused(command: Command, study: Path, content: bytes, words: str) -> None:
    (study / "journal.log").write_bytes(content)
    refused(command("front", study), "journal.log", words)


def test_a_folder_without_its_study_file_names_it(command: Command, study: Path) -> None:
    (study / "study.toml").unlink()
    refused(command("front", study), "no file", "study.toml")


def test_a_broken_oracle_fails_its_runs_and_a_dry_run(command: Command, tmp_path: Path) -> None:
    (tmp_path / "oracle.py").write_text(
        "def rounds(plan, participation, seed):\n    raise ValueError('boom')\n    yield\n", encoding="utf-8"
    )
    line = ("tune", "--set", "oracle=oracle.py", "--set", "budget.runs=2", "--workers", 1, "--out", "own")
    code, _, err = command(*line)
    assert code == 1
    assert err.splitlines() == [f"flopt: run {number} failed: round 1: ValueError: boom" for number in (0, 1)]
    code, _, err = command(*line, "--dry-run")
    assert (code, err.count("\n")) == (2, 1)
    assert "oracle.py: round 1: ValueError: boom" in err


def test_flopt_traceback_shows_where_an_error_comes_from(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOPT_TRACEBACK", "1")
    with pytest.raises(FloptError, match="not a study folder"):
        command("front", "absent")


# Root may write everywhere; without this capability it is bound by permissions as others are.
DROP = "import ctypes, os, sys\nctypes.CDLL(None).prctl(24, 1, 0, 0, 0)\nos.execv(sys.executable, sys.argv[1:])\n"


def bound_by_permissions(*arguments: object, cwd: Path) -> tuple[int, str, str]:
    line = [sys.executable, "-m", "flopt", *map(str, arguments)]
    if os.geteuid() == 0:
        if not hasattr(ctypes.CDLL(None), "prctl"):
            pytest.skip("root may write everywhere, and this system (macOS) has no prctl")
        line = [sys.executable, "-c", DROP, *line]
    done = subprocess.run(line, cwd=cwd, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_no_permission_to_write_is_told_and_reading_still_works(study: Path, folder: Path) -> None:
    before = contents(study)
    closed = folder / "closed"
    closed.mkdir()
    for path in (closed, study, *study.iterdir()):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        tune = ("tune", study / "study.toml")
        refused(bound_by_permissions(*tune, "--out", closed / "new", cwd=folder), "closed/new", "ermission")
        refused(bound_by_permissions(*tune, "--out", study, cwd=folder), str(study), "ermission")
        refused(bound_by_permissions("init", closed / "study.toml", cwd=folder), "closed/study.toml", "ermission")
        refused(bound_by_permissions("front", study, "--plot", closed / "x.png", cwd=folder), "x.png", "ermission")
        code, out, err = bound_by_permissions("front", study, cwd=folder)
        assert (code, err) == (0, "")
        assert "run@round" in out
    finally:
        for path in (closed, study):
            path.chmod(0o755)
    assert contents(study) == before
