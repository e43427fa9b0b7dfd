"""The OpenAPI document as one file, overlays applied, and its translation to OpenAPI 3.0 for tools that need it.

The translation only ever allows more: keywords that 3.0 does not know are dropped where they cannot be said otherwise.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

from conformance.contract.operations import METHODS
from conformance.contract.pointers import closure, from_pointer

if TYPE_CHECKING:
    from conformance.contract.contract import Contract

_UNKNOWN_IN_3_0 = {
    "$anchor",
    "$comment",
    "$defs",
    "$dynamicAnchor",
    "$dynamicRef",
    "$id",
    "$schema",
    "$vocabulary",
    "contains",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "if",
    "maxContains",
    "minContains",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
}


def bundle_document(contract: Contract, openapi: str = "3.1", *, judged_only: bool = False) -> dict[str, Any]:
    """Return the document of a contract as a tree of its own.

    Args:
        contract: The contract; its overlays are in the document already.
        openapi: ``3.1``, or ``3.0`` for the translation.
        judged_only: Leave out the supporting operations, links to them, and components that nobody needs then.
    """
    document: dict[str, Any] = json.loads(json.dumps(contract.document))
    document["info"]["x-server-version"] = contract.server_version
    document["info"]["x-overlays"] = list(contract.overlays)
    if judged_only:
        _only_judged(document)
    return _Downward(document).convert() if openapi == "3.0" else document


def to_text(document: dict[str, Any], form: str) -> str:
    """Return a document as ``json`` or ``yaml`` text with a newline at its end."""
    if form == "json":
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(document, Dumper=dumper, sort_keys=False, allow_unicode=True, width=120)
    return text


def _only_judged(document: dict[str, Any]) -> None:
    judged: set[str] = set()
    for path, item in list(document["paths"].items()):
        for method in METHODS:
            if method in item and item[method].get("x-judged") is not True:
                del item[method]
            elif method in item:
                judged.add(item[method]["operationId"])
        if not any(method in item for method in METHODS):
            del document["paths"][path]
    holders = list(document.get("components", {}).get("responses", {}).values())
    holders += [
        response
        for item in document["paths"].values()
        for method in METHODS
        if method in item
        for response in item[method]["responses"].values()
    ]
    for response in holders:
        links = response.get("links", {})
        for name in [name for name, link in links.items() if link.get("operationId", "") not in judged | {""}]:
            del links[name]
    document["tags"] = [tag for tag in document.get("tags", []) if tag["name"] != "supporting"]
    needed = {from_pointer(reference)[:3] for reference in closure(document, document["paths"])}
    for kind, components in document.get("components", {}).items():
        if kind != "securitySchemes":
            for name in [name for name in components if ("components", kind, name) not in needed]:
                del components[name]


class _Downward:
    """Translates one document from OpenAPI 3.1 to 3.0.4."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def convert(self) -> dict[str, Any]:
        document = self._document
        document["openapi"] = "3.0.4"
        document["info"].pop("summary", None)
        if isinstance(document["info"].get("license"), dict):
            document["info"]["license"].pop("identifier", None)
        for key in ("webhooks", "jsonSchemaDialect"):
            document.pop(key, None)
        components = document.get("components", {})
        components.pop("pathItems", None)
        for name, schema in components.get("schemas", {}).items():
            components["schemas"][name] = self.schema(schema)
        for kind in ("parameters", "headers"):
            for value in components.get(kind, {}).values():
                self._parameter(value)
        for kind in ("responses", "requestBodies"):
            for value in components.get(kind, {}).values():
                self._body(value)
        for item in document["paths"].values():
            for parameter in item.get("parameters", ()):
                self._parameter(parameter)
            for method in METHODS:
                if method in item:
                    self._operation(item[method])
        self._plain_references(document["paths"])
        self._plain_references({key: value for key, value in components.items() if key != "schemas"})
        return document

    def _operation(self, operation: dict[str, Any]) -> None:
        for parameter in operation.get("parameters", ()):
            self._parameter(parameter)
        if "requestBody" in operation:
            self._body(operation["requestBody"])
        for response in operation.get("responses", {}).values():
            self._body(response)

    def _parameter(self, value: dict[str, Any]) -> None:
        if "schema" in value:
            value["schema"] = self.schema(value["schema"])
        self._media(value)

    def _body(self, value: dict[str, Any]) -> None:
        self._media(value)
        for header in value.get("headers", {}).values():
            self._parameter(header)

    def _media(self, value: dict[str, Any]) -> None:
        for media in value.get("content", {}).values():
            if "schema" in media:
                media["schema"] = self.schema(media["schema"])

    def _plain_references(self, node: Any) -> None:
        """Take the siblings from reference objects outside of schemas: 3.0 ignores or refuses them."""
        if isinstance(node, list):
            for child in node:
                self._plain_references(child)
        elif isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                for key in [key for key in node if key != "$ref"]:
                    del node[key]
            for key, child in node.items():
                if key not in ("schema", "example", "value"):
                    self._plain_references(child)

    def schema(self, schema: Any) -> dict[str, Any]:
        """Translate one schema."""
        if schema is True:
            return {}
        if schema is False:
            return {"not": {}}
        if "$ref" in schema:
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            reference = {"$ref": schema["$ref"]}
            out = self.schema(rest)
            return {**out, "allOf": [*out.get("allOf", ()), reference]} if rest else reference
        out = {key: value for key, value in schema.items() if key not in _UNKNOWN_IN_3_0}
        self._values(out)
        self._children(out)
        self._type(out)
        if not out.get("required", True):
            del out["required"]
        return out

    def _values(self, out: dict[str, Any]) -> None:
        if "const" in out:
            out["enum"] = [out.pop("const")]
        if None in out.get("enum", ()):
            out["nullable"] = True
        examples = out.pop("examples", None)
        if isinstance(examples, list) and examples:
            out.setdefault("example", examples[0])
        for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            value = out.get(exclusive)
            if isinstance(value, int | float) and not isinstance(value, bool):
                out[bound], out[exclusive] = value, True

    def _children(self, out: dict[str, Any]) -> None:
        patterns = out.pop("patternProperties", None)
        if patterns:
            others = [] if out.get("additionalProperties") is False else [out.get("additionalProperties", True)]
            out["additionalProperties"] = {"anyOf": [*patterns.values(), *others]}
        prefix = out.pop("prefixItems", None)
        if prefix:
            rest = out.get("items", True)
            out["items"] = {"anyOf": [*prefix, *([] if rest is False else [rest])]}
        for key in ("anyOf", "oneOf", "allOf"):
            if key in out:
                out[key] = [self.schema(child) for child in out[key]]
        for key in ("not", "items"):
            if key in out:
                out[key] = self.schema(out[key])
        if isinstance(out.get("additionalProperties"), dict):
            out["additionalProperties"] = self.schema(out["additionalProperties"])
        if "properties" in out:
            out["properties"] = {name: self.schema(child) for name, child in out["properties"].items()}

    def _type(self, out: dict[str, Any]) -> None:
        kinds = out.get("type")
        if kinds == "null":
            kinds = ["null"]
        if isinstance(kinds, list):
            del out["type"]
            names = [kind for kind in kinds if kind != "null"]
            nullable = len(names) < len(kinds)
            if len(names) == 1:
                out["type"] = names[0]
            elif names:
                branches: list[dict[str, Any]] = [{"type": name} for name in names]
                for branch in branches:
                    if branch["type"] == "array":
                        branch["items"] = out.pop("items", {})
                    if nullable:
                        branch["nullable"] = True
                if "anyOf" in out:
                    out["allOf"] = [*out.get("allOf", []), {"anyOf": branches}]
                else:
                    out["anyOf"] = branches
            else:
                out["enum"] = [None]
            if nullable:
                out["nullable"] = True
        if out.get("type") == "array":
            out.setdefault("items", {})
