"""Mail that the server sends: one file each in the spool folder, and to a mail server where one is configured."""

from __future__ import annotations

import logging
import smtplib
import threading
from email.message import EmailMessage
from email.utils import formatdate
from typing import TYPE_CHECKING

from conformance.reference.seam import behaviour
from conformance.reference.site import Mail, new_id

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.reference.site import Site

logger = logging.getLogger("conformance.reference")
_SECONDS = 10.0


def _header(text: str) -> str:
    """A text that may stand in a header: on one line."""
    return " ".join(text.split())


def message_of(mail: Mail, identifier: str) -> EmailMessage:
    """A mail in the form in which it travels."""
    message = EmailMessage()
    message["From"] = _header(mail.sender)
    message["To"] = _header(mail.recipient)
    message["Subject"] = _header(mail.subject)
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = f"<{identifier}@reference.test>"
    if mail.reply_to:
        message["Reply-To"] = _header(mail.reply_to)
    message.set_content(mail.html, subtype="html")
    return message


@behaviour("mail.send")
def send_mail(site: Site, mail: Mail) -> None:
    """Hand a mail over; it leaves when the call is done, and never where the call is undone.

    An address without ``@`` is skipped, as the real server does it, silently.
    """
    if "@" in mail.recipient:
        site.outbox.append(mail)


@behaviour("mail.deliver")
def deliver(site: Site, mail: Mail) -> None:
    """Write a mail into the spool folder and give it to the mail server, as far as they are configured."""
    options = site.options
    if options.spool is None and options.smtp is None:
        return
    identifier = new_id(site)
    try:
        message = message_of(mail, identifier)
        if options.spool is not None:
            _write(options.spool, identifier, message.as_bytes())
    except Exception as error:
        # The call is done and its answer stands: whatever is wrong with a mail must not undo it. The e-mail package
        # raises errors of many kinds for addresses that cannot be written.
        logger.warning("A mail was skipped: %s", error)
        return
    if options.smtp is not None:
        threading.Thread(target=_transmit, args=(options.smtp, message), daemon=True).start()


def _write(spool: Path, identifier: str, content: bytes) -> None:
    """Write a mail whole: readers of the folder never see half of one."""
    spool.mkdir(parents=True, exist_ok=True)
    draft = spool / f".{identifier}.part"
    draft.write_bytes(content)
    draft.rename(spool / f"{identifier}.eml")


def _transmit(server: tuple[str, int], message: EmailMessage) -> None:
    try:
        with smtplib.SMTP(*server, timeout=_SECONDS) as connection:
            connection.send_message(message)
    except (OSError, ValueError, smtplib.SMTPException) as error:
        logger.warning("A mail was not taken by %s:%d: %s", *server, error)
