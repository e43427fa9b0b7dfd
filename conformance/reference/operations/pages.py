"""The pages that a visitor sees: ``POST page.visited``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from conformance.reference.envelope import Answer, ErrorStyle, success
from conformance.reference.match import STRING, Maybe, including, strict
from conformance.reference.messages import message_time
from conformance.reference.routing import operation
from conformance.reference.seam import behaviour
from conformance.reference.seeds import BOT
from conformance.reference.site import add, milliseconds, new_id, now, setting
from conformance.reference.validate import check_body

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site
    from conformance.reference.store import Document

_BODY = strict(
    token=STRING,
    rid=Maybe(STRING),
    pageInfo=including(change=STRING, title=STRING, location=including(href=STRING)),
)
_MONTH: Final = 30 * 24 * 3600 * 1000


@behaviour("pages.is_monitored")
def is_monitored(site: Site, page: Document) -> bool:
    """Whether visits of this kind are stored: of addresses or of titles, as the setting says."""
    return bool(page["change"] == setting(site, "Livechat_history_monitor_type"))


@behaviour("pages.text")
def page_text(site: Site, page: Document) -> str:
    """The text of a visit."""
    return f"{page['title']} - {page['location']['href']}"


@behaviour("pages.store")
def store_page(site: Site, token: str, rid: str | None, page: Document) -> Document:
    """Store a visit as a message of the server, hidden unless the setting shows it; without a room it expires."""
    message: dict[str, Any] = {"_id": new_id(site), "t": "livechat_navigation_history"}
    if rid:
        message["rid"] = rid
    message |= {
        "ts": message_time(site, rid) if rid else now(site),
        "msg": page_text(site, page),
        "u": dict(BOT),
        "groupable": False,
        "navigation": {"page": page, "token": token},
    }
    if not rid:
        message["expireAt"] = milliseconds(message["ts"]) + _MONTH
    if not setting(site, "Livechat_Visitor_navigation_as_a_message"):
        message["_hidden"] = True
    return add(site, site.messages, message)


@operation("visitPage", "POST", "/api/v1/livechat/page.visited", errors=ErrorStyle.CAUGHT)
def visit_page(site: Site, call: Call) -> Answer:
    """Note that a visitor saw a page; neither token nor room need be known."""
    body = check_body(site, call, _BODY)
    if not is_monitored(site, body["pageInfo"]):
        return success()
    stored = store_page(site, body["token"], body.get("rid"), body["pageInfo"])
    return success(page={"msg": stored["msg"], "navigation": stored["navigation"]})
