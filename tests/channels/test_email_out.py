"""Mails go out over SMTP: once, in the customer's thread, under a name of ours, and never in clear text by accident."""

import asyncio
import shutil
import ssl
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP
from hypothesis import given, settings
from hypothesis import strategies as st

from hookflash.plugins.email import EmailConfig
from hookflash.plugins.email.keys import MailKeys
from hookflash.plugins.email.letters import Letter, Letters
from hookflash.plugins.email.writing import write_mail
from hookflash.sdk import (
    AuthExpired,
    ConfigError,
    CustomerNotice,
    Message,
    Permanent,
    Secret,
    SendError,
    Transient,
    fill,
)
from hookflash.sdk.messages import Whisper
from hookflash.sdk.testing import RecordedStore, channel_context
from hookflash.sdk.types import ConversationId, DeliveryId
from tests.channels.imap_server import imap_server, recorded
from tests.channels.mail_world import ENVIRON, MailWorld, delivery, mail_world, until
from tests.channels.smtp_server import smtp_server

CANARY = "canary-7f3a"


async def test_a_message_goes_out_as_a_mail_from_its_sender() -> None:
    async with mail_world() as world, world.adapter() as adapter:
        external_id = await adapter.send(delivery(1, "Grüße\n.\nfrom here"))
        (mail,) = world.smtp.mails
        assert {name: mail[name] for name in ("From", "To", "Subject", "Message-ID")} == {
            "From": "Ann - Support <support@example.com>",
            "To": "carla@example.net",
            "Subject": "Re: Your message",
            "Message-ID": external_id,
        }
        assert mail.get_content() == "Grüße\r\n.\r\nfrom here\r\n"
        assert "Auto-Submitted" not in mail
        assert (world.smtp.senders, world.smtp.recipients) == (["support@example.com"], ["carla@example.net"])


async def test_a_notice_says_that_no_person_wrote_it() -> None:
    async with mail_world() as world, world.adapter() as adapter:
        await adapter.send(delivery(1, CustomerNotice(key="customer.x", text="Ben has joined.")))
        (mail,) = world.smtp.mails
        assert (mail["Auto-Submitted"], mail["From"]) == ("auto-replied", "Support <support@example.com>")


async def test_an_answer_lands_in_the_customers_thread_also_after_a_restart() -> None:
    long_ids = [f"<{'x' * 90}{number}@a-long-mail-server.example.net>" for number in range(30)]
    raw = recorded(
        "plain", **{"<1234@local.machine.example>": f"{long_ids[-1]}\nReferences: {' '.join(long_ids[:-1])}"}
    )
    async with mail_world() as world:
        async with world.adapter(start_from="all") as adapter:
            world.imap.put(raw)
            await world.take(adapter, 1)
        async with world.adapter() as adapter:
            await adapter.send(delivery(1, "Hello", to="jdoe@machine.example"))
        (mail,) = world.smtp.mails
        assert mail["Subject"] == "Re: Saying Hello"
        assert mail["In-Reply-To"] == long_ids[-1]
        assert mail["References"].split() == long_ids[-13:]
        assert world.smtp.recipients == ["JDoe@Machine.Example"], "the spelling that he used himself"
        assert max(len(line) for line in world.smtp.raw[0].splitlines()) < 998


async def test_a_mail_sent_again_is_one_mail_also_after_a_restart() -> None:
    async with mail_world() as world:
        async with world.adapter() as adapter:
            first = await adapter.send(delivery(1, "Hello"))
            assert await adapter.send(replace(delivery(1, "Hello"), attempt=2)) == first
        async with world.adapter() as adapter:
            assert await adapter.send(replace(delivery(1, "Hello"), attempt=3)) == first
            assert await adapter.send(delivery(2, "Hello")) != first
        assert len(world.smtp.mails) == 2


async def test_a_mail_that_is_still_being_handed_over_is_joined_and_not_sent_twice() -> None:
    async with mail_world() as world, world.adapter() as adapter:
        world.smtp.held = asyncio.Event()
        given_up = asyncio.ensure_future(adapter.send(delivery(1, "Hello")))
        await until(lambda: world.smtp.began)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        again = asyncio.ensure_future(adapter.send(delivery(1, "Hello")))
        await asyncio.sleep(0)
        world.smtp.held.set()
        await again
        assert (world.smtp.began, len(world.smtp.mails)) == (1, 1)


@pytest.mark.parametrize(
    ("at", "answer", "error"),
    [
        ("RCPT", "450 4.2.1 mailbox busy", Transient("4.2.1 mailbox busy (450)")),
        ("RCPT", "550 5.1.1 no such user", Permanent("550", "5.1.1 no such user")),
        ("RCPT", "552 5.2.2 mailbox full", Permanent("552", "5.2.2 mailbox full")),
        ("DATA", "451 4.3.0 try later", Transient("4.3.0 try later (451)")),
        ("DATA", "554 5.7.1 looks like spam", Permanent("554", "5.7.1 looks like spam")),
        ("DATA", "421 4.3.2 going down", Transient("4.3.2 going down (421)")),
    ],
)
async def test_4yz_passes_and_5yz_does_not(at: str, answer: str, error: SendError) -> None:
    async with mail_world() as world, world.adapter() as adapter:
        world.smtp.answers[at] = [answer]
        with pytest.raises(SendError) as raised:
            await adapter.send(delivery(1, "Hello"))
        assert (type(raised.value), str(raised.value)) == (type(error), str(error))
        # It was not taken for sent.
        await adapter.send(delivery(1, "Hello"))
        assert len(world.smtp.mails) == 1


async def test_a_refused_login_pauses_and_repeats_no_word_of_the_server() -> None:
    async with mail_world() as world, world.adapter(smtp_login="same") as adapter:
        await adapter.send(delivery(1, "Hello"))
        assert (world.smtp.logins, len(world.smtp.mails)) == (1, 1)
        await adapter.health()
        world.smtp.password = "another"  # noqa: S105 - of a server on loopback
        for call in (adapter.send(delivery(2, "Hello")), adapter.health()):
            with pytest.raises(AuthExpired) as raised:
                await call
            assert str(raised.value) == "the mail server does not take user and password"


async def test_a_server_that_is_away_is_a_passing_trouble() -> None:
    async with mail_world() as world, world.adapter(smtp_port=1) as adapter:
        with pytest.raises(Transient, match="cannot be reached: ConnectionRefusedError"):
            await adapter.send(delivery(1, "Hello"))
        assert world.smtp.mails == []


async def test_a_goodbye_that_fails_does_not_send_the_mail_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def grumble(server: SMTP, _argument: str) -> None:
        await server.push("421 4.3.2 no time to say goodbye")
        assert server.transport is not None
        server.transport.close()

    monkeypatch.setattr(SMTP, "smtp_QUIT", grumble)
    async with mail_world() as world, world.adapter() as adapter:
        await adapter.send(delivery(1, "Hello"))
        assert len(world.smtp.mails) == 1


@pytest.mark.parametrize("to", ["carla", "a@b\r\nBcc: x@y", "a b@c", "<a@b>", "a@b,c@d", ""])
async def test_an_address_that_is_none_fails_for_good_and_reaches_no_server(to: str) -> None:
    async with mail_world() as world, world.adapter() as adapter:
        with pytest.raises(Permanent, match="no mail address"):
            await adapter.send(delivery(1, "Hello", to=to))
        assert world.smtp.began == 0


@settings(max_examples=15)
@given(
    name=st.text(max_size=60),
    subject=st.text(max_size=60),
    text=st.text(max_size=60),
    from_name=st.text(max_size=20).filter(str.isprintable),
)
def test_no_text_can_add_a_header_or_a_line_of_smtp(name: str, subject: str, text: str, from_name: str) -> None:
    name, subject, text = (one.encode("utf-8", "replace").decode() for one in (name, subject, text))
    config = EmailConfig(
        address="support@example.com",
        imap_host="x",
        smtp_host="x",
        user="x",
        password=Secret("x"),
        from_name=from_name.encode("utf-8", "replace").decode(),
    )
    keys = MailKeys(Secret("key"), "example.com")
    letter = Letter(written="carla@example.net", message_id="<1@x>", subject=subject, references=("<0@x>",))
    said = Message(sender_name=name, text=text)
    mail = write_mail(delivery(1, said), letter, settings=config, keys=keys, now=channel_context().clock())
    head = mail.as_bytes().partition(b"\r\n\r\n")[0].decode("ascii")
    names = [line.partition(":")[0] for line in head.split("\r\n") if line[:1] not in (" ", "\t")]
    assert names == [
        *("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References"),
        *("Content-Type", "Content-Transfer-Encoding", "MIME-Version"),
    ]


def test_the_names_of_our_mails_can_be_read_by_us_and_made_by_nobody_else() -> None:
    keys = MailKeys(Secret("key"), "example.com")
    name = DeliveryId("conversations/01jdxyz/deliveries/12")
    ours = keys.message_id(name)
    assert keys.delivery_of(ours) == keys.delivery_of(ours.upper()) == name
    assert MailKeys(Secret("another"), "example.com").delivery_of(ours) is None
    for forged in (ours.replace("hf.m", "hf.n"), ours[:-20] + "@example.com>", "<hf..x@y>", "", "<1@x>", "<hf.a.b@c>"):
        assert keys.delivery_of(forged) is None
    assert keys.thread_token(ConversationId("1")) != keys.thread_token(ConversationId("2"))


async def test_the_memory_of_letters_is_bounded_and_forgets_whoever_was_silent_longest() -> None:
    store = RecordedStore()
    letters = Letters(store)
    for number in range(3_000):
        letter = Letter(written=f"c{number}@example.net", message_id=f"<{'x' * 300}@y>", references=("<z@y>",) * 20)
        await letters.received(f"c{number}@example.net", letter)
    assert all(len(value) <= 60_000 for value in store.values.values())
    assert len(store.values) <= 1_024
    assert (await letters.of("c2999@example.net")) is not None


needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl, which makes the certificates")


@dataclass(frozen=True, slots=True)
class Certificate:
    path: Path
    server: ssl.SSLContext


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [  # noqa: S607 - whichever openssl this machine has
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout", str(key), "-out", str(cert),
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    return Certificate(cert, server)


@needs_openssl
@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_both_kinds_of_tls_work_with_a_trusted_server(certificate: Certificate, security: str) -> None:
    is_implicit = security == "tls"
    async with (
        imap_server(tls=certificate.server, is_implicit=is_implicit) as imap,
        smtp_server(tls=certificate.server, is_implicit=is_implicit) as smtp,
    ):
        world = MailWorld(imap, smtp)
        tls = {"imap_security": security, "smtp_security": security, "smtp_login": "same"}
        async with world.adapter(ca_file=str(certificate.path), start_from="all", **tls) as adapter:
            imap.put(b"From: carla@example.net\r\n\r\nHello")
            assert len(await world.take(adapter, 1)) == 1
            await adapter.send(delivery(1, "Hello"))
            assert (smtp.logins, len(smtp.mails)) == (1, 1)


@needs_openssl
@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_server_that_nobody_vouches_for_gets_neither_password_nor_mail(
    certificate: Certificate, security: str
) -> None:
    is_implicit = security == "tls"
    async with (
        imap_server(tls=certificate.server, is_implicit=is_implicit) as imap,
        smtp_server(tls=certificate.server, is_implicit=is_implicit) as smtp,
    ):
        world = MailWorld(imap, smtp)
        async with world.adapter(imap_security=security, smtp_security=security, smtp_login="same") as adapter:
            with pytest.raises(Transient, match="no TLS with the mail server"):
                await adapter.send(delivery(1, "Hello"))
            polling = asyncio.ensure_future(anext(adapter.poll()))
            await until(lambda: world.log.entries)
            polling.cancel()
            await asyncio.gather(polling, return_exceptions=True)
            assert (smtp.logins, smtp.began, imap.count("LOGIN")) == (0, 0, 0)


async def test_without_starttls_neither_password_nor_mail_leaves() -> None:
    async with mail_world() as world, world.adapter(smtp_security="starttls", smtp_login="same") as adapter:
        with pytest.raises(Transient, match="offers no STARTTLS"):
            await adapter.send(delivery(1, "Hello"))
        assert (world.smtp.logins, world.smtp.began) == (0, 0)


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ({"address": "support"}, "'address' must be a mail address"),
        ({"imap_host": "mx.example.com"}, "'imap_security' may be plain on this machine only"),
        ({"smtp_host": "mx.example.com", "smtp_login": "same"}, "'smtp_security' may be plain with"),
        ({"folder": 'IN"\r\nBOX'}, "'folder' must be one line"),
        ({"folder": "Entwürfe"}, "'folder' must be ASCII"),
        ({"user": "a b"}, "'user' must be one word"),
        ({"subject": "a\nb"}, "'subject' must be one line"),
        ({"smtp_port": 70_000}, "must be 0 .* to 65535"),
        ({"poll_s": 0}, "must be above 0"),
        ({"password": "hunter2"}, "is secret"),
    ],
)
async def test_settings_that_would_not_work_are_refused(setting: dict[str, object], problem: str) -> None:
    async with mail_world() as world:
        with pytest.raises(ConfigError, match=problem):
            fill(EmailConfig, world.settings(**setting), environ=ENVIRON)


async def test_a_mail_is_made_of_no_whisper() -> None:
    async with mail_world() as world, world.adapter() as adapter:
        whisper = Whisper(sender_name="Ben", text=CANARY)
        with pytest.raises(TypeError, match="not Whisper"):
            delivery(1, whisper)  # type: ignore[arg-type]  # what mypy rejects, an untyped plugin may try
        with pytest.raises(TypeError):
            Message(sender_name="Ben", text=whisper)  # type: ignore[arg-type]  # as above
        await adapter.send(delivery(1, "Hello"))
        wire = b"".join(world.smtp.raw)
        assert CANARY.encode() not in wire
        assert b"Hello" in wire
