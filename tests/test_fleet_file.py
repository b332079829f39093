"""Fleet files: what is shipped loads and has its sources; what is wrong is one line with its place."""

from __future__ import annotations

import copy
import datetime
import math
import re
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from flopt.emissions.coefficient import Coefficient
from flopt.emissions.fleet_file import (
    load_fleet,
    server_coefficient,
    shipped_devices,
    shipped_fleets,
    shipped_links,
)
from flopt.emissions.grid import annual_grid
from flopt.errors import FloptError

LAB: dict[str, Any] = {
    "server": {"country": "DEU", "watts": 30},
    "device": {
        "board": {
            "train_w": 9.0,
            "wait_w": {"value": 2.0, "low": 1.0, "high": 3.0, "unit": "W", "source": "a meter", "year": 2025},
            "receive_w": 3,
            "transmit_w": 4,
            "flop_per_s": 1e9,
            "scope": "wall",
        }
    },
    "link": {"line": {"down_bps": 8e6, "up_bps": 4e6, "kind": "mobile"}},
    "group": [
        {"name": "ours", "share": 0.75, "device": "board", "link": "line", "country": "FRA"},
        {"share": 0.25, "device": "phone", "link": "home_wifi", "country": "POL"},
    ],
}


def write(tmp_path: Path, content: object) -> str:
    file = tmp_path / "lab.toml"
    file.write_text(content if isinstance(content, str) else tomlkit.dumps(content), encoding="utf-8")  # type: ignore[arg-type]
    return str(file)


def changed(path: str, value: object) -> dict[str, Any]:
    """The lab with one entry replaced: `group.0.share`; a value of None removes it."""
    content = copy.deepcopy(LAB)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    target: Any = content
    for part in parents:
        target = target[part]
    if value is None:
        del target[last]
    else:
        target[last] = value
    return content


def test_a_file_of_ones_own_mixes_own_and_shipped_devices(tmp_path: Path) -> None:
    fleet = load_fleet(write(tmp_path, LAB))
    ours, phones = fleet.groups
    assert (fleet.name, fleet.server.country, fleet.server.watts.value) == ("lab", "DEU", 30)
    assert (ours.name, ours.share, ours.country) == ("ours", 0.75, "FRA")
    assert (ours.device.train_w.value, ours.device.scope) == (9, "wall")
    assert ours.device.wait_w == Coefficient(2, 1, 3, "W", "a meter", 2025, "user")
    assert (ours.link.down_bps.value, ours.link.kind) == (8e6, "mobile")
    assert (phones.name, phones.device, phones.link) == (
        "group 2",
        shipped_devices()["phone"],
        shipped_links()["home_wifi"],
    )


def test_server_watts_left_out_are_the_shipped_ones(tmp_path: Path) -> None:
    assert load_fleet(write(tmp_path, changed("server.watts", None))).server.watts == server_coefficient("watts")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("grup", [], "{file}: no key 'grup'; did you mean 'group'?"),
        ("group", None, "{file}: it has no [[group]]"),
        ("group", [], "{file}: it has no [[group]]"),
        ("group", {"share": 1}, "{file}: it has no [[group]]"),
        ("group", "phones", "{file}: it has no [[group]]"),
        ("group.1", 3, "{file}: group 2: must be a table"),
        ("group.1.shar", 1, "{file}: group 2: no key 'shar'; did you mean 'share'?"),
        ("group.1.share", None, "{file}: group 2: share is missing"),
        ("group.1.device", None, "{file}: group 2: device is missing"),
        ("group.1.link", None, "{file}: group 2: link is missing"),
        ("group.1.country", None, "{file}: group 2: country is missing"),
        ("group.1.share", "0.25", "{file}: group 2: share = '0.25': must be a number"),
        ("group.1.share", True, "{file}: group 2: share = True: must be a number"),
        ("group.1.share", math.nan, "{file}: group 2: share = nan: must be a number"),
        ("group.1.share", 10**400, "{file}: group 2: share = 1000"),
        ("group.1.share", 0, "group group 2: share = 0.0: must be above 0 and at most 1"),
        ("group.0.share", -0.75, "group ours: share = -0.75: must be above 0 and at most 1"),
        ("group.0.share", 0.5, "fleet lab: the shares sum to 0.75; they must sum to 1"),
        ("group.1.device", "fone", "{file}: group 2: no device 'fone'; did you mean 'phone'?"),
        ("group.0.device", "bord", "{file}: group 1: no device 'bord'; did you mean 'board'?"),
        ("group.1.link", "homewifi", "{file}: group 2: no link 'homewifi'; did you mean 'home_wifi'?"),
        ("group.1.country", "Poland", "{file}: group 2: no country 'Poland'; did you mean 'POL'?"),
        ("server", None, "{file}: server: country is missing"),
        ("server", 3, "{file}: server must be a table"),
        ("server.country", None, "{file}: server: country is missing"),
        ("server.country", "DE", "{file}: server: no country 'DE'; did you mean "),
        ("server.watt", 3, "{file}: server: no key 'watt'; did you mean 'watts'?"),
        ("server.watts", -3, "{file}: server.watts = -3 W: must not be negative"),
        ("server.watts", "45 W", "{file}: server.watts = '45 W': must be a number in W"),
        ("device", 3, "{file}: device must be a table"),
        ("device.board", 3, "{file}: device board: must be a table"),
        ("device.board.train_w", None, "{file}: device board: train_w is missing"),
        ("device.board.train_w", -9, "{file}: device board: train_w = -9 W: must not be negative"),
        ("device.board.train_w", "9", "{file}: device board: train_w = '9': must be a number in W"),
        ("device.board.train_w", 1, "device board: train_w = 1 W is below wait_w = 2 W"),
        ("device.board.train_kw", 1, "{file}: device board: no key 'train_kw'; did you mean 'train_w'"),
        ("device.board.flop_per_s", 0, "device board: flop_per_s = 0 FLOP/s: must be above 0"),
        ("device.board.wait_w.unit", "mW", "{file}: device board: wait_w: unit 'mW'; must be 'W'"),
        ("device.board.wait_w.valu", 2, "no key of {file}: device board: wait_w 'valu'; did you mean 'value'?"),
        ("device.board.wait_w.high", 1.5, "wait_w: low 1, value 2 and high 1.5 must be in this order"),
        ("device.board.scope", "rack", "device board: scope 'rack'; allowed: chip, board, wall"),
        ("link", [], "{file}: link must be a table"),
        ("link.line.up_bps", None, "{file}: link line: up_bps is missing"),
        ("link.line.up_bps", 0.0, "link line: up_bps = 0 bit/s: must be above 0"),
        ("link.line.kind", "fibre", "link line: kind 'fibre'; allowed: fixed, mobile"),
        ("link.line.speed", 5, "{file}: link line: no key 'speed'; "),
    ],
)
def test_a_bad_entry_says_place_value_and_what_is_allowed(
    tmp_path: Path, path: str, value: object, message: str
) -> None:
    file = write(tmp_path, changed(path, value))
    with pytest.raises(FloptError, match=re.escape(message.format(file=file))) as caught:
        load_fleet(file)
    assert "\n" not in str(caught.value)


def paths(content: Any, place: str = "") -> list[str]:
    """Every entry of a nested table, at any depth."""
    entries = content.items() if isinstance(content, dict) else enumerate(content)
    below = [
        inner
        for key, value in entries
        for inner in [f"{place}{key}", *(paths(value, f"{place}{key}.") if isinstance(value, dict | list) else [])]
    ]
    return list(dict.fromkeys(below))


JUNK = ["", "x", "a\nb", [], ["x"], [[1]], {}, {"x": 1}, True, False, -1, 0, 10**400, math.nan, -math.inf]
JUNK += [datetime.date(2025, 1, 1), datetime.time(1, 2), {"value": {"value": 1}}, {"value": []}]


@pytest.mark.parametrize("path", paths(LAB))
def test_junk_in_any_place_loads_or_is_refused_in_flopts_own_words(tmp_path: Path, path: str) -> None:
    refused = 0
    for junk in JUNK:
        try:
            load_fleet(write(tmp_path, changed(path, junk)))
        except FloptError:
            refused += 1
    texts = ("name", "source")  # any value has a text; everything else has junk that it refuses
    assert refused > 0 or path.rpartition(".")[2] in texts


@pytest.mark.parametrize("text", ["group = [", "a = 1\na = 2", "\x00", "group: x"])
def test_unreadable_toml_is_one_line_with_the_file(tmp_path: Path, text: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(FloptError, match=re.escape(f"{file}: ")) as caught:
        load_fleet(file)
    assert "\n" not in str(caught.value)


def test_a_file_in_another_encoding_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "lab.toml"
    file.write_bytes(b'name = "\xe9t\xe9"')
    with pytest.raises(FloptError, match=re.escape(f"{file}: 'utf-8' codec can't decode")):
        load_fleet(str(file))


def test_an_empty_file_has_no_group(tmp_path: Path) -> None:
    file = write(tmp_path, "")
    with pytest.raises(FloptError, match=re.escape(f"{file}: it has no [[group]]")):
        load_fleet(file)


def test_a_missing_file_and_a_folder_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(FloptError, match=re.escape(f"no file {tmp_path / 'none.toml'}")):
        load_fleet(str(tmp_path / "none.toml"))
    folder = tmp_path / "folder.toml"
    folder.mkdir()
    with pytest.raises(FloptError, match=re.escape(f"{folder}: Is a directory")):
        load_fleet(str(folder))


def test_an_unknown_fleet_names_the_nearest() -> None:
    message = "no fleet 'phone_europe'; did you mean 'phones_europe'? (or give a path ending in .toml)"
    with pytest.raises(FloptError, match=re.escape(message)):
        load_fleet("phone_europe")


@pytest.mark.parametrize("name", shipped_fleets())
def test_shipped_fleets_load_and_know_their_countries(name: str) -> None:
    fleet = load_fleet(name)
    assert fleet.name == name
    assert math.isclose(sum(group.share for group in fleet.groups), 1, abs_tol=1e-12)
    for country in [fleet.server.country, *(group.country for group in fleet.groups)]:
        assert annual_grid()[country].g_per_kwh > 0
    assert len({group.name for group in fleet.groups}) == len(fleet.groups)


def shipped_coefficients() -> dict[str, Coefficient]:
    found = {f"server.{name}": server_coefficient(name) for name in ("watts", "pue")}
    for kind in (shipped_devices(), shipped_links()):
        for owner in kind.values():
            values = {f"{owner.name}.{name}": value for name, value in vars(owner).items()}
            found |= {name: value for name, value in values.items() if isinstance(value, Coefficient)}
    return found


def test_shipped_things_are_all_there() -> None:
    assert {"phone", "jetson_tx2", "gpu_t4", "gpu_v100", "gpu_a100"} <= set(shipped_devices())
    assert {"home_wifi", "ethernet_1g"} <= set(shipped_links())
    assert {"phones_europe", "hospital_silos", "jetson_lab"} <= set(shipped_fleets())
    assert len(shipped_coefficients()) == 2 + 5 * len(shipped_devices()) + 2 * len(shipped_links())


@pytest.mark.parametrize("name", shipped_coefficients())
def test_shipped_coefficients_have_range_source_year_and_status(name: str) -> None:
    coefficient = shipped_coefficients()[name]
    assert 0 < coefficient.low <= coefficient.value <= coefficient.high
    assert len(coefficient.source) > 5
    assert coefficient.year is not None
    assert 1990 <= coefficient.year <= 2026
    assert coefficient.status in ("seen", "derived", "assumed")
    assert coefficient.status != "assumed" or coefficient.low < coefficient.high, "nobody measured it: it needs a range"
