"""`flopt lint`: claims that cannot be, in a table or in a study folder."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from flopt.cli.printing import note, print_json, print_table
from flopt.errors import FloptError
from flopt.reading.claims import read_claims
from flopt.reading.lint import Facts, lint
from flopt.results import STUDY_FILE, open_results

__all__ = ["print_lint"]


def print_lint(place: Path, classes: int | None, *, as_json: bool) -> int:
    """Print each claim with its row and why it cannot be; returns 1 where there is one."""
    if classes is not None and classes < 2:
        raise FloptError(f"--classes {classes}: must be at least 2")
    file, facts = place, Facts(None if classes is None else 1 / classes)
    if place.is_dir():
        if not (place / STUDY_FILE).is_file():
            raise FloptError(f"{place} is not a study folder: it has no {STUDY_FILE}")
        file = place / "front.csv"
        if not file.is_file():
            raise FloptError(f"{place}: it has no front.csv yet; `flopt tune` writes it")
        facts = Facts(open_results(place).problem.task.majority_share if classes is None else 1 / classes)
    claims = read_claims(file)
    found = lint(claims, facts)
    if as_json:
        print_json([asdict(finding) for finding in found])
    elif found:
        rows = [[str(finding.row), finding.rule, finding.reason] for finding in found]
        print_table(["row", "rule", "why it cannot be"], rows, numbers=False)
    note(f"{file}: {len(claims.rows)} rows, {len(found) or 'nothing'} flagged")
    return 1 if found else 0
