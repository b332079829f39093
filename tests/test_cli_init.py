"""`flopt init`: a study file with every key of the schema, each with the default that it has."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from flopt.cli.init import TEMPLATE
from flopt.plan import PLAN_FIELDS
from flopt.study import Study, load_study, study_of

Command = Callable[..., tuple[int, str, str]]
TEXT = TEMPLATE.read_text(encoding="utf-8")


def schema(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Every key of the study file, tables joined by dots."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from schema(field.annotation, f"{prefix}{name}.")
        else:
            yield prefix + name


def keys(text: str) -> Iterator[str]:
    """Every key of a study file, given or commented out."""
    table = ""
    for line in text.splitlines():
        if found := re.match(r"\[(\w+)\]", line):
            table = found[1] + "."
            yield found[1]
        elif found := re.match(r"(?:# )?(\w+) *= ", line):
            yield table + found[1]


def uncommented(text: str) -> str:
    """The template with every key that stands in a comment given."""
    return re.sub(r"^# (?=\w+ *= )", "", text, flags=re.MULTILINE)


def test_the_template_is_the_shipped_study() -> None:
    assert study_of(tomllib.loads(TEXT)) == Study()


def test_every_key_of_the_schema_stands_in_the_template_and_no_other() -> None:
    expected = set(schema(Study)) | {f"plan.{name}" for name in PLAN_FIELDS}
    tables = {"budget", "ladder", "run", "task", "plan", "fleet", "pricing", "limits", "search"}
    assert set(keys(TEXT)) - {"limits.accuracy", "limits.co2e"} == (expected | tables)


def test_what_is_commented_out_is_right_too() -> None:
    study = study_of(tomllib.loads(uncommented(TEXT)))
    assert study != Study()
    assert set(study.flat()) >= set(schema(Study)) - {"plan", "limits"}
    assert (study.pricing.country, study.limits["accuracy"].at_least) == ("FRA", 0.8)


def test_every_line_says_what_it_means() -> None:
    for line in TEXT.splitlines()[1:]:
        goes_on = re.match(r"# {30,}\S", line)  # under the comment of the line above
        assert not line or goes_on or re.match(r"(\[\w+\]|(# )?\w+ *= \S.*?) +# \S", line), line
        assert len(line) <= 120, line


def test_it_writes_the_template_and_says_what_comes_next(command: Command, tmp_path: Path) -> None:
    code, out, err = command("init")
    assert (code, out) == (0, "")
    assert err == "flopt: wrote study.toml; next: flopt tune study.toml\n"
    assert (tmp_path / "study.toml").read_text(encoding="utf-8") == TEXT
    assert load_study(tmp_path / "study.toml") == Study()


def test_an_existing_file_is_kept_unless_forced(command: Command, tmp_path: Path) -> None:
    mine = tmp_path / "my study.toml"
    mine.write_text("seed = 3\n", encoding="utf-8")
    code, _, err = command("init", mine)
    assert code == 2
    assert err == f"flopt: {mine} exists already; choose another name, or --force\n"
    assert mine.read_text(encoding="utf-8") == "seed = 3\n"
    assert command("init", mine, "--force")[0] == 0
    assert mine.read_text(encoding="utf-8") == TEXT


@pytest.mark.parametrize("key", ["plan.rounds", "plan.local_epochs", "plan.client_fraction"])
def test_the_defaults_of_the_plan_are_the_plan_s(key: str) -> None:
    from flopt.plan import Plan

    given = study_of(tomllib.loads(uncommented(TEXT))).plan
    assert given[key.removeprefix("plan.")] == Plan().settings()[key.removeprefix("plan.")]
