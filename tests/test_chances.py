"""The page of a report and flopt itself say the same of who is on a front, and how surely."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import flopt.report.page as page
from flopt import tune
from flopt.fronts import find_front
from flopt.report.facts import report_facts
from flopt.report.page import embedded
from flopt.results import Results, rescored

ASSETS = Path(page.__file__).parent / "assets"
SCRIPT = """
const [facts, found] = JSON.parse(require("fs").readFileSync(0));
const errors = facts.runs.spreads.map((spread) => spread && new Errors(spread, facts.runs.number));
const parts = settled(facts, errors, found, frontOf(found, facts.objectives));
const of = (place) => [facts.runs.number[found.run[place]], facts.runs.rounds[found.run[place]][found.place[place]]];
console.log(JSON.stringify({ front: parts.front.map(of), chances: parts.chances, doubtful: parts.doubtful.map(of) }));
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("studies") / "recorded"
    return tune({"oracle": "recorded", "workers": 1, "replicates": 1, "budget": {"runs": 24}}, out=folder)


def in_the_page(node: str, results: Results) -> dict[str, Any]:
    facts = report_facts(results)
    rounds = facts["runs"]["rounds"]
    along = [[o.along(c.run) for o in results.problem.objectives] for c in results.candidates()]
    places = [(run, place) for run, kept in enumerate(rounds) for place in range(len(kept))]
    values = [[float(along[r][k][rounds[r][p] - 1]) for r, p in places] for k in range(len(results.problem.objectives))]
    found = {"run": [r for r, _ in places], "place": [p for _, p in places], "values": values}
    scripts = "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in ("front.js", "chances.js"))
    done = subprocess.run(
        [node, "-e", scripts + SCRIPT], input=embedded([facts, found]), capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("objectives", [("accuracy", "co2e"), ("accuracy", "loss_", "co2e"), ("accuracy",)])
def test_the_page_finds_the_front_that_flopt_finds(
    results: Results, needs_program: Callable[[str], str], tmp_path: Path, objectives: tuple[str, ...]
) -> None:
    own = tmp_path / "loss_.py"
    own.write_text(
        "from flopt import objective\n@objective(direction='minimize', unit='nat')\n"
        "def loss_(run):\n    return run.loss\n",
        encoding="utf-8",
    )
    scored = rescored(results, [str(own) if name == "loss_" else name for name in objectives])
    front = find_front(scored.candidates(), scored.problem.objectives)
    shown = in_the_page(needs_program("node"), scored)
    assert shown["front"] == [[p.number, p.run.rounds] for p in front.points]
    assert shown["doubtful"] == [[p.number, p.run.rounds] for p in front.doubtful]
    np.testing.assert_allclose(shown["chances"], [p.probability for p in front.points], atol=1e-12)
    assert len(objectives) == 1 or any(p.probability < 1 for p in (*front.points, *front.doubtful))
