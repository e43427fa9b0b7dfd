"""Sends every recorded exchange again to a server of ours, in the recorded order, and compares the answers.

    LIVECHAT_RECORDINGS=recordings python -m tests.reference.replay [area or id ...]

prints the share of equal answers by area and each difference; with ids, the preparation calls of these as well.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.reference.replay_client import Reply, Wire
from tests.reference.replay_compare import Comparer
from tests.reference.replay_corpus import DATE, Knowledge, Recording, read_recordings
from tests.reference.replay_fixture import Site
from tests.reference.replay_ids import IdMap
from tests.reference.replay_state import Preparer

if TYPE_CHECKING:
    from collections.abc import Iterable

REASONS = Path(__file__).with_name("replay-differences.yaml")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one recording: its differences (none: equal), and the preparation calls."""

    recording: Recording
    differences: tuple[str, ...]
    preparation: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """All outcomes of a replay."""

    outcomes: tuple[Outcome, ...]
    seconds: float
    by_area: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def different(self) -> dict[str, tuple[str, ...]]:
        """The differences of every unequal answer, by the id without its version."""
        return {one.recording.number: one.differences for one in self.outcomes if one.differences}

    @property
    def share(self) -> float:
        """The share of equal answers, from 0 to 1."""
        return 1 - len(self.different) / max(1, len(self.outcomes))

    def table(self) -> str:
        """Equal and all exchanges by area, one line each."""
        rows = [f"{area:20} {equal:5} of {all_:5}  {equal / all_:7.1%}" for area, (equal, all_) in self.by_area.items()]
        total = len(self.outcomes)
        rows.append(
            f"{'all':20} {total - len(self.different):5} of {total:5}  {self.share:7.1%}   {self.seconds:.1f} s"
        )
        return "\n".join(rows)


def replay(
    url: str,
    admin_user: str,
    admin_password: str,
    recordings: list[Recording],
    learn_from: list[Recording] | None = None,
) -> Report:
    """Replay recordings against a fresh server; state is inferred from `learn_from`, by default from them all."""
    started = time.monotonic()
    known = learn_from or recordings
    wire = Wire(url)
    site = Site(wire, admin_user, admin_password, IdMap(), Knowledge(known))
    site.set_up(known)
    preparer = Preparer(site)
    comparer = Comparer(known, site.ids)
    player = _Player(url, site, preparer)
    outcomes = []
    for recording in recordings:
        try:
            preparer.prepare(recording)
            reply = player.play(recording)
        except (OSError, KeyError, AttributeError, TypeError) as error:
            outcomes.append(Outcome(recording, (f"could not be replayed: {error!r}",), tuple(site.log)))
            continue
        found = tuple(comparer.differences(recording, reply.status, reply.headers, reply.body))
        outcomes.append(Outcome(recording, found, tuple(site.log)))
        if not found or reply.status == recording.status:
            site.ids.learn(recording.answer, reply.body)
        preparer.after(recording, reply)
    wire.close()
    return Report(tuple(outcomes), time.monotonic() - started, _areas(outcomes))


def _areas(outcomes: Iterable[Outcome]) -> dict[str, tuple[int, int]]:
    all_: Counter[str] = Counter(one.recording.area for one in outcomes)
    equal = Counter(one.recording.area for one in outcomes if not one.differences)
    return {area: (equal[area], count) for area, count in all_.items()}


class _Player:
    """Translates a recorded request and sends it."""

    def __init__(self, url: str, site: Site, preparer: Preparer) -> None:
        self.url = url.rstrip("/")
        self.site = site
        self.preparer = preparer
        self._spent: Counter[tuple[str, str]] = Counter()

    def play(self, recording: Recording) -> Reply:
        """Send the recorded request; before that, use up the calls that the limiter had already counted."""
        bucket = (recording.name, recording.headers.get("x-forwarded-for", ""))
        spent = self.preparer.spent_calls(recording)
        for _ in range(min((spent or 0) - self._spent[bucket], 12)):
            self._spent[bucket] += 1
            if self._send(recording).status == 429:
                break
        self._spent[bucket] += 1
        return self._send(recording)

    def _send(self, recording: Recording) -> Reply:
        ids = self.site.ids
        query = tuple((name, self._moment(recording, name, ids.text(value))) for name, value in recording.query)
        return self.site.wire.send(
            recording.method, ids.text(recording.path), query, self._headers(recording), self._content(recording)
        )

    @staticmethod
    def _moment(recording: Recording, name: str, value: str) -> str:
        """The end of a history that has messages, where its time belongs to none that is known: now."""
        unknown = name == "end" and DATE.fullmatch(value) and (name, value) in recording.query
        if unknown and recording.accepted and recording.answer.get("messages"):
            return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return value

    def _headers(self, recording: Recording) -> dict[str, str]:
        headers = {name: self.site.ids.text(value) for name, value in recording.headers.items()}
        token = headers.get("x-auth-token", "")
        if token.startswith("{{auth:"):
            persona = token.removeprefix("{{auth:").removesuffix("}}")
            if recording.status != 401 or persona in self.site.tokens:
                headers |= self.site.headers(persona)
        return headers

    def _content(self, recording: Recording) -> bytes | None:
        body = recording.body
        if body is None:
            return None
        if isinstance(body, dict) and set(body) == {"raw"}:
            return self._placed(self.site.ids.text(body["raw"])).encode("utf-8", "surrogatepass")
        body = self.site.ids.value(body)
        if recording.name == "POST login":
            body = self._credentials(body)
        return self._placed(json.dumps(body)).encode()

    def _credentials(self, body: Any) -> Any:
        user, password = self.site.logins["admin"]
        if isinstance(body, dict) and body.get("user") == "admin":
            return {**body, "user": user, "password": password}
        return body

    def _placed(self, text: str) -> str:
        return text.replace("{{target}}", self.url)


def read_reasons(path: Path = REASONS) -> dict[str, str]:
    """The reasons for the differences that remain, by the id without its version."""
    found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return {str(number): str(reason) for number, reason in found.items()}


def main(folder: Path, chosen: list[str]) -> None:
    """Replay all recordings against a fresh reference server and print what differs."""
    from conformance.reference import reference_server
    from conformance.reference.site import Options

    with reference_server(options=Options(working_video_call=False)) as url:
        report = replay(str(url), url.admin_user, url.admin_password, read_recordings(folder))
    for one in report.outcomes:
        number = one.recording.number
        if (one.differences and not chosen) or number in chosen or (one.differences and one.recording.area in chosen):
            sys.stdout.write(f"{number} [{one.recording.kind}] {one.recording.case} ({one.recording.name})\n")
            sys.stdout.writelines(f"    {line}\n" for line in one.differences[:6])
            if number in chosen:
                sys.stdout.writelines(f"    . {line}\n" for line in one.preparation)
    sys.stdout.write(report.table() + "\n")


if __name__ == "__main__":
    import os

    main(Path(os.environ["LIVECHAT_RECORDINGS"]) / "3.2.0", sys.argv[1:])
