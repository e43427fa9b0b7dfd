"""The tools of the comparison: how each is started the way its documentation says, and how its report is read."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from benchmarks.processes import Ended, Tail, run
from benchmarks.servers import Ground, furnish
from benchmarks.trials import Failure, Known, Report
from conformance.contract import load_contract
from conformance.contract.bundle import bundle_document, to_text
from conformance.contract.exchange import Exchange
from conformance.faults.model import Fault
from conformance.reference.site import VERSION
from conformance.report.script import plan

ROOT: Final = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Order:
    """One run that a tool is asked for.

    Attributes:
        place: The server.
        folder: A folder of the run's own.
        seed: The seed, for tools that take one.
        known: What the tool says of the correct server; a run may end once it reported anything else.
        fault: The fault in the server; the suite stops at its clauses. No tool is told what it is.
        limit_s: Seconds after which the run is ended.
    """

    place: Ground
    folder: Path
    seed: int
    known: Known | None
    fault: Fault | None
    limit_s: float


class Tool(ABC):
    """One contender."""

    name: str
    said: str
    """Version and command line, for the table."""

    def absent(self) -> str:
        """Why it cannot run here, one sentence; empty where it can."""
        return ""

    @abstractmethod
    def judge(self, order: Order) -> tuple[Report, Ended]:
        """Run it against a server and read what it reports."""


@dataclass(slots=True)
class Suite(Tool):
    """Our suite, by its own command: ``livechat-conformance run URL``, one worker.

    Args:
        level: ``quick``, ``standard`` or ``deep``.
    """

    level: str = "quick"
    name: str = field(init=False)
    said: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = f"this suite ({self.level})"
        self.said = f"livechat-conformance run URL --level {self.level} --workers 1 --seed SEED"

    def judge(self, order: Order) -> tuple[Report, Ended]:
        """Run it, and end it once a clause that the fault breaks is red."""
        report = order.folder / "report"
        tail, breaks = Tail(report / "work" / "outcomes.jsonl"), set(order.fault.breaks if order.fault else ())

        def enough() -> bool:
            return any(
                one["finding"] == "broken" and one["requirement"] in breaks
                for line in tail.lines()
                for one in json.loads(line)["judgements"]
            )

        command = [sys.executable, "-m", "conformance", "run", order.place.url, "--level", self.level]
        command += ["--workers", "1", "--seed", str(order.seed), "--report", str(report), "--format", "json", "--quiet"]
        environment = {
            "LIVECHAT_CONFORMANCE_ADMIN_USER": order.place.admin_user,
            "LIVECHAT_CONFORMANCE_ADMIN_PASSWORD": order.place.admin_password,
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        }
        ended = run(command, order.folder, environment, order.limit_s, enough, patience_s=40.0)
        path = report / "result.json"
        if not path.exists():
            return Report({}, named=False, note=f"no result: exit status {ended.code}"), ended
        result = json.loads(path.read_text(encoding="utf-8"))
        return suite_report(result, breaks, "" if ended.code in (0, 1, 4) else f"exit status {ended.code}"), ended


def suite_report(result: Mapping[str, Any], breaks: Iterable[str], note: str = "") -> Report:
    """Read a result document: every red clause is a failure, its reproduction is what the report shows."""
    shown = ("fail", "flaky", "error", "deviation")
    red = {one["id"]: one for one in result["requirements"] if one["verdict"] in shown}
    exchanges = msgspec.convert(result.get("exchanges", {}), type=dict[str, Exchange])
    failures = {
        Failure(operation, name): 1
        for name, one in red.items()
        if one["verdict"] != "deviation"
        for operation in one["operations"] or [""]
    }
    own = [_requests_of(red[name], exchanges) for name in breaks if name in red]
    return Report(failures, bool(own), min(own, default=0), note)


def _requests_of(requirement: Mapping[str, Any], exchanges: Mapping[str, Exchange]) -> int:
    """How many requests the first reproduction of a red clause has, without those that give a caller his account."""
    for piece in requirement["evidence"]:
        if piece["finding"] in ("broken", "flaky"):
            names = piece.get("steps") or piece.get("exchanges") or [""]
            sent = [exchanges[name] for name in names if name in exchanges]
            return plan(sent).shown if sent else len(names)
    return 1


@dataclass(slots=True)
class Schemathesis(Tool):
    """``st run`` of schemathesis, over the same contract.

    Args:
        tuned: Whether it is tuned by its own documentation, or has its defaults and the credentials only.
        spec: The contract as one OpenAPI document.
    """

    tuned: bool
    spec: Path
    name: str = field(init=False)
    said: str = field(init=False)

    def __post_init__(self) -> None:
        version = importlib.metadata.version("schemathesis")
        self.name = "st run (tuned)" if self.tuned else "st run (defaults)"
        how = "--config-file tuned.toml run" if self.tuned else "run"
        headers = "" if self.tuned else " -H X-Auth-Token:… -H X-User-Id:…"
        self.said = f"schemathesis {version}: st {how} openapi-3.1.yaml --url URL{headers} --seed SEED"

    def judge(self, order: Order) -> tuple[Report, Ended]:
        """Run it, and end it once it reported a failure that it does not report of the correct server."""
        events = order.folder / "events.ndjson"
        place = order.place
        settings = order.folder / "schemathesis.toml"
        settings.write_text(self._settings(place), encoding="utf-8")
        command = self.command(place, settings, order.seed)
        command += ["--report", "ndjson", "--report-ndjson-path", str(events)]
        seen: dict[Failure, int] = {}
        tail = Tail(events)

        def enough() -> bool:
            for line in tail.lines():
                for failure, steps in failures_of(json.loads(line)):
                    seen[failure] = min(steps, seen.get(failure, steps))
            return order.known is not None and bool(order.known.new(seen))

        ended = run(command, order.folder, {}, order.limit_s, enough, patience_s=2.0)
        if order.known is None or not order.known.new(seen):
            enough()
        new = order.known.new(seen) if order.known else ()
        note = "" if ended.code in (0, 1) or ended.stopped else f"exit status {ended.code}"
        return Report(seen, None, min((seen[one] for one in new), default=0), note), ended

    def command(self, place: Ground, settings: Path, seed: int) -> list[str]:
        """The command line, without reports."""
        made = [str(Path(sys.executable).with_name("st")), "--no-color", "--config-file", str(settings), "run"]
        made += [str(self.spec), "--url", place.url, "--seed", str(seed)]
        if not self.tuned:
            made += ["-H", f"X-Auth-Token: {place.auth_token}", "-H", f"X-User-Id: {place.user_id}"]
        return made

    def _settings(self, place: Ground) -> str:
        if not self.tuned:
            return "[cache]\nenabled = false\n"  # what an earlier run learnt must not help this one
        pair = furnish(place)
        text = (Path(__file__).with_name("tuned.toml")).read_text(encoding="utf-8")
        for name, value in (
            ("AUTH_TOKEN", place.auth_token),
            ("USER_ID", place.user_id),
            ("VISITOR_TOKEN", pair.token),
            ("ROOM_ID", pair.rid),
        ):
            text = text.replace(f"${{{name}}}", value)
        return text


def failures_of(event: Mapping[str, Any]) -> Iterator[tuple[Failure, int]]:
    """The failures in one event of the NDJSON report, each with the length of the chain that leads to it."""
    recorder = (event.get("ScenarioFinished") or {}).get("recorder") or {}
    cases = recorder.get("cases", {})
    for name, checks in recorder.get("checks", {}).items():
        for check in checks:
            if check["status"] == "failure":
                failure = check["failure_info"]["failure"]
                yield Failure(failure["operation"], f"{check['name']} {failure['code']}"), _chain(cases, name)


def _chain(cases: Mapping[str, Mapping[str, Any]], name: str) -> int:
    """How many requests lead to a case, itself included."""
    length, seen = 0, set()
    at: str | None = name
    while at is not None and at not in seen:
        seen.add(at)
        length += 1
        at = cases.get(at, {}).get("parent_id")
    return length


_API: Final = re.compile(r"^API: (?P<operation>\S+ \S+) -> (?P<status>\d+)")
_PLACE: Final = re.compile(r"^ {0,4}>> (?P<place>[A-Z]+\.\S+)")  # the summary at the end is indented more
_RULE: Final = re.compile(r"^\s+(?P<rule>[A-Z]+\d{4}): ")


@dataclass(slots=True)
class Specmatic(Tool):
    """``specmatic test`` over the contract in OpenAPI 3.0, with a live login of the administrator.

    Links are taken out of the document and it is read leniently, since specmatic refuses it otherwise. Its generative
    tests stay off: for this contract they combine the query parameters of two listings without end (more than 7,000
    requests in 150 seconds with MAX_TEST_REQUEST_COMBINATIONS=2, before any other operation was reached).

    Args:
        spec: The contract, prepared for it.
        jar: ``specmatic.jar`` of the npm package, or ``None``.
    """

    spec: Path
    jar: Path | None
    name: str = "specmatic"
    said: str = field(init=False)

    def __post_init__(self) -> None:
        self.said = (
            f"specmatic {_version_of(self.jar)}: authToken=… userId=… specmatic test --lenient --testBaseURL=URL "
            "openapi-3.0.yaml, without generative tests, which do not end on this contract"
        )

    def absent(self) -> str:
        """It is a jar inside of an npm package, and needs Java."""
        if shutil.which("java") is None:
            return "there is no java here (Debian: apt-get install default-jre-headless)"
        if self.jar is None:
            return "there is no specmatic.jar here (npm install specmatic; then --specmatic FOLDER or SPECMATIC_JAR)"
        return ""

    def judge(self, order: Order) -> tuple[Report, Ended]:
        """Run it whole: which of its failures are new is known from all of its output."""
        place = order.place
        environment = {"authToken": place.auth_token, "userId": place.user_id}
        command = ["java", "-jar", str(self.jar), "test", "--lenient", f"--testBaseURL={place.url}", str(self.spec)]
        seen: set[Failure] = set()
        state = SpecmaticOutput()
        tail = Tail(order.folder / "output.txt")

        def enough() -> bool:
            for line in tail.lines():
                found = state.take(line.decode("utf-8", "replace"))
                if found is not None:
                    seen.add(found)
            return order.known is not None and bool(order.known.new(seen))

        ended = run(command, order.folder, environment, order.limit_s, enough, patience_s=2.0)
        if not ended.stopped:
            enough()
        new = order.known.new(seen) if order.known else ()
        note = "" if ended.code in (0, 1) or ended.stopped else f"exit status {ended.code}"
        if not place.counter.count:
            note = "it sent nothing"
        return Report(dict.fromkeys(seen, 1), None, 1 if new else 0, note), ended


@dataclass(slots=True)
class SpecmaticOutput:
    """Reads specmatic's output line by line."""

    _operation: str = ""
    _status: str = ""
    _place: str = ""

    def take(self, line: str) -> Failure | None:
        """Read one line; a failure once its operation, place and rule are known."""
        if found := _API.match(line):
            self._operation = re.sub(r"\((\w+):\w+\)", r"{\1}", found["operation"])
            self._status, self._place = found["status"], ""
        elif line.startswith(("Testing scenario", "+ve", "-ve", "-----", "Scenario:")):
            self._operation = ""
        elif self._operation and (found := _PLACE.match(line)):
            place = re.sub(r"\[\d+\]", "[*]", found["place"])
            self._place = place
        elif self._operation and self._place and (found := _RULE.match(line)):
            failure = Failure(self._operation, f"{self._status} {self._place} {found['rule']}")
            self._place = ""
            return failure
        return None


def _version_of(jar: Path | None) -> str:
    package = jar.with_name("package.json") if jar else None
    return str(json.loads(package.read_text())["version"]) if package and package.exists() else "(not installed)"


def find_specmatic(given: Path | None) -> Path | None:
    """The jar of the npm package ``specmatic``: as given, by ``SPECMATIC_JAR``, or below ``node_modules``."""
    named = os.environ.get("SPECMATIC_JAR")
    for place in (given, Path(named) if named else None, ROOT, *(_global_modules())):
        if place is None:
            continue
        for path in (place, *(place / inner / "specmatic.jar" for inner in _INNER)):
            if path.is_file() and path.suffix == ".jar":
                return path.resolve()
    return None


_INNER: Final = (".", "specmatic", "node_modules/specmatic")


def _global_modules() -> Iterator[Path]:
    if npm := shutil.which("npm"):
        asked = subprocess.run([npm, "root", "-g"], capture_output=True, text=True, timeout=30, check=False)
        if asked.returncode == 0:
            yield Path(asked.stdout.strip())


def write_specs(folder: Path) -> tuple[Path, Path]:
    """Write the contract for the tools: in OpenAPI 3.1, and in 3.0 without links for specmatic."""
    contract = load_contract(VERSION)
    newer, older = folder / "openapi-3.1.yaml", folder / "openapi-3.0.yaml"
    newer.write_text(to_text(bundle_document(contract, judged_only=True), "yaml"), encoding="utf-8")
    document = bundle_document(contract, "3.0", judged_only=True)
    _without_links(document)
    older.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return newer, older


def _without_links(node: Any) -> None:
    if isinstance(node, dict):
        if "description" in node and isinstance(node.get("links"), dict):
            del node["links"]
        for child in node.values():
            _without_links(child)
    elif isinstance(node, list):
        for child in node:
            _without_links(child)


def contenders(names: Iterable[str], level: str, folder: Path, jar: Path | None) -> list[Tool]:
    """The tools of these names: ``suite``, ``st``, ``st-tuned``, ``specmatic``; the order is always the same."""
    newer, older = write_specs(folder)
    made: dict[str, Tool] = {
        "suite": Suite(level),
        "st": Schemathesis(False, newer),
        "st-tuned": Schemathesis(True, newer),
        "specmatic": Specmatic(older, find_specmatic(jar)),
    }
    wanted = set(names)
    return [tool for name, tool in made.items() if name in wanted]
