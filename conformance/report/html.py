"""Draws the HTML report: one file that needs no network, is complete without script, and runs no script but its own.

The result document travels inside, compressed, so that ``verify`` can compute everything again.
"""

from __future__ import annotations

import base64
import hashlib
import json
import lzma
import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from conformance.report.build import build_view
from conformance.report.diagrams import PLOT_WIDTH
from conformance.report.requirements import title_of
from conformance.report.text import one_line, visible
from conformance.report.view import View
from conformance.verdicts.document import InvalidResult, canonical, parse_result
from conformance.verdicts.result import Result

TEMPLATES: Final = Path(__file__).with_name("templates")
ENCODING: Final = "xz+base64"
_PAYLOAD: Final = re.compile(r'<script type="application/json" id="result">(.*?)</script>', re.DOTALL)
_BLANKS: Final = re.compile(r">\n+(?=<)")


class NoResultInside(InvalidResult):
    """A page that carries no result document."""


def render_html(result: Result) -> str:
    """Draw the report of a result as one HTML document."""
    view = build_view(result)
    style, script = asset("style.css") + _running_line(view), asset("script.js")
    page = (
        environment()
        .get_template("report.html.j2")
        .render(
            v=view,
            style=Markup(style),
            script=Markup(script),
            policy=policy_of(style, script),
            payload=Markup(pack(result)),
            ribbon=_ribbon(view),
            axis=_axis(view),
            sections=tuple(_sections(view)),
        )
    )
    return page.lstrip()


def pack(result: Result) -> str:
    """Give the result document as JSON for a script block: compressed, since it is fifteen times the size otherwise."""
    packed = base64.b64encode(lzma.compress(canonical(result), preset=9)).decode("ascii")
    return json.dumps({"digest": result.digest, "encoding": ENCODING, "result": packed}, sort_keys=True)


def unpack(page: str, name: str = "the page") -> Result:
    """Give the result document that a page carries.

    Raises:
        NoResultInside: The page carries none, or one that cannot be unpacked.
        InvalidResult: What it carries is no valid result.
    """
    found = _PAYLOAD.search(page)
    if found is None:
        raise NoResultInside(f"{name} carries no result document; give an index.html that this suite wrote.")
    try:
        block = json.loads(found[1])
        content = lzma.decompress(base64.b64decode(block["result"], validate=True))
    except (ValueError, KeyError, TypeError, EOFError, lzma.LZMAError) as error:
        raise NoResultInside(f"{name} carries a result document that cannot be unpacked: {error}.") from error
    return parse_result(content, name, trusting=True)


def without_payload(page: str) -> str:
    """Give a page without its result document: what readers see, for comparison."""
    return _PAYLOAD.sub("", page)


def policy_of(style: str, script: str) -> str:
    """Give the content-security policy: nothing is loaded, and only this very style and script are used."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


@cache
def environment() -> Environment:
    """Give the jinja environment: everything is made visible and escaped unless this package made it as markup."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=visible,
    )
    made.filters.update(one_line=one_line, area_title=title_of, groupby_run=_runs, anchor=_anchor)
    return made


def _runs(rows: Iterable[Any], attribute: str) -> Iterator[tuple[Any, list[Any]]]:
    """Group neighbours by an attribute, and keep their order."""
    for key, group in groupby(rows, key=attrgetter(attribute)):
        yield key, list(group)


def _anchor(address: str) -> Markup:
    """Make a link of an address, if it is one of the web; any other text stays text."""
    if re.match(r"https?://[^\s]+$", address):
        return Markup('<a href="{0}" rel="noreferrer">{0}</a>').format(visible(address))
    return Markup("{}").format(visible(address))


def _running_line(view: View) -> str:
    """Give the rule that prints the run strip and the page number on each page."""
    line = " · ".join(
        [view.verdict, *(value for _, value in view.strip[:3]), *(f"{k} {v}" for k, v in view.strip[4:7])]
    )
    escaped = "".join(_css_character(character) for character in one_line(line, 140))
    return (
        "@page { margin: 15mm 14mm 18mm; "
        f'@bottom-left {{ content: "{escaped}"; font: 7pt sans-serif; color: #444; }} '
        '@bottom-right { content: counter(page) " of " counter(pages); font: 7pt sans-serif; color: #444; } }\n'
    )


def _css_character(character: str) -> str:
    """Write a character for a CSS string; all but letters, digits and blanks by number, so that none can end it."""
    return character if character.isascii() and (character.isalnum() or character == " ") else f"\\{ord(character):x} "


@cache
def asset(name: str) -> str:
    """Give the style sheet or the script of the pages."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _sections(view: View) -> Iterator[tuple[str, str]]:
    yield "findings", "Findings"
    yield "matrix", "Matrix"
    yield "requirements", "Requirements"
    if view.scenarios:
        yield "conversations", "Conversations"
    yield "coverage", "Coverage"
    if view.latencies:
        yield "latency", "Latency"
    if view.kills_all:
        yield "proof", "Self-test"
    yield "glossary", "Glossary"
    yield "run", "This run"


def _ribbon(view: View) -> Markup:
    """Draw the share of each verdict as one bar; the legend below it has the same in words."""
    total = sum(count for _, count in view.counts) or 1
    pieces, x = [], 0.0
    order = {"bad": 0, "warn": 1, "good": 2, "quiet": 3}
    for mark, count in sorted(view.counts, key=lambda pair: order[pair[0].tone]):
        if count:
            width = 1000 * count / total
            drawn = max(width - 1.5, 1.5)
            pieces.append(
                Markup('<rect class="r-{}" x="{:.1f}" y="0" width="{:.1f}" height="10"/>').format(mark.tone, x, drawn)
            )
            x += width
    return Markup(
        '<svg class="ribbon" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">{}</svg>'
    ).format(Markup("").join(pieces))


def _axis(view: View) -> Markup:
    """Draw the scale of the latency plots as the head of their column."""
    labels = [
        Markup('<text x="{}" y="10">{}</text>').format(min(max(x, 16), PLOT_WIDTH - 16), name) for x, name in view.ticks
    ]
    return Markup(
        '<svg class="axis" width="{w}" height="14" viewBox="0 0 {w} 14" role="img" '
        'aria-label="logarithmic scale">{t}</svg>'
    ).format(w=PLOT_WIDTH, t=Markup("").join(labels))
