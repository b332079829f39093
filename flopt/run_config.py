"""The run-config of a Flower app: which keys it has, and which of a plan's settings they are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from flopt.errors import FloptError, unknown
from flopt.plan import APP, PLAN_FIELDS, WHOLE_FIELDS, Plan, Setting

__all__ = ["SEED_KEY", "RunConfig"]

SEED_KEY = "seed"
"""The key that the seed of a run is added to, where the app has it."""

# Flower's own spellings; every other setting is looked for under its own name, with hyphens or underscores.
_SPELLINGS = {
    "rounds": ("num-server-rounds", "num-rounds"),
    "local_epochs": ("local-epochs", "epochs"),
    "client_fraction": ("fraction-train", "fraction-fit"),
}
# What is true of an app that has no key for it.
_WITHOUT_KEY: dict[str, Setting] = {"local_epochs": 1, "client_fraction": 1.0}
_FLOPTS_OWN = ("uplink",)
"""What flopt itself does to the messages of an app."""
_DECLARED = ("schedule",)
"""What may be said of an app that has no key for it: with `cosine`, what a round does depends on how many follow."""


@dataclass(frozen=True)
class RunConfig:
    """`[tool.flwr.app.config]`, its nested tables joined by dots."""

    defaults: Mapping[str, Setting]
    place: str
    """The file that it stands in, for errors."""

    def __post_init__(self) -> None:
        for key, value in self.defaults.items():
            finite = not isinstance(value, float) or math.isfinite(value)
            if not isinstance(value, Setting) or not finite:
                raise FloptError(f"{self.place}: {key} = {value!r}: must be a finite number, text, or true or false")
        if "rounds" not in self.keys:
            wanted = " or ".join(_spellings("rounds"))
            raise FloptError(f"{self.place}: [tool.flwr.app.config] has no key for the rounds; flopt needs {wanted}")
        for setting, key in self.keys.items():
            whole, value = setting in WHOLE_FIELDS, self.defaults[key]
            if isinstance(value, bool) or not isinstance(value, int if whole else type(getattr(Plan(), setting))):
                kind = "a whole number" if whole else "a number with a point" if isinstance(value, int) else "a number"
                raise FloptError(f"{self.place}: {key} = {value!r}: must be {kind}; flopt sets it from {setting}")

    @cached_property
    def keys(self) -> Mapping[str, str]:
        """Setting of a plan -> the app's key for it."""
        found = {setting: [k for k in _spellings(setting) if k in self.defaults] for setting in PLAN_FIELDS}
        return {setting: keys[0] for setting, keys in found.items() if keys and setting not in _FLOPTS_OWN}

    @cached_property
    def own(self) -> Mapping[str, Setting]:
        """The app's other keys, with their defaults."""
        taken = {*self.keys.values(), SEED_KEY}
        return {key: value for key, value in sorted(self.defaults.items()) if key not in taken}

    @property
    def settable(self) -> tuple[str, ...]:
        """The settings of a plan that mean something to this app."""
        return tuple(name for name in PLAN_FIELDS if name in self.keys or name in (*_FLOPTS_OWN, *_DECLARED))

    def named(self, name: str) -> str:
        """The setting that a name stands for: a plan's (`rounds`), or one of the app's own (`app.hidden-units`)."""
        if name in self.settable:
            return name
        for setting, key in self.keys.items():
            if key == name:
                return setting
        if name in self.own:
            return f"{APP}{name}"
        if name == SEED_KEY:
            raise FloptError(f"{self.place}: {name} is set from the seed of the run, not searched")
        if name in PLAN_FIELDS:
            raise FloptError(f"{self.place}: [tool.flwr.app.config] has no key for {name}; it has {self._told}")
        raise FloptError(f"{unknown('run-config key', name, [*self.settable, *self.defaults])} ({self.place})")

    def checked(self, key: str, value: object) -> Setting:
        """A value for one of the app's own keys, of the type of its default."""
        default = self.own[key]
        if type(value) is int and type(default) is float:
            value = float(value)
        if type(value) is not type(default):
            kinds = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
            raise FloptError(f"{key} = {value!r}: must be {kinds[type(default)]}, as in {self.place} ({default!r})")
        return value

    def plan(self, settings: Mapping[str, Setting]) -> Plan:
        """The app's defaults as a plan, changed by settings under a plan's names or the app's."""
        start: dict[str, Setting] = {**_WITHOUT_KEY}
        start |= {setting: self.defaults[key] for setting, key in self.keys.items()}
        start |= {f"{APP}{key}": value for key, value in self.own.items()}
        for name, value in settings.items():
            setting = self.named(name.removeprefix(APP))
            key = setting.removeprefix(APP)
            start[setting] = self.checked(key, value) if setting.startswith(APP) else value
        return Plan.of(start)

    def values(self, plan: Plan, seed: int) -> dict[str, Setting]:
        """The whole run-config that carries out a plan; an error where the plan says what the app cannot be told."""
        for setting in PLAN_FIELDS:
            usual = _WITHOUT_KEY.get(setting, getattr(Plan(), setting))
            if setting not in self.settable and getattr(plan, setting) != usual:
                raise FloptError(
                    f"plan: {setting} = {getattr(plan, setting)}: {self.place} has no key for it; it has {self._told}"
                )
        values = {**self.defaults, **{key: getattr(plan, setting) for setting, key in self.keys.items()}}
        values |= {key: self.checked(key, value) for key, value in plan.app if self.named(key)}
        if type(values.get(SEED_KEY)) is int:
            values[SEED_KEY] = int(values[SEED_KEY]) + seed
        return {key: float(v) if type(self.defaults[key]) is float else v for key, v in values.items()}

    @property
    def _told(self) -> str:
        return ", ".join(sorted(self.defaults))


def _spellings(setting: str) -> tuple[str, ...]:
    return (*_SPELLINGS.get(setting, ()), setting.replace("_", "-"), setting)
