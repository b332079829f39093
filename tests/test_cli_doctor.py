"""`flopt doctor`: what it prints, and its exit codes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from flopt.search.stores.storage import JOURNAL


def test_it_prints_what_it_did_and_exits_with_1_where_something_is_lost(
    command: Callable[..., tuple[int, str, str]], analytic_study: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(analytic_study, tmp_path / "study"))
    assert command("doctor", folder) == (0, "", f"flopt: {folder}: healthy, 16 runs, 16 of them finished\n")
    with (folder / JOURNAL).open("ab") as file:
        file.write(b"{")
    code, out, err = command("doctor", folder)
    assert (code, out) == (0, "repaired: cut off 1 bytes of a half-written line; what it told of is done again\n")
    assert err == f"flopt: {folder}: repaired, 16 runs, 16 of them finished\n"
    (folder / "study.toml").unlink()
    code, out, err = command("doctor", folder, "--json")
    assert code == 1
    assert json.loads(out)["repaired"] == []
    assert json.loads(out)["runs"] == 16
    assert "study.toml" in json.loads(out)["damaged"][0]
    assert command("doctor", folder.parent)[0] == 2
