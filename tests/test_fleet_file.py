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
from flopt.emissions.device_file import shipped_devices, shipped_links
from flopt.emissions.fleet_file import load_fleet
from flopt.emissions.grid import Grid, Intensity
from flopt.emissions.network_file import server_coefficient
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
        {
            "name": "ours",
            "share": 0.75,
            "device": "board",
            "link": "line",
            "country": "FRA",
            "utc_offset_h": 5.5,
            "availability": [1, 0.5] * 12,
            "drop_out": 0.1,
        },
        {"share": 0.25, "device": "phone", "link": "home_wifi", "country": "POL"},
    ],
    "round": {"over_selection": 0.3, "deadline_s": 60},
    "grid": {"FRA": 79.0},
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
    assert (ours.utc_offset_h, ours.availability, ours.drop_out) == (5.5, (1.0, 0.5) * 12, 0.1)
    assert (fleet.over_selection, fleet.deadline_s) == (0.3, 60)
    assert fleet.grid == {"FRA": Intensity("FRA", "France", 79, None, "lab.toml")}
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
        ("group.0.availability", [], "group ours: availability has 0 values; it must have 24, one for each local hour"),
        ("group.0.availability.3", "x", "{file}: group 1: availability[3] = 'x': must be a number"),
        ("group.0.availability.3", 0, "group ours: availability[3] = 0.0: must be above 0 and at most 1"),
        ("group.0.availability", "night", "{file}: group 1: availability = 'night': must be a number"),
        ("group.0.drop_out", 1, "group ours: drop_out = 1.0: must be at least 0 and below 1"),
        ("group.0.utc_offset_h", "CET", "{file}: group 1: utc_offset_h = 'CET': must be a number"),
        ("round", 3, "{file}: round must be a table"),
        ("round.overselection", 0.3, "{file}: round: no key 'overselection'; did you mean 'over_selection'?"),
        ("round.over_selection", "a third", "{file}: round: over_selection = 'a third': must be a number"),
        ("round.over_selection", -1, "fleet lab: over_selection = -1.0: must be a number, and not negative"),
        ("round.deadline_s", 0, "fleet lab: deadline_s = 0.0: must be a number above 0"),
        ("grid.Frnce", 3, "{file}: grid: no country 'Frnce'; "),
        ("grid.FRA", "dirty", "{file}: grid.FRA = 'dirty': must be a number in g/kWh"),
        ("grid.FRA", 0, "{file}: grid FRA: 0.0 g/kWh; must be above 0 and below 5000"),
        ("grid.FRA", {"value": 3, "unit": "kg/kWh"}, "{file}: grid.FRA: unit 'kg/kWh'; must be 'g/kWh'"),
        ("server.pue", 0.5, "server: pue = 0.5: must be at least 1"),
        ("server.selector_w", -1, "{file}: server.selector_w = -1 W: must not be negative"),
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
        ("device.board.flop_per_s", None, "{file}: device board: flop_per_s is missing (or samples_per_s)"),
        ("device.board.samples_per_s", 3, "device board: give flop_per_s or samples_per_s, and only one of them"),
        ("device.board.embodied_kg", 3, "device board: give embodied_kg and lifetime_years, or neither"),
        ("device.board.flop_per_s", 0, "device board: flop_per_s = 0 FLOP/s: must be above 0"),
        ("device.board.wait_w.unit", "mW", "{file}: device board: wait_w: unit 'mW'; must be 'W'"),
        ("device.board.wait_w.valu", 2, "no key of {file}: device board: wait_w 'valu'; did you mean 'value'?"),
        ("device.board.wait_w.high", 1.5, "wait_w: low 1, value 2 and high 1.5 must be in this order"),
        ("device.board.scope", "rack", "device board: scope 'rack'; allowed: chip, board, wall"),
        ("link", [], "{file}: link must be a table"),
        ("link.line.up_bps", None, "{file}: link line: up_bps is missing"),
        ("link.line.up_bps", 0.0, "link line: up_bps = 0 bit/s: must be above 0"),
        ("link.line.kind", "fibre", "link line: kind 'fibre'; allowed: fixed, mobile"),
        ("link.line.access_nj_per_bit_up", 5, "link line: give access_nj_per_bit_down and access_nj_per_bit_up, or n"),
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
    message = "no fleet 'phone_europe'; did you mean 'phones_europe' or 'phones_germany'? (or give "
    with pytest.raises(FloptError, match=re.escape(message)):
        load_fleet("phone_europe")


def test_a_fleet_is_checked_against_the_grid_that_it_is_priced_on(tmp_path: Path) -> None:
    grid = Grid({code: Intensity(code, code, 50, None, "mine") for code in ("FRA", "POL", "USA-TX")})
    content = changed("server.country", "USA-TX")
    assert load_fleet(write(tmp_path, content), grid).server.country == "USA-TX"
    with pytest.raises(FloptError, match="server: no country 'USA-TX'; "):
        load_fleet(write(tmp_path, content))


INCLUDED = {"device": {"pi": {**LAB["device"]["board"], "samples_per_s": 12.5}}, "link": {"dsl": LAB["link"]["line"]}}
del INCLUDED["device"]["pi"]["flop_per_s"]


def test_a_fleet_includes_devices_and_links(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "pi.toml").write_text(tomlkit.dumps(INCLUDED), encoding="utf-8")
    group = {"share": 0.25, "device": "pi", "link": "dsl", "country": "POL"}
    content = {"include": ["parts/pi.toml"], **changed("group.1", group)}
    found = load_fleet(write(tmp_path, content)).groups[1]
    assert (found.device.name, found.device.throughput.value, found.device.throughput.unit) == ("pi", 12.5, "samples/s")
    assert found.link.name == "dsl"


@pytest.mark.parametrize(
    ("include", "message"),
    [
        ("pi.toml", "{file}: include = 'pi.toml': must be a list of files"),
        ([3], "{file}: include: 3: must be the name of a .toml file"),
        (["pi.csv"], "{file}: include: 'pi.csv': must be the name of a .toml file"),
        (["a\nb.toml"], "{file}: include: 'a\\nb.toml': must be the name of a .toml file"),
        (["../pi.toml"], "{file}: include: '../pi.toml': must lie beside this file or below it"),
        (["/pi.toml"], "{file}: include: '/pi.toml': must lie beside this file or below it"),
        (["none.toml"], "no file {folder}/none.toml"),
        (["lab.toml"], "{file}: no key 'include'; "),
        (["pi.toml", "pi.toml"], "{folder}/pi.toml: device 'pi' stands in an included file already"),
    ],
)
def test_a_bad_include_is_one_line(tmp_path: Path, include: object, message: str) -> None:
    (tmp_path / "pi.toml").write_text(tomlkit.dumps(INCLUDED), encoding="utf-8")
    file = write(tmp_path, {"include": include, **LAB})
    with pytest.raises(FloptError, match=re.escape(message.format(file=file, folder=tmp_path))) as caught:
        load_fleet(file)
    assert "\n" not in str(caught.value)
