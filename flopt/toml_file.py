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
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FloptError(f"{file}: {error}") from None
    except OSError as error:
        raise FloptError(f"{file}: {error.strerror}") from None
