from __future__ import annotations

import pickle
from typing import Any

import pytest

pytest.importorskip("flwr")

from flower_apps import EXAMPLE
from flwr.app import ConfigRecord, Context, Message, RecordDict
from flwr.clientapp import ClientApp

from flopt.flower.app import read_app
from flopt.flower.components import load_components
from flopt.flower.engine import _take_identity
from flopt.flower.shim_client import NamedClient, asks_for_partition, partition_in


def context() -> Context:
    return Context(1, 77, {"partition-id": 3, "num-partitions": 5}, RecordDict(), {})


@pytest.fixture(autouse=True)
def _app() -> None:
    load_components(read_app(EXAMPLE))
    _take_identity()


def test_it_is_a_client_app_that_travels_to_other_processes_and_tells_its_partition() -> None:
    client: Any = pickle.loads(pickle.dumps(NamedClient("digits_app.client_app:app", 0)))
    assert isinstance(client, ClientApp)
    assert partition_in(client(asks_for_partition(77), context())) == 3


def test_everything_else_goes_to_the_app() -> None:
    client = NamedClient("digits_app.client_app:app", 0)
    with pytest.raises(ValueError, match="function"):
        client(Message(RecordDict({"other": ConfigRecord({"id": 1})}), 77, "query"), context())


def test_an_app_that_does_not_load_fails_where_it_is_made() -> None:
    with pytest.raises(ModuleNotFoundError):
        NamedClient("nosuchmodule:app", 0)


def test_an_answer_of_another_kind_tells_no_partition() -> None:
    question = asks_for_partition(77)
    assert partition_in(Message(RecordDict(), reply_to=question)) is None
