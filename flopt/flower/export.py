"""The answer handed back: a plan written into an app's `[tool.flwr.app.config]`."""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Item

from flopt.errors import FloptError, unknown
from flopt.flower.app import read_app
from flopt.plan import APP, Plan, Setting
from flopt.run_config import SEED_KEY

__all__ = ["Export", "planned_export", "run_config_of"]


@dataclass(frozen=True)
class Export:
    """A `pyproject.toml` as it is and as it would be."""

    file: Path
    old: str
    new: str
    not_told: tuple[str, ...]
    """Settings of the plan that the app has no key for, as text: they stay to be done by hand."""

    @property
    def diff(self) -> str:
        """The change as a unified diff; empty where there is none."""
        old, new = (text.splitlines(keepends=True) for text in (self.old, self.new))
        return "".join(difflib.unified_diff(old, new, f"{self.file}", f"{self.file} (new)"))

    def write(self) -> None:
        """Replace the file in one step: at any moment it is the old one or the new one."""
        temporary = ""
        try:
            handle, temporary = tempfile.mkstemp(dir=self.file.parent, prefix=f".{self.file.name}.")
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
                stream.write(self.new)
                stream.flush()
                os.fsync(stream.fileno())
            Path(temporary).chmod(self.file.stat().st_mode & 0o777)
            Path(temporary).replace(self.file)
        except OSError as error:
            Path(temporary).unlink(missing_ok=True) if temporary else None
            raise FloptError(f"{self.file}: {error.strerror}") from None


def run_config_of(folder: Path, plan: Plan) -> tuple[dict[str, Setting], tuple[str, ...]]:
    """The app's keys that carry out a plan, and what of the plan it has no key for.

    The seed is left alone. Raises FloptError for a key of the plan that the app does not have, with the nearest one.
    """
    config = read_app(folder).run_config
    for key, value in plan.app:
        if key not in config.own:
            raise FloptError(f"{unknown('run-config key', key, config.own)} ({config.place})")
        config.checked(key, value)
    values: dict[str, Setting] = {key: getattr(plan, setting) for setting, key in config.keys.items()}
    values |= dict(plan.app)
    typed = {key: float(v) if isinstance(config.defaults[key], float) else v for key, v in values.items()}
    # A study of an app says only what the app can be told; one of a simulation says more.
    default = Plan().settings()
    told = {*config.keys, *(f"{APP}{key}" for key, _ in plan.app)}
    usual = {name for name in ("local_epochs", "client_fraction", "batch_size", "client_lr") if not plan.app}
    left = [
        f"{name} = {value}"
        for name, value in plan.settings().items()
        if name not in told and (name in usual or value != default.get(name))
    ]
    return {key: value for key, value in typed.items() if key != SEED_KEY}, tuple(left)


def planned_export(folder: Path, plan: Plan) -> Export:
    """What writing a plan into the app of a folder would change: values alone; comments, order and the rest stay."""
    values, left = run_config_of(folder, plan)
    file = folder / "pyproject.toml"
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            old = stream.read()
        document = tomlkit.parse(old)
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise FloptError(f"{file}: {error}") from None
    table: Any = document["tool"]["flwr"]["app"]["config"]  # read_app has seen it
    for key, value in values.items():
        _put(table, key, value)
    return Export(file, old, tomlkit.dumps(document), left)


def _put(table: Any, key: str, value: Setting) -> None:
    """Set a key, dotted where tables are nested; what is equal already keeps its own way of writing."""
    found = _holder(table, key)
    if found is None:
        raise FloptError(f"[tool.flwr.app.config]: {key}: not to be found where it was read")
    holder, last = found
    old = holder[last]
    if type(old.unwrap() if isinstance(old, Item) else old) is type(value) and old == value:
        return
    new = tomlkit.item(value)
    if isinstance(old, Item):
        new.trivia.indent, new.trivia.comment_ws = old.trivia.indent, old.trivia.comment_ws
        new.trivia.comment, new.trivia.trail = old.trivia.comment, old.trivia.trail
    holder[last] = new


def _holder(table: Any, key: str) -> tuple[Any, str] | None:
    """The table that holds a dotted key, and the key in it; a quoted key may have dots of its own."""
    if key in table and not isinstance(table[key], Mapping):
        return table, key
    for name in table:
        if key.startswith(f"{name}.") and isinstance(table[name], Mapping):
            found = _holder(table[name], key.removeprefix(f"{name}."))
            if found is not None:
                return found
    return None
