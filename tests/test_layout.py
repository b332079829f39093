"""The house: every module has a floor and imports only from below it, stays short, and has its test."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# From the ground to the door. A name is a module or a package of flopt. A module imports only from lower floors and,
# inside a package, from its own siblings. A new module gets its floor here.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("errors", "units", "version"),
    ("compression", "plugin", "settings", "study_error", "toml_file"),
    ("plan", "task", "seeds"),
    ("participation", "trace", "run_config", "task_file"),
    ("pareto", "space", "oracle", "spread"),
    ("emissions", "simulation"),
    ("oracles", "flower"),
    ("run",),
    ("objectives",),
    ("fronts", "catalogue"),
    ("search",),
    ("reading", "ladder", "carbon_meter"),
    ("study",),
    ("results",),
    ("drawing",),
    ("figures", "payback"),
    ("report",),
    ("tuning", "training", "recording", "health"),
    ("importing", "asking"),
    ("cli",),
    ("flopt", "__main__"),  # the door: flopt/__init__.py, and python -m flopt
)
FLOOR = {name: floor for floor, names in enumerate(FLOORS) for name in names}

# The two halves know nothing of each other.
HALVES = {"emissions": "left", "simulation": "right", "oracles": "right"}

LINES = 300
VAGUE = {"util", "utils", "helper", "helpers", "common", "misc"}


def module_name(path: Path) -> str:
    """`flopt/emissions/grid.py` is `flopt.emissions.grid`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted((ROOT / "flopt").rglob("*.py"))}


def room(module: str) -> str:
    """The name that has the floor: `emissions` for `flopt.emissions.grid`, `flopt` for the door."""
    return [*module.split("."), module][1]


def imported(source: str, module: str, *, is_package: bool = False) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that a source imports, late and for type checking alike."""
    package = module if is_package else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            base = ".".join(filter(None, (start, node.module)))
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def complaint(module: str, target: str) -> str | None:
    """Why `module` may not import `target`, if it may not."""
    new = room(target) not in FLOOR and f"flopt.{room(target)}" in MODULES  # the floor test says so already
    if target.split(".")[0] != "flopt" or new:
        return None
    # `from flopt import Run` asks the door for a name, `from flopt import units` is a module.
    here, there = room(module), room(target) if room(target) in FLOOR else "flopt"
    if here == there:
        return None
    if HALVES.get(here, HALVES.get(there)) != HALVES.get(there, HALVES.get(here)):
        return f"the halves never meet: {here} and {there}"
    if FLOOR[there] >= FLOOR[here]:
        return f"{there} (floor {FLOOR[there]}) is not below {here} (floor {FLOOR[here]})"
    return None


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_a_floor(module: str) -> None:
    assert room(module) in FLOOR, f"{module} is new: give it a floor in FLOORS (tests/test_layout.py)"


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_downwards(module: str) -> None:
    path = MODULES[module]
    found = [
        f"{path.relative_to(ROOT)}:{line}: {reason}"
        for line, target in imported(path.read_text(encoding="utf-8"), module, is_package=path.stem == "__init__")
        if room(module) in FLOOR and (reason := complaint(module, target))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("module", [m for m in MODULES if room(m) == "emissions"])
def test_emissions_know_no_torch(module: str) -> None:
    targets = [target for _, target in imported(MODULES[module].read_text(encoding="utf-8"), module)]
    assert not [target for target in targets if target.split(".")[0] == "torch"]


@pytest.mark.parametrize(
    "path",
    [*MODULES.values(), *sorted((ROOT / "objectives").glob("*.py")), *sorted((ROOT / "benchmarks").glob("*.py"))],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_files_are_short_and_named_after_a_noun(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LINES, f"{lines} lines, at most {LINES}: find the second noun in it"
    assert not VAGUE & set(path.stem.split("_")), "put the function into the module of its noun, or name the new noun"


@pytest.mark.parametrize("module", [m for m, path in MODULES.items() if not path.stem.startswith("__")])
def test_every_module_has_its_test(module: str) -> None:
    parts = module.split(".")[1:]
    names = {f"test_{parts[-1]}.py", f"test_{'_'.join(parts)}.py"}
    if parts[:2] == ["cli", "commands"]:  # options only: one test looks at all commands
        names.add("test_cli_commands.py")
    assert any((ROOT / "tests" / name).is_file() for name in names), f"write tests/{' or tests/'.join(sorted(names))}"


@pytest.mark.parametrize(
    ("module", "target", "reason"),
    [
        ("flopt.units", "numpy", None),
        ("flopt.plan", "flopt.compression.Compression", None),
        ("flopt.compression", "flopt.plan.Plan", "plan (floor 2) is not below compression (floor 1)"),
        ("flopt.plan", "flopt.task", "task (floor 2) is not below plan (floor 2)"),
        ("flopt.emissions.work", "flopt.emissions.fleet.Fleet", None),
        ("flopt.emissions", "flopt.run", "run (floor 7) is not below emissions (floor 5)"),
        ("flopt.emissions.work", "flopt.simulation", "the halves never meet: emissions and simulation"),
        ("flopt.oracles.simulated", "flopt.emissions.grid", "the halves never meet: oracles and emissions"),
        ("flopt.oracles.simulated", "flopt.simulation.federation", None),
        ("flopt.simulation.federation", "flopt.oracles", "oracles (floor 6) is not below simulation (floor 5)"),
        ("flopt.run", "flopt.emissions.footprint", None),
        ("flopt.cli", "flopt.study.Study", None),
        ("flopt.cli", "flopt.Run", "flopt (floor 20) is not below cli (floor 19)"),
        ("flopt", "flopt.cli.main", None),
        ("flopt.study", "flopt.__main__", "__main__ (floor 20) is not below study (floor 12)"),
    ],
)
def test_the_rule_itself(module: str, target: str, reason: str | None) -> None:
    assert complaint(module, target) == reason


def test_the_parser_sees_every_kind_of_import() -> None:
    source = """
        import flopt.units
        from flopt import errors, plan as p
        from . import grid
        from ..run import Run
        from .data.tables import rows
        if TYPE_CHECKING:
            import torch
        def late():
            from flopt.cli import main
    """
    lines = re.sub("^ {8}", "", source, flags=re.MULTILINE)
    assert [target for _, target in imported(lines, "flopt.emissions.work")] == [
        "flopt.units", "flopt.errors", "flopt.plan", "flopt.emissions.grid", "flopt.run.Run",
        "flopt.emissions.data.tables.rows", "torch", "flopt.cli.main",
    ]  # fmt: skip
    assert list(imported("from .fleet import Fleet", "flopt.emissions", is_package=True)) == [
        (1, "flopt.emissions.fleet.Fleet")
    ]
