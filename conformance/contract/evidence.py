"""What a mutation run judges: requests, responses and single parameter values of each operation.

The evidence comes from recordings and from the contract's own examples, and from spoilt copies of both. It is indexed
by operation, and of values between which no schema is likely to tell only one is kept.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from conformance.contract.bodies import FORM, JSON, media_type
from conformance.contract.exchange import Body, Request, Response
from conformance.contract.query import parse_form
from conformance.contract.routing import Router
from conformance.contract.samples import absent, forbidden_names
from conformance.contract.spoil import UNKNOWN_KEY, placed, shape, spoilt

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from conformance.contract.contract import Contract
    from conformance.contract.model import Operation, Parameter
    from conformance.contract.recorded import Recorded

_BASES = 5
"""How many different recorded values of one place are spoilt; of more kept values only the originals are judged."""

_COMPLETED = 2
"""How many responses of one place are completed by members that the schema names."""

_UNSEEN = ("content-type", "cache-control", "pragma", "access-control-allow-origin", "allow")
"""Headers whose values make no response a new one."""

_STATUSES = (200, 201, 204, 302, 400, 401, 403, 404, 405, 409, 415, 429, 500, 503)


@dataclass(slots=True)
class Evidence:
    """The evidence of one operation; ``values`` are parameters with one value each."""

    requests: list[Request] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    values: list[tuple[str, str, Any]] = field(default_factory=list)
    _seen: set[Hashable] = field(default_factory=set)

    def new(self, exactly: str, *key: Any) -> bool:
        """Say whether nothing of this shape (and with exactly this text) was kept yet, and remember it."""
        whole = (exactly, *map(shape, key))
        if whole in self._seen:
            return False
        self._seen.add(whole)
        return True

    def add_request(self, request: Request) -> bool:
        """Keep a request unless one of its shape is there."""
        body = request.body
        content = (body.json, body.text if not body.is_json else None) if body else None
        kind = request.headers.get("content-type", "")
        query = {f"{name} {index}": text for index, (name, text) in enumerate(sorted(request.query))}
        if not self.new(f"request {kind}", request.path.count("/"), query, content):
            return False
        self.requests.append(request)
        return True

    def add_response(self, response: Response) -> bool:
        """Keep a response unless one of its shape is there."""
        headers = {name: value for name, value in response.headers.items() if name not in _UNSEEN}
        kind = media_type(response.headers.get("content-type"))
        content = response.body.json if response.body.is_json else (response.body.text or "")[:80]
        if not self.new(f"response {response.status} {kind}", content, headers):
            return False
        self.responses.append(response)
        return True

    def add_value(self, location: str, name: str, value: Any) -> None:
        """Keep a value of a parameter unless one of its shape is there."""
        if self.new(f"value {location} {name}", value):
            self.values.append((location, name, value))


def _json(value: Any) -> Body:
    return Body(json=value, is_json=True, size=1)


def collect(contract: Contract, kept: Iterable[Recorded], operations: Iterable[Operation]) -> dict[str, Evidence]:
    """Return the evidence for each of the operations."""
    found = {operation.id: Evidence() for operation in operations}
    for operation in operations:
        for request in example_requests(operation):
            found[operation.id].add_request(request)
        for response in example_responses(operation):
            found[operation.id].add_response(response)
    for recorded in kept:
        matched = contract.operation_of(recorded.exchange)
        if matched is None or matched.id not in found:
            continue
        evidence = found[matched.id]
        evidence.add_request(recorded.exchange.request)
        answer = recorded.exchange.response
        if answer is not None and not answer.body.cut:
            evidence.add_response(answer)
    bodies = _other_bodies(contract)
    names = forbidden_names(contract.document)
    for operation in operations:
        _complete(contract, operation, found[operation.id])
        _spoil_requests(operation, found[operation.id])
        _spoil_responses(operation, found[operation.id], bodies, names)
        _spoil_values(operation, found[operation.id])
    return found


def example_requests(operation: Operation) -> Iterator[Request]:
    """Yield the requests that the examples of an operation make: each body, all and only the required parameters."""
    pairs = {parameter.name: _text(parameter) for parameter in operation.parameters}
    path = operation.path
    for parameter in operation.parameters_in("path"):
        path = path.replace("{" + parameter.name + "}", quote(str(pairs[parameter.name][0]), safe=""))
    whole: list[tuple[str, str]] = []
    needed: list[tuple[str, str]] = []
    for parameter in operation.parameters_in("query"):
        name = f"{parameter.name}[]" if parameter.brackets else parameter.name
        values = [(name, text) for text in pairs[parameter.name]]
        whole += values
        needed += values if parameter.required else []
    bodies: list[tuple[str, Body | None]] = [
        (example.media, _body(example.media, example.value)) for example in operation.examples("request")
    ] or [("", None)]
    for media, body in bodies:
        headers = {"content-type": media} if media else {}
        yield Request(operation.method, path, tuple(whole), headers, body)
        if needed != whole:
            yield Request(operation.method, path, tuple(needed), headers, body)


def _body(media: str, value: Any) -> Body:
    if media == FORM and isinstance(value, dict):
        return Body(text=urlencode({key: text for key, text in value.items() if not isinstance(text, dict | list)}))
    return _json(value)


def _text(parameter: Parameter) -> list[str]:
    value = parameter.example
    if parameter.is_json:
        return [json.dumps(value)]
    if isinstance(value, list):
        return [str(item) for item in value]
    return [json.dumps(value) if isinstance(value, bool | int | float) else str(value)]


def example_responses(operation: Operation) -> Iterator[Response]:
    """Yield the responses that the examples of an operation make, with the documented headers that have an example."""
    for example in operation.examples("response"):
        status = int(example.status.replace("XX", "00")) if example.status[0].isdigit() else 500
        headers = {"content-type": example.media}
        for header in operation.response_headers.get(example.status, ()):
            if isinstance(header.schema, dict) and header.schema.get("type") in ("integer", "number"):
                headers[header.name] = "10"
            elif isinstance(header.schema, dict) and "const" in header.schema:
                headers[header.name] = str(header.schema["const"])
        is_json = example.media == JSON or example.media.endswith("+json")
        yield Response(status, headers, _json(example.value) if is_json else Body(text=str(example.value), size=1))


def _other_bodies(contract: Contract) -> list[Any]:
    """Return the bodies of all operations' examples, and a few that belong to none."""
    out: list[Any] = [{}, {"success": True}, {"success": False}, {"status": "error"}, [], None, "", {"error": "x"}]
    for operation in contract.operations.values():
        for status in operation.responses:
            out += [example.value for example in operation.examples("response", status)]
    unique = {shape(value): value for value in out}
    return list(unique.values())


def _complete(contract: Contract, operation: Operation, evidence: Evidence) -> None:
    """Add what the schemas name and no example has: each such member alone, as it should be and spoilt."""
    for request in evidence.requests[:_BASES]:
        media = request.headers.get("content-type", "")
        if request.body is not None and request.body.is_json and media in operation.body:
            for value in _completed(contract, operation.body[media].schema, request.body.json):
                evidence.add_request(replace(request, body=_json(value)))
        elif request.body is not None and media == FORM and media in operation.body:
            for value in _completed(contract, operation.body[media].schema, parse_form(request.body.text or "")):
                if isinstance(value, dict):
                    evidence.add_request(replace(request, body=_body(FORM, value)))
    firsts: dict[tuple[str, str], int] = {}
    for response in list(evidence.responses):
        key = operation.response_for(response.status)
        media = media_type(response.headers.get("content-type"))
        if key is None or not response.body.is_json or media not in operation.responses[key]:
            continue
        firsts[key, media] = firsts.get((key, media), 0) + 1
        if firsts[key, media] <= _COMPLETED:
            for value in _completed(contract, operation.responses[key][media].schema, response.body.json):
                evidence.add_response(replace(response, body=_json(value)))


def _completed(contract: Contract, schema: Any, value: Any) -> Iterator[Any]:
    full = value
    for at, member in absent(contract.document, schema, value):
        full = placed(full, at, member)
        whole = placed(value, at, member)
        yield whole
        for other in spoilt(member, 60):
            yield placed(whole, at, other)
    if full is not value:
        yield full
        yield from spoilt(full, 400)


def _spoil_requests(operation: Operation, evidence: Evidence) -> None:
    bases = list(evidence.requests)
    for request in bases[:_BASES]:
        evidence.add_request(replace(request, query=(*request.query, (UNKNOWN_KEY, "x"))))
        for index, (name, value) in enumerate(request.query):
            rest = request.query[:index] + request.query[index + 1 :]
            evidence.add_request(replace(request, query=rest))
            evidence.add_request(replace(request, query=(*rest, (name, value), (name, value))))
            evidence.add_request(replace(request, query=(*rest, (f"{name}[$ne]", value))))
            evidence.add_request(replace(request, query=(*rest, (name.removesuffix("[]"), value))))
            for other in ("", "~", "-1", "1.5", "abc", "7", "null", "[]", "{}", '{"a":"x"}', '{"$ne":null}', "9" * 12):
                evidence.add_request(replace(request, query=(*rest, (name, other))))
            try:
                parsed = json.loads(value)
            except ValueError:
                continue
            for other in spoilt(parsed):
                evidence.add_request(replace(request, query=(*rest, (name, json.dumps(other)))))
        if request.body is None:
            continue
        evidence.add_request(replace(request, body=None))
        evidence.add_request(replace(request, body=Body(text="{", size=1)))
        evidence.add_request(replace(request, headers={"content-type": "text/plain"}))
        if request.body.is_json:
            for other in spoilt(request.body.json):
                evidence.add_request(replace(request, body=_json(other)))
        elif media_type(request.headers.get("content-type")) == FORM and request.body.text:
            parts = request.body.text.split("&")
            for index, part in enumerate(parts):
                rest_of = parts[:index] + parts[index + 1 :]
                name = part.partition("=")[0]
                for text in (f"{name}[a]=x", f"{name}=x&{name}=y", f"{name}=", f"{name}=~"):
                    evidence.add_request(replace(request, body=Body(text="&".join([*rest_of, text]), size=1)))
                evidence.add_request(replace(request, body=Body(text="&".join(rest_of), size=1)))
            text = f"{request.body.text}&{UNKNOWN_KEY}=x"
            evidence.add_request(replace(request, body=Body(text=text, size=1)))


def _spoil_responses(operation: Operation, evidence: Evidence, bodies: list[Any], names: list[str]) -> None:
    by_place: dict[tuple[int, str], list[Response]] = {}
    for response in evidence.responses:
        place = response.status, media_type(response.headers.get("content-type"))
        by_place.setdefault(place, []).append(response)
    for (status, _), responses in by_place.items():
        first = max(responses, key=lambda response: len(response.headers))
        for header in first.headers:
            rest = {name: value for name, value in first.headers.items() if name != header}
            evidence.add_response(replace(first, headers=rest))
            for text in ("", "~ none of these ~", "-1", "0", "1.5"):
                evidence.add_response(replace(first, headers={**first.headers, header: text}))
        for response in responses[:_BASES]:
            if response.body.is_json:
                for other in spoilt(response.body.json, names=names if status >= 400 else ()):
                    evidence.add_response(replace(response, body=_json(other)))
            else:
                for text in ("", "~", (response.body.text or "") + "~", (response.body.text or "")[1:]):
                    evidence.add_response(replace(response, body=Body(text=text, size=len(text))))
        for body in bodies:
            evidence.add_response(replace(first, body=_json(body)))
        for other_status in _STATUSES:
            if other_status != status:
                evidence.add_response(replace(first, status=other_status))
        evidence.add_response(replace(first, headers={**first.headers, "content-type": "text/html"}))


def _spoil_values(operation: Operation, evidence: Evidence) -> None:
    router = Router([operation])
    recorded: dict[str, set[str]] = {}
    for request in evidence.requests:
        found = router.match(request.method, request.path)
        for name, text in (found[1] if found else {}).items():
            recorded.setdefault(name, set()).add(text)
    for parameter in operation.parameters:
        examples = [one.value for one in operation.examples(parameter.location) if one.parameter == parameter.name]
        for value in (*examples, *sorted(recorded.get(parameter.name, ()))[:_BASES]):
            evidence.add_value(parameter.location, parameter.name, value)
            for other in spoilt(value):
                evidence.add_value(parameter.location, parameter.name, other)
