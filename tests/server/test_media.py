"""Media that agents send: by their URL, checked as a field, shown to whoever may read, and handed to channels."""

from pathlib import Path

import pytest

from hookflash.engine.edge.sinks.export import Export
from hookflash.sdk.messages import Media, MediaKind, MediaRef, Message
from hookflash.sdk.sinks import Said
from hookflash.sdk.types import ConversationId, Role
from hookflash.v1 import message_pb2
from tests.server.filtering import SECRET_WORD, with_filters
from tests.server.serving import Client, Refused, Serving, serving

NAME = "conversations/42"
SEND = "ConversationService/SendMessage"
URL = "https://files.example/bills/1042.pdf?sig=a%2Fb"
BILL = message_pb2.MessageMedia(url=URL, mime_type="application/pdf", name="bill.pdf", size=48_213)
SENT = message_pb2.MessageMedia(
    kind=message_pb2.MEDIA_KIND_FILE, url=URL, mime_type="application/pdf", name="bill.pdf", size=48_213
)


async def _attended(served: Serving) -> Client:
    await served.site("ann")
    ann = await served.agent("ann")
    async with ann.stream("AgentService/Attach") as desk:
        await desk.until("welcome")
        await served.ready(ann)
        await served.opened("42")
        made = await desk.until("offer_made")
        await ann.call("AgentService/AcceptOffer", name=made.offer.name)
    return ann


async def _refusal(client: Client, **fields: object) -> Refused:
    with pytest.raises(Refused) as refused:
        await client.call(SEND, name=NAME, **fields)
    return refused.value


async def test_a_medium_is_in_the_answer_on_desks_in_the_transcript_in_the_event_and_in_the_delivery(
    served: Serving,
) -> None:
    ann = await _attended(served)
    async with ann.stream("AgentService/Attach") as desk:
        await desk.until("welcome")
        said = await ann.call(SEND, name=NAME, text="Your bill", media=BILL)
        shown = await desk.until("timeline_update")
    timeline = await ann.call("ConversationService/ListTimeline", name=NAME)
    transcript = await served.admin.call("ConversationService/GetTranscript", name=NAME)
    adapter = await served.client(Role.ADAPTER, "channels/web", channel="web")
    async with adapter.stream("ChannelService/Deliveries", channel="channels/web") as reader:
        deliveries = [await reader.next(), await reader.next()]
    found = [
        said,
        shown.entry.message,
        timeline.entries[-1].message,
        transcript.entries[-1].message,
        deliveries[-1].message,
    ]
    assert [(message.text, message.media) for message in found] == [("Your bill", SENT)] * 5
    (event,) = (await served.admin.call("EventService/ListEvents", filter="type = MessageSent")).events
    assert dict(event.payload["media"])["kind"] == "FILE"


async def test_what_it_is_is_told_by_its_mime_type_and_a_caption_may_be_missing(served: Serving) -> None:
    ann = await _attended(served)
    kinds = []
    for mime_type in ("image/png", "Audio/OGG", "video/mp4", "text/plain", ""):
        media = message_pb2.MessageMedia(url=URL, mime_type=mime_type)
        said = await ann.call(SEND, name=NAME, text=" ", media=media)
        assert (said.text, said.media.HasField("size")) == ("", False)
        kinds.append(message_pb2.MediaKind.Name(said.media.kind).removeprefix("MEDIA_KIND_"))
    assert kinds == ["IMAGE", "AUDIO", "VIDEO", "FILE", "FILE"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"url": ""}, "media.url"),
        ({"url": "http://files.example/1.pdf"}, "media.url"),
        ({"url": "file:///etc/passwd"}, "media.url"),
        ({"url": "https://"}, "media.url"),
        ({"url": "https:///1.pdf"}, "media.url"),
        ({"url": "https://ann:secret@files.example/1.pdf"}, "media.url"),
        ({"url": "https://[files.example/1.pdf"}, "media.url"),
        ({"url": "https://files.example:99999/1.pdf"}, "media.url"),
        ({"url": "https://files.example/a b"}, "media.url"),
        ({"url": "https://files.example/\r\nx: y"}, "media.url"),
        ({"url": "https://files.example/gr\u00fc\u00dfe"}, "media.url"),
        ({"url": "https://files.example/" + "x" * 2_048}, "media.url"),
        ({"mime_type": "picture"}, "media.mime_type"),
        ({"mime_type": "image/png; x=y"}, "media.mime_type"),
        ({"mime_type": "image/png\r\nx: y"}, "media.mime_type"),
        ({"name": "x" * 201}, "media.name"),
        ({"size": 0}, "media.size"),
        ({"size": -1}, "media.size"),
        ({"kind": 17}, "media.kind"),
    ],
)
async def test_what_can_be_no_medium_is_a_bad_field(served: Serving, fields: dict[str, object], field: str) -> None:
    ann = await _attended(served)
    media = message_pb2.MessageMedia(**{"url": URL, **fields})  # type: ignore[arg-type]
    refused = await _refusal(ann, media=media)
    assert refused.reason == "BAD_FIELD"
    assert refused.bad_request is not None
    assert refused.bad_request.field_violations[0].field == field


@pytest.mark.parametrize(
    "beside",
    [
        {"choices": [message_pb2.MessageChoice(id="y", title="Yes")]},
        {"template": message_pb2.MessageTemplate(name="x", language="en")},
    ],
    ids=["choices", "template"],
)
async def test_a_medium_goes_with_neither_choices_nor_a_template(served: Serving, beside: dict[str, object]) -> None:
    ann = await _attended(served)
    assert (await _refusal(ann, text="x", media=BILL, **beside)).reason == "BAD_FIELD"


@pytest.mark.spec("R-G12")
async def test_a_viewer_reads_of_no_medium(served: Serving) -> None:
    ann, viewer = await _attended(served), await served.client(Role.VIEWER, "viewers/vi")
    await ann.call(SEND, name=NAME, text="Your bill", media=BILL)
    for path, fields in (("ConversationService/ListTimeline", {"name": NAME}), ("EventService/ListEvents", {})):
        assert b"files.example" not in (await viewer.call(path, **fields)).SerializeToString()


@pytest.mark.parametrize(
    ("text", "url", "name"),
    [
        (f"the word is {SECRET_WORD}", URL, "bill.pdf"),
        ("fine", f"https://files.example/{SECRET_WORD}.pdf", "bill.pdf"),
        ("fine", URL, f"{SECRET_WORD}.pdf"),
        ("", URL, f"{SECRET_WORD}.pdf"),
        ("fine", URL, f"{SECRET_WORD[:2]}\x00{SECRET_WORD[2:]}.pdf"),
    ],
    ids=["caption", "url", "name", "no caption", "a name as it would be kept"],
)
async def test_a_filter_that_blocks_any_part_of_it_blocks_the_whole(
    tmp_path: Path, text: str, url: str, name: str
) -> None:
    blocks = ("blocks", f"return Blocked('it holds the word') if '{SECRET_WORD}' in text else Passed()")
    async with serving(tmp_path, plugins=with_filters(tmp_path / "plugins", blocks)) as served:
        ann = await _attended(served)
        assert (
            await _refusal(ann, text=text, media=message_pb2.MessageMedia(url=url, name=name))
        ).reason == "TEXT_BLOCKED"
        said = await ann.call(SEND, name=NAME, text="fine", media=BILL)
        transcript = await served.admin.call("ConversationService/GetTranscript", name=NAME)
        shown = [entry.message for entry in transcript.entries if entry.WhichOneof("entry") == "message"]
        assert [(message.text, message.media) for message in shown] == [(said.text, SENT)]


async def test_what_leaves_of_a_medium_goes_through_the_export_filters(tmp_path: Path) -> None:
    redacts = ("redacts", f"return Redacted(text.replace('{SECRET_WORD}', '***')) if text else Blocked('nothing')")
    plugins = with_filters(tmp_path / "plugins", redacts, stages=("export",))
    url, name = f"https://files.example/{SECRET_WORD}.pdf", f"{SECRET_WORD}.pdf"
    async with serving(tmp_path, plugins=plugins) as served:
        ann = await _attended(served)
        await ann.call(SEND, name=NAME, media=message_pb2.MessageMedia(url=url, name=name))
        transcript = await served.admin.call("ConversationService/GetTranscript", name=NAME)
        message = transcript.entries[-1].message
        shown = (message.text, message.media.url, message.media.name)
        content = Message(
            sender_name="Ann", text="", media=Media(kind=MediaKind.FILE, ref=MediaRef(url=url, name=name))
        )
        said = Said(conversation=ConversationId("42"), sequence=1, at=1.0, content=content)
        (left,) = await Export(served.engine.questions.filters).of([said])
    assert shown == ("", "https://files.example/***.pdf", "***.pdf")
    assert isinstance(left.content, Message)
    assert left.content.media is not None
    assert left.content.media.ref == MediaRef(url="https://files.example/***.pdf", name="***.pdf")
