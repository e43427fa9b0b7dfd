"""The page in a browser: accessible, complete without script, deaf to hostile content, good on a phone and on paper."""

from __future__ import annotations

import importlib.util
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.report.comparison import render_html as render_comparison
from conformance.report.html import render_html
from conformance.verdicts.compare import compare
from tests.report.sample import sample

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
    pytest.mark.skipif(importlib.util.find_spec("playwright") is None, reason="playwright is not installed"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
AXE = importlib.util.find_spec("axe_playwright_python")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One headless Chromium for all tests."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pages."""
    folder = tmp_path_factory.mktemp("pages")
    for kind in ("passing", "failing", "many"):
        (folder / f"{kind}.html").write_text(render_html(sample(kind)), encoding="utf-8")
    comparison = compare([("old", sample("passing")), ("new", sample("failing"))])
    (folder / "compare.html").write_text(render_comparison(comparison), encoding="utf-8")
    return folder


@pytest.fixture
def visit(browser: Any, pages: Path) -> Iterator[Open]:
    """Opens a page and fails on any request that leaves it, any dialog and any error of a script."""
    contexts: list[Any] = []
    troubles: list[str] = []

    def opener(kind: str, fragment: str = "", **options: Any) -> Any:
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: troubles.extend([request.url][: not request.url.startswith("file:")]))
        page.on("dialog", lambda dialog: troubles.extend([dialog.message, str(dialog.dismiss())]))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(f"{(pages / f'{kind}.html').as_uri()}{fragment}")
        return page

    yield opener
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.mark.skipif(AXE is None, reason="axe-playwright-python is not installed")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["passing", "failing", "compare"])
def test_axe_finds_no_violation(visit: Open, kind: str, scheme: str) -> None:
    """In both colour schemes, unfolded; of long lists the first rows stand for all."""
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped,unused-ignore]

    page = visit(kind, color_scheme=scheme)
    page.evaluate(
        """() => {
            document.querySelectorAll('details.req').forEach((one, number) => { if (number > 40) one.remove(); });
            document.querySelectorAll('table').forEach(table => [...table.rows].slice(25).forEach(row => row.remove()));
            document.querySelectorAll('details').forEach(one => { one.open = true; });
        }"""
    )
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"][:160]) for each in found] == []


def test_without_script_every_requirement_and_exchange_can_be_read(visit: Open) -> None:
    """Filters are away, details open by themselves."""
    page = visit("failing", java_script_enabled=False)
    result = sample("failing")
    assert page.locator("#requirements details.req").count() == len(result.requirements)
    assert page.locator(".ex").count() == len(result.exchanges)
    assert not page.locator("#filters").is_visible()
    name = next(each.id for each in result.requirements if each.verdict == "pass" and each.evidence[0].exchanges)
    page.locator(f"#{name} > summary").click()
    assert page.locator(f"#{name} .in").is_visible()


@pytest.mark.parametrize("kind", ["passing", "failing", "compare"])
@pytest.mark.parametrize("script", [True, False])
def test_nothing_scrolls_sideways_on_a_phone(visit: Open, kind: str, script: bool) -> None:
    """Only tables in their own boxes do."""
    page = visit(kind, viewport={"width": 375, "height": 812}, java_script_enabled=script)
    if script:
        page.evaluate("() => document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 375
    page.mouse.wheel(600, 0)
    assert page.locator("h1").bounding_box()["x"] >= 0


def test_hostile_content_never_runs_and_changes_no_number(visit: Open) -> None:
    """The title stays, no element was made, the numbers are those of the data."""
    page = visit("failing")
    assert "owned" not in page.title()
    assert page.locator("main img, main script, main iframe").count() == 0
    shown = page.locator('[data-number="must.broken"]').inner_text()
    assert shown == str(sample("failing").counts["fail"])
    assert "onerror=" in page.locator("#findings").inner_text()


def test_the_page_is_interactive_within_a_second(visit: Open) -> None:
    """A full run: from navigation to the end of the script."""
    page = visit("failing")
    told = page.evaluate("() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    assert told < 3000, "three seconds on a machine that is shared; about half a second on an idle one"


def test_filters_narrow_the_list_and_live_in_the_fragment(visit: Open) -> None:
    """A link to a filtered list opens it filtered."""
    page = visit("failing")
    page.select_option("#f-verdict", "fail")
    failed = sample("failing").counts["fail"]
    assert page.locator("#requirements details.req:visible").count() == failed
    assert page.locator("#told").inner_text().startswith(f"{failed} of ")
    fragment = re.sub("^[^#]*", "", page.url)
    assert fragment == "#filter?verdict=fail"
    again = visit("failing", fragment + "&level=MUST&text=lc-room")
    assert again.input_value("#f-text") == "lc-room"
    assert 0 < again.locator("#requirements details.req:visible").count() < failed
    again.locator("button[type=reset]").click()
    again.wait_for_function("document.querySelectorAll('#requirements details.req[hidden]').length === 0")


def test_a_hostile_fragment_is_harmless(visit: Open) -> None:
    """Links are made by anybody."""
    page = visit("failing", "#filter?text=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&verdict=nonsense")
    assert page.input_value("#f-verdict") == ""
    assert page.locator("main img").count() == 0


def test_a_link_to_a_folded_requirement_unfolds_it(visit: Open) -> None:
    """The matrix leads to it."""
    name = sample("failing").requirements[40].id
    page = visit("failing", f"#{name}")
    assert page.locator(f"#{name}").evaluate("one => one.open")


def test_the_keyboard_alone_reaches_and_operates_every_control(visit: Open) -> None:
    """Skip link first; summaries and filters by Tab, Enter and typing."""
    page = visit("failing")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.locator("#f-text").focus()
    page.keyboard.type("survey")
    assert page.locator("#requirements details.req[hidden]").count() > 0
    name = page.locator("#requirements details.req:not([hidden]):not([open])").first.get_attribute("id")
    page.locator(f"#{name} > summary").focus()
    page.keyboard.press("Enter")
    assert page.locator(f"#{name}").evaluate("one => one.open")
    controls = "a[href], button, select, input, summary"
    assert page.evaluate(f"() => [...document.querySelectorAll('{controls}')].every(one => one.tabIndex >= 0)")


def test_copy_buttons_tell_what_they_did(visit: Open) -> None:
    """Copied, or selected where the browser forbids it."""
    page = visit("failing")
    block = page.locator("#run .code")
    block.locator("button").click()
    page.wait_for_function("/Copied|Selected/.test(document.querySelector('#run .code button').textContent)")


@pytest.mark.parametrize("script", [True, False])
def test_printing_opens_failing_details_and_hides_controls(visit: Open, tmp_path: Path, script: bool) -> None:
    """Also without script, and also for failures that are folded on the screen."""
    page = visit("many", java_script_enabled=script)
    folded = page.locator("details.loud:not([open]) .ev-bad figure").first
    assert folded.count() == 1
    page.emulate_media(media="print")
    if script:
        page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
        assert page.locator("details.loud:not([open])").count() == 0
    assert not page.locator("nav.toc").is_visible()
    assert not page.locator("#filters").is_visible()
    opened = page.locator("details.loud .ev-bad figure").nth(120).bounding_box()
    assert opened is not None
    assert opened["height"] > 20
    quiet = page.locator("details.req:not(.loud) .ex").first.bounding_box()
    assert quiet is None or quiet["height"] == 0
    head = page.locator("#coverage thead").first
    assert head.evaluate("one => getComputedStyle(one).display") == "table-header-group"


def test_a_printed_report_has_pages(visit: Open, tmp_path: Path) -> None:
    """It becomes a PDF of a sensible length."""
    path = tmp_path / "report.pdf"
    visit("failing").pdf(path=path, prefer_css_page_size=True)
    pages_printed = len(re.findall(rb"/Type\s*/Page[^s]", path.read_bytes()))
    assert 10 < pages_printed < 120


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_marks_are_told_apart_without_colour(visit: Open, scheme: str) -> None:
    """Each tone has a shape of its own: radius and kind of border, beside the letter."""
    page = visit("failing", color_scheme=scheme)
    shapes = {
        tone: page.locator(f".legend .m-{tone}").first.evaluate(
            "one => { const s = getComputedStyle(one); return s.borderRadius + ' ' + s.borderStyle; }"
        )
        for tone in ("good", "bad", "warn", "quiet")
    }
    assert len(set(shapes.values())) == 4
