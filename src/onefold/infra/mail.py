"""Mail by SMTP, without Django: for the worker."""

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final

from onefold.config import MailSettings
from onefold.kernel.errors import Unavailable

TIMEOUT_S: Final = 10.0


class NotSent(Unavailable):
    """The mail server could not be reached, or did not take it."""

    code = "mail_not_sent"


def send(settings: MailSettings, *, to: str, subject: str, text: str, html: str) -> None:
    """One mail to one address, as text and HTML. Raises NotSent; the fault names no address."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = settings.sender, to, " ".join(subject.split())
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=settings.sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    if not settings.host:
        raise NotSent("No mail server is set.")
    try:
        with _connected(settings) as server:
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as fault:
        raise NotSent(f"The mail server did not take it: {type(fault).__name__}.") from fault


def _connected(settings: MailSettings) -> smtplib.SMTP:
    if settings.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            settings.host, settings.port, timeout=TIMEOUT_S, context=ssl.create_default_context()
        )
    else:
        server = smtplib.SMTP(settings.host, settings.port, timeout=TIMEOUT_S)
    if settings.security == "starttls":
        server.starttls(context=ssl.create_default_context())
    if settings.username:
        server.login(settings.username, settings.password.reveal() if settings.password else "")
    return server
