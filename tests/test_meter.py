from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

pytest.importorskip("flwr")

from flwr.app import ConfigRecord, Error, Message, MetricRecord, RecordDict

import flopt.flower
from flopt.emissions.grid import annual_grid
from flopt.errors import FloptError
from flopt.flower.engine import _take_identity
from flopt.flower.meter import METER, Meter, meter_mod


def message() -> Message:
    _take_identity()
    return Message(RecordDict({"config": ConfigRecord({"server-round": 1})}), dst_node_id=1, message_type="train")


def answered(asked: Message, _context: object) -> Message:
    return Message(RecordDict({"metrics": MetricRecord({"num-examples": 7})}), reply_to=asked)


def test_two_seconds_half_of_them_busy_at_ten_and_two_watts_are_twelve_joules() -> None:
    assert Meter(10, 2, 400, "").energy_j(wall_s=2, cpu_s=1) == 12
    assert Meter(10, 2, 400, "").energy_j(wall_s=1, cpu_s=4) == 40  # four cores at once


def test_the_numbers_ride_in_a_config_record_and_the_first_message_is_the_warm_up() -> None:
    mod = meter_mod(active_watts=10, idle_watts=2, g_per_kwh=360, site="lab")
    mod(message(), None, answered)
    reply = mod(message(), None, answered)
    record = reply.content[METER]
    assert isinstance(record, ConfigRecord)
    row: dict[str, Any] = dict(record)
    assert row["energy_j"] == pytest.approx(mod.energy_j(row["wall_s"], row["cpu_s"]))
    assert row["co2e_g"] == pytest.approx(row["energy_j"] / 3.6e6 * 360)
    assert (row["samples"], row["site"], row["warm_up"]) == (7, "lab", False)
    assert row["upload_bytes"] == reply.content["metrics"].count_bytes()
    assert row["download_bytes"] == message().content["config"].count_bytes()


def test_the_first_message_of_a_process_is_marked() -> None:
    line = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from test_meter import *\n"
        "mod = meter_mod(active_watts=1, g_per_kwh=1)\n"
        "print([mod(message(), None, answered).content[METER]['warm_up'] for _ in range(2)])"
    )
    done = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[True, False]"


def test_an_error_stays_as_it_is() -> None:
    asked = message()
    error = Message(Error(code=0, reason="boom"), reply_to=asked)
    assert meter_mod(active_watts=1, g_per_kwh=1)(asked, None, lambda *_: error) is error


def test_a_country_is_its_annual_mean() -> None:
    mod = flopt.flower.meter_mod(active_watts=1, country="DEU")
    assert (mod.g_per_kwh, mod.site) == (annual_grid()["DEU"].g_per_kwh, "DEU")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"active_watts": -1, "g_per_kwh": 1}, "active_watts = -1: must be a number, at least 0"),
        ({"active_watts": 1, "g_per_kwh": float("nan")}, "g_per_kwh = nan"),
        ({"active_watts": 1}, "one of the two"),
        ({"active_watts": 1, "g_per_kwh": 1, "country": "DEU"}, "one of the two"),
        ({"active_watts": 1, "country": "GER"}, "meter_mod: country"),
    ],
)
def test_a_bad_meter_is_refused(values: dict, told: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(FloptError, match=told):
        meter_mod(**values)


def test_flowers_own_parts_are_found_late() -> None:
    with pytest.raises(AttributeError, match="metre"):
        _ = flopt.flower.metre
