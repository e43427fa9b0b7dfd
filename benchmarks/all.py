"""All benchmarks: the load on the reference server, the throughput of the property phase, and the detection of faults.

``--quick`` says in at most three minutes whether everything still works: few requests, few faults, no other tool than
``st run``. The figures of ``benchmarks/README.md`` are of a whole run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import msgspec
from rich.console import Console

from benchmarks import detection, reference_load, throughput

QUICK_LOAD: Final = 0.05
QUICK_FAULTS: Final = 3


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    made.add_argument("--quick", action="store_true", help="at most three minutes")
    made.add_argument("--json", type=Path, default=Path("reports/benchmarks.json"), help="the document of all figures")
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--specmatic", type=Path, help="specmatic.jar, or the folder where npm installed it")
    return made


def throughput_options(options: argparse.Namespace) -> argparse.Namespace:
    """What ``throughput.py`` is told."""
    level = "quick" if options.quick else "standard"
    given = ["--level", level, "--seed", str(options.seed), *(["--no-profile"] if options.quick else [])]
    return throughput.parser().parse_args(given)


def detection_options(options: argparse.Namespace) -> argparse.Namespace:
    """What ``detection.py`` is told."""
    given = ["--seed", str(options.seed)]
    if options.quick:
        given += ["--faults", str(QUICK_FAULTS), "--tools", "suite,st", "--controls", "1", "--max-time", "60"]
    if options.specmatic:
        given += ["--specmatic", str(options.specmatic)]
    return detection.parser().parse_args(given)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure everything, print the tables, and write one document: 0 if every bar is kept, else 1."""
    options = parser().parse_args(arguments)
    console = Console(width=max(140, Console().width))
    found: dict[str, Any] = {
        "machine": f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    }

    console.rule("Load on the reference server")
    load = reference_load.bench(QUICK_LOAD if options.quick else 1.0)
    for line in reference_load.lines(load):
        console.print(line, markup=False, highlight=False)
    found["reference_load"] = json.loads(msgspec.json.encode(load))

    console.rule("Throughput of the property phase")
    rates = throughput.bench(throughput_options(options))
    throughput.show(rates, console)
    found["throughput"] = throughput.document(rates)

    console.rule("Detection of seeded faults")
    detected = detection.bench(detection_options(options), console)
    detection.show(detected, console)
    found["detection"] = detection.figures(detected)

    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    short = [*throughput.verdict(rates), *detection.verdict(detected)]
    for sentence in short:
        console.print(f"Short of the bar: {sentence}.", markup=False, highlight=False)
    console.print(f"{'Short of the bar' if short else 'PASS'}. All figures: {options.json}", markup=False)
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
