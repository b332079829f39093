"""The facts of a task from a file: by hand, and what is wrong in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import flopt
from flopt.errors import FloptError
from flopt.plan import Plan
from flopt.results import open_results, problem_of
from flopt.study import study_of
from flopt.task import Task
from flopt.task_file import load_task

GOOD = "clients = 3\nsamples_per_client = 20\nparameters = 15\nflop_per_sample = 90\nmajority_share = 0.4\n"
EACH = "client_samples = [10, 20, 60]\ntensors = [[4, 3], [3]]\nflop_per_sample = 9e1\nmajority_share = 0.4\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "speech.toml"


def test_means_and_numbers_are_enough(file: Path) -> None:
    file.write_text(GOOD, encoding="utf-8")
    assert load_task(file) == Task("speech", (20, 20, 20), ((15,),), 90.0, 0.4)


def test_each_client_and_each_shape_can_be_given(file: Path) -> None:
    file.write_text('name = "keywords"\n' + EACH, encoding="utf-8")
    assert load_task(file) == Task("keywords", (10, 20, 60), ((4, 3), (3,)), 90.0, 0.4)


WRONG = {
    GOOD.replace("clients = 3", "client = 3"): "no key 'client'; did you mean 'clients'",
    GOOD.replace("clients = 3", ""): "clients is missing (or client_samples)",
    GOOD.replace("clients = 3", "clients = 0"): "clients = 0: must be a whole number, at least 1",
    GOOD.replace("clients = 3", "clients = true"): "clients = True: must be a whole number, at least 1",
    GOOD.replace("parameters = 15", ""): "parameters is missing (or tensors)",
    GOOD.replace("90", "'much'"): "flop_per_sample = 'much': must be a number",
    GOOD.replace("flop_per_sample = 90", ""): "flop_per_sample is missing",
    GOOD.replace("0.4", "1.4"): "majority_share = 1.4: must be between 0 and 1",
    GOOD.replace("90", "nan"): "flop_per_sample = nan: must be above 0",
    GOOD + "client_samples = [1]": "client_samples and clients say the same: give one of them",
    EACH + "parameters = 15": "tensors and parameters say the same: give one of them",
    EACH.replace("[10, 20, 60]", "[10, 0]"): "client 1 has 0 training samples; at least 1",
    EACH.replace("[10, 20, 60]", "[10, 2.5]"): "client_samples = [10, 2.5]: must be a list of whole numbers",
    EACH.replace("[[4, 3], [3]]", "12"): "tensors = 12: must be a list of shapes",
    EACH.replace("[[4, 3], [3]]", "[4, 3]"): "tensors.0 = 4: must be a list of whole numbers",
    "clients = ": "Invalid value",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_said_in_one_line(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(FloptError) as caught:
        load_task(file)
    assert WRONG[text] in str(caught.value)
    assert str(caught.value).startswith(f"{file}: ")
    assert "\n" not in str(caught.value)


def test_a_study_of_a_task_that_flopt_never_sees(file: Path, tmp_path: Path) -> None:
    file.write_text(EACH, encoding="utf-8")
    study = {"space": "quick", "task": {"facts": str(file)}, "budget": {"runs": 2}}
    with flopt.Search(study, out=tmp_path / "study") as search:
        while (trial := search.ask()) is not None:
            assert max(map(max, trial.clients)) <= 2
            trial.report(0.5, 1.0)
            trial.tell()
    results = open_results(tmp_path / "study")
    assert results.problem.task == load_task(file)
    run = results.problem.run(Plan(rounds=1, client_fraction=1.0, uplink=results.problem.base.uplink))
    assert run.download_bytes == 3 * 15 * 4  # three clients, fifteen numbers of four bytes
    assert len(results.front()) > 0


@pytest.mark.parametrize("oracle", ["simulated", "recorded", "table.npz", "flower"])
def test_oracles_that_need_the_data_are_refused(file: Path, oracle: str) -> None:
    file.write_text(GOOD, encoding="utf-8")
    with pytest.raises(FloptError, match=rf'task\.facts: oracle = "{oracle}" needs the data itself'):
        problem_of(study_of({"oracle": oracle, "task": {"facts": str(file)}}))


@pytest.mark.parametrize("key", ["data = 'mnist5k'", "partition = 'iid'", "model = 'cnn'", "flower_app = 'app'"])
def test_what_the_facts_bring_themselves_is_refused(file: Path, tmp_path: Path, key: str) -> None:
    file.write_text(GOOD, encoding="utf-8")
    (tmp_path / "study.toml").write_text(f"oracle = 'analytic'\n[task]\nfacts = '{file}'\n{key}\n", encoding="utf-8")
    with pytest.raises(FloptError, match=r"task\.\w+ = '.+': the facts \(task\.facts\) bring their own"):
        flopt.Search(tmp_path / "study.toml")


def test_who_wants_to_train_on_facts_is_told_so(file: Path, command: Callable[..., tuple[int, str, str]]) -> None:
    file.write_text(GOOD, encoding="utf-8")
    facts = ("--set", f"task.facts={file}", "--set", "oracle=analytic", "--set", "space=quick")
    assert command("tune", "--out", "study", *facts, "--set", "budget.runs=2", "--workers", "1")[0] == 0
    code, _, err = command("compare", "study", "--measured")
    assert code == 2
    assert "speech.toml" in err
    assert err.count("\n") == 1
