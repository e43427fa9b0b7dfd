"""Generation: what this suite asks of schemathesis, and that a seed always gives the same requests."""

from __future__ import annotations

import inspect

import schemathesis
from schemathesis import Case, Config, GenerationMode

from conformance.contract import load_contract
from conformance.suite.property.generate import Generator, can_be_ill_formed, drawn_document, plain_key

_CONTRACT = load_contract("3.2.0")


def _shown(seed: int, *operations: str) -> list[str]:
    generator = Generator(_CONTRACT, seed)
    calls = []
    for name in operations:
        operation = _CONTRACT.operations[name]
        calls += [*generator.positive(operation, 8), *generator.negative(operation, 8)]
    return [repr((each.operation, each.path, each.query, each.pairs, each.body, each.content)) for each in calls]


def test_a_seed_gives_the_same_requests_again() -> None:
    """The same seed, contract and versions draw the same requests, in the same order."""
    assert _shown(1, "sendMessage", "listRooms") == _shown(1, "sendMessage", "listRooms")
    assert _shown(1, "sendMessage") != _shown(2, "sendMessage")


def test_what_is_drawn_for_one_operation_does_not_depend_on_others() -> None:
    """Workers that share the operations differently draw the same requests."""
    assert sorted(_shown(4, "closeRoom", "openRoom")) == sorted(_shown(4, "openRoom", "closeRoom"))


def test_credentials_and_answers_are_not_drawn() -> None:
    """Personas bring the credentials; what schemathesis sees of an operation is its parameters and its body."""
    document = drawn_document(_CONTRACT, _CONTRACT.operations["listRooms"])
    (methods,) = document["paths"].values()
    assert "security" not in methods["get"]
    assert list(methods["get"]["responses"]) == ["200"]
    assert "securitySchemes" not in document["components"]


def test_every_operation_can_be_drawn() -> None:
    """Each judged operation yields well-formed calls, and ill-formed ones where something in it can be ill-formed."""
    generator = Generator(_CONTRACT, 2)
    for operation in _CONTRACT.judged:
        assert generator.positive(operation, 3), operation.id
        assert bool(generator.negative(operation, 6)) == can_be_ill_formed(operation), operation.id


def test_keys_that_parsers_fold_are_not_sent() -> None:
    """A key that nobody knows stays one: no brackets, no dots, no names of the server's language, never empty."""
    assert plain_key("") == "lcx"
    assert plain_key("a[b].c") == "lcxabc"
    assert plain_key("__proto__") == "lcxproto"


def test_the_interface_of_schemathesis_is_the_one_that_is_used() -> None:
    """What this suite calls is there, with the arguments that it gives; a new version that changes it fails here."""
    assert schemathesis.__version__ == "4.32.5"
    assert {"openapi", "Config", "GenerationMode", "Case"} <= set(schemathesis.__all__)
    assert {"POSITIVE", "NEGATIVE"} == {each.name for each in GenerationMode}
    config = Config.from_dict({"cache": {"enabled": False}, "generation": {"database": "none", "allow-x00": False}})
    document = drawn_document(_CONTRACT, _CONTRACT.operations["sendMessage"])
    operation = schemathesis.openapi.from_dict(document, config=config)["/api/v1/livechat/message"]["POST"]
    assert "generation_mode" in inspect.signature(operation.as_strategy).parameters
    assert {"path_parameters", "query", "body", "media_type"} <= set(dir(Case))
