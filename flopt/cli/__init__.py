"""The command line: data on stdout, progress and errors on stderr; exit 0, 1 nothing found, 2 bad input."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from typing import Any

import typer

from flopt.errors import FloptError

__all__ = ["app", "main"]

app = typer.Typer(
    name="flopt",
    help="Carbon-aware tuner for federated learning: the accuracy you need for the least CO2e.",
    pretty_exceptions_enable=False,
    add_completion=False,
)

# What typer raises for a bad command line: click's, or since typer 0.26 that of its own copy of click.
_USAGE_ERROR: Any = typer.BadParameter.__mro__[2]

_RARELY = (50_000, 50, 50)
"""When Python looks for objects that only refer to one another: what a command has read lives until it ends, and to
look through ten thousand runs time and again took a quarter of its time."""


def main() -> None:
    """Run a command; every error that a user can cause is one line, unless FLOPT_TRACEBACK is set."""
    from flopt.cli import commands  # noqa: F401  # registers the commands on `app`

    gc.set_threshold(*_RARELY)
    atexit.register(gc.freeze)  # nor does it look through all of it at the end
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except FloptError as error:
        if os.environ.get("FLOPT_TRACEBACK"):
            raise
        _fail(str(error))
    except _USAGE_ERROR as error:
        _fail(error.format_message())
    except (KeyboardInterrupt, typer.Abort):
        print("flopt: interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # `flopt front DIR | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _fail(message: str) -> None:
    print(f"flopt: {' '.join(map(str.strip, message.splitlines()))}", file=sys.stderr)
    sys.exit(2)
