"""The story of `story.py` by mail, with an IMAP and an SMTP server on loopback."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from tests.channels.door import Door
from tests.channels.imap_server import ImapServer
from tests.channels.mail_world import MailWorld, mail_world
from tests.channels.story import play


class Writer:
    """Somebody who writes mails, and answers in the thread."""

    kind = "email"
    address = "carl@example.net"

    def __init__(self, world: MailWorld, folder: Path) -> None:
        self._world = world
        secret = folder / "password"
        secret.write_text(world.imap.password)
        secret.chmod(0o600)
        given = world.settings(password=f"file:{secret}", start_from="all", poll_s="0.01")
        self.settings: Mapping[str, str] = {name: str(value) for name, value in given.items()}

    def meet(self, door: Door) -> None:
        """Nobody calls a mailbox."""

    async def says(self, text: str) -> None:
        mails = self._world.smtp.mails
        head = f"In-Reply-To: {mails[-1]['Message-ID']}\r\nSubject: Re: x\r\n" if mails else ""
        number = self._world.imap.uid_next
        raw = f"From: Carl <Carl@Example.net>\r\nMessage-ID: <{number}@example.net>\r\n{head}\r\n{text}\r\n"
        self._world.imap.put(raw.encode())

    def saw(self) -> list[str]:
        return [mail.get_content().strip() for mail in self._world.smtp.mails]

    def received(self) -> bytes:
        decoded = [mail.get_content().encode() for mail in self._world.smtp.mails]
        return b"\n".join([*self._world.smtp.raw, *decoded])


@pytest.fixture
async def world() -> AsyncIterator[MailWorld]:
    async with mail_world() as made:
        yield made


@pytest.mark.spec("I7", "R-W3")
async def test_mail_carries_a_conversation_a_conference_and_a_transfer_and_no_whisper(
    world: MailWorld, tmp_path: Path
) -> None:
    await play(Writer(world, tmp_path), step_s=0.01)
    threads = {mail["In-Reply-To"] for mail in world.smtp.mails}
    assert threads == {"<1@example.net>", "<2@example.net>"}, "every mail is an answer to his last one"


@pytest.mark.spec("I3")
async def test_the_story_is_the_same_while_both_servers_make_trouble(world: MailWorld, tmp_path: Path) -> None:
    _trouble(world.imap)
    world.smtp.answers = {"RCPT": ["450 4.2.1 busy", "451 4.3.0 later"], "DATA": ["421 4.3.2 going down"]}
    await play(Writer(world, tmp_path), step_s=0.05)


def _trouble(imap: ImapServer) -> None:
    imap.answers = {"LOGIN": ["CUT"], "EXAMINE": ["NO", "CUT"], "UID FETCH": ["CUT", "", "CUT BODY", "BAD"]}
