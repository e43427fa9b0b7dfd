"""The form for times when nobody is there: ``POST offline.message``."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from conformance.reference.departments import find_department_by_id_or_name
from conformance.reference.envelope import Answer, ErrorStyle, Failure, Refusal, Stop, failure, success
from conformance.reference.mail import send_mail
from conformance.reference.match import STRING, UNDEFINED, Maybe, strict
from conformance.reference.routing import operation
from conformance.reference.seam import behaviour
from conformance.reference.site import Mail, setting
from conformance.reference.validate import check_body

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site

_BODY = strict(name=STRING, email=STRING, message=STRING, department=Maybe(STRING))


@behaviour("offline.form_is_shown")
def form_is_shown(site: Site) -> bool:
    """Whether offline messages are taken at all."""
    return bool(setting(site, "Livechat_display_offline_form"))


@behaviour("mail.domain_exists")
def domain_exists(site: Site, address: str) -> bool:
    """Whether the domain of an address gets mail; this server knows the domains of its options, and asks nobody."""
    return address.rpartition("@")[2].lower() in site.options.mail_domains


@behaviour("offline.check_email")
def check_email(site: Site, address: str) -> None:
    """Refuse an address whose domain gets no mail, where the setting wants that checked.

    Raises:
        Refusal: ``error-invalid-email-address``.
    """
    if setting(site, "Livechat_validate_offline_email") and not domain_exists(site, address):
        details = {"method": "livechat:sendOfflineMessage"}
        raise Refusal("error-invalid-email-address", "Invalid email address", details)


@behaviour("offline.recipient")
def recipient(site: Site, department: str | None) -> str:
    """Who gets offline messages: a department where one is given, else the address of the settings, possibly empty.

    Raises:
        Failure: The department does not exist.
    """
    if department:
        found = find_department_by_id_or_name(site, department)
        if found is None:
            raise Failure("Cannot read property 'email' of undefined")
        return str(found.get("email") or "")
    return str(setting(site, "Livechat_offline_email") or "")


@behaviour("offline.compose")
def compose_mail(site: Site, body: dict[str, Any], to: str) -> Mail:
    """The mail that an offline message becomes."""
    rows = {"Visitor name": body["name"], "Visitor email": body["email"], "Message": body["message"]}
    lines = [f"<p><strong>{label}</strong>: {html.escape(text)}</p>" for label, text in rows.items()]
    sender = str(setting(site, "From_Email") or "")
    subject = f"Livechat offline message from {body['name']}: {body['message'][:20]}"
    return Mail(sender, to, subject, "<h1>New livechat message</h1>\n" + "\n".join(lines), reply_to=body["email"])


@operation("sendOfflineMessage", "POST", "/api/v1/livechat/offline.message", errors=ErrorStyle.CAUGHT)
def send_offline_message(site: Site, call: Call) -> Answer:
    """Mail what a visitor wrote while nobody was there."""
    body = check_body(site, call, _BODY)
    if not form_is_shown(site):
        raise Stop(failure(UNDEFINED, message="Error sending Omnichannel offline message"))
    check_email(site, body["email"])
    to = recipient(site, body.get("department"))
    send_mail(site, compose_mail(site, body, to))
    return success(message="Omnichannel offline message sent")
