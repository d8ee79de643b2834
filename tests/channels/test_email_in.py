"""Mails come in over IMAP: each once, in order, over cut connections, restarts and new numbers."""

import asyncio
from datetime import UTC, datetime

import pytest

from hookflash.plugins.email import Email
from hookflash.sdk import (
    Arrival,
    AuthExpired,
    CustomerAddress,
    Inbound,
    Media,
    MediaRef,
    Permanent,
    Receipt,
    ReceiptState,
    Text,
    Transient,
    Unsupported,
)
from hookflash.sdk.types import ChannelId, DeliveryId, ExternalId
from tests.channels.imap_server import recorded
from tests.channels.mail_world import MailWorld, delivery, mail_world, until

AT = datetime(2026, 1, 1, 10, tzinfo=UTC)


def simple(number: int, text: str = "Hello") -> bytes:
    head = f"From: carla@example.net\r\nMessage-ID: <{number}@example.net>\r\nSubject: \r\n\r\n"
    return (head + text).encode()


def keys(arrivals: list[Arrival]) -> list[str]:
    return [arrival.dedupe_key for arrival in arrivals if isinstance(arrival, Inbound | Receipt | Unsupported)]


async def test_a_mail_becomes_what_its_customer_said() -> None:
    async with mail_world() as world, world.adapter(start_from="all") as adapter:
        world.imap.put(recorded("plain"))
        assert await world.take(adapter, 1) == [
            Inbound(
                dedupe_key="<1234@local.machine.example>",
                address=CustomerAddress(
                    channel=ChannelId("mail"), id="jdoe@machine.example", account="support@example.com"
                ),
                content=Text(text='Saying Hello\n\nThis is a message just to say hello.\nSo, "Hello".'),
                at=AT,
                external_id=ExternalId("<1234@local.machine.example>"),
                name="John Doe",
            )
        ]


async def test_what_lay_there_before_the_first_start_is_left_unless_it_is_asked_for() -> None:
    async with mail_world() as world, world.adapter() as adapter:
        world.imap.put(simple(1))
        assert await world.look(adapter) == []
        world.imap.put(simple(2))
        assert keys(await world.take(adapter, 1)) == ["<2@example.net>"]


async def test_each_mail_comes_once_also_over_a_restart() -> None:
    async with mail_world() as world:
        for number in (1, 2, 3):
            world.imap.put(simple(number))
        async with world.adapter(start_from="all") as adapter:
            assert keys(await world.take(adapter, 3)) == [f"<{number}@example.net>" for number in (1, 2, 3)]
            assert await world.look(adapter) == []
        world.imap.put(simple(4))
        async with world.adapter(start_from="all") as adapter:
            assert keys(await world.take(adapter, 1)) == ["<4@example.net>"]


async def test_a_mail_that_was_not_taken_comes_again() -> None:
    async with mail_world() as world:
        world.imap.put(simple(1))
        world.imap.put(simple(2))
        async with world.adapter(start_from="all") as adapter:
            polling = adapter.poll()
            assert keys([await anext(polling)]) == ["<1@example.net>"]
            assert keys([await anext(polling)]) == ["<2@example.net>"]
            await polling.aclose()  # type: ignore[attr-defined]  # it is a generator: the engine closes it so
        async with world.adapter(start_from="all") as adapter:
            assert keys(await world.take(adapter, 1)) == ["<2@example.net>"]


async def test_neither_flags_nor_the_mailbox_are_touched_or_asked() -> None:
    async with mail_world() as world, world.adapter(start_from="all") as adapter:
        world.imap.put(simple(1))
        await world.take(adapter, 1)
        assert {command.split()[0] for command in world.imap.commands} <= {"CAPABILITY", "LOGIN", "EXAMINE", "UID"}
        fetches = [command for command in world.imap.commands if command.startswith("UID")]
        assert fetches[:2] == ["UID FETCH 1:* (UID RFC822.SIZE INTERNALDATE)", "UID FETCH 1 (UID BODY.PEEK[])"]


async def test_after_new_numbers_only_the_last_day_is_looked_at_again() -> None:
    async with mail_world() as world, world.adapter(start_from="all") as adapter:
        world.imap.put(simple(1), date="01-Nov-2025 10:00:00 +0000")
        world.imap.put(simple(2))
        assert keys(await world.take(adapter, 2)) == ["<1@example.net>", "<2@example.net>"]
        world.imap.renumber(8)
        world.imap.put(simple(3))
        # The second comes under its old key, by which the engine knows it; the first is a month old.
        assert keys(await world.take(adapter, 2)) == ["<2@example.net>", "<3@example.net>"]
        assert await world.look(adapter) == []


@pytest.mark.parametrize("answer", ["CUT", "CUT BODY", "NO", "BAD"])
@pytest.mark.parametrize("command", ["LOGIN", "EXAMINE", "UID FETCH"])
async def test_a_connection_that_fails_once_anywhere_loses_and_doubles_nothing(command: str, answer: str) -> None:
    async with mail_world() as world:
        async with world.adapter(start_from="all") as adapter:
            world.imap.put(simple(1))
            assert keys(await world.take(adapter, 1)) == ["<1@example.net>"]
        world.imap.put(simple(2))
        world.imap.put(simple(3))
        world.imap.answers[command] = [answer]
        async with world.adapter(start_from="all") as adapter:
            assert keys(await world.take(adapter, 2)) == ["<2@example.net>", "<3@example.net>"]


async def test_an_admin_is_told_once_when_the_mailbox_is_away_and_once_when_it_is_back() -> None:
    async with mail_world() as world, world.adapter(start_from="all") as adapter:
        world.imap.answers["EXAMINE"] = ["CUT", "CUT", "CUT"]
        world.imap.put(simple(1))
        await world.take(adapter, 1)
        assert [(level, event) for level, event, _ in world.log.entries] == [
            ("warning", "mailbox_away"),
            ("info", "mailbox_back"),
        ]


async def test_a_refused_login_shows_as_such_and_never_shows_the_password() -> None:
    async with mail_world() as world, world.adapter() as adapter:
        world.imap.password = "another"  # noqa: S105 - of a server on loopback
        assert await world.look_refused(adapter) == []
        with pytest.raises(AuthExpired, match="does not take user and password"):
            await adapter.health()
        assert "hunter2" not in str(world.log.entries)


async def test_a_mail_that_its_server_cannot_give_does_not_hold_up_the_next() -> None:
    async with mail_world() as world, world.adapter(start_from="all") as adapter:
        world.imap.put(simple(1))
        world.imap.put(simple(2))
        world.imap.answers["UID FETCH"] = ["", "NO"] * 3
        assert keys(await world.take(adapter, 1)) == ["<2@example.net>"]
        assert [fields["uid"] for _, event, fields in world.log.entries if event == "mail_skipped"] == [1]


async def test_a_mail_larger_than_allowed_is_shown_as_such_and_not_read() -> None:
    async with mail_world() as world, world.adapter(start_from="all", mail_size_max=1_000) as adapter:
        head = "From: carla@example.net\r\nMessage-ID: <1@example.net>\r\nSubject: Big\r\n\r\n"
        world.imap.put(head.encode() + b"x" * 3_000_000)
        (arrival,) = await world.take(adapter, 1)
        assert isinstance(arrival, Unsupported)
        assert arrival.what == "a mail of 3 MiB, larger than this channel takes: Big"
        assert not [command for command in world.imap.commands if "PEEK[]" in command]


async def test_a_server_that_lies_about_a_size_is_not_read_into_memory() -> None:
    async with mail_world() as world, world.adapter(start_from="all", mail_size_max=1_000) as adapter:
        world.imap.size_lie = 10
        world.imap.put(simple(1, "x" * 200_000))
        world.imap.put(simple(2))
        assert keys(await world.take(adapter, 1)) == ["<2@example.net>"]


async def test_machines_and_ourselves_are_passed_over_and_the_log_says_why() -> None:
    async with mail_world() as world, world.adapter(start_from="all") as adapter:
        world.imap.put(recorded("vacation"))
        world.imap.put(b"From: support@example.com\r\n\r\nHello")
        world.imap.put(simple(3))
        assert keys(await world.take(adapter, 1)) == ["<3@example.net>"]
        assert [fields["reason"] for _, event, fields in world.log.entries if event == "mail_dropped"] == [
            "Auto-Submitted: auto-replied (vacation)".partition(" (")[0],
            "it comes from this address itself",
        ]


async def test_files_come_after_the_text_and_are_fetched_from_the_mailbox() -> None:
    async with mail_world() as world, world.adapter(start_from="all") as adapter:
        world.imap.put(recorded("attachments"))
        text, picture, *_ = await world.take(adapter, 4)
        assert isinstance(text, Inbound)
        assert text.content == Text(text="A picture\n\nSee below.")
        assert isinstance(picture, Inbound)
        assert isinstance(picture.content, Media)
        assert (picture.dedupe_key, picture.content.kind) == ("<files@example.net>#2", "IMAGE")
        ref = picture.content.ref
        assert [piece async for piece in adapter.fetch_media(ref)] == [b"\x89PNG\r\n\x1a\n"]
        world.imap.renumber(9)
        for gone in (ref, MediaRef(id="9/1/0"), MediaRef(id="../etc"), MediaRef(id="9/77/2")):
            with pytest.raises(Permanent):
                [piece async for piece in adapter.fetch_media(gone)]


async def test_a_text_that_is_too_long_for_a_desk_is_cut_and_says_so() -> None:
    async with mail_world() as world, world.adapter(start_from="all", text_length_max=100) as adapter:
        world.imap.put(simple(1, "long " * 100))
        (arrival,) = await world.take(adapter, 1)
        assert isinstance(arrival, Inbound)
        assert isinstance(arrival.content, Text)
        assert arrival.content.text.endswith("\n(cut: the mail has 499 characters)")
        assert len(arrival.content.text) == 100


async def test_an_empty_mail_is_shown_as_one() -> None:
    async with mail_world() as world, world.adapter(start_from="all") as adapter:
        world.imap.put(simple(1, " \r\n"))
        (arrival,) = await world.take(adapter, 1)
        assert isinstance(arrival, Unsupported)
        assert arrival.what == "an empty mail"


async def _answered(world: MailWorld, adapter: Email, header: str) -> Inbound:
    world.imap.put(f"From: carla@example.net\r\nSubject: Re: x\r\n{header}\r\n\r\nYes".encode())
    (arrival,) = await world.take(adapter, 1)
    assert isinstance(arrival, Inbound)
    return arrival


async def test_an_answer_names_the_mail_of_ours_by_reference_or_by_the_address_it_was_sent_to() -> None:
    async with mail_world() as world, world.adapter(start_from="all", has_plus_address="true") as adapter:
        ours = await adapter.send(delivery(1, "Hello"))
        second = await adapter.send(delivery(2, "Still there?"))
        to = world.smtp.mails[0]["Reply-To"]
        assert (await _answered(world, adapter, f"In-Reply-To: {ours}")).reply_to == ours
        assert (await _answered(world, adapter, f"References: <x@y> {ours} <z@y>")).reply_to == ours
        assert (await _answered(world, adapter, f"In-Reply-To: {ours.upper()}")).reply_to is not None
        by_address = await _answered(world, adapter, f"To: {to}")
        assert by_address.reply_to == second
        assert by_address.content == Text(text="Yes"), "the subject of an answer is not told again"
        assert (await _answered(world, adapter, "To: support+hfabc@example.com")).reply_to is None
        forged = ours.replace(".", ".a", 2)
        assert (await _answered(world, adapter, f"In-Reply-To: {forged}")).reply_to is None


async def test_whoever_answers_in_a_customers_thread_is_still_himself() -> None:
    async with mail_world() as world, world.adapter(start_from="all") as adapter:
        ours = await adapter.send(delivery(1, "Hello"))
        world.imap.put(f"From: dora@example.net\r\nIn-Reply-To: {ours}\r\n\r\nI am Carla, honestly".encode())
        (arrival,) = await world.take(adapter, 1)
        assert isinstance(arrival, Inbound)
        assert (arrival.address.id, arrival.address.aliases) == ("dora@example.net", ())


async def test_a_bounce_is_the_failed_receipt_of_the_mail_it_is_about_and_only_of_ours() -> None:
    async with mail_world() as world, world.adapter(start_from="all") as adapter:
        ours = await adapter.send(delivery(3, "Hello"))
        world.imap.put(recorded("bounce", ACTION="failed", OURS="<somebody@else>"))
        world.imap.put(recorded("bounce", ACTION="delayed", OURS=ours))
        world.imap.put(recorded("bounce", ACTION="failed", OURS=ours))
        assert await world.take(adapter, 1) == [
            Receipt(
                dedupe_key="<199407072116.RAA14128@CS.UTK.EDU>",
                state=ReceiptState.FAILED,
                at=AT,
                external_id=ours,
                delivery_id=DeliveryId("conversations/1/deliveries/3"),
                error="smtp; 426 connection timed out",
            )
        ]


async def test_stopping_waits_for_no_server() -> None:
    async with mail_world() as world, world.adapter() as adapter:
        world.imap.answers["EXAMINE"] = ["STALL"]
        polling = asyncio.ensure_future(anext(adapter.poll()))
        await until(lambda: world.imap.count("EXAMINE"))
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
        await asyncio.wait_for(adapter.stop(), 1)
        world.imap.stalled.set()
        await until(lambda: not world.imap.connections)


async def test_a_mailbox_that_does_not_answer_in_time_is_away() -> None:
    async with mail_world() as world, world.adapter(timeout_s="0.05") as adapter:
        world.imap.answers["EXAMINE"] = ["STALL"]
        polling = asyncio.ensure_future(anext(adapter.poll()))
        await until(lambda: world.log.entries)
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
        assert world.log.entries[0][1:] == ("mailbox_away", {"reason": "the mailbox cannot be read: TimeoutError"})
        assert isinstance(adapter.classify(TimeoutError()), Transient)
