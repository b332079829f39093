"""The catalogue: plug-ins by name and by path through one loader, and one line for whatever is wrong with a file."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from flopt.catalogue import ORACLES, ROOT, TOLD, load_objective, load_oracle, load_space, shipped
from flopt.errors import FloptError
from flopt.oracles.table import CURVES, Table, save_table
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.task import Task, TaskSource

HEADER = "from flopt import Run, objective\n"
WATER = '@objective(direction="minimize", unit="L")\ndef water(run: Run) -> float:\n    return 1.8 * run.energy_kwh\n'
HEAT = '@objective(direction="minimize", unit="kWh")\ndef heat(run: Run) -> float:\n    return run.energy_kwh\n'
ROUNDS = """
from flopt import Round

def rounds(plan, participation, seed):
    for clients in participation.selected:
        yield Round(0.5, 1.0, clients=len(clients), samples=1, download_bytes=1, upload_bytes=1)

def others(plan, participation, seed):
    yield Round(0.1, 1.0, clients=1, samples=1, download_bytes=1, upload_bytes=1)
"""
TASK = Task("toy", (4, 4, 4), ((2, 2),), 100.0, 0.5)

Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """`write(text)` gives the path of a new Python file with that text."""

    def make(text: str) -> str:
        file = tmp_path / f"mine{len(list(tmp_path.iterdir()))}.py"
        file.write_text(text, encoding="utf-8")
        return str(file)

    return make


def one_line(load: Callable[[], object]) -> str:
    with pytest.raises(FloptError) as caught:
        load()
    assert "\n" not in str(caught.value)
    return str(caught.value)


# -- objectives ------------------------------------------------------------------------------------------------------


def test_an_objective_by_name_is_the_file_in_the_catalogue() -> None:
    assert load_objective("co2e").source.startswith(str(ROOT / "objectives" / "co2e.py"))


def test_an_objective_by_path_is_the_only_one_in_the_file(write: Write) -> None:
    assert load_objective(write(HEADER + WATER)).name == "water"


def test_an_objective_by_path_and_name_is_that_one(write: Write) -> None:
    file = write(HEADER + WATER + HEAT)
    assert load_objective(f"{file}:heat").unit == "kWh"
    assert load_objective(f"{file}:water").unit == "L"


def test_of_several_objectives_the_one_named_like_the_file_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "heat.py"
    file.write_text(HEADER + WATER + HEAT, encoding="utf-8")
    assert load_objective(str(file)).name == "heat"


def test_of_several_objectives_one_must_be_named(write: Write) -> None:
    message = one_line(lambda: load_objective(write(HEADER + WATER + HEAT)))
    assert re.search(r"mine0\.py: no objective 'mine0'; .*heat, water", message)


def test_a_relative_path_is_read_from_where_the_user_stands(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    file = Path(write(HEADER + WATER))
    monkeypatch.chdir(file.parent)
    assert load_objective(f"{file.name}:water").name == "water"


def test_two_files_of_one_name_are_two_modules(tmp_path: Path) -> None:
    for folder, unit in (("a", "L"), ("b", "gal")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text(HEADER + WATER.replace('"L"', f'"{unit}"'), encoding="utf-8")
    first, second = (load_objective(str(tmp_path / folder / "mine.py")) for folder in "ab")
    assert (first.unit, second.unit) == ("L", "gal")
    assert (first.source.split(":")[0], second.source.split(":")[0]) == (
        str(tmp_path / "a" / "mine.py"), str(tmp_path / "b" / "mine.py"),
    )  # fmt: skip


def test_an_unknown_name_gets_the_nearest() -> None:
    assert one_line(lambda: load_objective("co2")) == (
        "no objective 'co2'; did you mean 'co2e'? (or give a path ending in .py)"
    )
    assert "allowed: accuracy, co2e, duration, energy, traffic" in one_line(lambda: load_objective("zzz"))


def test_an_unknown_name_in_a_file_gets_the_nearest(write: Write) -> None:
    file = write(HEADER + WATER)
    assert one_line(lambda: load_objective(f"{file}:watr")).startswith(
        f"{file}: no objective 'watr'; did you mean 'water'?"
    )


def test_names_that_start_with_an_underscore_are_not_shipped() -> None:
    assert "__init__" not in shipped("objectives", ".py")


@pytest.mark.parametrize("reference", ["nowhere.py", "nowhere.py:water", "tests.py/"])
def test_a_file_that_is_not_there(reference: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert re.match("no (file|objective) ", one_line(lambda: load_objective(reference)))


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "folder.py").mkdir()
    assert one_line(lambda: load_objective(f"{tmp_path}/folder.py")) == f"no file {tmp_path}/folder.py"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("def water(run:\n", "SyntaxError"),
        ("\n\n  x = 1\n", "IndentationError"),
        ("import nowhere_at_all\n", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("from flopt import objectivo\n", "ImportError"),
        ("\nx = 1 / 0\n", "ZeroDivisionError: division by zero"),
        ("import sys\nsys.exit(3)\n", "SystemExit: 3"),
        ("raise ValueError('two\\nlines')\n", "ValueError: two lines"),
        ("raise GeneratorExit\n", "GeneratorExit"),
        ("x = '\ud800'\n".encode("utf-8", "surrogatepass").decode("latin-1"), "does not"),
        ("\0", "does not import"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_file_that_does_not_import_is_one_line_with_the_place(text: str, shown: str, write: Write) -> None:
    file = write("")
    Path(file).write_bytes(text.encode("latin-1"))
    message = one_line(lambda: load_objective(file))
    assert message.startswith(f"{file} does not import: ")
    assert shown in message


@pytest.mark.parametrize(("text", "line"), [("\n\nx = 1 / 0\n", 3), ("def f():\n  raise KeyError(1)\n\nf()\n", 2)])
def test_the_line_is_the_one_in_the_users_file(text: str, line: int, write: Write) -> None:
    file = write(text)
    assert one_line(lambda: load_objective(file)).endswith(f"({file}:{line})")


def test_a_wrong_decorator_is_told_with_its_place(write: Write) -> None:
    file = write(HEADER + WATER.replace("minimize", "less"))
    message = one_line(lambda: load_objective(file))
    assert message == f"{file} does not import: no direction 'less'; allowed: maximize, minimize ({file}:2)"


def test_ctrl_c_while_a_file_is_imported_is_ctrl_c(write: Write) -> None:
    with pytest.raises(KeyboardInterrupt):
        load_objective(write("raise KeyboardInterrupt\n"))


def test_a_file_without_any_objective_says_what_it_needs(write: Write) -> None:
    message = one_line(lambda: load_objective(write("def water(run):\n    return 1.0\n")))
    assert message.endswith("no function in it is decorated with @flopt.objective")


def test_a_file_may_define_dataclasses(write: Write) -> None:
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\n"
    assert load_objective(write(text + HEADER.replace("from", "from", 1) + WATER)).name == "water"


# -- spaces ----------------------------------------------------------------------------------------------------------


def test_a_space_by_path_is_named_like_its_file(tmp_path: Path) -> None:
    file = tmp_path / "narrow.toml"
    file.write_text("rounds = { low = 1, high = 3 }", encoding="utf-8")
    assert load_space(str(file)).name == "narrow"


@pytest.mark.parametrize(
    ("reference", "shown"),
    [
        ("cross_devices", "no search space 'cross_devices'; did you mean 'cross_device' or "),
        ("nowhere.toml", "no file nowhere.toml"),
        ("quick.py", "no search space 'quick.py'"),
    ],
)
def test_a_space_that_is_not_there(reference: str, shown: str) -> None:
    assert shown in one_line(lambda: load_space(reference))


@pytest.mark.parametrize("content", [b"rounds = {", b"\xff\xfe", b"rounds = 1\nrounds = 2"])
def test_a_space_that_is_no_toml(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes(content)
    assert one_line(lambda: load_space(str(file))).startswith(f"{file}: ")


def test_a_mistake_in_a_space_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("rounds = { low = 3, high = 2 }", encoding="utf-8")
    assert one_line(lambda: load_space(str(file))).startswith(f"{file}: rounds: low = 3 must not be above")


# -- oracles ---------------------------------------------------------------------------------------------------------


def accuracies(reference: str) -> list[float]:
    plan = Plan(rounds=2)
    participation = Participation.complete(np.array([[0, 1], [2, 0]]), np.zeros(3, dtype=np.int64))
    return [each.accuracy for each in load_oracle(reference, TaskSource(), TASK)(plan, participation, 0)]


def test_a_users_oracle_is_the_function_named_rounds_or_the_one_given(write: Write) -> None:
    file = write(ROUNDS)
    assert accuracies(file) == accuracies(f"{file}:rounds") == [0.5, 0.5]
    assert accuracies(f"{file}:others") == [0.1]


def test_the_analytic_oracle_needs_no_data() -> None:
    assert len(accuracies("analytic")) == 2


def test_the_simulated_oracle_trains_the_task() -> None:
    oracle = load_oracle("simulated", TaskSource(model="logreg"), TASK)
    participation = Participation.complete(np.array([[0, 1]]), np.zeros(14, dtype=np.int64))
    (only,) = oracle(Plan(rounds=1), participation, 0)
    assert only.clients == 2


def test_every_oracle_of_the_list_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flopt.oracles.shipped.TABLES", tmp_path)
    curves = {name: np.full((1, 1, 1), 0.5, dtype=np.float32) for name in CURVES}
    save_table(Table(asdict(TaskSource()), (Plan(rounds=1),), (0,), curves), tmp_path / "digits.npz")
    for name in ORACLES.keys() - {"flower", TOLD}:  # tests/test_flower_oracle.py: it needs an app
        assert callable(load_oracle(name, TaskSource(), TASK))


def test_what_is_told_cannot_be_trained_here() -> None:
    assert "flopt ask and flopt tell" in one_line(lambda: load_oracle(TOLD, TaskSource(), TASK))


def test_an_unknown_oracle_gets_the_nearest(write: Write) -> None:
    assert "did you mean 'analytic'?" in one_line(lambda: load_oracle("analytical", TaskSource(), TASK))
    file = write(ROUNDS)
    assert "did you mean 'rounds'?" in one_line(lambda: load_oracle(f"{file}:round", TaskSource(), TASK))
    assert "no file nowhere.py" in one_line(lambda: load_oracle("nowhere.py:rounds", TaskSource(), TASK))
    assert "'TASK'" in one_line(lambda: load_oracle(f"{write('TASK = 3')}:TASK", TaskSource(), TASK))
