"""The gate: what concerns the whole server is done by one at a time, across processes; nobody waits for the dead."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.target import BudgetExhausted, TargetInfo
from conformance.world import Gate, Unavailable

AUTO, MANUAL = "Auto_Selection", "Manual_Selection"
ROOT = Path(__file__).resolve().parents[2]


def open_gate(folder: Path, log: list[str] | None = None, *, wait_s: float = 10) -> Gate:
    """A gate that starts under Auto_Selection and writes down its switches."""
    gate = Gate(folder, None, TargetInfo("http://x", routing=AUTO), wait_s=wait_s)
    if log is not None:
        gate.switch = log.append
    return gate


def in_thread(work: Callable[[], None]) -> threading.Thread:
    """Start something beside the test."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_those_of_one_routing_method_share_the_gate(tmp_path: Path) -> None:
    """Neither switches, nor waits for the other."""
    log: list[str] = []
    one, two = open_gate(tmp_path, log), open_gate(tmp_path, log)
    with one.shared(AUTO), two.shared():
        assert (one.held, two.held, two.routing) == ("shared", "shared", AUTO)
    assert log == []
    assert one.held == ""


def test_another_routing_method_waits_until_the_others_have_left(tmp_path: Path) -> None:
    """The switch happens once, when nobody is inside, and stays in force."""
    log: list[str] = []
    one, two = open_gate(tmp_path, log), open_gate(tmp_path, log)
    order: list[str] = []

    def other() -> None:
        with two.shared(MANUAL):
            order.append(f"two under {two.routing}")

    with one.shared(AUTO):
        thread = in_thread(other)
        time.sleep(0.15)
        order.append("one leaves")
    thread.join(10)
    assert order == ["one leaves", f"two under {MANUAL}"]
    assert log == [MANUAL]
    with one.shared():
        assert one.routing == MANUAL


def test_after_a_switch_others_of_the_same_method_may_join(tmp_path: Path) -> None:
    """Who switched holds the gate alone only for the moment of the switch."""
    one, two = open_gate(tmp_path, []), open_gate(tmp_path, [])
    with one.shared(MANUAL), two.shared(MANUAL):
        assert two.routing == MANUAL


def test_who_is_alone_is_alone(tmp_path: Path) -> None:
    """Nobody else gets in meanwhile."""
    one, two = open_gate(tmp_path, []), open_gate(tmp_path, [], wait_s=0.2)
    with one.exclusive(), pytest.raises(BudgetExhausted), two.shared():
        pass
    with two.shared():
        pass


def test_entering_alone_from_inside_gives_up_the_shared_place_for_the_time(tmp_path: Path) -> None:
    """A test that holds the gate with others may change a setting: no two such tests block each other."""
    one, two = open_gate(tmp_path, []), open_gate(tmp_path, [])
    done: list[str] = []

    def other() -> None:
        with two.shared(AUTO), two.exclusive():
            done.append("two")

    with one.shared(AUTO):
        thread = in_thread(other)
        time.sleep(0.1)
        with one.exclusive(MANUAL):
            assert (one.held, one.routing) == ("exclusive", MANUAL)
            with one.shared(MANUAL):
                assert one.held == "exclusive"
            with one.exclusive(AUTO):
                assert one.routing == AUTO
            assert one.routing == MANUAL
        assert (one.held, one.routing) == ("shared", AUTO)
    thread.join(10)
    assert done == ["two"]


def test_without_the_right_to_switch_it_is_unavailable(tmp_path: Path) -> None:
    """The reason is said, and the gate is free afterwards."""
    gate = open_gate(tmp_path)
    with pytest.raises(Unavailable, match="Manual_Selection"), gate.shared(MANUAL):
        pass
    assert gate.held == ""
    with open_gate(tmp_path).exclusive():
        pass


def test_a_switch_that_fails_leaves_the_gate_free(tmp_path: Path) -> None:
    """And the method in force counts as unknown, so that the next one switches for sure."""
    gate = open_gate(tmp_path)

    def fail(method: str) -> None:
        raise RuntimeError("no")

    gate.switch = fail
    with pytest.raises(RuntimeError), gate.shared(MANUAL):
        pass
    log: list[str] = []
    gate.switch = log.append
    with gate.shared(AUTO):
        pass
    assert log == [AUTO]


def test_the_dead_hold_nothing(tmp_path: Path) -> None:
    """A worker that was killed inside is forgotten."""
    code = textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        from conformance.world import Gate
        with Gate(Path({str(tmp_path)!r})).exclusive():
            print("inside", flush=True)
            time.sleep(60)
    """)
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"inside\n"
        gate = open_gate(tmp_path, [], wait_s=0.2)
        with pytest.raises(BudgetExhausted), gate.shared():
            pass
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    with gate.shared():
        pass


def _work(folder: str, number: int) -> None:
    gate = open_gate(Path(folder), [], wait_s=60)
    place = Path(folder) / "inside"
    for turn in range(6):
        if (turn + number) % 3 == 0:
            with gate.exclusive():
                (place / f"{number}-alone").touch()
                assert len(list(place.iterdir())) == 1
                (place / f"{number}-alone").unlink()
        else:
            routing = MANUAL if (turn + number) % 2 else AUTO
            with gate.shared(routing):
                (place / f"{number}-{routing}").touch()
                seen = {name.name.split("-")[1] for name in place.iterdir()}
                assert seen == {routing}
                (place / f"{number}-{routing}").unlink()


def test_four_processes_never_meet_where_they_may_not(tmp_path: Path) -> None:
    """Shared and alone, under both methods, in all orders."""
    (tmp_path / "inside").mkdir()
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_work, args=(str(tmp_path), number)) for number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]


def test_a_damaged_state_does_no_harm(tmp_path: Path) -> None:
    """The file may be empty, or hold anything."""
    for content in ("", "[]", '{"holders": 5, "queue": [1, null, {"pid": "x"}]}'):
        (tmp_path / "gate.json").write_text(content)
        with open_gate(tmp_path, []).exclusive():
            pass
