"""Values of custom fields: ``POST custom.field`` and ``POST custom.fields``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.reference.custom_fields import set_field
from conformance.reference.envelope import Answer, ErrorStyle, Failure, Refusal, failure, success
from conformance.reference.match import BOOLEAN, STRING, ArrayOf, including, strict
from conformance.reference.routing import operation
from conformance.reference.seam import behaviour
from conformance.reference.validate import check_body
from conformance.reference.visitors import require_visitor

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site
    from conformance.reference.store import Document

_FIELD = strict(token=STRING, key=STRING, value=STRING, overwrite=BOOLEAN)
_FIELDS = strict(token=STRING, customFields=ArrayOf(including(key=STRING, value=STRING, overwrite=BOOLEAN)))


@behaviour("custom_fields.echo")
def echo_field(site: Site, name: str, field: Document) -> Document:
    """What is answered about a stored field: what was sent, under the key's name of the operation."""
    return {name: field["key"], "value": field["value"], "overwrite": field["overwrite"]}


@operation("setCustomField", "POST", "/api/v1/livechat/custom.field", errors=ErrorStyle.CAUGHT)
def set_custom_field(site: Site, call: Call) -> Answer:
    """Store one field."""
    body = check_body(site, call, _FIELD)
    require_visitor(site, body["token"])
    if not set_field(site, body["token"], body["key"], body["value"], overwrite=body["overwrite"]):
        return failure()
    return success(field=echo_field(site, "key", body))


@behaviour("custom_fields.set_each")
def set_each(site: Site, token: str, fields: list[Document]) -> list[Document]:
    """Store fields in order; those before a refused one stay stored, and a homeless one answers for itself.

    Raises:
        Refusal, Failure: See ``set_field``; what was stored before stays.
    """
    answers: list[Document] = []
    for field in fields:
        try:
            stored = set_field(site, token, field["key"], field["value"], overwrite=field["overwrite"])
        except (Refusal, Failure) as error:
            error.keep = True
            raise
        refused: Document = {"statusCode": 400, "body": {"success": False}}
        answers.append(echo_field(site, "Key", field) if stored else refused)
    return answers


@operation("setCustomFields", "POST", "/api/v1/livechat/custom.fields", errors=ErrorStyle.ESCAPED)
def set_custom_fields(site: Site, call: Call) -> Answer:
    """Store several fields."""
    body = check_body(site, call, _FIELDS)
    require_visitor(site, body["token"])
    return success(fields=set_each(site, body["token"], body["customFields"]))
