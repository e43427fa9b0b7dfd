"""Writes ``badge.svg`` and ``badge.json`` (the endpoint format of shields.io)."""

from __future__ import annotations

import json
from typing import Final

from markupsafe import Markup

from conformance.verdicts.overall import numbers_of
from conformance.verdicts.result import Result
from conformance.verdicts.words import Overall

LABEL: Final = "livechat conformance"
_COLOURS: Final = {
    Overall.CONFORMANT: ("#1c6544", "brightgreen"),
    Overall.NOT_CONFORMANT: ("#a3231b", "red"),
    Overall.INCOMPLETE: ("#7b5200", "orange"),
    Overall.NOTHING_TESTED: ("#56606c", "lightgrey"),
    Overall.NOT_HEALTHY: ("#56606c", "lightgrey"),
}


def badge_message(result: Result) -> str:
    """Give the right side of the badge: requirements met of those that apply, or why there is no such number."""
    if result.verdict in (Overall.NOTHING_TESTED, Overall.NOT_HEALTHY):
        return result.verdict.value
    numbers = numbers_of(result)
    suffix = {Overall.INCOMPLETE: ", incomplete"}.get(result.verdict, "")
    if result.partial and result.verdict is Overall.CONFORMANT:
        suffix = ", partial"
    return f"{numbers.met:,}/{numbers.applicable:,}{suffix}"


def render_badge_json(result: Result) -> str:
    """Give the badge for the endpoint of shields.io."""
    return (
        json.dumps(
            {
                "schemaVersion": 1,
                "label": LABEL,
                "message": badge_message(result),
                "color": _COLOURS[result.verdict][1],
                "isError": result.exit_code != 0,
            }
        )
        + "\n"
    )


def render_badge_svg(result: Result) -> str:
    """Give the badge as an SVG image; widths are reckoned from the number of characters, 6.6 pixels each."""
    message = badge_message(result)
    left, right = round(len(LABEL) * 6.6) + 12, round(len(message) * 6.6) + 14
    return str(
        Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="20" role="img" '
            'aria-label="{label}: {message}">'
            "<title>{label}: {message}</title>"
            '<clipPath id="r"><rect width="{w}" height="20" rx="3"/></clipPath>'
            '<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#3b4046"/>'
            '<rect x="{left}" width="{right}" height="20" fill="{colour}"/></g>'
            '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
            '<text x="{a}" y="14" textLength="{la}">{label}</text>'
            '<text x="{b}" y="14" textLength="{lb}">{message}</text>'
            "</g></svg>\n"
        ).format(
            w=left + right,
            left=left,
            right=right,
            label=LABEL,
            message=message,
            colour=_COLOURS[result.verdict][0],
            a=left / 2,
            b=left + right / 2,
            la=left - 12,
            lb=right - 14,
        )
    )
