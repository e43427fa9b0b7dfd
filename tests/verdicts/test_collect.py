"""Folding a run: the same result whatever the workers, nothing lost, nothing without end."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.contract.exchange import Body, Exchange, Response
from conformance.verdicts import Finding, ItemOutcome, Judgement, Result, SpoolError, build_result, read_spool
from conformance.verdicts.document import canonical
from conformance.verdicts.latency import Latency, bucket_of, from_buckets, merged
from conformance.verdicts.spool import BODY_LIMIT, shortened, within_budget
from tests.verdicts.kit import Req, broken, contract, exchange, held, judge, outcome, run, spool

CLAUSES = tuple(Req(f"LC-ROOM-{number:03}") for number in range(1, 9))


def test_the_result_is_the_same_whatever_the_number_of_workers_and_the_order(tmp_path: Path) -> None:
    """Twenty orders over one, two and four workers give the same bytes."""
    seen: set[bytes] = set()
    for seed in range(20):
        chance = random.Random(seed)
        workers = chance.choice([1, 2, 4])
        numbers = list(range(30))
        chance.shuffle(numbers)
        outcomes: list[ItemOutcome] = []
        sent: dict[int, list[Exchange]] = {worker: [] for worker in range(workers)}
        for number in numbers:
            worker = chance.randrange(workers)
            made = []
            for step in range(1 + number % 3):
                name = f"gw{worker}-{len(sent[worker]):06}"
                sent[worker].append(exchange(name, body={"success": True, "number": number, "step": step}))
                made.append(name)
            outcomes.append(_outcome(number, tuple(made)))
        paths = [spool(tmp_path, *sent[worker], worker=f"gw{worker}") for worker in range(workers)]
        seen.add(canonical(build_result(run(), contract(*CLAUSES), outcomes, paths)))
        for path in paths:
            path.unlink()
    assert len(seen) == 1


def _outcome(number: int, made: tuple[str, ...]) -> ItemOutcome:
    clause = CLAUSES[number % len(CLAUSES)].id
    judgement = (
        held(clause, exchanges=made) if number % 5 else broken(clause, sentence=f"No {number % 2}.", exchanges=made)
    )
    return outcome(f"item-{number:02}", judgement, kind="scenario" if number % 7 == 0 else "area", exchanges=made)


def test_only_exchanges_that_are_referred_to_are_kept(tmp_path: Path) -> None:
    """The others are counted."""
    sent = [exchange(f"gw0-{number}") for number in range(50)]
    result = judge(
        tmp_path, contract(CLAUSES[0]), outcome("a", held("LC-ROOM-001", exchanges=("gw0-7",))), exchanges=sent
    )
    assert result.requests == 50
    assert list(result.exchanges) == ["e00001"]
    assert result.requirements[0].evidence[0].exchanges == ("e00001",)


def test_an_exchange_that_was_never_recorded_is_dropped_from_the_evidence(tmp_path: Path) -> None:
    """A worker may die between sending and writing."""
    result = judge(tmp_path, contract(CLAUSES[0]), outcome("a", broken("LC-ROOM-001", exchanges=("gw0-0", "lost"))))
    assert result.requirements[0].evidence[0].exchanges == ("e00001",)


def test_judgements_that_say_the_same_are_one_piece_with_a_count(tmp_path: Path) -> None:
    """Different sentences are different pieces."""
    items = [outcome(f"i{number}", broken("LC-ROOM-001", sentence=f"No {number % 2}.")) for number in range(10)]
    result = judge(tmp_path, contract(CLAUSES[0]), *items)
    assert [(each.sentence, each.count) for each in result.requirements[0].evidence] == [("No 0.", 5), ("No 1.", 5)]


def test_evidence_is_limited_and_its_count_stays_whole(tmp_path: Path) -> None:
    """A thousand ways to be wrong make three pieces and the number of all."""
    items = [outcome(f"i{number:04}", broken("LC-ROOM-001", sentence=f"No {number:04}.")) for number in range(1000)]
    result = judge(tmp_path, contract(CLAUSES[0]), *items)
    evidence = result.requirements[0].evidence
    assert len(evidence) == 3
    assert sum(each.count + each.others for each in evidence) == 1000


def test_a_scenario_is_kept_with_all_its_exchanges_and_where_it_failed(tmp_path: Path) -> None:
    """It is drawn from them."""
    sent = [exchange(f"gw0-{number}") for number in range(4)]
    names = tuple(each.id for each in sent)
    item = outcome(
        "life", broken("LC-ROOM-001", exchanges=names[:2]), kind="scenario", exchanges=names, title="A life."
    )
    [scenario] = judge(tmp_path, contract(CLAUSES[0]), item, exchanges=sent).scenarios
    assert len(scenario.exchanges) == 4
    assert scenario.failed_at == (scenario.exchanges[1],)
    assert (scenario.title, scenario.outcome) == ("A life.", "fail")


def test_a_scenario_that_passed_keeps_its_steps_and_only_the_exchanges_of_evidence(tmp_path: Path) -> None:
    """It is drawn whole; the evidence rests on one exchange."""
    sent = [exchange(f"gw0-{number}", status=200 + number) for number in range(4)]
    names = tuple(each.id for each in sent)
    item = outcome("life", held("LC-ROOM-001", exchanges=names[2:3]), kind="scenario", exchanges=names)
    result = judge(tmp_path, contract(CLAUSES[0]), item, exchanges=sent)
    [scenario] = result.scenarios
    assert [(step.persona, step.answer) for step in scenario.steps] == [("visitor A", f"20{n}") for n in range(4)]
    assert scenario.exchanges == ("e00001",)
    assert [step.exchange for step in scenario.steps] == ["", "", "e00001", ""]
    assert list(result.exchanges) == ["e00001"]


def test_a_long_scenario_is_cut_but_keeps_the_step_that_failed(tmp_path: Path) -> None:
    """Sixty steps are drawn, and how many are not is said."""
    sent = [exchange(f"gw0-{number:03}") for number in range(100)]
    names = tuple(each.id for each in sent)
    item = outcome("life", broken("LC-ROOM-001", exchanges=(names[90],)), kind="model", exchanges=names)
    [scenario] = judge(tmp_path, contract(CLAUSES[0]), item, exchanges=sent).scenarios
    assert (len(scenario.exchanges), scenario.omitted) == (61, 39)
    assert scenario.failed_at == (scenario.exchanges[-1],)


def test_counters_are_summed_and_constraints_are_read_from_them(tmp_path: Path) -> None:
    """Both sides of a rule stand in one entry."""
    one = outcome("a", held("LC-ROOM-001"), counters={"constraint|openRoom|body/token|type|kept": 2, "generated": 3})
    two = outcome("b", counters={"constraint|openRoom|body/token|type|broken": 5, "generated": 4})
    coverage = judge(tmp_path, contract(CLAUSES[0]), one, two).coverage
    assert coverage.counters == {"generated": 7}
    [rule] = coverage.constraints
    assert (rule.operation, rule.place, rule.rule, rule.kept, rule.broken) == ("openRoom", "body/token", "type", 2, 5)


def test_a_line_that_was_cut_off_when_a_worker_died_is_left_out(tmp_path: Path) -> None:
    """All lines before it count."""
    path = spool(tmp_path, exchange("gw0-1"), exchange("gw0-2"))
    path.write_bytes(path.read_bytes()[:-9])
    assert [each.id for each in read_spool([path])] == ["gw0-1"]


def test_a_broken_line_in_the_middle_of_a_spool_is_an_error(tmp_path: Path) -> None:
    """It names file and line."""
    path = spool(tmp_path, exchange("gw0-1"))
    path.write_bytes(b"{}\n" + path.read_bytes())
    with pytest.raises(SpoolError, match=r"exchanges-gw0\.jsonl, line 1"):
        list(read_spool([path]))


def test_what_json_cannot_carry_survives_the_spool(tmp_path: Path) -> None:
    """Lone surrogates and huge numbers come from targets."""
    odd = exchange("gw0-1", body={"a": "\ud800", "b": 10**40, "\udfff": 1})
    [read] = read_spool([spool(tmp_path, odd)])
    assert read.json == {"a": "\\ud800", "b": str(10**40), "\\udfff": 1}


def test_a_result_with_what_json_cannot_carry_can_be_written(tmp_path: Path) -> None:
    """Also in expected and observed values."""
    item = outcome("a", broken("LC-ROOM-001", sentence="\ud800", observed="\udc00"))
    result = judge(tmp_path, contract(CLAUSES[0]), item)
    assert result.requirements[0].evidence[0].observed == "\\udc00"


def test_long_bodies_are_cut_with_their_true_length_and_hash() -> None:
    """Four KiB are kept."""
    long = exchange("x", body={"text": "é" * 50_000})
    assert long.response is not None
    body = shortened(
        replace(long, response=replace(long.response, body=replace(long.response.body, size=100_014)))
    ).response
    assert body is not None
    assert body.body.cut
    assert body.body.json is None
    assert len((body.body.text or "").encode()) <= BODY_LIMIT
    assert body.body.size == 100_014
    assert len(body.body.sha256) == 64


def test_all_exchanges_together_stay_within_a_budget() -> None:
    """What is broken keeps its room, the others give theirs."""
    many = {f"e{number}": exchange(f"e{number}", body={"text": "x" * 3000}) for number in range(1000)}
    kept = within_budget(many, {"e0"}, {"e1"})
    assert list(kept) == list(many)
    assert not _body(kept["e0"]).cut
    assert len(_body(kept["e1"]).text or "") == 1024
    assert len(_body(kept["e2"]).text or "") == 250
    few = {name: many[name] for name in ("e0", "e1", "e2")}
    assert not _body(within_budget(few, ())["e2"]).cut


def _body(each: Exchange) -> Body:
    assert isinstance(each.response, Response)
    return each.response.body


def test_percentiles_are_within_five_percent_and_shards_add_up() -> None:
    """A histogram can be merged, percentiles cannot."""
    chance = random.Random(3)
    times = [chance.lognormvariate(3, 1) for _ in range(5000)]
    halves = [_latency(times[:2000]), _latency(times[2000:])]
    whole = _latency(times)
    assert merged(halves) == whole
    ranked = sorted(times)
    for share, value in ((0.5, whole.p50), (0.9, whole.p90), (0.99, whole.p99)):
        assert value == pytest.approx(ranked[int(len(times) * share)], rel=0.06)
    assert whole.max == pytest.approx(ranked[-1], abs=0.001)
    assert from_buckets({}, 0.0) == Latency()


def _latency(times: list[float]) -> Latency:
    buckets: dict[int, int] = {}
    for time in times:
        buckets[bucket_of(time)] = buckets.get(bucket_of(time), 0) + 1
    return from_buckets(buckets, max(times))


def test_a_passing_requirement_keeps_one_sample_exchange(tmp_path: Path) -> None:
    """A hundred checks that held need no hundred exchanges."""
    sent = [exchange(f"gw0-{number}") for number in range(9)]
    items = [outcome(f"i{n}", held("LC-ROOM-001", check=f"c{n}", exchanges=(f"gw0-{n}",))) for n in range(9)]
    result: Result = judge(tmp_path, contract(CLAUSES[0]), *items, exchanges=sent)
    assert [len(each.exchanges) for each in result.requirements[0].evidence] == [1] + [0] * 8


def test_the_persona_of_the_deciding_exchange_is_kept(tmp_path: Path) -> None:
    """Waivers can be for one persona."""
    seen = Judgement("LC-ROOM-001", "c", Finding.BROKEN, "x", exchanges=("gw0-1",))
    result = judge(tmp_path, contract(CLAUSES[0]), outcome("a", seen), exchanges=[exchange("gw0-1", persona="agent")])
    assert result.requirements[0].evidence[0].persona == "agent"


def test_what_does_not_apply_here_makes_no_conversation_a_failed_one(tmp_path: Path) -> None:
    """A server of an older generation may do otherwise; the drawing of its conversation says so, and marks no step."""
    clauses = (Req("LC-ROOM-001"), Req("LC-ROOM-002", since="99.0.0"))
    seen = (held("LC-ROOM-001", exchanges=("gw0-0",)), broken("LC-ROOM-002", exchanges=("gw0-1",)))
    result = judge(tmp_path, contract(*clauses), outcome("a", *seen, kind="scenario", exchanges=("gw0-0", "gw0-1")))
    assert [each.outcome.value for each in result.scenarios] == ["pass"]
    assert not any(step.failed for each in result.scenarios for step in each.steps)
    assert [each.verdict.value for each in result.requirements] == ["pass", "not applicable"]
