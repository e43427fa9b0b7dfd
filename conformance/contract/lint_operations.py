"""Rules about operations: their extensions, parameters, statuses, examples and links."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from conformance.contract.contract import load_contract
from conformance.contract.errors import error_code
from conformance.contract.exchange import Body, Response
from conformance.contract.pointers import from_pointer, get
from conformance.contract.problems import ContractError, Problem
from conformance.contract.query import readings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.contract.contract import Contract
    from conformance.contract.model import Example, Operation

PERSONAS = ("visitor", "agent", "manager", "admin", "nobody")
EFFECTS = ("read", "creates", "changes", "closes", "deletes")
JUDGED = 46
"""How many operations the documentation's index lists."""

_PARAMETER = re.compile(r"\{([^{}]+)\}")
_EXPRESSION = re.compile(
    r"\$(?:response\.body#(?P<answer>/.*)|request\.body#(?P<body>/.*)|request\.(?P<place>path|query|header)\.(?P<name>.+))"
)


class _Lint:
    def __init__(self, contract: Contract) -> None:
        self.contract = contract

    def problem(self, rule: str, sentence: str, operation: Operation, *steps: str | int) -> Problem:
        """Return a problem of an operation, with the line of the deepest of ``steps`` that exists."""
        source = self.contract.source
        line = source.line("paths", operation.path, operation.method.lower(), *steps) if steps else operation.line
        return Problem(rule, f"{operation.id}: {sentence}", str(source.path), line)

    def at(self, rule: str, sentence: str, operation: Operation, pointer: tuple[str | int, ...]) -> Problem:
        """Return a problem at steps from the top of the document."""
        source = self.contract.source
        return Problem(rule, f"{operation.id}: {sentence}", str(source.path), source.line(*pointer) or operation.line)

    def operation(self, one: Operation) -> Iterator[Problem]:
        """Yield what is wrong with one operation."""
        yield from self._extensions(one)
        yield from self._parameters(one)
        yield from self._statuses(one)
        yield from self._examples(one)
        yield from self._links(one)

    def _extensions(self, one: Operation) -> Iterator[Problem]:
        raw = one.raw
        for key, allowed in (("x-persona", PERSONAS), ("x-effects", EFFECTS), ("x-query", ("strict", "open"))):
            if raw.get(key) not in allowed:
                yield self.problem("operation-extension", f"{key} is one of {', '.join(allowed)}", one, key)
        if not isinstance(raw.get("x-judged"), bool):
            yield self.problem("operation-extension", "x-judged is true or false", one)
        if not raw.get("x-area"):
            yield self.problem("operation-extension", "x-area is missing", one)
        elif one.tags != (one.area,):
            yield self.problem("operation-area", f"its one tag is its area, {one.area}", one, "tags")
        if one.judged is (one.area == "supporting"):
            yield self.problem(
                "operation-area", "supporting operations are not judged, all others are", one, "x-judged"
            )
        if not one.summary:
            yield self.problem("operation-summary", "it has no summary", one)
        if one.permissions:
            if set(one.permissions) - {"anyOf", "allOf"} or not all(one.permissions.values()):
                yield self.problem(
                    "operation-permission", "x-permission is anyOf or allOf of names", one, "x-permission"
                )
            if one.judged and (one.refusal not in (400, 403) or str(one.refusal) not in one.responses):
                yield self.problem("operation-permission", "x-refusal is a documented 400 or 403", one, "x-refusal")
        if one.credential is not None and not {"in", "name", "pointer"} <= set(one.credential):
            yield self.problem("operation-credential", "x-credential has in, name and pointer", one, "x-credential")
        if one.judged and one.authenticated and "401" not in one.responses:
            yield self.problem("operation-credentials", "it asks for credentials and has no 401", one, "responses")
        if one.optional is not None and one.optional not in self.contract.features:
            yield self.problem(
                "operation-optional", f"{one.optional} is no feature of profiles.yaml", one, "x-optional"
            )

    def _parameters(self, one: Operation) -> Iterator[Problem]:
        named = set(_PARAMETER.findall(one.path))
        declared = {parameter.name for parameter in one.parameters_in("path")}
        for name in sorted(named ^ declared):
            yield self.problem("path-parameter", f"the path and its parameters disagree about {name}", one)
        for parameter in one.parameters:
            schema = parameter.schema if isinstance(parameter.schema, dict) else {}
            if not parameter.description:
                yield self.at("parameter", f"{parameter.name} has no description", one, parameter.pointer[:-1])
            if parameter.example is None:
                yield self.at("parameter", f"{parameter.name} has no example", one, parameter.pointer[:-1])
            if parameter.location == "path" and not (
                (parameter.required and schema.get("pattern")) or "enum" in schema
            ):
                sentence = f"{parameter.name} is required and its pattern lets no slash through"
                yield self.at("path-parameter", sentence, one, parameter.pointer)

    def _statuses(self, one: Operation) -> Iterator[Problem]:
        if not any(status.startswith("2") for status in one.responses):
            yield self.problem("operation-success", "it documents no success", one, "responses")
        for status, content in one.responses.items():
            if one.judged and not content:
                yield self.problem(
                    "response-content", f"{status} says nothing about its body", one, "responses", status
                )
            for media in content.values():
                if not media.pointer:
                    sentence = f"{status} {media.name} has no schema"
                    yield self.problem("response-content", sentence, one, "responses", status)
            if one.judged and content and not one.examples("response", status):
                yield self.problem("response-example", f"{status} has no example", one, "responses", status)
        if one.judged and one.body and not one.examples("request"):
            yield self.problem("request-example", "its body has no example", one, "requestBody")
        if one.judged:
            shown = {error_code(Response(400, {}, Body(example.value, True))) for example in one.examples("response")}
            for code in one.error_codes:
                # A text with a name in it is written with an ellipsis in place of the name.
                pattern = re.escape(code).replace("…", ".+")
                if not any(re.fullmatch(pattern, name or "") for name in shown):
                    sentence = f"no example shows the refusal {code}"
                    yield self.problem("response-example", sentence, one, "x-error-codes", code)

    def _examples(self, one: Operation) -> Iterator[Problem]:
        for parameter in one.parameters:
            for example in one.examples(parameter.location):
                if example.parameter == parameter.name:
                    values = [example.value] if parameter.is_json else readings(example.value)
                    yield from self._valid(one, parameter.pointer, values, example, f"the parameter {parameter.name}")
        for example in one.examples("request"):
            yield from self._valid(one, one.body[example.media].pointer, [example.value], example, "the request")
        for example in one.examples("response"):
            media = one.responses[example.status][example.media]
            yield from self._valid(one, media.pointer, [example.value], example, f"the answer {example.status}")

    def _valid(
        self, one: Operation, pointer: tuple[str | int, ...], values: list[Any], example: Example, what: str
    ) -> Iterator[Problem]:
        try:
            validator = self.contract.validator(pointer)
        except ContractError:
            return  # said where the schema is
        if any(validator.is_valid(value) for value in values):
            return
        for fault in validator.faults(values[0])[:2]:
            where = "/".join(str(step) for step in fault.steps)
            sentence = f"the example {example.name} of {what} is not valid: {where and f'{where}: '}{fault.message}"
            yield self.at("example-valid", sentence, one, (*example.pointer, *fault.steps))

    def _links(self, one: Operation) -> Iterator[Problem]:
        for status, links in one.links.items():
            for name, link in links.items():
                target = self.contract.operations.get(link.get("operationId", ""))
                place = ("responses", status, "links", name)
                if target is None:
                    yield self.problem("link", f"the link {name} leads to no operation", one, *place)
                    continue
                # A parameter that only later servers know is linked to all the same.
                base = load_contract(None, self.contract.folder).operations.get(target.id, target)
                keys = {parameter.name for parameter in (*target.parameters, *base.parameters)}
                for parameter, expression in link.get("parameters", {}).items():
                    plain = parameter.split(".", 1)[1] if parameter.split(".")[0] in ("path", "query") else parameter
                    if plain not in keys:
                        sentence = f"the link {name} gives {target.id} a parameter {parameter} that it does not have"
                        yield self.problem("link", sentence, one, *place)
                    yield from self._expression(one, status, name, expression)
                body = link.get("requestBody")
                for expression in body.values() if isinstance(body, dict) else [body] if body else []:
                    yield from self._expression(one, status, name, expression)

    def _expression(self, one: Operation, status: str, name: str, expression: Any) -> Iterator[Problem]:
        if not isinstance(expression, str) or not expression.startswith("$"):
            return
        found = _EXPRESSION.fullmatch(expression)
        place = ("responses", status, "links", name)
        if not found:
            yield self.problem("link", f"the expression {expression} cannot be read", one, *place)
            return
        if found["name"]:
            if found["name"] not in {parameter.name for parameter in one.parameters_in(found["place"])}:
                yield self.problem("link", f"{expression} names no parameter of the request", one, *place)
            return
        examples = one.examples("response", status) if found["answer"] else one.examples("request")
        pointer = found["answer"] or found["body"]
        if not any(_has(example.value, pointer) for example in examples):
            yield self.problem("link", f"no example has what {expression} points at", one, *place)


def _has(value: Any, pointer: str) -> bool:
    try:
        get(value, from_pointer(pointer))
    except KeyError:
        return False
    return True


def operation_problems(contract: Contract) -> Iterator[Problem]:
    """Yield what is wrong with the operations."""
    lint = _Lint(contract)
    for operation in contract.operations.values():
        yield from lint.operation(operation)
    if len(contract.judged) != JUDGED:
        sentence = f"{len(contract.judged)} operations are judged; the documentation lists {JUDGED}"
        yield Problem("judged-operations", sentence, str(contract.source.path))
