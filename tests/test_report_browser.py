"""The report of real studies in a real browser: it opens from disk, prices as flopt does, and can be used.

Pictures of it stay in build/report, to be looked at.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from flopt import objective, tune
from flopt.cli.reprice import repriced_problem
from flopt.emissions.fleet import Fleet
from flopt.emissions.fleet_file import load_fleet, shipped_fleets
from flopt.emissions.grid import annual_grid
from flopt.emissions.pricing import Pricing
from flopt.errors import FloptError
from flopt.report.page import write_report
from flopt.results import Results, open_results, runnable
from flopt.run import Run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

ARTEFACTS = Path(__file__).parent.parent / "build" / "report"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 240_000
FACTOR_SETS = 200

# The front under a choice, priced in the page: run, round and every objective of each point.
PRICED = """(choice) => {
    try {
        const found = solved({ ...ownChoice(facts), ...choice }, null);
        const told = found.recommended && pointOf(found, found.front[found.recommended.index]);
        return { out: found.candidates.out, recommended: told && [told.run, told.round],
            front: found.front.map((each) => pointOf(found, each)).map((p) => [p.run, p.round, ...p.values]) };
    } catch (error) { return { error: error.message }; }
}"""


@pytest.fixture(scope="module")
def browser(needs_program: Callable[[str], str], needs_module: Callable[[str], None]) -> Iterator[Browser]:
    """Chromium with a fresh profile."""
    chromium = needs_program("chromium")
    needs_module("playwright")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=FLAGS, timeout=PATIENCE_MS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty plans read from recorded curves of real training, with the report that tune wrote."""
    folder = tmp_path_factory.mktemp("studies") / "recorded"
    tune({"oracle": "recorded", "workers": 1, "budget": {"runs": 30}}, out=folder)
    return folder


@pytest.fixture
def show(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page from disk; at the end no error was logged and nothing was asked of any network."""
    wrong: list[str] = []
    contexts = []

    def logged(kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            wrong.append(text)

    def asked(url: str) -> None:
        if not url.startswith(("file:", "data:", "blob:")):
            wrong.append(url)

    def show(file: Path, **options: Any) -> Page:
        context = browser.new_context(accept_downloads=True, **options)
        contexts.append(context)
        opened = context.new_page()
        opened.set_default_timeout(PATIENCE_MS)
        opened.on("console", lambda message: logged(message.type, message.text))
        opened.on("pageerror", lambda error: wrong.append(str(error)))
        opened.on("request", lambda request: asked(request.url))
        opened.goto(file.as_uri())
        opened.wait_for_selector("html[data-ready]", state="attached")
        return opened

    yield show
    for context in contexts:
        context.close()
    assert not wrong


def picture(page: Page, name: str, **options: Any) -> None:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{name}.png", **options)


def until(page: Page, place: str, text: str) -> None:
    """Wait for a text: Playwright's own waiting for a condition polls with eval, which the page's policy forbids."""
    from playwright.sync_api import expect

    expect(page.locator(place)).to_contain_text(text, timeout=PATIENCE_MS)


def saved(page: Page, button: str, folder: Path) -> list[dict[str, str]]:
    """The rows of a table as the page saves them: all digits."""
    with page.expect_download() as download:
        page.click(button)
    file = folder / "saved.csv"
    download.value.save_as(file)
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def factor_set(generator: np.random.Generator) -> dict[str, Any]:
    """A choice of everything that the page offers."""

    def perhaps(value: Any, chance: float = 0.5) -> Any:
        return value if generator.random() < chance else None

    grid = annual_grid()
    hourly = bool(generator.random() < 0.3)
    countries = [code for code in (grid.shapes() if hourly else grid.by_country) if code != "USA-CA"]
    start = f"2019-{generator.integers(1, 12):02}-{generator.integers(1, 28):02}T{generator.integers(0, 24):02}:00"
    return {
        "fleet": str(generator.choice(shipped_fleets())),
        "country": perhaps(str(generator.choice(countries)), 0.7),
        "server_country": perhaps(str(generator.choice(countries)), 0.3),
        "network": str(generator.choice(["router", "per_gb", "per_hop"])),
        "router_w": perhaps(float(generator.uniform(0, 20))),
        "kwh_per_gb": perhaps(float(generator.uniform(0, 0.2))),
        "pue": perhaps(float(generator.uniform(1, 2.5))),
        "start": start if hourly else None,
        "flat": hourly,
        "embodied": bool(generator.random() < 0.4),
    }


def mixed(fleet: Fleet, shares: list[float] | None) -> Fleet:
    if shares is None:
        return fleet
    total = sum(shares)
    return replace(fleet, groups=tuple(replace(g, share=s / total) for g, s in zip(fleet.groups, shares, strict=True)))


Answer = tuple[Results, list[tuple[float, ...]], list[int]]


def python_front(results: Results, choice: dict[str, Any]) -> Answer | None:
    """What flopt itself says to a choice, and the runs that the fleet cannot run; None where it says that it cannot."""
    pricing = {field.name: choice[field.name] for field in fields(Pricing) if field.name in choice}
    try:
        problem = repriced_problem(results.problem, choice["fleet"], pricing, None)
        problem = replace(problem, fleet=mixed(problem.fleet, choice.get("shares")))
        found, out = runnable(replace(results, problem=problem))
        points = [(p.number, p.run.rounds, *p.values.values()) for p in found.front().points]
    except FloptError:
        return None
    return found, points, [n for n in out if results.traces[n] is not None and n not in results.failed]


def test_two_hundred_factor_sets_are_priced_as_flopt_prices_them(
    show: Callable[..., Page], study: Path, tmp_path: Path
) -> None:
    whole = open_results(study)
    results = replace(whole, plans=whole.plans[:10], traces=whole.traces[:10])  # enough for fronts of twenty points
    write_report(results, tmp_path / "few.html")
    page = show(tmp_path / "few.html")
    generator = np.random.default_rng(6)
    refused = 0
    for number in range(FACTOR_SETS):
        choice = factor_set(generator)
        groups = len(load_fleet(choice["fleet"]).groups)
        choice["shares"] = generator.uniform(0.05, 1, groups).tolist() if number % 2 else None
        found = page.evaluate(PRICED, choice)
        answer = python_front(results, choice)
        if answer is None:
            refused += 1
            assert "error" in found, choice
            continue
        priced, points, out = answer
        assert "error" not in found, (choice, found)
        assert found["out"] == out
        np.testing.assert_allclose(np.array(found["front"]), np.array(points), rtol=1e-6, err_msg=str(choice))
        knee = priced.front().knee()
        assert found["recommended"] == [knee.number, knee.run.rounds]
    assert refused < FACTOR_SETS / 2


def test_another_country_gives_what_reprice_prints(
    show: Callable[..., Page], study: Path, tmp_path: Path, command: Callable[..., tuple[int, str, str]]
) -> None:
    page = show(study / "report.html", viewport={"width": 1360, "height": 1000})
    picture(page, "light", full_page=True)
    before = page.inner_text("#sentence")
    page.select_option("#country", "POL")
    page.select_option("#network", "per_gb")
    page.fill("#pue-number", "1.4")
    page.press("#pue-number", "Enter")
    until(page, "#command", "--pue 1.4")
    assert page.inner_text("#sentence") != before
    _, out, _ = command("reprice", study, "--country", "POL", "--network", "per_gb", "--pue", "1.4", "--json")
    printed = json.loads(out)["points"]
    rows = saved(page, "#front-csv", tmp_path)
    assert [(int(row["run"]), int(row["round"])) for row in rows] == [(p["run"], p["round"]) for p in printed]
    for row, point in zip(rows, printed, strict=True):
        for mine, theirs in (("co2e_kg", "co2e_kg"), ("co2e_network_kg", "co2e_network_kg"), ("accuracy", "accuracy")):
            assert math.isclose(float(row[mine]), point[theirs], rel_tol=1e-6)
    page.click("#reset")
    until(page, "#sentence", before)


def test_points_are_pinned_by_mouse_and_by_keyboard_and_compared(show: Callable[..., Page], study: Path) -> None:
    page = show(study / "report.html", viewport={"width": 1360, "height": 1000})
    page.locator("#chart").scroll_into_view_if_needed()
    place = page.evaluate(
        "() => { const at = chart.position(2), box = document.getElementById('picture').getBoundingClientRect();"
        " return [box.left + at.left, box.top + at.top]; }"
    )
    page.mouse.move(place[0] - 2, place[1])
    page.mouse.move(*place)
    page.wait_for_selector("#tooltip:not([hidden])")
    assert "training" in page.inner_text("#tooltip")
    page.mouse.click(*place)
    page.wait_for_selector("#compared table")
    page.focus("#chart")
    for key in ("End", "Enter"):
        page.press("#chart", key)
    heads = page.locator("#compared thead th").all_inner_texts()
    points = open_results(study).front().points
    named = [f"{'AB'[n]}: run {p.number}, round {p.run.rounds}" for n, p in enumerate((points[2], points[-1]))]
    assert heads == ["", *named, "B against A"]
    picture(page, "compared", full_page=True)


def test_a_table_sorts_both_ways(show: Callable[..., Page], study: Path) -> None:
    page = show(study / "report.html")
    header = '#front-table th button[data-name="accuracy"]'

    def accuracies() -> list[float]:
        place = page.locator("#front-table thead th").all_inner_texts().index("accuracy") + 1
        return [float(t) for t in page.locator(f"#front-table tbody td:nth-child({place})").all_inner_texts()]

    page.click(header)
    assert accuracies() == sorted(accuracies())
    page.press(header, "Enter")
    assert accuracies() == sorted(accuracies(), reverse=True)
    assert page.get_attribute('#front-table th:has(button[data-name="accuracy"])', "aria-sort") == "descending"


def test_a_price_that_does_not_exist_shows_no_number(show: Callable[..., Page], study: Path) -> None:
    page = show(study / "report.html")
    page.select_option("#country", "IND")
    page.check("#hourly")
    page.wait_for_selector("#message:not([hidden])")
    assert "no hours of average intensity for IND" in page.inner_text("#message")
    assert page.inner_text("#sentence") == "No price for this choice."
    page.check("#flat")
    page.wait_for_selector("#message", state="hidden")
    page.select_option("#fleet", "phones_world")
    page.wait_for_selector("#keeping:not([hidden])")
    assert "other clients would take part" in page.inner_text("#message")
    page.check("#keep")
    page.wait_for_selector("#message", state="hidden")
    assert "Accuracy of the old participation" in page.inner_text("#label")


def test_it_can_be_read_in_the_dark_on_a_phone_and_on_paper(show: Callable[..., Page], study: Path) -> None:
    dark = show(study / "report.html", color_scheme="dark", viewport={"width": 1360, "height": 1000})
    picture(dark, "dark")
    phone = show(study / "report.html", viewport={"width": 390, "height": 844})
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(phone, "phone")
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    dark.pdf(path=ARTEFACTS / "paper.pdf")
    assert (ARTEFACTS / "paper.pdf").stat().st_size > 10_000


@objective(direction="minimize", unit="L")
def water(run: Run) -> float:
    """Arithmetic on a price: the page follows it."""
    return 1.8 * run.energy_kwh + 0.01 * run.rounds


@objective(direction="minimize", unit="<script>wrong('unit')</script>")
def odd(run: Run) -> float:
    """A price times a setting of the plan: the page cannot follow it."""
    return run.co2e_kg * run.plan.local_epochs


def scored(results: Results, *names: str, own: tuple[Any, ...] = ()) -> Results:
    from flopt.catalogue import load_objective

    objectives = (*(load_objective(name) for name in names), *own)
    return replace(results, problem=replace(results.problem, objectives=objectives))


def test_one_objective_five_and_one_that_it_cannot_follow(
    show: Callable[..., Page], study: Path, tmp_path: Path
) -> None:
    results = open_results(study)
    cases = {
        "one": scored(results, "accuracy"),
        "five": scored(results, "accuracy", "energy", "traffic", "duration", own=(water,)),
        "odd": scored(results, "accuracy", own=(odd,)),
    }
    for name, case in cases.items():
        write_report(case, tmp_path / f"{name}.html")
        page = show(tmp_path / f"{name}.html")
        assert page.evaluate("facts.off === undefined"), name
        assert page.locator("#front-table tbody tr").count() == len(case.front()), name
        disabled = page.evaluate("document.querySelector('#controls fieldset').disabled")
        assert disabled is (name == "odd")
        if name == "five":
            choice = {"fleet": "phones_europe", "country": "FRA", "shares": None}
            answer = python_front(case, choice)
            assert answer is not None
            points = answer[1]
            np.testing.assert_allclose(page.evaluate(PRICED, choice)["front"], points, rtol=1e-6)
            page.select_option("#axis-x", "water")
            picture(page, "five")


def test_studies_without_an_answer_open_and_say_why(show: Callable[..., Page], study: Path, tmp_path: Path) -> None:
    results = open_results(study)
    first = next(trace for trace in results.traces if trace is not None and trace.status == "ok")
    failed = replace(first, status="failed", reason="</script><script>wrong('reason')</script>")
    cases = {
        "The study has no run yet.": replace(results, plans=(), traces=()),
        "No run has finished yet.": replace(results, plans=results.plans[:1], traces=(None,)),
        "All 1 finished runs failed; their reasons stand below.": replace(
            results, plans=results.plans[:1], traces=(failed,)
        ),
        "Take run 0, stopped after round": replace(results, plans=results.plans[:1], traces=(first,)),
    }
    for number, (says, case) in enumerate(cases.items()):
        write_report(case, tmp_path / f"{number}.html")
        page = show(tmp_path / f"{number}.html")
        assert page.inner_text("#sentence").startswith(says)


def test_a_name_with_a_script_in_it_is_only_a_name(show: Callable[..., Page], study: Path, tmp_path: Path) -> None:
    results, bad = open_results(study), "<script>window.wrong = 1</script><img src=x onerror='window.wrong = 1'>"
    fleet = results.problem.fleet
    groups = tuple(replace(group, name=f"{bad} {number}") for number, group in enumerate(fleet.groups))
    problem = replace(
        results.problem, fleet=replace(fleet, name=bad, groups=groups), task=replace(results.problem.task, name=bad)
    )
    write_report(replace(results, problem=problem), tmp_path / "bad.html")
    page = show(tmp_path / "bad.html")
    page.hover("#chart")
    assert page.evaluate("window.wrong === undefined")
    assert page.inner_text("#title") == bad
