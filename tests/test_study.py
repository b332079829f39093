"""Study files: every key has a default, TOML there and back is the same study, and settings are TOML values."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flopt.emissions.grid import annual_grid
from flopt.errors import FloptError
from flopt.plan import Plan
from flopt.study import Study, load_study, study_of

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
WHOLE = st.integers(1, 10**12)
POSITIVE = st.floats(0, allow_nan=False, allow_infinity=False, exclude_min=True)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
COUNTRY = st.sampled_from(sorted(annual_grid().by_country))
LIMIT = st.fixed_dictionaries({}, optional={"at_least": NUMBER, "at_most": NUMBER | st.integers()})
PLAN = {
    "rounds": WHOLE,
    "local_epochs": WHOLE,
    "batch_size": WHOLE,
    "client_fraction": st.floats(0, 1, exclude_min=True) | st.just(1),
    "client_lr": POSITIVE,
    "uplink": st.sampled_from(["none", "quantize:8", "topk:0.01"]),
    "downlink": st.sampled_from(["none", "quantize:2"]),
}
TABLES = st.fixed_dictionaries(
    {},
    optional={
        "space": TEXT,
        "objectives": st.lists(TEXT, min_size=1, max_size=3, unique=True),
        "oracle": TEXT,
        "sampler": TEXT,
        "seed": st.integers(0, 2**63),
        "lag": st.integers(4, 99),
        "workers": st.integers(1, 4),
        "budget": st.fixed_dictionaries(
            {}, optional={"runs": WHOLE, "rounds": WHOLE, "minutes": POSITIVE, "search_kg": POSITIVE}
        ),
        "task": st.fixed_dictionaries(
            {},
            optional={
                "data": TEXT,
                "partition": TEXT,
                "alpha": POSITIVE,
                "clients": WHOLE,
                "model": TEXT,
                "split": st.sampled_from(["sample", "client"]),
            },
        ),
        "plan": st.fixed_dictionaries({}, optional=PLAN),
        "fleet": st.fixed_dictionaries({}, optional={"use": TEXT, "population": POSITIVE | WHOLE}),
        "pricing": st.fixed_dictionaries(
            {},
            optional={
                "network": st.sampled_from(["router", "per_gb"]),
                "pue": NUMBER,
                "country": COUNTRY,
                "server_country": COUNTRY,
                "router_w": NUMBER,
                "kwh_per_gb": NUMBER,
            },
        ),
        "limits": st.dictionaries(TEXT, LIMIT, max_size=2),
        "search": st.fixed_dictionaries({}, optional={"country": COUNTRY, "cpu_watts": POSITIVE}),
    },
)


@given(TABLES)
def test_toml_there_and_back_is_the_same_study(tables: dict[str, Any]) -> None:
    study = study_of(tables)
    again = study_of(tomllib.loads(study.to_toml()))
    assert again == study
    assert again.to_toml() == study.to_toml()
    assert again.flat() == study.flat()


@given(TABLES)
def test_anchoring_twice_is_anchoring_once(tables: dict[str, Any]) -> None:
    once = study_of(tables).anchored(Path("/studies"))
    assert once.anchored(Path("/elsewhere")) == once


def test_nothing_is_the_shipped_study() -> None:
    assert study_of({}) == Study() == load_study(None)
    assert study_of({"budget": {}, "task": {}, "limits": {}}) == Study()


def test_a_study_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Study().seed = 3


def test_flat_has_every_key_with_its_table() -> None:
    flat = study_of({"limits": {"accuracy": {"at_least": 0.8}}, "plan": {"rounds": 7}}).flat()
    assert flat["budget.runs"] == 100
    assert flat["limits.accuracy.at_least"] == 0.8
    assert flat["plan.rounds"] == 7
    assert flat["objectives"] == ["accuracy", "co2e"]
    assert "budget.rounds" not in flat  # not given: no bound


def test_the_partition_follows_the_study_s_seed() -> None:
    source = study_of({"seed": 7, "task": {"partition": "dirichlet", "alpha": 0.3, "clients": 20}}).source()
    assert (source.seed, source.partition, source.alpha, source.clients) == (7, "dirichlet", 0.3, 20)


def test_the_base_plan_takes_what_the_table_says() -> None:
    assert study_of({"plan": {"client_lr": 0.1, "uplink": "topk:0.1"}}).base_plan() == Plan.of(
        {"client_lr": 0.1, "uplink": "topk:0.1"}
    )


# -- paths -----------------------------------------------------------------------------------------------------------

STUDY = """
space = "my_space.toml"
objectives = ["accuracy", "../mine.py:water", "solo.py"]
oracle = "/fixed/oracle.py:rounds"
[task]
data = "data.npz"
model = "model.py:build"
[fleet]
use = "~/fleet.toml"
[pricing]
grid = "factors.csv"
[limits]
"../mine.py:water" = { at_most = 3 }
accuracy = { at_least = 0.8 }
"""


def test_paths_are_relative_to_the_folder_of_the_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    folder = tmp_path.resolve() / "studies"
    folder.mkdir()
    (folder / "s.toml").write_text(STUDY, encoding="utf-8")
    study = load_study(folder / "s.toml")
    assert study.space == f"{folder}/my_space.toml"
    assert study.objectives == ("accuracy", f"{tmp_path.resolve()}/mine.py:water", f"{folder}/solo.py")
    assert study.oracle == "/fixed/oracle.py:rounds"
    assert study.task.data == f"{folder}/data.npz"
    assert study.task.model == f"{folder}/model.py:build"
    assert study.fleet.use == "/home/somebody/fleet.toml"
    assert study.pricing.grid == f"{folder}/factors.csv"
    assert set(study.limits) == {f"{tmp_path.resolve()}/mine.py:water", "accuracy"}


def test_paths_of_settings_and_options_are_relative_to_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, here = tmp_path.resolve() / "studies", tmp_path.resolve() / "here"
    folder.mkdir()
    here.mkdir()
    (folder / "s.toml").write_text('space = "own.toml"\n', encoding="utf-8")
    monkeypatch.chdir(here)
    study = load_study(Path("../studies/s.toml"), ["task.data=mine.npz"], {"fleet.use": "fleet.toml"})
    assert study.space == f"{folder}/own.toml"
    assert study.task.data == f"{here}/mine.npz"
    assert study.fleet.use == f"{here}/fleet.toml"
    assert load_study(None, ["pricing.grid=250"]).pricing.grid == 250


# -- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "key", "value"),
    [
        ("budget.runs=20", "budget.runs", 20),
        ("budget.minutes = 1.5 ", "budget.minutes", 1.5),
        ("fleet.population=1_000_000", "fleet.population", 1_000_000),
        ("limits.co2e.at_most=1e-6", "limits.co2e.at_most", 1e-6),
        ("space=quick", "space", "quick"),
        ('space="quick"', "space", "quick"),
        ("plan.uplink=quantize:8", "plan.uplink", "quantize:8"),
        ("plan.uplink='topk:0.1'", "plan.uplink", "topk:0.1"),
        ('objectives=["accuracy", "energy"]', "objectives", ["accuracy", "energy"]),
        ("limits={accuracy={at_least=0.8}}", "limits.accuracy.at_least", 0.8),
        ('limits."/my.py:water".at_most=3', "limits./my.py:water.at_most", 3),
    ],
)
def test_a_setting_is_a_toml_value_or_plain_text(setting: str, key: str, value: object) -> None:
    assert load_study(None, [setting]).flat()[key] == value


def test_later_settings_win_and_options_win_over_all() -> None:
    study = load_study(None, ["budget.runs=3", "seed=1", "budget.runs=4", "workers=3"], {"workers": 4})
    assert (study.budget.runs, study.seed, study.workers) == (4, 1, 4)


def test_settings_leave_the_rest_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text("seed = 5\n[budget]\nruns = 9\nrounds = 100\n", encoding="utf-8")
    study = load_study(tmp_path / "s.toml", ["budget.runs=3"])
    assert (study.seed, study.budget.runs, study.budget.rounds) == (5, 3, 100)


def test_errors_say_where_the_value_stands(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text("seed = -1\n", encoding="utf-8")
    with pytest.raises(FloptError, match=r"s\.toml: seed = -1: must be at least 0"):
        load_study(tmp_path / "s.toml")
    with pytest.raises(FloptError, match=r"^command line: seed = -2: must be at least 0"):
        load_study(None, ["seed=-2"])
    with pytest.raises(FloptError, match=r"^study: seed = -3: must be at least 0"):
        study_of({"seed": -3})


@pytest.mark.parametrize("key", ["pricing.country", "pricing.server_country", "search.country"])
def test_an_unknown_country_is_told_with_its_key(key: str) -> None:
    with pytest.raises(FloptError, match=rf"{key}: no country 'DEX'; did you mean .*'DEU'"):
        load_study(None, [f"{key}=DEX"])


def test_types_are_those_of_toml() -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"seed": "0"}, "a whole number"),
        ({"seed": 1.0}, "a whole number"),
        ({"search": {"cpu_watts": "15"}}, "a number"),
        ({"search": {"cpu_watts": True}}, "a number"),
        ({"space": 3}, "text"),
        ({"objectives": [3]}, "text"),
        ({"task": []}, "a table"),
        ({"plan": 3}, "a table"),
        ({"plan": {"rounds": None}}, "a number or text"),
    ]
    for table, word in wrong:
        with pytest.raises(FloptError, match=f"must be {word}$"):
            study_of(table)
    assert study_of({"search": {"cpu_watts": 15}}).search.cpu_watts == 15.0
