"""The README is run as it stands: its commands in order, its Python, and the output that it calls exact."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?P<exact><!-- exact -->\n)?```(?P<language>\w+)\n(?P<body>.*?)```", re.DOTALL)


def blocks(language: str) -> list[tuple[bool, str]]:
    return [(bool(m["exact"]), m["body"]) for m in BLOCK.finditer(README) if m["language"] == language]


def sh(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one line of the README in a folder, with this environment's flopt first on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    line = command.replace(".venv/bin/flopt", "flopt")
    return subprocess.run(
        shlex.split(line, comments=True), cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def commands() -> list[tuple[str, str]]:
    """Every command of the console blocks, with the output that must be exact (empty: any)."""
    found = []
    for exact, body in blocks("console"):
        for part in body.split("$ ")[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output if exact else ""))
    return [(command, output) for command, output in found if not command.startswith("make")]


def test_it_is_short_enough_to_be_read() -> None:
    assert len(README.splitlines()) <= 200


def test_its_files_and_make_targets_exist() -> None:
    for link in re.findall(r"\]\(([^)]+)\)", README):
        assert link.startswith("https://") or (ROOT / link).is_file(), link
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^\$ make ([\w-]+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.slow
def test_its_commands_and_code_run_in_order(tmp_path: Path) -> None:
    assert sh("flopt tune --out studies/default", tmp_path).returncode == 0
    shutil.copytree(ROOT / "tests" / "flower_app", tmp_path / "my_app", ignore=shutil.ignore_patterns("__pycache__"))
    for number, (_, code) in enumerate([*blocks("python"), *blocks("toml")]):
        name = re.match(r"# (\S+\.(py|toml))\n", code)
        (tmp_path / (name[1] if name else f"example_{number}.py")).write_text(code, encoding="utf-8")
    for command, output in commands():
        done = sh(command, tmp_path)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        if output:
            assert done.stdout == output, command
    for script in sorted(tmp_path.glob("example_*.py")):
        done = sh(f"{shlex.quote(sys.executable)} {script.name}", tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout
