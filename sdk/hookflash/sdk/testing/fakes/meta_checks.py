"""What the Graph API refuses of a message, as its documentation says: the limits that an adapter has to keep.

Written from Meta's pages, not from the adapters.
"""
# ruff: noqa: PLR2004 - numbers of Meta's, each beside the sentence that names it

from typing import Any

__all__ = ["problem_with"]

Json = dict[str, Any]


def problem_with(body: Json, *, is_instagram: bool) -> str | None:
    """The first thing that is wrong with a call, in words; None where nothing is."""
    if "messaging_product" in body:
        return _whatsapp(body)
    return _messenger(body, is_instagram=is_instagram)


def _whatsapp(body: Json) -> str | None:
    if body.get("status") == "read":
        return None if body.get("message_id") else "message_id is required"
    if not (body.get("to") or body.get("recipient")):
        return "to or recipient is required"
    if len(body.get("biz_opaque_callback_data", "")) > 512:
        return "biz_opaque_callback_data is too long"
    kind = body.get("type", "")
    of = body.get(kind)
    if not isinstance(of, dict):
        return f"no object {kind}"
    match kind:
        case "text":
            return None if 1 <= len(of["body"]) <= 4096 else "text.body must have 1 to 4096 characters"
        case "interactive":
            return _interactive(of)
        case "template":
            return None if of["name"] and of["language"]["code"] else "a template has a name and a language"
        case "image" | "audio" | "video" | "document":
            return _media(kind, of)
        case _:
            return f"the type {kind} is not known"


def _media(kind: str, of: Json) -> str | None:
    if not str(of.get("link", "")).startswith("https://"):
        return "a medium has an id or a link, https"
    if set(of) - {"link", "caption", "filename"} or ("filename" in of and kind != "document"):
        return f"{kind} has another field"
    if kind == "audio" and "caption" in of:
        return "audio takes no caption"
    return None if len(of.get("caption", "x")) in range(1, 1025) else "a caption must have 1 to 1024 characters"


def _attachment(of: Json) -> str | None:
    if of.get("type") not in ("image", "audio", "video", "file"):
        return "attachment.type is not known"
    is_there = str(of.get("payload", {}).get("url", "")).startswith("https://")
    return None if is_there else "attachment.payload.url is required"


def _interactive(of: Json) -> str | None:
    if of["type"] == "button":
        replies = [button["reply"] for button in of["action"]["buttons"]]
        id_max, title_max, count_max, body_max = 256, 20, 3, 1024
        if len({each["title"] for each in replies}) < len(replies):
            return "titles must differ"
    else:
        replies = [row for section in of["action"]["sections"] for row in section["rows"]]
        id_max, title_max, count_max, body_max = 200, 24, 10, 4096
        if not 1 <= len(of["action"]["button"]) <= 20:
            return "action.button must have 1 to 20 characters"
    if not 1 <= len(of["body"]["text"]) <= body_max:
        return f"interactive.body.text must have 1 to {body_max} characters"
    if not 1 <= len(replies) <= count_max:
        return "too many choices"
    if len({each["id"] for each in replies}) < len(replies):
        return "ids must differ"
    fits = all(1 <= len(each["id"]) <= id_max and 1 <= len(each["title"]) <= title_max for each in replies)
    return None if fits else "an id or a title is too long"


def _messenger(body: Json, *, is_instagram: bool) -> str | None:
    if not body.get("recipient", {}).get("id"):
        return "recipient is required"
    if "sender_action" in body:
        return "Cannot send both message and state at the same time." if "message" in body else None
    if body.get("messaging_type") not in ("RESPONSE", "UPDATE", "MESSAGE_TAG"):
        return "messaging_type is required"
    if (body["messaging_type"] == "MESSAGE_TAG") != ("tag" in body):
        return "a tag goes with MESSAGE_TAG"
    message = body["message"]
    if "attachment" in message:
        # Either one: Meta refuses a text beside an attachment.
        wrong = "text" in message or "quick_replies" in message
        of = message["attachment"]
        return "text and attachment exclude each other" if wrong else _attachment(of)
    if not 1 <= len(message["text"]) <= 2000:
        return "text must have 1 to 2000 characters"
    if is_instagram and len(message["text"].encode()) > 1000:
        return "text must have 1000 bytes or less"
    replies = message.get("quick_replies", [])
    if len(replies) > 13 or any(len(each["title"]) > 20 for each in replies):
        return "too many or too long quick replies"
    return None
