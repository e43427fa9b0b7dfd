"""Loosening the contract is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.contract import Contract, ContractError, load_contract
from conformance.contract.mutants import REMOVED, applied, schema_mutants
from conformance.contract.mutation import mutate_contract
from conformance.contract.samples import sample
from conformance.contract.spoil import shape, spoilt

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_the_small_contract_is_held_by_its_examples(small: Contract) -> None:
    """All kinds of change are made, and nearly all are noticed; a second process finds the same."""
    result = mutate_contract(small, [])
    assert {"type", "required", "status", "const", "enum", "pattern", "bound", "additionalProperties", "branch"} <= set(
        result.total
    )
    assert result.score > 0.95, [one.pointer for one in result.unexplained]
    assert result.as_dict()["mutants"] == result.total.total()
    assert list(result.lines())[-1].startswith("score: ")


def test_a_survivor_may_have_a_reason(broken: Callable[..., Path]) -> None:
    """What survives for a reason is listed with it, a reason without a survivor is stale."""
    folder = broken("openapi.yaml", "rid: {type: string}", "rid: {type: string, maxLength: 99999}")
    assert "/components/schemas/MessageKey/properties/rid/maxLength" in {
        one.pointer for one in mutate_contract(load_contract(None, folder), [], ["deleteMessage"]).unexplained
    }
    (folder / "mutation-survivors.yaml").write_text(
        "version: 1\nsurvivors:\n"
        "  - {pointer: '*/rid/maxLength', kind: bound, reason: Nobody sends that much.}\n"
        "  - {pointer: /nowhere, reason: It was here.}\n",
        "utf-8",
    )
    result = mutate_contract(load_contract(None, folder), [])
    assert "Nobody sends that much." in {reason.reason for _, reason in result.survivors if reason}
    assert [reason.pointer for reason in result.stale] == ["/nowhere"]
    (folder / "mutation-survivors.yaml").write_text("survivors:\n  - {pointer: /x}\n", "utf-8")
    with pytest.raises(ContractError, match="a pointer and a reason"):
        mutate_contract(load_contract(None, folder), [])


@pytest.mark.parametrize(
    ("schema", "changes"),
    [
        ({"type": "string"}, {("/type", "type")}),
        ({"type": "integer"}, {("/type", "type")}),
        ({"required": ["a", "b"]}, {("/required/a", "required"), ("/required/b", "required")}),
        (
            {"additionalProperties": False},
            {("/additionalProperties", "additionalProperties"), ("/additionalProperties", "forbidden")},
        ),
        ({"anyOf": [{}, {}]}, {("/anyOf/0", "branch"), ("/anyOf/1", "branch"), ("/anyOf", "branches")}),
        ({"properties": {"a": {"const": 1}}}, {("/properties/a/const", "const")}),
        ({"properties": {"a": False}}, {("/properties/a", "forbidden")}),
        ({"items": {"minLength": 1, "pattern": "x"}}, {("/items/minLength", "bound"), ("/items/pattern", "pattern")}),
        ({"$ref": "#/x"}, {("/$ref", "reference")}),
        ({"if": {}, "then": {"not": {}}}, {("/if", "if"), ("/then/not", "not")}),
    ],
)
def test_each_constraint_has_its_mutants(schema: dict[str, Any], changes: set[tuple[str, str]]) -> None:
    """One change a place; the document itself stays as it is."""
    mutants = list(schema_mutants(schema, ("s",)))
    assert {(one.pointer.removeprefix("/s"), one.kind) for one in mutants} == changes
    for one in mutants:
        assert applied({"s": schema}, one) != {"s": schema}
        assert one.value is not REMOVED or one.kind not in ("required", "forbidden")


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", min_size=1), inner, max_size=3),
    max_leaves=6,
)


@given(_VALUES)
def test_spoilt_copies_are_copies(value: Any) -> None:
    """The value is not touched, and there is always something to spoil."""
    before = repr(value)
    assert spoilt(value)
    assert repr(value) == before


@given(_VALUES)
def test_a_shape_can_be_remembered(value: Any) -> None:
    """Equal values have equal shapes, which is what a set needs."""
    assert len({shape(value), shape(value)}) == 1


def test_most_schemas_have_a_sample_that_they_allow(real: Contract) -> None:
    """Samples fill what examples leave out; where one is wrong nothing breaks, but most are right."""
    schemas = real.document["components"]["schemas"]
    allowed = [
        real.validator(("components", "schemas", name)).is_valid(sample(real.document, schema))
        for name, schema in schemas.items()
    ]
    assert sum(allowed) > 0.7 * len(allowed)


def test_the_operations_of_a_conversation_are_tight(real: Contract) -> None:
    """A quick look at four operations; the whole run is `spec mutate`, and CI runs it."""
    result = mutate_contract(real, [], ["openRoom", "closeRoom", "editMessage", "registerVisitor"])
    assert result.score >= 0.9, [one.pointer for one in result.unexplained]
