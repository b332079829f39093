"""TOML files, read with one line about whatever is wrong with them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from flopt.errors import FloptError

__all__ = ["read_toml"]


def read_toml(file: Path) -> dict[str, Any]:
    """The tables of a TOML file."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FloptError(f"no file {file}") from None
    except ValueError as error:  # TOML's own, no UTF-8, or a number of thousands of digits
        raise FloptError(f"{file}: {error}") from None
    except RecursionError:
        raise FloptError(f"{file}: nested too deeply") from None
    except OSError as error:
        raise FloptError(f"{file}: {error.strerror}") from None
