"""Reads what pip-audit found: exit 0 for clean, 1 for something vulnerable, 3 where nothing was looked up.

``pip-audit`` itself ends with 0 also where it could look up nothing at all.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

_OURS = "livechat-conformance"
NOTHING = 3


def sort_out(text: str) -> tuple[list[str], list[str], list[str]]:
    """The audited packages, those that could not be looked up, and one sentence for each vulnerability.

    Args:
        text: What pip-audit wrote as JSON; empty where it wrote nothing.
    """
    try:
        listed: list[dict[str, Any]] = json.loads(text)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return [], [], []
    others = [each for each in listed if each["name"] != _OURS]
    audited = [f"{each['name']} {each['version']}" for each in others if "skip_reason" not in each]
    skipped = [each["name"] for each in others if "skip_reason" in each]
    bad = [
        f"{each['name']} {each['version']}: {one['id']}, fixed in {', '.join(one.get('fix_versions') or ('nothing',))}"
        for each in others
        for one in each.get("vulns", ())
    ]
    return audited, skipped, bad


def main(path: str) -> int:
    """Say what was found, and give the exit code."""
    file = Path(path)
    audited, skipped, bad = sort_out(file.read_text(encoding="utf-8") if file.exists() else "")
    if not audited:
        return NOTHING
    say = sys.stdout.write
    say(f"{len(audited)} packages were audited, {len(bad)} vulnerabilities are known.\n")
    if skipped:
        say(f"Not looked up: {', '.join(skipped)}.\n")
    for sentence in bad:
        say(f"  {sentence}\n")
    return 1 if bad or skipped else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
