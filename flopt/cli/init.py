"""`flopt init`: a commented study file."""

from __future__ import annotations

from pathlib import Path

from flopt.cli.printing import note
from flopt.errors import FloptError

__all__ = ["TEMPLATE", "write_template"]

TEMPLATE = Path(__file__).with_name("study_template.toml")


def write_template(file: Path, *, force: bool) -> None:
    """Write the shipped study with a comment on every line; an existing file is kept unless `force`."""
    if file.exists() and not force:
        raise FloptError(f"{file} exists already; choose another name, or --force")
    try:
        file.write_text(TEMPLATE.read_text(encoding="utf-8"), encoding="utf-8")
    except OSError as error:
        raise FloptError(f"{file}: {error.strerror}") from None
    note(f"wrote {file}; next: flopt tune {file}")
