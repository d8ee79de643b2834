"""The adapter of kind `twilio_sms`.

Twilio signs the URL that it calls, so the channel needs its public URL as an admin wrote it. At start `poll` brings
what the message list holds since the last start: most of it was taken already and is known by its key.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime, timedelta
from typing import ClassVar, Final, final

from hookflash.sdk import (
    Arrival,
    Capabilities,
    ChannelAdapter,
    ChannelContext,
    ConfigError,
    Delivery,
    ExternalId,
    HttpRequest,
    HttpResponse,
    Idempotency,
    Level,
    MediaKind,
    MediaRef,
    Message,
    ParseError,
    Receipts,
    TextUnit,
)
from hookflash.sdk.signing import twilio

from .api import TwilioApi, sent_at
from .config import TwilioConfig
from .forms import arrivals, read_form

__all__ = ["TwilioSms"]

_CURSOR: Final = "list read"
_LOOK_BACK_MAX: Final = timedelta(days=3)
_OVERLAP: Final = timedelta(minutes=10)
_IMAGE_SIZE_MAX: Final = 5_000_000
_IMAGES: Final = ("image/gif", "image/jpeg", "image/jpg", "image/png")
"""Twilio makes these as small as the customer's carrier wants them."""

_OTHER_SIZE_MAX: Final = 600_000
_OTHERS: Final = (
    *("image/bmp", "image/heic", "image/heif", "image/tiff"),
    *("audio/3gpp", "audio/3gpp2", "audio/ac3", "audio/amr", "audio/amr-nb", "audio/basic", "audio/l24", "audio/mp4"),
    *("audio/mpeg", "audio/ogg", "audio/vnd.rn-realaudio", "audio/vnd.wave", "audio/webm"),
    *("video/3gpp", "video/3gpp-tt", "video/3gpp2", "video/h261", "video/h263", "video/h263-1998", "video/h263-2000"),
    *("video/h264", "video/mp4", "video/mpeg", "video/quicktime", "video/webm"),
    *("text/calendar", "text/csv", "text/directory", "text/richtext", "text/rtf", "text/vcard", "text/x-vcard"),
    *("application/pdf", "application/vcard", "application/vnd.apple.pkpass"),
)
"""These go to the carrier as they are: Twilio advises 600 kB, which each of the large ones of the USA takes."""

_BODY_LENGTH_MAX: Final = 1_600


@final
class TwilioSms(ChannelAdapter):
    """A number or messaging service of Twilio's; its customers' addresses are their telephone numbers."""

    kind: ClassVar[str] = "twilio_sms"
    Config: ClassVar[type[TwilioConfig]] = TwilioConfig
    capabilities: ClassVar[Capabilities] = Capabilities(
        image=Level.PARTIAL,
        audio=Level.PARTIAL,
        video=Level.PARTIAL,
        file=Level.PARTIAL,
        text_size_max=_BODY_LENGTH_MAX,
        text_unit=TextUnit.UTF16,
        media_size_max={
            **dict.fromkeys(_IMAGES, _IMAGE_SIZE_MAX),
            **dict.fromkeys(_OTHERS, _OTHER_SIZE_MAX),
            "*/*": 0,
        },
        caption_size_max=dict.fromkeys(MediaKind, _BODY_LENGTH_MAX),
        receipts=Receipts.EACH,
        idempotency=Idempotency.NONE,
    )

    def __init__(self, context: ChannelContext, config: TwilioConfig) -> None:
        """Keep both; nothing is called yet."""
        super().__init__(context, config)
        self._settings = config
        self._api = TwilioApi(context, config)

    async def start(self) -> None:
        """Require a public URL: without it no signature could be checked and no receipt asked for."""
        if not self.context.public_url:
            raise ConfigError(("Twilio has to reach this channel: set the engine's public URL",))

    async def health(self) -> None:
        """Ask Twilio for the account."""
        await self._api.account()

    def verify(self, request: HttpRequest) -> None:
        """Check the signature, over the public URL with the query that was called."""
        query = f"?{request.raw_query}" if request.raw_query else ""
        twilio(
            self._settings.auth_token,
            self.context.public_url.partition("?")[0] + query,
            request.body,
            request.headers.get("x-twilio-signature"),
            settings=request.headers.get("x-twilio-webhooks-signature-settings"),
            shared_key=self._settings.shared_key,
        )

    def parse(self, request: HttpRequest) -> Iterable[Arrival]:
        """Read the form."""
        return list(arrivals(read_form(request.body), self.context.channel, self.context.clock()))

    def ack(self, request: HttpRequest) -> HttpResponse:  # noqa: ARG002 - it is the same for all
        """Answer with an empty script: nothing is to be said in reply."""
        return HttpResponse(content_type="text/xml", body=b"<Response/>")

    async def poll(self) -> AsyncIterator[Arrival]:
        """Bring what came while nobody answered Twilio, then end. The first start of a channel looks at nothing."""
        began = self.context.clock()
        kept = await self.context.store.get(_CURSOR)
        if kept is not None:
            since = max(datetime.fromisoformat(kept) - _OVERLAP, began - _LOOK_BACK_MAX)
            for listed in await self._api.messages(since, self._settings.from_number):
                for arrival in await self._listed(listed):
                    yield arrival
        await self.context.store.put(_CURSOR, began.isoformat())

    async def send(self, delivery: Delivery) -> ExternalId:
        """Send the text, with the URL of its medium; Twilio calls the channel's URL with what becomes of it."""
        settings, content = self._settings, delivery.content
        sender = (
            {"From": settings.from_number}
            if settings.from_number
            else {"MessagingServiceSid": settings.messaging_service_sid}
        )
        said = {"Body": content.text} if content.text else {}
        if isinstance(content, Message) and content.media is not None:
            said["MediaUrl"] = content.media.ref.url
        fields = {"To": delivery.to.id, **sender, **said, "StatusCallback": self.context.public_url}
        return ExternalId(await self._api.send(fields))

    def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """Bring a medium."""
        return self._api.medium(ref.url)

    async def _listed(self, listed: Mapping[str, object]) -> list[Arrival]:
        """Read an entry of the list as the form that Twilio would have posted."""
        service = self._settings.messaging_service_sid
        if service and listed.get("messaging_service_sid") != service:
            return []
        names = {"sid": "MessageSid", "from": "From", "to": "To", "body": "Body", "num_media": "NumMedia"}
        form = {name: str(listed.get(field) or "") for field, name in names.items()}
        try:
            if form["MessageSid"] and form["NumMedia"] not in ("", "0"):
                for number, (url, kind) in enumerate(await self._api.media_of(form["MessageSid"])):
                    form |= {f"MediaUrl{number}": url, f"MediaContentType{number}": kind}
            return list(arrivals(form, self.context.channel, sent_at(listed)))
        except ParseError as error:
            self.context.log.warning("twilio_entry_unreadable", error=str(error))
            return []
