"""The page: the facts put into one file of HTML that needs nothing else, neither a server nor the network."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from flopt.errors import FloptError
from flopt.report.facts import report_facts
from flopt.results import Results
from flopt.units import quantity

__all__ = ["MOST_BYTES", "embedded", "page", "write_report"]

MOST_BYTES = 8_000_000
"""A page stays below this, 4.8 MB of it plotly's script."""

_ASSETS = Path(__file__).parent / "assets"
_SCRIPTS = (
    *("draws.js", "arrivals.js", "rates.js", "energy.js", "pricing.js", "front.js", "chances.js"),
    *("format.js", "tables.js", "chart.js", "controls.js", "report.js"),
)


def write_report(results: Results, file: Path) -> None:
    """Write the report of a study as one HTML file; the old file stays until the new one is whole."""
    text = page(report_facts(results))
    draft = file.with_name(f".{file.name}.draft")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(file)
    except OSError as error:
        raise FloptError(f"{file}: {error.strerror}") from None


def page(facts: Mapping[str, Any]) -> str:
    """The whole page as text."""
    from plotly.offline import get_plotlyjs

    filled = {
        "title": escape(f"flopt: {facts['title']}"),
        "style": _asset("report.css"),
        "summary": escape(summary(facts)),
        "facts": embedded(facts),
        "plotly": _script(get_plotlyjs()),
        "scripts": "\n".join(_script(_asset(name)) for name in _SCRIPTS),
    }
    # One pass: what is put in is never searched for further places.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: filled[found[1]], _asset("template.html"))


def embedded(value: object) -> str:
    """JSON that can stand inside a script element: no `<` that could end it; what is not finite is null."""
    text = json.dumps(_strict(value), separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def summary(facts: Mapping[str, Any]) -> str:
    """The recommendation in a sentence, for a reader without JavaScript."""
    found = facts["recommended"]
    if found is None:
        return "No run has a point within the limits."
    point = next(p for p in facts["front"] if (p["run"], p["round"]) == (found["run"], found["round"]))
    said = [
        f"{goal['label']} {quantity(value, goal['unit'])}"
        for goal, value in zip(facts["objectives"], point["values"], strict=True)
    ]
    return f"Take run {found['run']}, stopped after round {found['round']}: {', '.join(said)}. Why: {found['reason']}."


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _script(text: str) -> str:
    """A script as an element; `</script` in a string of it would end it too early."""
    safe = re.sub(r"</(script)", r"<\\/\1", text, flags=re.IGNORECASE)
    return f"<script>{safe}</script>"


def _strict(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _strict(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(each) for each in value]
    return value
