"""What is wrong with a study file: one line with the place, the value, and what is allowed."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from flopt.study import Study
from flopt.study_error import first_of


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
