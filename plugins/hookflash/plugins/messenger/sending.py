"""From a Delivery to the body of the Send API's call, the same for Messenger and Instagram.

`metadata` is the Delivery's id: it comes back in the echo of the message, so one whose answer was lost is known.
"""

from typing import Any, Final

from hookflash.plugins.meta.choices import numbered
from hookflash.sdk import Choice, Delivery, Media, Message, Permanent

__all__ = ["CHOICES_MAX", "TITLE_LENGTH_MAX", "body_of", "with_tag"]

CHOICES_MAX: Final = 13
TITLE_LENGTH_MAX: Final = 20


def body_of(delivery: Delivery) -> dict[str, Any]:
    """Make the body of an answer within the reply window. Raises Permanent for a template: there are none.

    A medium has no text beside it: it is an attachment, by its URL.
    """
    content = delivery.content
    message: dict[str, Any] = {"text": content.text, "metadata": delivery.id}
    if isinstance(content, Message):
        if content.template is not None:
            raise Permanent("template", "this channel has no templates")
        if content.media is not None:
            message = {"attachment": _attachment(content.media), "metadata": delivery.id}
        if content.choices:
            message |= _offered(content.text, content.choices)
    return {"recipient": {"id": delivery.to.id}, "messaging_type": "RESPONSE", "message": message}


def with_tag(body: dict[str, Any], tag: str) -> dict[str, Any]:
    """Make the same body for after the window, under a tag that Meta has granted."""
    return {**body, "messaging_type": "MESSAGE_TAG", "tag": tag}


def _attachment(media: Media) -> dict[str, Any]:
    return {"type": media.kind.lower(), "payload": {"url": media.ref.url, "is_reusable": False}}


def _offered(text: str, choices: tuple[Choice, ...]) -> dict[str, Any]:
    if len(choices) > CHOICES_MAX or any(len(choice.title) > TITLE_LENGTH_MAX for choice in choices):
        return {"text": numbered(text, choices)}
    replies = [{"content_type": "text", "title": choice.title, "payload": choice.id} for choice in choices]
    return {"quick_replies": replies}
