"""The page as a file: whole, closed to the network, and safe whatever the names in it are."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from flopt.errors import FloptError
from flopt.report.facts import report_facts
from flopt.report.page import MOST_BYTES, embedded, page, summary, write_report
from flopt.results import Results, open_results


class Elements(HTMLParser):
    """The elements of a page, with the text of its scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.found and self.found[-1][0] == "script":
            self.scripts[-1] += data


@pytest.fixture(scope="module")
def results(analytic_study: Path) -> Results:
    return open_results(analytic_study)


@pytest.fixture(scope="module")
def facts(results: Results) -> dict[str, Any]:
    return report_facts(results)


@pytest.fixture(scope="module")
def text(facts: dict[str, Any]) -> str:
    return page(facts)


def test_the_page_needs_no_other_file_and_stays_small(text: str) -> None:
    parser = Elements()
    parser.feed(text)
    for tag, attributes in parser.found:
        assert tag not in ("iframe", "object", "embed")
        assert not attributes.get("src")
        assert (attributes.get("href") or "#")[:5] in ("#answ", "#", "data:")
    assert "default-src 'none'" in text
    assert "@import" not in text.partition("</style>")[0]
    assert len(text.encode()) < MOST_BYTES
    assert "{{" not in text.partition("<script")[0]


def test_the_facts_are_read_back_as_they_were(text: str, facts: dict[str, Any]) -> None:
    parser = Elements()
    parser.feed(text)
    place = [attributes for tag, attributes in parser.found if tag == "script"]
    read = parser.scripts[next(n for n, each in enumerate(place) if each.get("id") == "facts")]
    assert json.loads(read)["front"] == json.loads(json.dumps(facts["front"]))


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "</script><b>", "<!--<script>", "{{facts}}", "a & b"])
def test_a_name_is_text_wherever_it_stands(facts: dict[str, Any], name: str) -> None:
    named = {**facts, "title": name, "recommended": {**facts["recommended"], "reason": name}}
    parser, plain = Elements(), Elements()
    parser.feed(page(named))
    plain.feed(page(facts))
    assert [tag for tag, _ in parser.found] == [tag for tag, _ in plain.found]


def test_embedded_json_ends_no_script_and_knows_no_nan() -> None:
    text = embedded({"a": "</script>\u2028", "b": float("nan"), "c": [float("inf"), 1.5]})
    assert not re.search("[<\u2028]", text)
    assert json.loads(text) == {"a": "</script>\u2028", "b": None, "c": [None, 1.5]}


def test_without_javascript_the_recommendation_can_still_be_read(text: str, facts: dict[str, Any]) -> None:
    found = facts["recommended"]
    assert f"Take run {found['run']}, stopped after round {found['round']}" in text.partition("<script")[0]
    assert summary({**facts, "recommended": None}) == "No run has a point within the limits."


def test_equal_studies_give_equal_pages(results: Results, tmp_path: Path) -> None:
    for name in ("a.html", "b.html"):
        write_report(results, tmp_path / name)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.html", "b.html"]


def test_a_place_that_cannot_be_written_is_one_line(results: Results, tmp_path: Path) -> None:
    with pytest.raises(FloptError, match=r"nowhere.*No such file"):
        write_report(results, tmp_path / "nowhere" / "report.html")
