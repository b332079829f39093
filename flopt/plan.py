"""A plan: one setting of everything that can be searched."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from flopt.compression import NONE, SCHEMES, Compression, Shapes
from flopt.errors import FloptError, unknown

__all__ = [
    "ALGORITHMS",
    "APP",
    "PLAN_FIELDS",
    "SCHEDULES",
    "SERVER_OPTIMIZERS",
    "WHOLE_FIELDS",
    "Plan",
    "Setting",
    "told",
]

Setting = bool | int | float | str

ALGORITHMS = {
    "fedavg": "local SGD; with proximal_mu above 0 this is FedProx (Li et al. 2020)",
    "scaffold": "local SGD corrected by control variates, which travel both ways (Karimireddy et al. 2020)",
}
SERVER_OPTIMIZERS = {
    "sgd": "FedAvg, and with server_momentum FedAvgM (Hsu et al. 2019)",
    "adam": "FedAdam (Reddi et al. 2021)",
    "yogi": "FedYogi (Reddi et al. 2021)",
    "adagrad": "FedAdagrad (Reddi et al. 2021)",
}
SCHEDULES = {
    "constant": "the same in all rounds",
    "inverse-sqrt": "falls as 1 / sqrt(round) after the warm-up (Vaswani et al. 2017, equation 3)",
    "cosine": "falls to nearly 0 in the last round (Loshchilov and Hutter 2017), so no prefix is a run of its own",
}

# Lowest whole number that each field takes.
WHOLE_FIELDS = {"rounds": 1, "local_epochs": 1, "local_steps": 0, "batch_size": 1, "warmup_rounds": 0}
# Range of each real field, and whether the lower end belongs to it; the upper end belongs to client_fraction only.
_REAL_FIELDS = {
    "client_fraction": (1.0, False),
    "client_lr": (math.inf, False),
    "client_momentum": (1.0, True),
    "weight_decay": (math.inf, True),
    "proximal_mu": (math.inf, True),
    "server_lr": (math.inf, False),
    "server_momentum": (1.0, True),
    "server_tau": (math.inf, False),
}
_NAMED_FIELDS = {"algorithm": ALGORITHMS, "server_optimizer": SERVER_OPTIMIZERS, "schedule": SCHEDULES}


@dataclass(frozen=True)
class Plan:
    """How to train: valid at birth, and the same everywhere from the study file to the last row of the front."""

    rounds: int = 40
    """Communication rounds."""
    local_epochs: int = 2
    """Passes over its own data that a client makes in each round."""
    local_steps: int = 0
    """SGD steps of each client in a round, instead of epochs; 0: epochs."""
    client_fraction: float = 0.35
    """Share of the task's clients that is drawn in each round, above 0 and at most 1."""
    batch_size: int = 10
    """Samples in one step of local SGD."""
    client_lr: float = 0.05
    """Learning rate of local SGD, before the schedule."""
    client_momentum: float = 0.0
    """Momentum of local SGD, from 0 to below 1; it starts at rest in every round."""
    weight_decay: float = 0.0
    """Factor of the weights that local SGD adds to the gradient."""
    proximal_mu: float = 0.0
    """Strength of FedProx's pull towards the weights that the client received."""
    algorithm: str = "fedavg"
    """What clients compute and send: `fedavg` or `scaffold`."""
    server_optimizer: str = "sgd"
    """How the server takes the mean update: `sgd`, `adam`, `yogi` or `adagrad`."""
    server_lr: float = 1.0
    """Learning rate of the server; the adaptive ones want 0.003 to 0.1 (Reddi et al. 2021)."""
    server_momentum: float = 0.0
    """Momentum of the server, from 0 to below 1; the beta_1 of the adaptive ones."""
    server_tau: float = 1e-3
    """Adaptivity of the adaptive ones, large is little."""
    schedule: str = "constant"
    """Course of client_lr over the rounds: `constant`, `inverse-sqrt` or `cosine`."""
    warmup_rounds: int = 0
    """Rounds in which client_lr rises in equal steps to its full value."""
    uplink: Compression = NONE
    """Compression of what a client sends."""
    downlink: Compression = NONE
    """Compression of what the server sends."""
    app: tuple[tuple[str, Setting], ...] = ()
    """Run-config keys of a Flower app that are none of the settings above, with their values, sorted by key."""

    def __post_init__(self) -> None:
        for name, low in WHOLE_FIELDS.items():
            _check_whole(name, getattr(self, name), low)
        for name, (high, from_zero) in _REAL_FIELDS.items():
            _check_real(name, getattr(self, name), high, from_zero=from_zero)
        for name, allowed in _NAMED_FIELDS.items():
            if getattr(self, name) not in allowed:
                raise FloptError(f"plan: {unknown(name.replace('_', ' '), str(getattr(self, name)), allowed)}")
        _check_app(self.app)
        if not SCHEMES[self.downlink.kind].downlink:
            raise FloptError(
                f"plan: downlink {self.downlink}: a newly drawn client holds no earlier model, "
                f"so the downlink takes {', '.join(k for k, s in SCHEMES.items() if s.downlink)}"
            )

    @property
    def horizon_dependent(self) -> bool:
        """Whether round r depends on how many rounds follow; then only the last round is a candidate."""
        return self.schedule == "cosine"

    def local_samples(self, own: float) -> float:
        """Samples that a client with `own` training samples trains on in a round; of a mean, the mean."""
        return self.local_steps * self.batch_size if self.local_steps else self.local_epochs * own

    def steps_per_round(self, own: float) -> int:
        """SGD steps that a client with `own` training samples makes in a round."""
        return self.local_steps or self.local_epochs * math.ceil(own / self.batch_size)

    def download_bytes(self, shapes: Shapes) -> int:
        """Bytes that one client receives in a round for a model of these shapes."""
        return self._messages * self.downlink.wire_bytes(shapes)

    def upload_bytes(self, shapes: Shapes) -> int:
        """Bytes that one client sends in a round for a model of these shapes."""
        return self._messages * self.uplink.wire_bytes(shapes)

    @property
    def _messages(self) -> int:
        """SCAFFOLD sends a control variate beside the model, both ways (Karimireddy et al. 2020, algorithm 1)."""
        return 2 if self.algorithm == "scaffold" else 1

    @classmethod
    def of(cls, settings: Mapping[str, Setting], base: Plan | None = None) -> Plan:
        """A plan from settings as text and numbers (`uplink` = `"quantize:8"`), the rest taken from `base`.

        A run-config key of a Flower app has `app.` before it: `{"app.learning-rate": 0.1}`.
        """
        values: dict[str, object] = {}
        app = dict(base.app) if base else {}
        for name, value in settings.items():
            if name.startswith(APP):
                app[name.removeprefix(APP)] = value
            elif name not in PLAN_FIELDS:
                raise FloptError(f"plan: {unknown('setting', name, PLAN_FIELDS)}")
            elif name in ("uplink", "downlink"):
                if not isinstance(value, str):
                    raise FloptError(f"plan: {name} = {value!r}: write a compression such as 'quantize:8'")
                values[name] = _compression(name, value)
            else:
                values[name] = value
        values["app"] = tuple(sorted(app.items()))
        return replace(base, **values) if base else cls(**values)  # type: ignore[arg-type]  # checked in __post_init__

    def settings(self) -> dict[str, Setting]:
        """The plan as text and numbers, in the order of its fields; `Plan.of` reads it back."""
        own = {name: _plain(getattr(self, name)) for name in PLAN_FIELDS}
        return own | {f"{APP}{key}": value for key, value in self.app}

    def spoken(self) -> dict[str, Setting]:
        """The settings that a person wants to read: the usual ones, and those that are not the default."""
        default, usual = Plan().settings(), _USUAL_OF_APP if self.app else _USUAL
        return {name: v for name, v in self.settings().items() if name in usual or v != default.get(name)}

    def __str__(self) -> str:
        return ", ".join(f"{name} {told(value)}" for name, value in self.spoken().items())


def told(value: Setting) -> str:
    """A setting for a person, to four significant digits; whatever is to be run again has them all."""
    if isinstance(value, float):
        return f"{value:.4g}"
    kind, colon, amount = str(value).partition(":")
    return f"{kind}:{float(amount):.4g}" if colon and kind in SCHEMES else str(value)


_USUAL = ("rounds", "local_epochs", "client_fraction", "batch_size", "client_lr", "uplink", "downlink")
# A Flower app has its own names for the rest, and its own defaults.
_USUAL_OF_APP = ("rounds", "local_epochs", "client_fraction", "uplink")
PLAN_FIELDS: tuple[str, ...] = tuple(field.name for field in fields(Plan) if field.name != "app")
APP = "app."
"""What stands before a Flower app's key in the settings of a plan."""


_LARGEST = sys.float_info.max


def _plain(value: object) -> Setting:
    return value if isinstance(value, int | float) else str(value)


def _compression(name: str, text: str) -> Compression:
    try:
        return Compression.parse(text)
    except FloptError as error:
        raise FloptError(f"plan: {name}: {error}") from None


def _check_app(app: tuple[tuple[str, Setting], ...]) -> None:
    keys = [key for key, _ in app]
    if keys != sorted(set(keys)):
        raise FloptError(f"plan: app keys {', '.join(keys)}: each once, and sorted")
    for key, value in app:
        if not isinstance(value, Setting) or (isinstance(value, float) and not math.isfinite(value)):
            raise FloptError(f"plan: {key} = {value!r}: must be a finite number, text, or true or false")


def _check_whole(name: str, value: object, low: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise FloptError(f"plan: {name} = {value!r}: must be a whole number, at least {low}")


def _check_real(name: str, value: object, high: float, *, from_zero: bool) -> None:
    """Zero to one is half open: with zero it excludes one, without zero it includes it."""
    low, top = ("at least 0" if from_zero else "above 0"), f"{'below' if from_zero else 'at most'} {high:g}"
    allowed = low if math.isinf(high) else f"{low} and {top}"
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    inside = (0 <= number < high) if from_zero else (0 < number <= high)
    if not inside or number > _LARGEST:  # infinite, or a whole number that no float holds
        raise FloptError(f"plan: {name} = {value!r}: must be a number {allowed}")
