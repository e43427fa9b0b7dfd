"""Remakes the sample reports in ``reports/samples/``, their pictures, and the output that the README shows.

A test says when any of them is stale.

Run it from the root of the checkout: ``python scripts/samples.py``. Pictures need Chromium and playwright.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import conformance
from conformance.faults.catalogue import catalogue
from conformance.reference import reference_server
from conformance.reference.site import Options
from conformance.verdicts import read_result

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "reports" / "samples"
KEPT = ("index.html", "result.json", "summary.md", "badge.svg")
FAULTS = 5
"""How many faults of the catalogue the faulty sample has: one of each of the first kinds."""


def chosen_faults() -> list[str]:
    """A handful of faults of different kinds, the first of each kind in the order of the catalogue."""
    by_kind = {fault.kind: id for id, fault in reversed(catalogue().items()) if not fault.options}
    return sorted(by_kind.values())[:FAULTS]


def make(name: str, fault_ids: list[str]) -> None:
    """Judge a reference server with these faults and keep its report."""
    faults = [catalogue()[id] for id in fault_ids]
    folder = SAMPLES / name
    with reference_server(faults=faults, options=Options(working_video_call=True)) as url:
        result = conformance.run(
            str(url),
            admin_user=url.admin_user,
            admin_password=url.admin_password,
            seed=1,
            report=f"reports/samples/{name}",
        )
    for path in folder.iterdir():
        if path.name not in KEPT:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    sys.stdout.write(f"{name}: {result.sentence}\n")


def picture(name: str, file: str, *, width: int, height: int, scheme: str) -> None:
    """Take a picture of the head of a sample."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=os.environ.get("LIVECHAT_CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"],
        )
        page = browser.new_page(
            viewport={"width": width, "height": height}, color_scheme="dark" if scheme == "dark" else "light"
        )
        page.goto((SAMPLES / name / "index.html").as_uri())
        page.screenshot(path=str(SAMPLES / file))
        browser.close()


def readme() -> None:
    """Put what the clean sample said, and how many requirements there are, where the README shows it."""
    path = ROOT / "README.md"
    result = read_result(SAMPLES / "conformant" / "result.json")
    counts = f"46 documented operations, {len(result.requirements)} requirements"
    work = f"{result.requests} requests, {result.duration_s:.1f} s, seed {result.seed}."
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"^Conformant to the Livechat contract .*$", result.sentence, text, count=1, flags=re.MULTILINE)
    text = re.sub(r"^\d+ requests, [\d.]+ s, seed \d+\.", work, text, count=1, flags=re.MULTILINE)
    text = re.sub(r"46 documented operations, \d+ requirements", counts, text, count=1)
    path.write_text(text, encoding="utf-8")


def main() -> None:
    """Remake both samples, their pictures and the output in the README."""
    SAMPLES.mkdir(parents=True, exist_ok=True)
    os.chdir(ROOT)  # so that the samples show a folder of the project, and not of a machine
    make("conformant", [])
    make("faulty", chosen_faults())
    readme()
    picture("conformant", "report.png", width=1200, height=860, scheme="light")
    picture("faulty", "report-faulty.png", width=1200, height=1100, scheme="dark")


if __name__ == "__main__":
    main()
