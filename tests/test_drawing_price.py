"""The price of one more point of accuracy."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from flopt.drawing.price import draw_price, price_figure
from flopt.errors import FloptError
from flopt.results import Results, rescored


def test_the_price_is_the_step_to_the_next_point(five_runs: Results) -> None:
    facts = price_figure(five_runs)
    kg = [point.run.co2e_kg for point in five_runs.front().points]
    steps = [(kg[1] - kg[0]) / 10, (kg[2] - kg[1]) / 10, (kg[3] - kg[2]) / 20]  # 0.1, 0.1 and 0.2 of accuracy
    assert facts.curves["front"][:, 0].tolist() == [0.5, 0.6, 0.8]
    assert facts.curves["front"][:, 1].tolist() == pytest.approx(steps, rel=1e-9)
    assert facts.knee == pytest.approx((0.5, steps[0]), rel=1e-9)
    assert facts.y_label == "co2e of +0.01 accuracy (kg)"


def test_it_needs_something_to_gain(five_runs: Results) -> None:
    with pytest.raises(FloptError, match=r"one to minimise; these are energy \(minimize\), co2e \(minimize\)"):
        price_figure(rescored(five_runs, ["energy", "co2e"]))


def test_it_is_drawn_on_a_log_axis(five_runs: Results) -> None:
    assert draw_price(price_figure(five_runs), Figure().add_subplot()).get_yscale() == "log"
