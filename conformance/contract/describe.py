"""What the contract says of one thing, as text for people and as JSON for tools."""

from __future__ import annotations

import difflib
import textwrap
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from conformance.contract.model import Operation, Profile, Requirement
from conformance.contract.pointers import resolve
from conformance.contract.validators import brief

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.contract.contract import Contract

_WIDTH = 110


def find(contract: Contract, name: str) -> Operation | Requirement | Profile | str:
    """Return what a name means; an area is returned as its name.

    Raises:
        LookupError: Nothing has that name; the sentence proposes the nearest names.
    """
    for table in (contract.operations, contract.requirements, contract.profiles):
        if name in table:
            return table[name]
    upper = name.upper()
    if upper in contract.requirements:
        return contract.requirements[upper]
    areas = {operation.area for operation in contract.operations.values()}
    if name in areas:
        return name
    for operation in contract.operations.values():
        if name.lower() in (operation.id.lower(), operation.label.lower()):
            return operation
    method, _, path = name.partition(" ")
    found = contract.match(method, path.strip()) if path else None
    if found:
        return found[0]
    if upper in contract.retired:
        raise LookupError(f"{upper} is retired: {contract.retired[upper]}")
    names = [*contract.operations, *contract.requirements, *contract.profiles, *areas]
    near = difflib.get_close_matches(name, names, 3, 0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "`spec show` alone lists the operations"
    raise LookupError(f"the contract knows no {name!r}; {hint}")


def describe(contract: Contract, name: str | None = None) -> str:
    """Return what the contract says of an operation, a requirement, an area or a profile; without a name, the overview.

    Raises:
        LookupError: Nothing has that name.
    """
    if name is None:
        return "\n".join(_overview(contract))
    found = find(contract, name)
    if isinstance(found, Operation):
        return "\n".join(_operation(contract, found))
    if isinstance(found, Requirement):
        return "\n".join(_requirement(contract, found))
    if isinstance(found, Profile):
        return "\n".join(_profile(contract, found))
    return "\n".join(_area(contract, found))


def describe_json(contract: Contract, name: str | None = None) -> Any:
    """Return the same as JSON values.

    Raises:
        LookupError: Nothing has that name.
    """
    if name is None:
        return [_short(operation) for operation in contract.operations.values()]
    found = find(contract, name)
    if isinstance(found, Operation):
        return {
            **_short(found),
            "line": found.line,
            "document": found.raw,
            "requirements": [_plain(one) for one in _requirements_of(contract, found)],
        }
    if isinstance(found, Requirement | Profile):
        return _plain(found)
    return [_short(operation) for operation in contract.operations.values() if operation.area == found]


def _short(operation: Operation) -> dict[str, Any]:
    return {
        "id": operation.id,
        "method": operation.method,
        "path": operation.path,
        "area": operation.area,
        "judged": operation.judged,
        "summary": operation.summary,
    }


def _plain(value: Requirement | Profile) -> dict[str, Any]:
    return {key: part for key, part in asdict(value).items() if part not in (None, "", {}, ())}


def _wrap(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(" ".join(text.split()), _WIDTH, initial_indent=indent, subsequent_indent=indent) or [""]


def _requirements_of(contract: Contract, operation: Operation) -> list[Requirement]:
    return [one for one in contract.requirements.values() if operation.id in one.operations]


def _overview(contract: Contract) -> Iterator[str]:
    yield (
        f"Livechat contract {contract.version} ({contract.hash}) for server {contract.server_version}; "
        f"overlays: {', '.join(contract.overlays) or 'none'}"
    )
    yield f"{len(contract.judged)} judged operations, {len(contract.requirements)} requirements"
    area = ""
    for operation in contract.operations.values():
        if operation.area != area:
            area = operation.area
            yield f"\n{area}"
        yield f"  {operation.id:<24} {operation.label}"


def _area(contract: Contract, area: str) -> Iterator[str]:
    operations = [operation for operation in contract.operations.values() if operation.area == area]
    yield f"{area}: {len(operations)} operations"
    for operation in operations:
        kinds = Counter(one.kind for one in _requirements_of(contract, operation))
        yield f"\n{operation.id}  {operation.label}"
        yield f"  {operation.summary}"
        yield f"  requirements: {', '.join(f'{count} {kind}' for kind, count in sorted(kinds.items())) or 'none'}"


def _profile(contract: Contract, profile: Profile) -> Iterator[str]:
    yield f"{profile.id}: {profile.title}"
    yield f"  {'optional feature' if profile.is_feature else 'profile'}, needs credentials: {profile.needs}"
    if profile.detected_by:
        yield from _wrap(f"detected by: {profile.detected_by}", "  ")
    if profile.declared:
        yield from _wrap(f"declared by: {profile.declared}", "  ")
    count = sum(1 for one in contract.requirements.values() if one.profile == profile.id)
    yield f"  {count} requirements"


def _requirement(contract: Contract, one: Requirement) -> Iterator[str]:
    yield f"{one.id}  {one.level}  {one.confidence}  ({one.kind})"
    yield from _wrap(one.clause, "  ")
    yield f"  operations: {', '.join(one.operations) or 'all'}"
    yield f"  profile: {one.profile}"
    yield from _wrap(f"source: {one.source}", "  ")
    if _servers(one):
        yield f"  servers: {_servers(one)}"
    if not contract.applies(one):
        yield f"  does not apply to {contract.server_version}"
    for way, text in one.ways.items():
        yield from _wrap(f"the {way}'s way: {text}", "  ")
    if one.note:
        yield from _wrap(f"note: {one.note}", "  ")
    yield f"  spec/requirements.yaml:{one.line}"


def _servers(one: Operation | Requirement) -> str:
    bounds = (("from ", one.since), ("before ", one.until))
    return ", ".join(f"{word}{version}" for word, version in bounds if version)


def _operation(contract: Contract, one: Operation) -> Iterator[str]:
    yield f"{one.id}  {one.label}"
    yield from _wrap(one.summary, "  ")
    yield from _wrap(str(one.raw.get("description", "")), "  ")
    yield ""
    facts = {
        "area": one.area + ("" if one.judged else " (supporting, never judged)"),
        "called by": one.persona,
        "credentials": "X-Auth-Token and X-User-Id" if one.authenticated else "none",
        "visitor's token": f"in {one.credential['in']}, {one.credential['pointer']}" if one.credential else "",
        "permissions": f"{brief(one.permissions)}, refused with {one.refusal}" if one.permissions else "",
        "effect": one.effects,
        "unknown query keys": "refused" if one.strict_query else "ignored",
        "settings": ", ".join(f"{key} = {brief(value)}" for key, value in one.setting.items()),
        "feature": one.optional or "",
        "servers": _servers(one),
        "tolerated": one.tolerated,
        "disputed": one.disputed or "",
        "declared": f"spec/openapi.yaml:{one.line}",
    }
    for key, text in facts.items():
        if text:
            yield from textwrap.wrap(f"  {key + ':':<20} {text}", _WIDTH, subsequent_indent=" " * 23)
    if one.parameters:
        yield "\nParameters"
        for parameter in one.parameters:
            need = "required" if parameter.required else "optional"
            kind = "JSON, " if parameter.is_json else ""
            yield f"  {parameter.location:<6} {parameter.name}  {kind}{outline(contract, parameter.schema)}, {need}"
            yield from _wrap(parameter.description, "         ") if parameter.description else ()
    for media in one.body.values():
        yield f"\nBody {media.name}{'' if one.body_required else ' (optional)'}"
        yield from _tree(contract, media.schema, 1)
    yield "\nAnswers"
    for status, content in one.responses.items():
        names = {name: outline(contract, media.schema) for name, media in content.items()}
        yield f"  {status:<8} {', '.join(f'{name}: {text}' for name, text in names.items()) or 'no body is described'}"
        for link, target in one.links.get(status, {}).items():
            yield f"           link {link} -> {target.get('operationId', target.get('operationRef', '?'))}"
    if one.error_codes:
        yield "\nRefusals"
        for code, when in one.error_codes.items():
            yield from textwrap.wrap(f"  {code}: {when}", _WIDTH, subsequent_indent="      ")
    requirements = _requirements_of(contract, one)
    if requirements:
        yield "\nRequirements"
        for requirement in requirements:
            mark = "" if contract.applies(requirement) else " (other server versions)"
            text = f"  {requirement.id:<18} {requirement.level:<6} {requirement.clause}{mark}"
            yield from textwrap.wrap(text, _WIDTH, subsequent_indent=" " * 28)
    yield f"\nExamples: {', '.join(dict.fromkeys(example.name for example in one.all_examples)) or 'none'}"


def outline(contract: Contract, schema: Any) -> str:
    """Return a schema in a few words: ``string``, ``list of Room``, ``Room or null``."""
    if isinstance(schema, bool) or not schema:
        return "nothing" if schema is False else "anything"
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(outline(contract, branch) for branch in schema[key]))
    if "const" in schema:
        return brief(schema["const"])
    if "enum" in schema:
        return " | ".join(brief(value, 30) for value in schema["enum"][:8])
    kind = schema.get("type", "object" if "properties" in schema else "anything")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        return f"list of {outline(contract, schema.get('items', True))}"
    if kind == "object" and schema.get("properties"):
        return "{" + ", ".join(schema["properties"]) + "}"
    details = [f"{key} {schema[key]}" for key in ("format", "pattern", "minimum", "maximum") if key in schema]
    return f"{kind} ({', '.join(details)})" if details else str(kind)


def _tree(contract: Contract, schema: Any, depth: int) -> Iterator[str]:
    schema = resolve(contract.document, schema)
    if not isinstance(schema, dict):
        return
    required = schema.get("required", ())
    for name, child in schema.get("properties", {}).items():
        target = resolve(contract.document, child)
        need = "required" if name in required else "optional"
        yield f"{'  ' * depth}{name}: {outline(contract, target)}, {need}"
        if depth < 4 and isinstance(target, dict):
            yield from _tree(contract, target, depth + 1)
            if isinstance(target.get("items"), dict):
                yield from _tree(contract, target["items"], depth + 1)
    if schema.get("additionalProperties") is False or schema.get("unevaluatedProperties") is False:
        yield f"{'  ' * depth}no other key"
