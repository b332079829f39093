"""Engines: which words name them, and what each limit allows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from flopt.errors import FloptError
from flopt.search.executors.elsewhere import Elsewhere
from flopt.search.executors.engine import LOCAL, Engine, check_executor, pool_of
from flopt.search.executors.local import Here, LocalPool
from flopt.search.executors.slot import Limits
from flopt.task import AppSource, TaskSource

SHIPPED = TaskSource()


@pytest.mark.parametrize("name", ["local", "ray", "ray://head:10001", "dask://127.0.0.1:8786"])
def test_its_names(name: str) -> None:
    check_executor(name)
    assert Engine(name).executor == name


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("rya", "did you mean 'ray'"),
        ("dask", "allowed: dask://host:port, local"),
        ("local://", "did you mean 'local'"),
        ("slurm", "allowed: dask://host:port, local, ray, ray://host:port"),
        ("tcp://127.0.0.1:1", "allowed: dask://host:port"),
    ],
)
def test_other_names_are_refused_with_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(FloptError, match="no executor") as error:
        Engine(name)
    assert hint in str(error.value)


def test_what_is_no_executor_and_less_than_no_retry_is_refused() -> None:
    nothing: Any = None
    with pytest.raises(FloptError, match=r"executor = None: must be text or a concurrent\.futures\.Executor"):
        Engine(nothing)
    with pytest.raises(FloptError, match=r"run\.retries = -1: must be at least 0"):
        Engine(retries=-1)
    with pytest.raises(FloptError, match=r"run\.checkpoint_s = nan: must be at least 0"):
        Engine(checkpoint_s=float("nan"))


def test_one_worker_without_limits_is_this_process() -> None:
    assert isinstance(pool_of(LOCAL, 1, "analytic", SHIPPED), Here)
    for engine, workers in ((LOCAL, 2), (Engine(limits=Limits(minutes=1)), 1)):
        with pool_of(engine, workers, "analytic", SHIPPED) as pool:
            assert isinstance(pool, LocalPool)


@pytest.mark.parametrize(
    ("oracle", "source"),
    [
        ("mine.py", SHIPPED),
        ("simulated", TaskSource(model="mine.py:build")),
        ("simulated", TaskSource(data="mine.py:load")),
        ("flower", TaskSource(app=AppSource("app"))),
    ],
)
def test_code_of_the_user_s_own_never_runs_in_this_process(oracle: str, source: TaskSource) -> None:
    with pool_of(LOCAL, 1, oracle, source) as pool:
        assert isinstance(pool, LocalPool)


def test_an_executor_of_the_user_s_own_stays_open() -> None:
    with ThreadPoolExecutor(1) as mine:
        with pool_of(Engine(mine), 1, "analytic", SHIPPED) as pool:
            assert isinstance(pool, Elsewhere)
        assert mine.submit(int, "7").result() == 7


@pytest.mark.parametrize("name", ["ray://host:1", "dask://host:1"])
def test_a_missing_package_says_how_to_install_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    package, extra = ("ray", "ray") if name.startswith("ray") else ("distributed", "dask")
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(FloptError, match=rf"pip install 'flopt-carbon\[{extra}\]'"):
        pool_of(Engine(name), 1, "analytic", SHIPPED)
