"""The throughput benchmark: what is replayed, where samples are counted, and when the bar is kept. Nothing is timed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import all as everything
from benchmarks import detection, reference_load, throughput
from benchmarks.sampler import OTHER, place_of, shares
from benchmarks.servers import ground
from benchmarks.throughput import Figures, Rate, as_sent, replay, verdict
from benchmarks.trials import Trial
from conformance.contract.exchange import Body, Exchange, Request


def _exchange(request: Request) -> Exchange:
    return Exchange("e1", "getConfig", "admin", request)


def test_a_recorded_request_is_sent_as_it_was() -> None:
    """Hidden credentials become those of the administrator; query, headers and body stay."""
    request = Request(
        "POST",
        "/api/v1/x",
        (("a", "1 2"), ("a", "é")),
        {"x-auth-token": "{{auth:agent}}", "x-user-id": "u1", "content-type": "application/json"},
        Body(json={"b": 1}, is_json=True, size=7),
    )
    method, target, headers, content = as_sent(_exchange(request), {"X-Auth-Token": "t", "X-User-Id": "a"})
    assert (method, target) == ("POST", "/api/v1/x?a=1+2&a=%C3%A9")
    assert headers == {"x-auth-token": "t", "x-user-id": "a", "content-type": "application/json"}
    assert json.loads(content or b"") == {"b": 1}


def test_a_replay_reaches_the_server() -> None:
    """Each request is sent once."""
    with ground() as place:
        replay(place.url, {}, [_exchange(Request("GET", "/api/info", (), {}, None))] * 3)
        assert place.counter.count == 3
        assert place.counter.seconds > 0


@pytest.mark.parametrize(
    ("files", "place"),
    [
        (["/lib/socket.py", "/site/httpcore/_sync/connection.py", "/x/conformance/target/client.py"], "sending"),
        (["/x/conformance/contract/validators.py", "/x/conformance/suite/recorder.py"], "validating"),
        (["/x/conformance/verdicts/spool.py", "/x/conformance/suite/recorder.py"], "recording"),
        (["/site/hypothesis/core.py", "/x/conformance/suite/property/generate.py"], "generating"),
        (["/x/conformance/suite/property/hunt.py", "/site/_pytest/python.py"], "judging"),
        (["/site/_pytest/python.py"], "starting"),
        (["/lib/threading.py"], OTHER),
    ],
)
def test_a_sample_counts_where_its_innermost_known_frame_is(files: list[str], place: str) -> None:
    """What calls a place does not count, and neither do libraries that nobody named."""
    assert place_of(files).startswith(place)


def test_shares_add_up_over_processes(tmp_path: Path) -> None:
    """Samples of all workers are summed, the largest share first."""
    (tmp_path / "samples-1.json").write_text('{"judging": 1, "generating": 2}')
    (tmp_path / "samples-2.json").write_text('{"generating": 1}')
    assert list(shares(tmp_path).items()) == [("generating", 0.75), ("judging", 0.25)]


def test_the_bar_is_a_ratio() -> None:
    """At 2.5 times the rate of the other it is kept, below it is not."""
    rates = (Rate("a", 1000, 2.0, 3.0, 3.0), Rate("b", 1000, 5.0, 6.0, 6.0))
    assert rates[0].per_second == 500
    assert verdict(Figures(rates, 2.5, {}, "quick")) == []
    assert verdict(Figures(rates, 2.4, {}, "quick")) == [
        "the property phase has 2.40 times the rate of st run, not 2.5"
    ]


def test_all_hands_on_what_it_was_told() -> None:
    """``--quick`` makes each benchmark small; the seed goes to all of them."""
    quick = everything.parser().parse_args(["--quick", "--seed", "7", "--specmatic", "/x"])
    assert throughput.parser().parse_args([]).level == "standard"
    assert everything.throughput_options(quick).level == "quick"
    detected = everything.detection_options(quick)
    assert (detected.faults, detected.seed, detected.specmatic) == (3, 7, Path("/x"))
    assert everything.detection_options(everything.parser().parse_args([])).faults == 42


def test_all_writes_one_document_and_says_what_is_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each benchmark has its part of the document; one missed bar makes the exit status 1."""
    name = "this suite (quick)"
    control = Trial(name, "", "", 1, False, 0, (), 100, 2.0, 1.0, 0, stopped=False)
    load = reference_load.Load((reference_load.Figures("config", 1, 1.0, 1.0, 1.0, 0),), 5, 6.0, "a crowd")
    monkeypatch.setattr(reference_load, "bench", lambda share: load)
    rates = (Rate("a", 1000, 2.0, 3.0, 3.0), Rate("b", 1000, 5.0, 6.0, 6.0), Rate("c", 1000, 1.0, 1.0, 0.0))
    monkeypatch.setattr(throughput, "bench", lambda options: Figures(rates, 2.4, {"judging": 1.0}, "quick"))
    found = detection.Document(1, "quick", 60.0, (), {name: "how"}, {}, (control,))
    monkeypatch.setattr(detection, "bench", lambda options, console: found)
    assert everything.main(["--quick", "--json", str(tmp_path / "new" / "figures.json")]) == 1
    written = json.loads((tmp_path / "new" / "figures.json").read_text())
    assert written["throughput"]["ratio"] == 2.4
    assert written["reference_load"]["crowd"] == "a crowd"
    assert written["detection"]["table"][0]["tool"] == name
    said = capsys.readouterr().out
    assert "Short of the bar: the property phase has 2.40 times the rate of st run, not 2.5." in said
