"""The ladder: what is a list of oracles in rising order of cost, and what is none."""

from __future__ import annotations

import pytest

from flopt.errors import FloptError
from flopt.ladder import check_ladder


@pytest.mark.parametrize(
    "oracles",
    [
        ["simulated"],
        ["no such oracle"],  # one alone is checked where it is loaded
        ["told"],
        ["recorded", "simulated"],
        ["analytic", "flower"],
        ["analytic", "my_table.npz", "simulated"],
        ["simulated", "my.py:rounds"],  # nobody knows what the user's own costs
        ["my.py:cheap", "my.py:dear"],
    ],
)
def test_rising_oracles_are_a_ladder(oracles: list[str]) -> None:
    check_ladder(oracles)


RISING = "the cheap ones come first, in the order of analytic, recorded, simulated, flower"


@pytest.mark.parametrize(
    ("oracles", "said"),
    [
        ([], "give at least one"),
        (["recorded", "simulatd"], "no oracle 'simulatd'; did you mean 'simulated'? (or give file.py:function)"),
        (["recorded", "recorded"], "one stands twice"),
        (["analytic", "told"], "'told' stands alone, because its runs are trained by another program"),
        (["simulated", "analytic"], RISING),
        (["simulated", "my_table.npz"], RISING),
        (["simulated", "flower"], "a Flower app brings a task of its own, which is not the simulated one"),
    ],
)
def test_what_is_no_ladder_is_said_in_one_line(oracles: list[str], said: str) -> None:
    with pytest.raises(FloptError) as error:
        check_ladder(oracles)
    assert str(error.value) == f"oracle = {oracles}: {said}"
