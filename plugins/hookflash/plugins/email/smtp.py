"""The way out over SMTP: one connection a mail, and what an answer means. Blocking; it runs in threads.

Without TLS nothing leaves unless a setting says so: a server that offers no STARTTLS gets neither password nor mail.
"""

import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from typing import Final

from hookflash.plugins.email.mailbox import tls_context
from hookflash.plugins.email.settings import EmailConfig
from hookflash.sdk import AuthExpired, Permanent, SendError, Transient

__all__ = ["named_error", "send_mail", "try_login"]

_AUTH_CODES: Final = frozenset({530, 534, 535, 538})
_PERMANENT_FROM: Final = 500
_WORDS_LENGTH_MAX: Final = 200


def send_mail(settings: EmailConfig, mail: EmailMessage, to: str) -> None:
    """Hand a mail to the server; it has it when this returns. Raises SendError subclasses."""
    try:
        smtp = _connected(settings)
        try:
            smtp.send_message(mail, from_addr=settings.address, to_addrs=[to])
        finally:
            _leave(smtp)
    except Exception as error:
        raise named_error(error) from error


def try_login(settings: EmailConfig) -> None:
    """Connect and log in, and send nothing. Raises SendError subclasses."""
    try:
        _leave(_connected(settings))
    except Exception as error:
        raise named_error(error) from error


def named_error(error: Exception) -> SendError:
    """What an answer means: 4yz passes, 5yz does not, and a refused login is for an admin."""
    match error:
        case SendError():
            return error
        case smtplib.SMTPAuthenticationError():
            return _auth() if error.smtp_code >= _PERMANENT_FROM else Transient(f"login refused ({error.smtp_code})")
        case smtplib.SMTPRecipientsRefused():
            code, words = next(iter(error.recipients.values()), (0, b""))
            return _answer(code, words)
        case smtplib.SMTPSenderRefused():
            if error.smtp_code in _AUTH_CODES:
                return _auth()
            return _answer(error.smtp_code, error.smtp_error, is_alarming=True)
        case smtplib.SMTPConnectError() | smtplib.SMTPHeloError():
            # Whatever its number: it is about us, not about this mail.
            return Transient(f"the mail server does not want to talk ({error.smtp_code})")
        case smtplib.SMTPResponseException():
            return _answer(error.smtp_code, error.smtp_error)
        case smtplib.SMTPNotSupportedError():
            return Transient("the mail server offers no STARTTLS, or no login: nothing was sent")
        case ssl.SSLError():
            return Transient(f"no TLS with the mail server: {error.reason or type(error).__name__}")
        case _:
            return Transient(f"the mail server cannot be reached: {type(error).__name__}")


def _connected(settings: EmailConfig) -> smtplib.SMTP:
    host, port = settings.smtp_at
    smtp: smtplib.SMTP
    if settings.smtp_security == "tls":
        smtp = smtplib.SMTP_SSL(host, port, timeout=settings.timeout_s, context=tls_context(settings))
    else:
        smtp = smtplib.SMTP(host, port, timeout=settings.timeout_s)
    try:
        if settings.smtp_security == "starttls":
            smtp.starttls(context=tls_context(settings))
        if settings.smtp_login == "same":
            smtp.login(settings.user, settings.password.reveal())
    except BaseException:
        with suppress(Exception):
            smtp.close()
        raise
    return smtp


def _leave(smtp: smtplib.SMTP) -> None:
    # However it says goodbye: the mail is with it already, and must not be sent again for that.
    with suppress(Exception):
        smtp.quit()
    with suppress(Exception):
        smtp.close()


def _auth() -> AuthExpired:
    # In our words: a server may repeat what it was sent.
    return AuthExpired("the mail server does not take user and password")


def _answer(code: int, words: bytes | str, *, is_alarming: bool = False) -> SendError:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    said = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:_WORDS_LENGTH_MAX]
    if code >= _PERMANENT_FROM:
        return Permanent(str(code), said or "refused", is_alarming=is_alarming)
    return Transient(f"{said or 'refused for now'} ({code})")
