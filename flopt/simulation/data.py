"""The data of a task: shipped, downloaded by an extra, or the user's own."""

from __future__ import annotations

from collections.abc import Callable

from flopt.errors import FloptError, unknown
from flopt.simulation.dataset import Dataset
from flopt.simulation.flights import flights
from flopt.simulation.hub_data import PREFIX, from_hub
from flopt.simulation.images import digits, fashion_mnist, mnist5k
from flopt.simulation.user_data import from_function, from_npz

__all__ = ["DATASETS", "Dataset", "load"]

DATASETS: dict[str, Callable[[], Dataset]] = {
    "digits": digits,
    "mnist5k": mnist5k,
    "fashion_mnist": fashion_mnist,
    "flights": flights,
}


def load(reference: str) -> Dataset:
    """A data set by name or from the Hugging Face Hub, the user's `.npz` file, or `file.py:function`."""
    if reference in DATASETS:
        return DATASETS[reference]()
    if reference.startswith(PREFIX):
        return from_hub(reference)
    if reference.endswith(".npz"):
        return from_npz(reference)
    if ".py:" in reference or reference.endswith(".py"):
        return from_function(reference)
    raise FloptError(
        f"{unknown('data set', reference, DATASETS)} (or give a path ending in .npz, file.py:function, or hf:NAME)"
    )
