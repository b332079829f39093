"""FedAvg as Flower does it: the same initial weights, batches and client draw give the same weights and accuracies.

Flower's own ClientApp, ServerApp and FedAvg run in this process, behind a grid that hands each message over; Ray is
not needed. The client is what any tutorial has: a torch module and torch.optim.SGD.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from flopt.compression import NONE
from flopt.emissions.selection import first_drawn
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.seeds import stream, stream_seed
from flopt.simulation.batches import batches
from flopt.simulation.data import load
from flopt.simulation.federation import federated
from flopt.simulation.local import AutogradEngine
from flopt.simulation.models import build
from flopt.simulation.setup import Setup, prepare
from flopt.task import TaskSource
from flopt.trace import Round
from flopt.training import simulate

pytestmark = [
    pytest.mark.slow,
    # Flower's own dependencies deprecate one another.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

SEED = 3
PLAN = Plan(rounds=10, local_epochs=2, client_fraction=0.35, batch_size=10, client_lr=0.05, uplink=NONE, downlink=NONE)
SOURCE = TaskSource()
DRAWN = [[int(c) for c in first_drawn(14, 5, SEED, index)] for index in range(PLAN.rounds)]


@dataclass
class Told:
    """What a run leaves after each round."""

    weights: list[list[NDArray[np.float64]]]
    accuracies: list[float]


@pytest.fixture
def flower(needs_module: Callable[[str], None]) -> Told:
    """Flower's FedAvg in float64."""
    needs_module("flwr")
    return told_by_flower()


@cache
def told_by_flower() -> Told:
    setup = prepare(SOURCE, dtype=torch.float64)
    data = load(SOURCE.data)
    x, y = torch.tensor(data.x, dtype=torch.float64), torch.tensor(data.y)
    module = build(SOURCE.model, data.features, data.classes, 0).double()
    told = Told([], [])

    def train(state: dict[str, Tensor], client: int, index: int) -> int:
        module.load_state_dict(state)
        optimiser = torch.optim.SGD(module.parameters(), lr=PLAN.client_lr)
        for batch in cut(setup, client, index):
            optimiser.zero_grad()
            cross_entropy(module(x[batch]), y[batch]).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        return len(setup.split.train[client])

    def score(state: dict[str, Tensor]) -> float:
        module.load_state_dict(state)
        with torch.no_grad():
            right = module(x[setup.split.validation]).argmax(1) == y[setup.split.validation]
        told.weights.append([value.numpy().copy() for value in state.values()])
        told.accuracies.append(float(right.double().mean()))
        return told.accuracies[-1]

    names = list(module.state_dict())
    initial = dict(zip(names, setup.initial(stream_seed(SEED, "init")), strict=True))
    run_flower(module, initial, train, score)
    return told


def cut(setup: Setup, client: int, index: int) -> Sequence[NDArray[np.int64]]:
    """The batches of flopt's own draw."""
    random = stream(SEED, "batches", index, client)
    return batches(setup.split.train[client], epochs=PLAN.local_epochs, size=PLAN.batch_size, random=random)


def run_flower(
    module: nn.Module,
    initial: dict[str, Tensor],
    train: Callable[[dict[str, Tensor], int, int], int],
    score: Callable[[dict[str, Tensor]], float],
) -> None:
    """A Flower app around `train` and `score`, run to its end in this process."""
    from flwr.app import ArrayRecord, ConfigRecord, Context, Message, MessageType, MetricRecord, RecordDict
    from flwr.clientapp import ClientApp
    from flwr.serverapp import Grid, ServerApp
    from flwr.serverapp.strategy import FedAvg

    client_app, server_app = ClientApp(), ServerApp()

    @client_app.train()
    def _train(message: Message, context: Context) -> Message:
        given: Any = message.content
        index = int(given["config"]["server-round"]) - 1
        client = int(context.node_config["partition-id"])
        examples = train(given["arrays"].to_torch_state_dict(), client, index)
        content: dict[str, Any] = {
            "arrays": ArrayRecord(module.state_dict()),
            "metrics": MetricRecord({"num-examples": examples}),
        }
        return Message(RecordDict(content), reply_to=message)

    class Drawn(FedAvg):
        """FedAvg that draws the clients that flopt draws."""

        def configure_train(
            self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
        ) -> Iterable[Message]:
            config["server-round"] = server_round
            record = RecordDict({self.arrayrecord_key: arrays, self.configrecord_key: config})
            return [grid.create_message(record, MessageType.TRAIN, c + 1, "") for c in DRAWN[server_round - 1]]

    @server_app.main()
    def _main(grid: Grid, context: Context) -> None:  # noqa: ARG001
        def evaluate(server_round: int, arrays: ArrayRecord) -> MetricRecord | None:
            return MetricRecord({"accuracy": score(arrays.to_torch_state_dict())}) if server_round else None

        Drawn(fraction_evaluate=0.0).start(grid, ArrayRecord(initial), num_rounds=PLAN.rounds, evaluate_fn=evaluate)

    server_app(grid=_grid(client_app), context=Context(1, 0, {}, RecordDict(), {}))


def _grid(client_app: Any) -> Any:
    from flwr.app import Context, Message, RecordDict
    from flwr.serverapp import Grid

    try:  # newer versions of Flower read from here whose message it is
        from flwr.supercore.task_identity import TaskIdentity
    except ImportError:
        pass
    else:
        TaskIdentity.task_id, TaskIdentity.run_id, TaskIdentity.node_id = 1, 1, 1

    class InProcess(Grid):
        """Every message is answered at once, by the client app itself."""

        def __init__(self) -> None:
            partition = {"num-partitions": 14}
            self.contexts = {
                number + 1: Context(1, number + 1, {**partition, "partition-id": number}, RecordDict(), {})
                for number in range(14)
            }
            self.replies: dict[str, Message] = {}

        def set_run(self, run: Any) -> None:
            pass

        @property
        def run(self) -> Any:
            return None

        def create_message(
            self, content: Any, message_type: str, dst_node_id: int, group_id: str, ttl: float | None = None
        ) -> Message:
            return Message(content, dst_node_id, message_type, ttl=ttl, group_id=group_id)

        def get_node_ids(self) -> Iterable[int]:
            return list(self.contexts)

        def get_nodes(self) -> Iterable[Any]:
            return []

        def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
            return [self._answered(message) for message in messages]

        def _answered(self, message: Message) -> str:
            number = str(uuid.uuid4())
            message.metadata.__dict__["_message_id"] = number  # as Flower's own grids do
            self.replies[number] = client_app(message, self.contexts[message.metadata.dst_node_id])
            return number

        def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
            return [self.replies.pop(number) for number in message_ids]

        def send_and_receive(self, messages: Iterable[Message], *, timeout: float | None = None) -> Iterable[Message]:  # noqa: ARG002
            return self.pull_messages(self.push_messages(messages))

    return InProcess()


class Watched(AutogradEngine):
    """The general engine, which keeps the server's weights of every round."""

    seen: list[list[NDArray[np.float64]]]

    def scores(self, weights: Sequence[Tensor], samples: NDArray[np.int64]) -> Tensor:
        """Called for validation and for test: every other time is another round."""
        self.seen.append([weight.numpy().copy() for weight in weights])
        return super().scores(weights, samples)


def test_the_general_engine_in_float64_has_flower_s_weights_and_accuracies(flower: Told) -> None:
    setup = prepare(SOURCE, dtype=torch.float64, general=True)
    assert isinstance(setup.engine, AutogradEngine)
    engine = Watched(setup.engine.module, setup.engine.x, setup.engine.y)
    object.__setattr__(engine, "seen", [])
    taking_part = Participation.complete(np.array(DRAWN), np.zeros(14, dtype=np.int64))
    rounds = list(federated(replace(setup, engine=engine), PLAN, taking_part, SEED))
    ours = engine.seen[::2]
    assert len(rounds) == len(ours) == len(flower.weights) == PLAN.rounds
    assert [done.accuracy for done in rounds] == flower.accuracies
    for mine, theirs in zip(ours, flower.weights, strict=True):
        for one, other in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-9)
    assert rounds[-1].accuracy > 0.6, "nothing was learned, so nothing was compared"


def test_the_fast_engine_is_at_most_one_sample_apart(flower: Told) -> None:
    rounds: list[Round] = list(simulate(PLAN, SOURCE, SEED))
    sample = 1 / len(prepare(SOURCE).split.validation)
    apart = [abs(done.accuracy - other) / sample for done, other in zip(rounds, flower.accuracies, strict=True)]
    assert max(apart) < 1.01
