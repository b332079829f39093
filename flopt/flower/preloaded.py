"""What every run of an app needs, loaded once in the process that workers are forked from.

Nothing here starts a thread, which a fork would lose; the app's own modules and libraries load in each worker.
"""

from __future__ import annotations

import torch._dynamo  # noqa: F401  # what the first step of any of torch's optimizers loads, in a second of CPU

from flopt.errors import FloptError
from flopt.flower.requirement import require_flower

try:
    require_flower()  # before Flower is imported, which then reads that it stays off the network
except FloptError as error:
    raise ImportError(str(error)) from None  # which the process passes over: the search says it better

import flopt.flower.grid
import flopt.flower.oracle
import flopt.flower.uplink  # noqa: F401
