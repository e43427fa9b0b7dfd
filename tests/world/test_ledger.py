"""The ledger: written down before it is made, and readable whatever happened to the writer."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.world import Ledger, read_ledger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a ledger goes."""
    return tmp_path / "deep" / "ledger.jsonl"


def test_what_was_written_is_read_again(path: Path) -> None:
    """Intent, id, facts and end of each object."""
    with Ledger(path) as ledger:
        ledger.head("http://127.0.0.1:1", "lcx-7-gw0-aaaa")
        one = ledger.intend("visitor", "token-ü")
        two = ledger.intend("setting", "Livechat_enabled", before=None, after=True)
        three = ledger.intend("room", "token-ü")
        ledger.done(one, "id1")
        ledger.done(three, "r1", token="token-ü")
        ledger.gone(one)
        ledger.left(two, "no admin")
    found = read_ledger(path)
    assert (found.url, found.prefix, found.damaged) == ("http://127.0.0.1:1", "lcx-7-gw0-aaaa", 0)
    assert [(e.kind, e.id, e.state, e.open) for e in found.entries] == [
        ("visitor", "id1", "gone", False),
        ("setting", None, "left", True),
        ("room", "r1", "done", True),
    ]
    assert found.entries[1].facts == {"before": None, "after": True}
    assert found.entries[2].facts == {"token": "token-ü"}


def test_an_intent_is_on_the_disk_when_it_returns(path: Path) -> None:
    """A process that is killed right after it leaves the intent behind."""
    code = (
        "import os, signal, sys; from pathlib import Path; from conformance.world import Ledger; "
        f"l = Ledger(Path({str(path)!r})); l.head('http://x', 'p'); l.intend('user', 'u1'); os.kill(os.getpid(), "
        "signal.SIGKILL)"
    )
    root = Path(__file__).resolve().parents[2]
    ended = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(root)}, timeout=60, check=False
    )
    assert ended.returncode == -9
    assert [(e.kind, e.name, e.state) for e in read_ledger(path).entries] == [("user", "u1", "intent")]


def test_a_ledger_is_continued(path: Path) -> None:
    """A second writer goes on with new numbers and knows the entries of the first, after half a line, too."""
    with Ledger(path) as ledger:
        ledger.done(ledger.intend("user", "a"), "1")
    with path.open("ab") as file:
        file.write(b'{"event":"int')
    with Ledger(path) as ledger:
        ledger.intend("user", "b")
        entry = ledger.find("user", "a")
        assert entry is not None
        ledger.gone(entry)
    found = read_ledger(path)
    assert [(e.number, e.name, e.state) for e in found.entries] == [(1, "a", "gone"), (2, "b", "intent")]
    assert found.damaged == 1


def test_threads_do_not_mix_their_lines(path: Path) -> None:
    """Parallel writers lose nothing."""
    with Ledger(path) as ledger:

        def work(name: str) -> None:
            for number in range(30):
                ledger.done(ledger.intend("visitor", f"{name}{number}"), "id")

        threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = read_ledger(path)
    assert found.damaged == 0
    assert len({e.name for e in found.entries if e.state == "done"}) == 120


def test_a_ledger_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """The error is the system's own, for whoever opens it to turn into a sentence."""
    with pytest.raises(OSError, match="Is a directory"):
        Ledger(tmp_path)


_lines = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            b'{"event":"run","url":5,"prefix":null}',
            b'{"event":"intent","n":1,"kind":"user","name":"u"}',
            b'{"event":"intent","n":true,"kind":"user","name":"u"}',
            b'{"event":"intent","n":2,"kind":"planet","name":"u"}',
            b'{"event":"intent","n":3,"kind":"user","name":["u"],"facts":7}',
            b'{"event":"done","n":1,"id":{"$ne":1}}',
            b'{"event":"done","n":1,"id":"x","facts":[1]}',
            b'{"event":"gone","n":99}',
            b'{"event":"boom","n":1}',
            b"[]",
            b"null",
            b"[" * 3000,
        ]
    ),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(_lines, max_size=8))
def test_no_ledger_file_leads_to_a_traceback(lines: list[bytes], tmp_path: Path) -> None:
    """Whatever stands in the file, what can be read is read and the rest is counted."""
    file = tmp_path / "any.jsonl"
    file.write_bytes(b"\n".join(lines))
    found = read_ledger(file)
    assert found.damaged <= sum(1 for line in file.read_bytes().splitlines() if line.strip()) + 1
    assert all(isinstance(entry.name, str) for entry in found.entries)
    Ledger(file).close()
