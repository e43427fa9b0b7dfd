"""Builds the typed operations from the document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.contract.model import Example, Header, MediaType, Operation, Parameter
from conformance.contract.pointers import follow
from conformance.contract.problems import ContractError
from conformance.contract.versions import in_range

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
Steps = tuple[str | int, ...]


def prune(node: Any, version: str) -> Any:
    """Return ``node`` without the parameters and properties whose ``x-since``/``x-until`` exclude ``version``.

    Only items of a list called ``parameters`` and members of a mapping called ``properties`` are left out (their names
    also leave ``required``); operations stay, for their range is a matter of their requirements. What does not change
    is shared.
    """
    if isinstance(node, list):
        items = [prune(child, version) for child in node]
        return node if all(new is old for new, old in zip(items, node, strict=True)) else items
    if not isinstance(node, dict):
        return node
    out: dict[str, Any] = {}
    gone: set[str] = set()
    changed = False
    for key, child in node.items():
        if key in ("example", "examples"):
            out[key] = child
            continue
        new = child
        if key == "parameters" and isinstance(child, list):
            new = [item for item in child if _holds(item, version)]
            new = child if len(new) == len(child) else new
        elif key == "properties" and isinstance(child, dict):
            gone = {name for name, item in child.items() if not _holds(item, version)}
            new = {name: item for name, item in child.items() if name not in gone} if gone else child
        new = prune(new, version)
        changed = changed or new is not child
        out[key] = new
    if gone and isinstance(out.get("required"), list):
        out["required"] = [name for name in out["required"] if name not in gone]
    return out if changed else node


def _holds(item: Any, version: str) -> bool:
    if not isinstance(item, dict) or not ("x-since" in item or "x-until" in item):
        return True
    since, until = item.get("x-since"), item.get("x-until")
    try:
        return in_range(version, str(since) if since else None, str(until) if until else None)
    except ValueError:
        return True  # lint says what is wrong with the bound


class Builder:
    """Makes operations out of one document; ``fail`` turns steps and a sentence into the error of that place."""

    def __init__(self, document: Mapping[str, Any], fail: Callable[[str, str, Steps], ContractError]) -> None:
        self._document = document
        self._fail = fail

    def _follow(self, steps: Steps) -> tuple[Steps, Any]:
        try:
            return follow(self._document, steps)
        except KeyError as error:
            raise self._fail("reference", f"the reference leads nowhere: {error.args[0]}", steps) from None

    def _object(self, steps: Steps) -> tuple[Steps, dict[str, Any]]:
        steps, value = self._follow(steps)
        if not isinstance(value, dict):
            raise self._fail("object", "a mapping must stand here", steps)
        return steps, value

    def operations(self, line_of: Callable[[str, Steps], int]) -> Iterator[Operation]:
        """Yield every operation in the order of the document."""
        _, paths = self._object(("paths",))
        for path in paths:
            at, item = self._object(("paths", path))
            for method in METHODS:
                if method in item:
                    yield self._operation(path, method, (*at, method), item, at, line_of)

    def _operation(
        self,
        path: str,
        method: str,
        at: Steps,
        item: Mapping[str, Any],
        item_at: Steps,
        line_of: Callable[[str, Steps], int],
    ) -> Operation:
        _, raw = self._object(at)
        name = raw.get("operationId")
        if not isinstance(name, str) or not name:
            raise self._fail("operation-id", f"{method.upper()} {path} has no operationId", at)
        places = [(*item_at, "parameters", index) for index in range(len(item.get("parameters", ())))]
        places += [(*at, "parameters", index) for index in range(len(raw.get("parameters", ())))]
        parameters: dict[tuple[str, str], Parameter] = {}
        examples: list[Example] = []
        for place in places:
            parameter, found = self._parameter(place)
            parameters[parameter.location, parameter.name] = parameter
            examples += found
        body: dict[str, MediaType] = {}
        required = False
        if "requestBody" in raw:
            body_at, request = self._object((*at, "requestBody"))
            required = request.get("required") is True
            body, found = self._content(body_at, request, "request", "")
            examples += found
        responses: dict[str, Mapping[str, MediaType]] = {}
        headers: dict[str, tuple[Header, ...]] = {}
        links: dict[str, Mapping[str, Any]] = {}
        rare: dict[str, str] = {}
        for status in raw.get("responses", {}):
            place, response = self._object((*at, "responses", status))
            responses[status], found = self._content(place, response, "response", status)
            examples += found
            headers[status] = tuple(self._header(place, header) for header in response.get("headers", ()))
            if response.get("x-rare"):
                rare[status] = str(response["x-rare"])
            links[status] = {link: self._object((*place, "links", link))[1] for link in response.get("links", ())}
        permission = raw.get("x-permission")
        tags = tuple(raw.get("tags", ()))
        return Operation(
            id=name,
            method=method.upper(),
            path=path,
            area=str(raw.get("x-area") or (tags[0] if tags else "")),
            tags=tags,
            judged=raw.get("x-judged") is True,
            summary=str(raw.get("summary", "")),
            persona=str(raw.get("x-persona", "nobody")),
            permissions=permission if isinstance(permission, dict) else {},
            refusal=raw.get("x-refusal") if isinstance(raw.get("x-refusal"), int) else None,
            credential=raw.get("x-credential"),
            effects=str(raw.get("x-effects", "read")),
            strict_query=raw.get("x-query") == "strict",
            tolerated=str(raw.get("x-tolerated", "")),
            optional=raw.get("x-optional"),
            authenticated=bool(raw.get("security", self._document.get("security"))),
            parameters=tuple(parameters.values()),
            body=body,
            body_required=required,
            responses=responses,
            response_headers=headers,
            error_codes=raw.get("x-error-codes") or {},
            setting=raw.get("x-setting") or {},
            since=raw.get("x-since"),
            until=raw.get("x-until"),
            disputed=raw.get("x-disputed"),
            links=links,
            raw=raw,
            line=line_of(name, at),
            all_examples=tuple(examples),
            rare=rare,
        )

    def _parameter(self, place: Steps) -> tuple[Parameter, list[Example]]:
        at, value = self._object(place)
        name, location = value.get("name"), value.get("in")
        if not isinstance(name, str) or location not in ("path", "query", "header", "cookie"):
            raise self._fail("parameter", "a parameter has a name and a place (`in`)", at)
        pointer: Steps = (*at, "schema")
        is_json = False
        if "content" in value:
            media = next(iter(value["content"]), "")
            pointer, is_json = (*at, "content", media, "schema"), True
        try:
            _, schema = follow(self._document, pointer)
        except KeyError:
            raise self._fail("parameter", f"the schema of {name} is absent or leads nowhere", at) from None
        holder = value["content"][media] if is_json else value
        examples = [
            Example(location, str(key), example, parameter=name, summary=summary, pointer=steps)
            for key, example, summary, steps in self._examples(at if not is_json else pointer[:-1], holder)
        ]
        brackets = name.endswith("[]")
        parameter = Parameter(
            name=name.removesuffix("[]"),
            location=location,
            required=value.get("required") is True,
            schema=schema,
            brackets=brackets,
            is_json=is_json,
            tolerated=str(value.get("x-tolerated", "")),
            description=str(value.get("description", "")),
            example=examples[0].value if examples else None,
            pointer=pointer,
        )
        return parameter, examples

    def _content(
        self, at: Steps, holder: Mapping[str, Any], where: str, status: str
    ) -> tuple[dict[str, MediaType], list[Example]]:
        media_types: dict[str, MediaType] = {}
        examples: list[Example] = []
        for name in holder.get("content", ()):
            place, media = self._object((*at, "content", name))
            schema = media.get("schema", True)
            pointer: Steps = (*place, "schema") if "schema" in media else ()
            media_types[name.lower()] = MediaType(name.lower(), schema, pointer)
            examples += [
                Example(where, str(key), value, status=status, media=name.lower(), summary=summary, pointer=steps)
                for key, value, summary, steps in self._examples(place, media)
            ]
        return media_types, examples

    def _examples(self, at: Steps, holder: Mapping[str, Any]) -> Iterator[tuple[str, Any, str, Steps]]:
        if "example" in holder:
            yield "example", holder["example"], "", (*at, "example")
        for name in holder.get("examples", ()):
            place, example = self._object((*at, "examples", name))
            if "value" not in example:
                raise self._fail("example", f"the example {name} has no value", place)
            yield name, example["value"], str(example.get("summary", "")), (*place, "value")

    def _header(self, at: Steps, name: str) -> Header:
        place, value = self._object((*at, "headers", name))
        pointer: Steps = (*place, "schema") if "schema" in value else ()
        return Header(name.lower(), value.get("required") is True, value.get("schema", True), pointer)
