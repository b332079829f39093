"""Small Flower apps for tests: the example, and copies of it with one thing changed."""

from __future__ import annotations

import shutil
from pathlib import Path

EXAMPLE = Path(__file__).parent / "flower_app"


def changed(folder: Path, file: str = "", old: str = "", new: str = "") -> Path:
    """A copy of the example in `folder`, with one text in one of its files replaced."""
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    if file:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text, old
        path.write_text(text.replace(old, new), encoding="utf-8")
    return folder


def legacy(folder: Path) -> Path:
    """The same app in Flower's older style: `NumPyClient` and `server_fn`."""
    changed(folder)
    (folder / "digits_app" / "client_app.py").write_text(LEGACY_CLIENT, encoding="utf-8")
    (folder / "digits_app" / "server_app.py").write_text(LEGACY_SERVER, encoding="utf-8")
    return folder


def metered(folder: Path, ledger: Path, budget_g: float) -> Path:
    """The same app with flopt's meter in client and server."""
    mods = "from flopt.flower import meter_mod\n\napp = ClientApp(mods=[meter_mod(active_watts=10, country='DEU')])"
    changed(folder, "digits_app/client_app.py", "app = ClientApp()", mods)
    server = folder / "digits_app" / "server_app.py"
    text = server.read_text(encoding="utf-8").replace("strategy = FedAvg(", "strategy = Metered(")
    text = text.replace("app = ServerApp()", METERED_STRATEGY)
    start = f"    strategy.metered({str(ledger)!r}, budget_g={budget_g})\n    strategy.start("
    server.write_text(text.replace("    strategy.start(", start), encoding="utf-8")
    return folder


METERED_STRATEGY = """
from flopt.flower import CarbonStrategy


class Metered(CarbonStrategy, FedAvg):
    pass


app = ServerApp()
"""

LEGACY_CLIENT = """
import torch
from digits_app.task import build, load_data, score, train
from flwr.client import ClientApp, NumPyClient


class Client(NumPyClient):
    def __init__(self, config, data):
        self.config, (self.train_data, self.test_data) = config, data
        self.model = build(config["hidden-units"])

    def set(self, arrays):
        state = self.model.state_dict()
        self.model.load_state_dict({k: torch.tensor(v) for k, v in zip(state, arrays, strict=True)})

    def fit(self, parameters, config):
        self.set(parameters)
        c = self.config
        train(self.model, self.train_data, c["local-epochs"], c["batch-size"], c["learning-rate"], config["seed"])
        return [v.numpy() for v in self.model.state_dict().values()], len(self.train_data[1]), {}

    def evaluate(self, parameters, config):
        self.set(parameters)
        loss, accuracy = score(self.model, self.test_data)
        return loss, len(self.test_data[1]), {"accuracy": accuracy}


def client_fn(context):
    node = context.node_config
    return Client(context.run_config, load_data(node["partition-id"], node["num-partitions"])).to_client()


app = ClientApp(client_fn=client_fn)
"""

LEGACY_SERVER = """
import random

import torch
from digits_app.task import build
from flwr.common import ndarrays_to_parameters
from flwr.server import ServerApp, ServerAppComponents, ServerConfig
from flwr.server.strategy import FedAvg


def mean(metrics):
    total = sum(n for n, _ in metrics)
    return {"accuracy": sum(n * m["accuracy"] for n, m in metrics) / total}


def server_fn(context):
    config = context.run_config
    random.seed(config["seed"])
    torch.manual_seed(config["seed"])
    start = [v.numpy() for v in build(config["hidden-units"]).state_dict().values()]
    strategy = FedAvg(
        fraction_fit=config["fraction-train"],
        initial_parameters=ndarrays_to_parameters(start),
        evaluate_metrics_aggregation_fn=mean,
        on_fit_config_fn=lambda number: {"seed": number},
    )
    return ServerAppComponents(strategy=strategy, config=ServerConfig(num_rounds=config["num-server-rounds"]))


app = ServerApp(server_fn=server_fn)
"""
