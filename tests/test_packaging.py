"""A wheel built from the checkout works alone: it brings the catalogues, and runs outside the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path) -> str:
    """Standard output of a command that sees neither the checkout nor the PYTHON variables of this process."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built with the hatchling of this environment."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def bin_folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment that holds the wheel and borrows its dependencies: no download."""
    venv = tmp_path_factory.mktemp("elsewhere") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", venv, cwd=venv.parent)
    pip = (sys.executable, "-m", "pip", "--python", venv / "bin" / "python")
    run(*pip, "install", "--no-deps", "--no-index", wheel, cwd=venv.parent)
    (site_packages,) = venv.glob("lib/python*/site-packages")
    # An editable flopt stays out of sight: .pth files of a folder that a .pth file adds are not read.
    borrowed = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    (site_packages / "borrowed.pth").write_text("\n".join(sorted(borrowed)) + "\n", encoding="utf-8")
    return venv / "bin"


def test_the_wheel_ships_the_catalogues_and_nothing_strange(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for pattern in ("objectives/*.py", "search_spaces/*.toml"):
        expected = {f"flopt/shipped/{path.relative_to(ROOT).as_posix()}" for path in ROOT.glob(pattern)}
        assert expected
        assert expected <= names
    assert "flopt/py.typed" in names
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"flopt"}
    assert not [name for name in names if "__pycache__" in name]


def test_every_data_file_of_the_package_is_in_the_wheel(wheel: Path, needs: Callable[[str], NoReturn]) -> None:
    tracked = subprocess.run(["git", "ls-files", "flopt"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode != 0:
        needs("not a git checkout")
    assert set(tracked.stdout.split()) <= set(zipfile.ZipFile(wheel).namelist())


def test_the_flopt_that_runs_is_the_one_of_the_wheel(bin_folder: Path, tmp_path: Path) -> None:
    place = run(bin_folder / "python", "-c", "import flopt; print(flopt.__file__)", cwd=tmp_path)
    assert Path(place.strip()).is_relative_to(bin_folder.parent)


def test_the_wheel_lists_the_shipped_objectives(bin_folder: Path, tmp_path: Path) -> None:
    listed = run(bin_folder / "flopt", "list", "objectives", cwd=tmp_path)
    for path in (ROOT / "objectives").glob("[!_]*.py"):
        assert path.stem in listed


def test_the_wheel_tunes(bin_folder: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    settings = ("--set", 'oracle="analytic"', "--set", "budget.runs=6")
    run(bin_folder / "flopt", "tune", *settings, "--out", study, cwd=tmp_path)
    header, *rows = (study / "front.csv").read_text(encoding="utf-8").splitlines()
    assert {"run", "round", "accuracy", "co2e_kg"} <= set(header.split(","))
    assert rows
