"""The command line: data on stdout, progress and errors on stderr; exit 0, 1 nothing found, 2 bad input."""

from __future__ import annotations

import os
import sys

import click
import typer

from flopt.errors import FloptError

__all__ = ["app", "main"]

app = typer.Typer(
    name="flopt",
    help="Carbon-aware tuner for federated learning: the accuracy you need for the least CO2e.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def main() -> None:
    """Run a command; every error that a user can cause is one line, unless FLOPT_TRACEBACK is set."""
    from flopt.cli import commands  # noqa: F401  # registers the commands on `app`

    try:
        sys.exit(app(standalone_mode=False) or 0)
    except FloptError as error:
        if os.environ.get("FLOPT_TRACEBACK"):
            raise
        _fail(" ".join(str(error).splitlines()))
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.ctx.get_help() if error.ctx else "")
        sys.exit(0)
    except click.ClickException as error:
        _fail(error.format_message())
    except (KeyboardInterrupt, click.Abort):
        print("flopt: interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # `flopt front DIR | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _fail(message: str) -> None:
    print(f"flopt: {message}", file=sys.stderr)
    sys.exit(2)
