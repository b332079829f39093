"""What the server does: send the model round after round, and average what comes back."""

import random

import torch
from flwr.app import ArrayRecord, Context
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg

from digits_app.task import build

app = ServerApp()


@app.main()
def main(grid: Grid, context: Context) -> None:
    config = context.run_config
    random.seed(config["seed"])  # FedAvg draws its clients with it
    torch.manual_seed(config["seed"])
    model = build(config["hidden-units"])
    strategy = FedAvg(fraction_train=config["fraction-train"])
    strategy.start(grid, ArrayRecord(model.state_dict()), num_rounds=config["num-server-rounds"])
