"""What is wrong with a study file: one line with the place, the value, and what is allowed."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from flopt.errors import FloptError
from flopt.study import Study
from flopt.study_error import Origin, first_of


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"sede": 0}, "no key 'sede'; did you mean 'seed'?"),
        ({"ladder": {"rnus": 3}}, "no key 'ladder.rnus'; did you mean 'runs'?"),
        ({"limits": {"co2e": {"at_mst": 1.0}}}, "no key 'limits.co2e.at_mst'; did you mean 'at_most' or 'at_least'?"),
        ({"ladder": {"runs": 0}}, "ladder.runs = 0: must be at least 1"),
        ({"oracle": 3}, "oracle = 3: must be text, or a list of texts"),
        ({"oracle": ["analytic", 3]}, "oracle = ['analytic', 3]: must be text, or a list of texts"),
        ({"plan": {"rounds": []}}, "plan.rounds = []: must be a number or text"),
        ({"pricing": {"grid": []}}, "pricing.grid = []: must be the path of a table, or a finite number"),
        ({"device": "gpu"}, "device = 'gpu': must be cpu or cuda"),
    ],
)
def test_each_error_says_where_and_what_is_allowed(tables: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as error:
        Study.model_validate(tables)
    assert first_of(error.value, Study).startswith(said)


@pytest.mark.parametrize(
    ("origin", "key", "said"),
    [
        (Origin("my.toml"), "space", "my.toml: space: no file x"),
        (Origin("my.toml", frozenset({"seed"})), "space", "my.toml: space: no file x"),
        (Origin("my.toml", frozenset({"space"})), "space", "command line: space: no file x"),
        (Origin("my.toml", frozenset({"task.data"})), "task", "my.toml and command line: task: no file x"),
        (Origin("my.toml", frozenset({"tasks.data"})), "task", "my.toml: task: no file x"),
        (Origin("", frozenset({"task.data"})), "task", "command line: task: no file x"),
        (Origin(), "space", "study: space: no file x"),
    ],
)
def test_an_error_found_later_says_where_its_key_stands(origin: Origin, key: str, said: str) -> None:
    def broken() -> None:
        raise FloptError("no file x")

    with pytest.raises(FloptError) as error:
        origin.resolve(key, broken)
    assert str(error.value) == said


def test_a_key_that_the_error_begins_with_is_not_named_twice_and_what_works_is_given() -> None:
    def broken() -> None:
        raise FloptError("limits.co2e.at_most = -1: must be at least 0")

    with pytest.raises(FloptError, match=r"^study: limits\.co2e\.at_most = -1: must be"):
        Origin().resolve("limits", broken)
    assert Origin().resolve("limits", lambda: 7) == 7


def test_where_a_study_stands_is_no_part_of_it() -> None:
    assert Study().standing(Origin("one.toml")) == Study().standing(Origin("two.toml", frozenset({"seed"})))
    assert Study().standing(Origin("one.toml")).flat() == Study().flat()
