from __future__ import annotations

import pytest

from flopt.compression import Compression
from flopt.errors import FloptError
from flopt.plan import Plan, Setting
from flopt.run_config import RunConfig

DEFAULTS: dict[str, Setting] = {
    "num-server-rounds": 3,
    "fraction-train": 0.5,
    "local-epochs": 2,
    "learning-rate": 0.1,
    "batch-size": 16,
    "hidden-units": 32,
    "model.name": "mlp",
    "augment": False,
    "seed": 7,
}
CONFIG = RunConfig(DEFAULTS, "my_app/pyproject.toml")


def test_flowers_keys_are_settings_of_a_plan_and_the_rest_the_apps_own() -> None:
    assert CONFIG.keys == {
        "rounds": "num-server-rounds",
        "local_epochs": "local-epochs",
        "client_fraction": "fraction-train",
        "batch_size": "batch-size",
    }
    assert list(CONFIG.own) == ["augment", "hidden-units", "learning-rate", "model.name"]
    assert CONFIG.named("num-server-rounds") == CONFIG.named("rounds") == "rounds"
    assert CONFIG.named("learning-rate") == "app.learning-rate"
    assert CONFIG.named("uplink") == "uplink"


def test_defaults_become_a_plan_and_a_plan_a_run_config() -> None:
    plan = CONFIG.plan({})
    assert (plan.rounds, plan.local_epochs, plan.client_fraction, plan.batch_size) == (3, 2, 0.5, 16)
    assert dict(plan.app) == dict(CONFIG.own)
    assert CONFIG.values(plan, 0) == DEFAULTS
    assert Plan.of(plan.settings()) == plan


def test_settings_have_a_plans_names_or_the_apps() -> None:
    plan = CONFIG.plan({"rounds": 9, "learning-rate": 1, "fraction-train": 0.2, "uplink": "topk:0.1"})
    values = CONFIG.values(plan, 0)
    assert (values["num-server-rounds"], values["learning-rate"], values["fraction-train"]) == (9, 1.0, 0.2)
    assert type(values["learning-rate"]) is float
    assert plan.uplink == Compression("topk", 0.1)
    assert "learning-rate" in str(plan)
    assert "client_lr" not in str(plan)


def test_an_app_whose_rounds_depend_on_how_many_follow_is_said_to_be_so_and_told_nothing() -> None:
    plan = CONFIG.plan({"schedule": "cosine"})
    assert plan.horizon_dependent
    assert CONFIG.values(plan, 0) == DEFAULTS


def test_the_seed_of_the_run_is_added_to_the_apps() -> None:
    assert CONFIG.values(CONFIG.plan({}), 5)["seed"] == 12


def test_older_names_are_found_too() -> None:
    old = RunConfig({"num-rounds": 3, "fraction-fit": 0.5, "epochs": 1}, "a")
    assert dict(old.keys) == {"rounds": "num-rounds", "client_fraction": "fraction-fit", "local_epochs": "epochs"}


def test_without_a_key_all_clients_take_part_and_make_one_pass() -> None:
    plan = RunConfig({"num-server-rounds": 3}, "a").plan({})
    assert (plan.client_fraction, plan.local_epochs, plan.app) == (1.0, 1, ())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning-rat": 1.0}, "no run-config key 'learning-rat'; did you mean 'learning-rate'"),
        ({"learning-rate": "fast"}, "learning-rate = 'fast': must be a number, as in my_app/pyproject.toml"),
        ({"hidden-units": 1.5}, "hidden-units = 1.5: must be a whole number"),
        ({"augment": 1}, "augment = 1: must be true or false"),
        ({"model.name": 3}, "model.name = 3: must be text"),
        ({"proximal_mu": 0.1}, "no key for proximal_mu; it has augment, batch-size"),
        ({"downlink": "float16"}, "no key for downlink"),
        ({"seed": 1}, "seed is set from the seed of the run"),
        ({"rounds": 0}, "rounds = 0: must be a whole number"),
    ],
)
def test_a_bad_setting_is_one_line(settings: dict[str, Setting], message: str) -> None:
    with pytest.raises(FloptError, match=message):
        CONFIG.plan(settings)


@pytest.mark.parametrize(
    ("defaults", "message"),
    [
        ({"local-epochs": 1}, "no key for the rounds; flopt needs num-server-rounds or"),
        ({"num-server-rounds": 3.5}, "num-server-rounds = 3.5: must be a whole number; flopt sets it from rounds"),
        ({"num-server-rounds": 3, "fraction-train": 1}, "fraction-train = 1: must be a number with a point"),
        ({"num-server-rounds": 3, "x": [1]}, r"x = \[1\]: must be a finite number, text"),
    ],
)
def test_a_bad_app_is_one_line(defaults: dict[str, Setting], message: str) -> None:
    with pytest.raises(FloptError, match=message):
        RunConfig(defaults, "a").plan({})


def test_a_plan_that_the_app_cannot_be_told_is_refused() -> None:
    with pytest.raises(FloptError, match=r"server_lr = 0\.1: my_app/pyproject\.toml has no key"):
        CONFIG.values(Plan.of({"server_lr": 0.1}, CONFIG.plan({})), 0)
