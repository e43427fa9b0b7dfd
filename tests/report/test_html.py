"""The page: complete, self-contained, within its size, and deaf to what a target writes."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from conformance.report.comparison import render_html as render_comparison
from conformance.report.comparison import render_json, render_text
from conformance.report.html import NoResultInside, render_html, unpack
from conformance.verdicts import Result
from conformance.verdicts.compare import compare
from tests.report.sample import HOSTILE, sample

VOID = {"meta", "br", "input", "link", "img", "hr"}


class Page(HTMLParser):
    """Reads a page strictly: every element is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[int] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        given = dict(attrs)
        self.elements.append((tag, given))
        if given.get("id"):
            self.ids.append(given["id"] or "")
        if tag == "a":
            self.links.append(given.get("href") or "")
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that closes itself, as in SVG."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Check that it closes what was opened last."""
        assert self.open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data: str) -> None:
        """Note text that readers see."""
        if not self.open or self.open[-1] not in ("script", "style"):
            self.text.append(data)


@pytest.fixture(scope="module", params=["passing", "failing"])
def kind(request: pytest.FixtureRequest) -> str:
    """Both kinds of run."""
    return str(request.param)


@pytest.fixture(scope="module")
def page(kind: str) -> Page:
    """The parsed page."""
    return Page(render_html(sample(kind)))


def test_every_element_is_closed(page: Page) -> None:
    """The page is well formed."""
    assert page.open == []


def test_ids_are_unique_and_every_link_inside_the_page_leads_somewhere(page: Page) -> None:
    """Requirements, exchanges, sections."""
    assert len(page.ids) == len(set(page.ids))
    inside = {link[1:] for link in page.links if link.startswith("#")}
    known = set(page.ids)
    missing = {link for link in inside if link not in known}
    assert missing == set()


def test_every_requirement_and_every_exchange_is_on_the_page(page: Page, kind: str) -> None:
    """Also without script."""
    result = sample(kind)
    ids = set(page.ids)
    assert {each.id for each in result.requirements} <= ids
    assert set(result.exchanges) <= ids


def test_the_page_needs_no_network_and_has_no_inline_handlers(page: Page) -> None:
    """No element loads anything, no attribute runs anything or styles."""
    for tag, attributes in page.elements:
        assert tag not in ("img", "iframe", "link", "object", "embed", "base"), tag
        assert "src" not in attributes
        assert not [name for name in attributes if name.startswith("on") or name == "style"], (tag, attributes)
    assert all(link.startswith(("#", "https://")) for link in page.links)


def test_the_page_has_a_strict_policy_a_language_and_a_skip_link(page: Page) -> None:
    """Only this very script and style are allowed."""
    policy = next(a["content"] for tag, a in page.elements if tag == "meta" and a.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert ("html", {"lang": "en"}) in page.elements
    assert page.links[0] == "#main"


def test_headings_go_down_one_step_at_a_time(page: Page) -> None:
    """There is one h1."""
    assert page.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(page.headings) if after < 4)


def test_tables_have_heads_with_scopes(page: Page) -> None:
    """For readers who do not see them."""
    assert all("scope" in attributes for tag, attributes in page.elements if tag == "th")


def test_the_page_is_below_two_megabytes(kind: str) -> None:
    """A full run with every clause of the contract."""
    assert len(render_html(sample(kind)).encode()) < 2_000_000


def test_two_hundred_failures_and_twenty_thousand_exchanges_stay_below_ten_megabytes() -> None:
    """A very broken server."""
    result = sample("many")
    assert result.requests == 20_000
    assert sum(result.counts[word] for word in ("fail", "deviation")) >= 199
    assert len(render_html(result).encode()) < 10_000_000


def test_the_result_document_travels_inside() -> None:
    """Whole, so that everything can be computed again."""
    result = sample("failing")
    assert unpack(render_html(result)) == result


@pytest.mark.parametrize(
    "page",
    [
        "<html></html>",
        '<script type="application/json" id="result">{}</script>',
        '<script type="application/json" id="result">{"result": "AAAA"}</script>',
    ],
)
def test_a_page_without_a_result_is_refused(page: str) -> None:
    """With a sentence."""
    with pytest.raises(NoResultInside):
        unpack(page)


def test_rendering_is_deterministic() -> None:
    """The same result is the same page, byte for byte."""
    assert render_html(sample("failing")) == render_html(sample("failing"))


def test_content_of_a_target_is_text_in_every_field() -> None:
    """Every text of the result is replaced by hostile text, one kind of field after the other."""
    page = Page(render_html(hostile(sample("failing"))))
    assert page.open == []
    assert sum(tag == "script" for tag, _ in page.elements) == 2
    assert not [tag for tag, _ in page.elements if tag == "img"]
    assert "onerror=" in "".join(page.text)


def hostile(result: Result) -> Result:
    """Give the result with hostile text wherever a target or a user could have put it."""
    requirements = tuple(
        replace(
            each,
            reason=HOSTILE,
            evidence=tuple(
                replace(piece, sentence=HOSTILE, persona=HOSTILE, pointer="/" + HOSTILE, item=HOSTILE, way=HOSTILE)
                for piece in each.evidence
            ),
        )
        for each in result.requirements
    )
    exchanges = {
        name: replace(
            each,
            persona=HOSTILE,
            request=replace(each.request, path=HOSTILE, query=((HOSTILE, HOSTILE),), headers={HOSTILE: HOSTILE}),
        )
        for name, each in result.exchanges.items()
    }
    return replace(
        result,
        sentence=HOSTILE,
        target=replace(result.target, url=HOSTILE, product=HOSTILE, version=HOSTILE, routing=HOSTILE, limiter=HOSTILE),
        requirements=requirements,
        exchanges=exchanges,
        settings={HOSTILE: HOSTILE},
        waivers=tuple(replace(each, reason=HOSTILE, link="javascript:alert(1)") for each in result.waivers),
        endings=(HOSTILE,),
        scenarios=tuple(replace(each, title=HOSTILE, item=HOSTILE) for each in result.scenarios),
        contract=replace(result.contract, version=HOSTILE, overlays=(HOSTILE,)),
        profile=HOSTILE,
        level=HOSTILE,
    )


def test_the_kill_table_says_what_the_self_test_proved() -> None:
    """Found and missed faults."""
    text = "".join(Page(render_html(sample("passing"))).text)
    assert "11 of them were found" in text
    assert "missed" in text
    bare = "".join(Page(render_html(replace(sample("passing"), proof=()))).text)
    assert "What the self-test proved" not in bare


def test_a_comparison_is_drawn_as_text_json_and_a_matrix() -> None:
    """One column a run."""
    comparison = compare([("old", sample("passing")), ("new", sample("failing")), ("<b>", hostile(sample("failing")))])
    page = Page(render_comparison(comparison))
    assert page.open == []
    assert not [tag for tag, _ in page.elements if tag in ("script", "img")]
    assert "<b>" in "".join(page.text)
    text = render_text(comparison)
    assert "Regressed (" in text
    assert "\x1b" not in text
    assert '"change": "regressed"' in render_json(comparison)
