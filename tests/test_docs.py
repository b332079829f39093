"""The documentation: its links hold, its blocks run as they stand, and its pages are built."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flopt.figures import KINDS

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md"))
BLOCK = re.compile(r"^```(?P<language>console|python|toml)\n(?P<body>.*?)^```", re.DOTALL | re.MULTILINE)


def text(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def environment(folder: Path) -> dict[str, str]:
    """This environment's flopt first on the path, whatever is installed elsewhere."""
    tools = folder / ".tools"
    tools.mkdir(exist_ok=True)
    flopt = tools / "flopt"
    flopt.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m flopt "$@"\n', encoding="utf-8")
    flopt.chmod(0o755)
    return {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}


def run(words: list[str], folder: Path) -> None:
    done = subprocess.run(words, cwd=folder, env=environment(folder), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{shlex.join(words)}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES)
def test_links_and_pictures_are_there(page: str) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", text(page)):
        assert link.startswith("https://") or ((DOCS / page).parent / link).is_file(), link


def test_every_page_is_in_the_menu_and_every_figure_on_a_page() -> None:
    menu = (ROOT / ".mkdocs.yml").read_text(encoding="utf-8")
    assert [page for page in PAGES if f" {page}\n" not in menu] == []
    for kind in KINDS:
        assert f"(../figures/{kind}.png)" in text("howto/figures.md")


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if BLOCK.search(text(page))])
def test_every_block_runs_in_order(page: str, tmp_path: Path) -> None:
    for number, block in enumerate(BLOCK.finditer(text(page))):
        if block["language"] == "console":
            for command in block["body"].split("$ ")[1:]:
                run(shlex.split(command), tmp_path)
            continue
        name = re.match(r"# (\S+\.(?:py|toml))\n", block["body"])
        script = tmp_path / (name[1] if name else f"block_{number}.py")
        script.write_text(block["body"], encoding="utf-8")
        if name is None and block["language"] == "python":
            run([sys.executable, script.name], tmp_path)


@pytest.mark.slow
def test_the_pages_are_built_without_a_warning(tmp_path: Path, needs_module: Callable[[str], None]) -> None:
    needs_module("mkdocs")
    words = ["-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(
        [sys.executable, *words, "--config-file", str(ROOT / ".mkdocs.yml")],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / "site" / "api" / "index.html").read_text(encoding="utf-8")
    assert "local_epochs" in page
    assert "matplotlib" in page
