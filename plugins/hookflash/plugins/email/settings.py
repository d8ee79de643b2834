"""What a mail channel is told: its own address, the two servers, and how they are reached.

Without TLS there is no password: `plain` is for a server on this machine, or for a relay that asks for no login.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Literal, TypeAlias, final

from hookflash.plugins.email.addresses import read_address
from hookflash.sdk import Secret

__all__ = ["EmailConfig", "Security"]

Security: TypeAlias = Literal["tls", "starttls", "plain"]

_IMAP_PORTS: Final[dict[Security, int]] = {"tls": 993, "starttls": 143, "plain": 143}
_SMTP_PORTS: Final[dict[Security, int]] = {"tls": 465, "starttls": 587, "plain": 25}
_PORT_MAX: Final = 65_535
_ONE_LINE: Final = ("imap_host", "smtp_host", "user", "folder", "subject", "from_name")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class EmailConfig:
    """A mailbox and a way out.

    `address` is what customers write to; `imap_host`, `imap_port` (0: the usual one), `imap_security`, `smtp_host`,
    `smtp_port` and `smtp_security` the two servers; `user` and `password` the login to both, unless `smtp_login` is
    none; `ca_file` the only authorities trusted (none: the system's). `folder` is read, every `poll_s` seconds; with
    `start_from` new only what comes from the first start on. `from_name` stands beside our address, `subject` is that
    of a mail to somebody who has written none. `has_plus_address`: the server takes `name+anything@domain` for ours.
    `timeout_s` seconds bound each answer of a server, `mail_size_max` bytes a mail, `text_length_max` characters what
    of its text is shown.
    """

    address: str
    imap_host: str
    smtp_host: str
    user: str
    password: Secret
    imap_port: int = 0
    imap_security: Security = "tls"
    smtp_port: int = 0
    smtp_security: Security = "tls"
    smtp_login: Literal["same", "none"] = "same"
    ca_file: Path | None = None
    folder: str = "INBOX"
    from_name: str = ""
    subject: str = "Your message"
    start_from: Literal["new", "all"] = "new"
    has_plus_address: bool = False
    poll_s: float = 30.0
    timeout_s: float = 8.0
    mail_size_max: int = 26_214_400
    text_length_max: int = 4_096

    def __post_init__(self) -> None:
        """Refuse what would not work, or would send a password in clear text."""
        if read_address(self.address) is None:
            raise ValueError("setting 'address' must be a mail address such as support@example.com")
        for name in _ONE_LINE:
            if not str(getattr(self, name)).isprintable():
                raise ValueError(f"setting {name!r} must be one line without control characters")
        if not self.user.isascii() or set(self.user) & set(' "\\(){}%*') or not self.user:
            raise ValueError("setting 'user' must be one word of ASCII without quotes")
        if not self.folder.isascii() or not self.folder:
            raise ValueError("setting 'folder' must be ASCII: write other letters as the server lists them (UTF-7)")
        if self.imap_security == "plain" and not _is_loopback(self.imap_host):
            raise ValueError("setting 'imap_security' may be plain on this machine only; use tls or starttls")
        if self.smtp_security == "plain" and self.smtp_login != "none" and not _is_loopback(self.smtp_host):
            raise ValueError("setting 'smtp_security' may be plain with smtp_login=none, or on this machine")
        for port in (self.imap_port, self.smtp_port):
            if not 0 <= port <= _PORT_MAX:
                raise ValueError("settings 'imap_port' and 'smtp_port' must be 0 (the usual one) to 65535")
        if min(self.poll_s, self.timeout_s) <= 0 or min(self.mail_size_max, self.text_length_max) <= 0:
            raise ValueError("times and sizes must be above 0")

    @property
    def imap_at(self) -> tuple[str, int]:
        """Host and port of the mailbox."""
        return self.imap_host, self.imap_port or _IMAP_PORTS[self.imap_security]

    @property
    def smtp_at(self) -> tuple[str, int]:
        """Host and port of the way out."""
        return self.smtp_host, self.smtp_port or _SMTP_PORTS[self.smtp_security]


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
