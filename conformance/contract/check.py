"""Judges requests and responses against the contract; nothing here knows the network or a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conformance.contract.bodies import FORM, JSON, media_type, read_body
from conformance.contract.exchange import LARGEST_BODY
from conformance.contract.model import Mismatch
from conformance.contract.pointers import to_pointer
from conformance.contract.query import nest, readings
from conformance.contract.routing import Router, decode_segment
from conformance.contract.validators import SchemaFault, Validators, brief

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from conformance.contract.exchange import Request, Response
    from conformance.contract.model import MediaType, Operation, Parameter


class Checker:
    """Judges exchanges of the operations of one document.

    Args:
        validators: The validators of the document.
        requirement: Gives the id of the requirement that judges one kind of check on one operation, or an empty text.
        words: Whether what is wrong is wanted in words; without them a judgement costs a tenth.
    """

    __slots__ = ("_requirement", "_routers", "_validators", "_words")

    def __init__(self, validators: Validators, requirement: Callable[[str, str], str], *, words: bool = True) -> None:
        self._validators = validators
        self._requirement = requirement
        self._words = words
        self._routers: dict[str, Router] = {}

    def request(self, operation: Operation, request: Request) -> Iterator[Mismatch]:
        """Yield what makes a request ill-formed; credentials are not looked at."""
        yield from self._path(operation, request)
        yield from self._query(operation, request)
        yield from self._headers(operation, request)
        yield from self._body(operation, request)

    def _path(self, operation: Operation, request: Request) -> Iterator[Mismatch]:
        router = self._routers.get(operation.id)
        if router is None:
            router = self._routers[operation.id] = Router([operation])
        found = router.match(request.method, request.path)
        if found is None:
            yield self._refused(
                operation, "path", "", "the request does not address this operation", operation.label, request.path
            )
            return
        if any(decode_segment(part) is None for part in request.path.split("/")):
            yield self._refused(operation, "path", "", "a percent code in the path is malformed", "", request.path)
            return
        for parameter in operation.parameters_in("path"):
            if parameter.name in found[1]:
                yield from self._value(operation, parameter, found[1][parameter.name])

    def _query(self, operation: Operation, request: Request) -> Iterator[Mismatch]:
        if not request.query and not operation.parameters:
            return
        values = nest(request.query)
        known = set()
        for parameter in operation.parameters_in("query"):
            known.add(parameter.name)
            if parameter.name in values:
                yield from self._value(operation, parameter, values[parameter.name])
            elif parameter.required:
                yield self._refused(
                    operation, "query", f"?{parameter.name}", f"{parameter.name} is missing", "present", "absent"
                )
        wanted = operation.raw.get("x-query-any-of", ())
        if wanted and not any(name in values for name in wanted):
            message = f"none of {', '.join(wanted)} is given"
            yield self._refused(operation, "query", "", message, "one of them", "none", bool(operation.tolerated))
        if operation.strict_query:
            for name in values:
                if name not in known:
                    yield self._refused(
                        operation, "query", f"?{name}", f"{name} is not a known key", "absent", brief(values[name])
                    )

    def _headers(self, operation: Operation, request: Request) -> Iterator[Mismatch]:
        for parameter in operation.parameters_in("header"):
            value = request.headers.get(parameter.name.lower())
            if value is not None:
                yield from self._value(operation, parameter, value)
            elif parameter.required:
                yield self._refused(
                    operation, "header", f"@{parameter.name}", f"{parameter.name} is missing", "present", "absent"
                )

    def _value(self, operation: Operation, parameter: Parameter, value: Any) -> Iterator[Mismatch]:
        mark = {"path": ":", "query": "?", "header": "@"}.get(parameter.location, "") + parameter.name
        tolerated = bool(parameter.tolerated or operation.tolerated)
        candidates = readings(value)
        if parameter.is_json:
            if value == "":
                return  # an empty text counts as absent for the parameters that hold JSON
            try:
                candidates = [json.loads(value)]
            except (TypeError, ValueError):
                message = f"{brief(value, 60)} is not JSON"
                yield self._refused(operation, parameter.location, mark, message, "JSON", brief(value), tolerated)
                return
        elif isinstance(value, str) and not parameter.brackets and _is_array(parameter.schema):
            candidates = [[value], [readings(value)[-1]]]
        validator = self._validators.at(parameter.pointer)
        if any(validator.is_valid(candidate) for candidate in candidates):
            return
        if not self._words:
            yield self._refused(operation, parameter.location, mark, "", "", "")
            return
        faults = min(
            (validator.faults(candidate) for candidate in candidates),
            key=lambda found: sum(fault.keyword == "type" for fault in found),
        )
        for fault in faults:
            yield self._refused(
                operation,
                parameter.location,
                mark + to_pointer(fault.steps),
                f"{parameter.name}: {fault.message}",
                fault.expected,
                fault.observed,
                tolerated,
                to_pointer(fault.schema),
            )

    def _body(self, operation: Operation, request: Request) -> Iterator[Mismatch]:
        if not operation.body:
            return
        body = read_body(request)
        if not body.complete:
            return
        if not body.present:
            if operation.body_required:
                yield self._refused(operation, "body", "", "the request has no body", "a body", "none")
            return
        if body.problem:
            text = request.body.text if request.body else None
            yield self._refused(operation, "body", "", body.problem, JSON, brief(text or ""))
            return
        media = _media_for(operation.body, body.media)
        validator = self._validators.at(media.pointer)
        if validator.is_valid(body.value):
            return
        if not self._words:
            yield self._refused(operation, "body", "", "", "", "")
            return
        for fault in validator.faults(body.value):
            yield self._refused(
                operation,
                "body",
                to_pointer(fault.steps),
                fault.message,
                fault.expected,
                fault.observed,
                bool(operation.tolerated) or self._validators.tolerates(fault),
                to_pointer(fault.schema),
            )

    def _refused(
        self,
        operation: Operation,
        kind: str,
        pointer: str,
        message: str,
        expected: str,
        observed: str,
        tolerated: bool = False,
        schema: str = "",
    ) -> Mismatch:
        requirement = self._requirement(operation.id, "refuses")
        return Mismatch(
            "request", kind, operation.id, requirement, pointer, message, expected, observed, schema, tolerated
        )

    def response(self, operation: Operation, response: Response) -> Iterator[Mismatch]:
        """Yield where a response departs from what the contract documents for its status."""
        key = operation.response_for(response.status)
        if key is None:
            yield self._departs(
                operation,
                "status",
                "status",
                "",
                f"{operation.label} does not answer {response.status}",
                ", ".join(operation.responses),
                str(response.status),
            )
            return
        for header in operation.response_headers.get(key, ()):
            value = response.headers.get(header.name)
            mark = f"@{header.name}"
            if value is None:
                if header.required:
                    yield self._departs(
                        operation, "shape", "header", mark, f"the header {header.name} is missing", "present", "absent"
                    )
                continue
            validator = self._validators.at(header.pointer)
            if not any(validator.is_valid(candidate) for candidate in readings(value)):
                for fault in validator.faults(readings(value)[-1]):
                    yield self._fault(operation, "header", fault, mark)
        yield from self._content(operation, operation.responses[key], response)

    def _content(
        self, operation: Operation, documented: Mapping[str, MediaType], response: Response
    ) -> Iterator[Mismatch]:
        if not documented:
            return
        name = media_type(response.headers.get("content-type"))
        media = documented.get(name) or documented.get(f"{name.partition('/')[0]}/*") or documented.get("*/*")
        if media is None:
            wanted = " or ".join(documented)
            yield self._departs(
                operation,
                "shape",
                "media",
                "",
                f"the answer {response.status} is {name or 'of no content type'} instead of {wanted}",
                wanted,
                name or "none",
            )
            return
        if response.body.cut and (response.body.is_json or response.body.text is None):
            # The recorder has shortened it. A text that was cut is what was left of an answer that is no JSON at all.
            return
        if response.body.cut and response.body.size > LARGEST_BODY:
            limit = f"at most {LARGEST_BODY // 2**20} MB"
            message = f"the answer is larger than {LARGEST_BODY // 2**20} MB, and was not read to its end"
            yield self._departs(operation, "shape", "media", "", message, limit, f"more than {LARGEST_BODY:,} bytes")
            return
        if media.name == JSON or media.name.endswith("+json"):
            if not response.body.is_json:
                yield self._departs(
                    operation,
                    "shape",
                    "media",
                    "",
                    "the answer says that it is JSON and is not",
                    "JSON",
                    brief(response.body.text or ""),
                )
                return
            value = response.body.json
        else:
            value = response.body.text if response.body.text is not None else brief(response.body.json, 10_000)
            if response.body.size == 0 and response.body.text is None and not response.body.is_json:
                value = ""
        validator = self._validators.at(media.pointer)
        if validator.is_valid(value):
            return
        if not self._words:
            yield self._departs(operation, "shape", "shape", "", "", "", "")
        else:
            for fault in validator.faults(value):
                yield self._fault(operation, "shape", fault)

    def _fault(self, operation: Operation, kind: str, fault: SchemaFault, prefix: str = "") -> Mismatch:
        return self._departs(
            operation,
            "shape",
            kind,
            prefix + to_pointer(fault.steps),
            fault.message,
            fault.expected,
            fault.observed,
            to_pointer(fault.schema),
        )

    def _departs(
        self,
        operation: Operation,
        check: str,
        kind: str,
        pointer: str,
        message: str,
        expected: str,
        observed: str,
        schema: str = "",
    ) -> Mismatch:
        requirement = self._requirement(operation.id, check)
        return Mismatch("response", kind, operation.id, requirement, pointer, message, expected, observed, schema)


def is_success(response: Response) -> bool:
    """Say whether an answer claims success: a status of 2xx that is neither a web page nor says ``success: false``."""
    if not 200 <= response.status < 300 or media_type(response.headers.get("content-type")) == "text/html":
        return False
    body = response.body.json
    return not (isinstance(body, dict) and body.get("success") is False)


def _is_array(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("type") == "array"


def _media_for(documented: Mapping[str, MediaType], media: str) -> MediaType:
    wanted = (media, JSON, FORM) if media == FORM else (JSON,)
    for name in wanted:
        if name in documented:
            return documented[name]
    return next(iter(documented.values()))
