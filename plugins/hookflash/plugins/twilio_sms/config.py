"""What a Twilio channel is told: the account, and the number or messaging service that it writes from."""

import re
from dataclasses import dataclass
from typing import Final, final

from hookflash.sdk import Secret

__all__ = ["TwilioConfig"]

_ACCOUNT: Final = re.compile(r"AC[0-9a-fA-F]{32}", re.ASCII)
_SERVICE: Final = re.compile(r"MG[0-9a-fA-F]{32}", re.ASCII)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioConfig:
    """`account_sid` and `auth_token` are the account's; it writes from `from_number` or `messaging_service_sid`.

    `shared_key` is the secret of a SharedKey, where a Webhooks Rule has Twilio sign with one. `api_url` is another
    region's address than the default one.
    """

    account_sid: str
    auth_token: Secret
    from_number: str = ""
    messaging_service_sid: str = ""
    shared_key: Secret | None = None
    api_url: str = "https://api.twilio.com"

    def __post_init__(self) -> None:
        """Refuse what Twilio would."""
        if not _ACCOUNT.fullmatch(self.account_sid):
            raise ValueError("setting 'account_sid' must be AC and 32 hexadecimal digits")
        if bool(self.from_number) == bool(self.messaging_service_sid):
            raise ValueError("give either 'from_number' or 'messaging_service_sid'")
        if self.messaging_service_sid and not _SERVICE.fullmatch(self.messaging_service_sid):
            raise ValueError("setting 'messaging_service_sid' must be MG and 32 hexadecimal digits")
        if not self.api_url.startswith(("https://", "http://")):
            raise ValueError("setting 'api_url' must be a URL")
