"""From raw mails to what they are: texts, files, bounces, and the mails of machines."""

import time
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookflash.plugins.email.addresses import customer_id, read_address
from hookflash.plugins.email.bodies import read_body
from hookflash.plugins.email.html_text import HTML_LENGTH_MAX, html_to_text
from hookflash.plugins.email.quotes import without_history
from hookflash.plugins.email.reading import Bounce, Mail, Nobodys, Reading, read_attachment, read_mail
from tests.channels.imap_server import MAILS, recorded

OWN = "support@example.com"
NAMES = sorted(path.stem for path in MAILS.glob("*.eml"))


def mail(name: str, **replaced: str) -> Mail:
    reading = read_mail(recorded(name, **replaced), OWN)
    assert isinstance(reading, Mail)
    return reading


def test_a_plain_mail_is_its_text_without_the_signature() -> None:
    assert mail("plain") == Mail(
        key="<1234@local.machine.example>",
        message_id="<1234@local.machine.example>",
        address="JDoe@Machine.Example",
        name="John Doe",
        subject="Saying Hello",
        text='This is a message just to say hello.\nSo, "Hello".',
        attachments=(),
        references=(),
        plus_token="",
    )


def test_plain_text_goes_before_html_and_encoded_words_and_charsets_are_read() -> None:
    found = mail("alternative")
    assert found.name == "André Pirard"
    assert found.subject == "If you can read this you understand the example."
    assert found.text == "Les crèmes sont arrivées froides."


def test_html_alone_becomes_what_a_person_would_read() -> None:
    assert mail("html").text == (
        "Hello & thanks, see my order (https://shop.example/o?a=1&b=2).\n\n- one\n- two\na cat\nBye"
    )


def test_files_are_named_by_their_last_part_and_can_be_fetched_by_number() -> None:
    found = mail("attachments")
    assert found.text == "See below."
    assert [(one.mime_type, one.name, one.size) for one in found.attachments] == [
        ("image/png", "cat.png", 8),
        ("application/pdf", "Bücher.pdf", 9),
        ("message/rfc822", "", 58),
    ]
    raw = recorded("attachments")
    assert [read_attachment(raw, one.number) for one in found.attachments][:2] == [b"\x89PNG\r\n\x1a\n", b"%PDF-1.4\n"]
    assert read_attachment(raw, 0) is None, "the text is no attachment"
    assert read_attachment(raw, 99) is None


def test_an_answer_leaves_away_the_mail_below_it() -> None:
    found = mail("outlook")
    assert found.text == "Das passt mir gut."
    assert found.references == ("<first@example.net>", "<own@example.com>")


def test_answers_between_quoted_lines_keep_them() -> None:
    assert mail("inline").text == "> Which colour?\nRed.\n> Which size?\nLarge."


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("> all of it\n> is quoted", "> all of it\n> is quoted"),
        ("On Monday, Ann wrote:\n> Hello", "On Monday, Ann wrote:\n> Hello"),
        ("Yes\n\n-----Original Message-----\nFrom: Ann\nSent: Monday\n\nHello", "Yes"),
        ("Yes\n________________________________\nFrom: Ann <a@b.c>\nSent: Monday\nHello", "Yes"),
        ("From: me\nthis is no header", "From: me\nthis is no header"),
        ("-- \nonly a signature", "-- \nonly a signature"),
        ("Price -- 5\n--\nCarla", "Price -- 5"),
        ("", ""),
    ],
)
def test_a_history_is_cut_only_where_something_is_left(text: str, kept: str) -> None:
    assert without_history(text) == kept


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("Auto-Submitted: auto-generated", "Auto-Submitted: auto-generated"),
        ("Precedence: bulk", "Precedence: bulk"),
        ("Precedence: list", "Precedence: list"),
        ("X-Auto-Response-Suppress: All", "X-Auto-Response-Suppress"),
        ("Return-Path: <>", "empty return path"),
    ],
)
def test_a_machines_mail_is_nobodys(header: str, reason: str) -> None:
    raw = f"{header}\r\nFrom: carla@example.net\r\n\r\nHello".encode()
    assert read_mail(raw, OWN) == Nobodys(reason=reason)


def test_what_says_that_a_person_sent_it_is_read() -> None:
    raw = b"Auto-Submitted: no\r\nReturn-Path: <carla@example.net>\r\nFrom: carla@example.net\r\n\r\nHello"
    assert isinstance(read_mail(raw, OWN), Mail)


@pytest.mark.parametrize("sender", ["support@example.com", "Support <SUPPORT+hfabc@Example.com>"])
def test_our_own_mails_come_from_nobody(sender: str) -> None:
    reading = read_mail(f"From: {sender}\r\n\r\nHello".encode(), OWN)
    assert reading == Nobodys(reason="it comes from this address itself")


@pytest.mark.parametrize("sender", ["", "From: undisclosed", "From: a b@c", "From: =?utf-8?q?=0d=0a?="])
def test_a_mail_without_a_sender_who_can_be_answered_is_nobodys(sender: str) -> None:
    reading = read_mail(f"{sender}\r\n\r\nHello".encode(), OWN)
    assert reading == Nobodys(reason="it has no sender that can be answered")


def test_a_mail_without_a_message_id_is_known_by_all_of_it() -> None:
    raw = b"From: carla@example.net\r\n\r\nHello"
    first, again, other = (read_mail(one, OWN) for one in (raw, raw, raw + b"!"))
    assert isinstance(first, Mail)
    assert isinstance(other, Mail)
    assert first == again
    assert first.key.startswith("sha256:")
    assert (first.key == other.key, first.message_id) == (False, "")


def test_a_bounce_names_the_mail_that_came_back() -> None:
    failed = read_mail(recorded("bounce", ACTION="failed", OURS="<own@example.com>"), OWN)
    assert failed == Bounce(
        key="<199407072116.RAA14128@CS.UTK.EDU>",
        message_ids=("<own@example.com>",),
        error="smtp; 426 connection timed out",
    )
    delayed = read_mail(recorded("bounce", ACTION="delayed", OURS="<own@example.com>"), OWN)
    assert isinstance(delayed, Bounce)
    assert delayed.error is None


@pytest.mark.parametrize(
    ("charset", "raw", "text"),
    [
        ("no-such-charset", "crème".encode(), "crème"),
        ("us-ascii", "crème".encode(), "crème"),
        ("us-ascii", "crème \x80".encode("latin-1"), "crème €"),
        ("hex", b"6869", "6869"),
        ("utf-8", b"caf\xe9", "café"),
    ],
)
def test_a_text_with_a_wrong_charset_is_read_as_well_as_it_can_be(charset: str, raw: bytes, text: str) -> None:
    head = f"From: c@example.net\r\nContent-Type: text/plain; charset={charset}\r\n\r\n".encode()
    found = read_mail(head + raw, OWN)
    assert isinstance(found, Mail)
    assert found.text == text


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("Carla@Example.NET", "Carla@Example.NET"),
        (" a+b@c.de ", "a+b@c.de"),
        ("carla@bücher.example", "carla@xn--bcher-kva.example"),
        ("carla", None),
        ("a b@c", None),
        ("a@b\r\nRCPT TO:<x@y>", None),
        ("<a@b>", None),
        ('"a b"@c', None),
        ("a@", None),
        ("x" * 65 + "@y", None),
        ("x@" + "y" * 300, None),
    ],
)
def test_an_address_is_one_that_mail_can_go_to_or_none(given: str, address: str | None) -> None:
    assert read_address(given) == address


def test_capital_letters_make_nobody_a_second_customer() -> None:
    assert customer_id("Carla@Example.NET") == customer_id("carla@example.net")


@pytest.mark.parametrize("piece", ["<!--", "<a href='", "<![CDATA[", "<blockquote>", "&#", "<script>", "</", "<!"])
def test_html_made_to_be_slow_is_not(piece: str) -> None:
    began = time.process_time()
    html_to_text(piece * (HTML_LENGTH_MAX // len(piece)))
    assert time.process_time() - began < 5


def test_a_mail_of_parts_in_parts_without_end_is_not_looked_into() -> None:
    began = time.process_time()
    levels = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (depth, depth) for depth in range(900)
    )
    found = read_mail(b"From: c@example.net\r\n" + levels + b"\r\n" * 500_000, OWN)
    assert isinstance(found, Mail)
    assert (found.address, found.text, found.attachments) == ("c@example.net", "", ())
    assert time.process_time() - began < 5


def test_a_mail_of_parts_without_number_has_twenty_attachments() -> None:
    many = b"".join(b"--b\r\nContent-Type: image/png\r\n\r\nx\r\n" for _ in range(500))
    head = b"From: c@example.net\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    found = read_mail(head + many + b"--b--", OWN)
    assert isinstance(found, Mail)
    assert len(found.attachments) == 20


@given(data=st.data())
def test_reading_raises_nothing_whatever_comes(data: st.DataObject) -> None:
    raw = recorded(data.draw(st.sampled_from(NAMES)))
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(len(raw), start + 40)))
    junk = data.draw(st.binary(max_size=40))
    reading: Reading = read_mail(raw[:start] + junk + raw[end:], OWN)
    assert isinstance(reading, Mail | Bounce | Nobodys)
    if isinstance(reading, Mail):
        assert read_address(reading.address) == reading.address
        assert reading.subject.isprintable()
        assert reading.name.isprintable()
        reading.text.encode()


def test_a_body_with_headers_that_cannot_be_read_is_read() -> None:
    raw = (
        b"From: c@d.example\r\nContent-Type: text/plain; charset*=x''%; name*0*=\r\nContent-Disposition: ;;=\r\n\r\nHi"
    )
    assert read_body(message_from_bytes(raw, policy=policy.default)).text == "Hi"
