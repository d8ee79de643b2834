"""Whatever is asked wrongly of a real server is answered with a word, a sentence, and no effect at all."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from hookflash.v1 import target_pb2
from tests.e2e.bad_calls import BAD_CALLS, CODES, BadCall
from tests.e2e.bad_fields import BAD_FIELDS
from tests.e2e.calling import Caller, Refused, Site, seconds, site_on
from tests.e2e.server_process import running
from tests.server.serving import METHODS

BILLING: Final = target_pb2.Target(queue="queues/billing")
NOTHING_OF_OURS: Final = re.compile(r"Traceback|Error\b|Exception|\bFile \"|<class|0x[0-9a-f]{6}|\.py\b|sqlite|None")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("bad") / "data") as server, site_on(server) as made:
        _set_up(made)
        yield made
        assert "defect" not in server.stderr


def _set_up(site: Site) -> None:
    for name in ("ann", "ben", "dora"):
        site.attach(name)
    site.attach("carl", is_ready=False)
    site.attended("alone", "ann")
    site.attended("pair", "ann")
    site.agent("ann").call(
        "ConversationService/Conference", name="conversations/pair", target=target_pb2.Target(agent="agents/ben")
    )
    site.accepted("ben")
    site.attended("closed", "ann")
    site.admin.call("ConversationService/CloseConversation", name="conversations/closed")
    site.attended("left", "ben")
    site.admin.call(
        "ChannelService/Receive",
        channel="channels/web",
        address="address of left",
        external_id="bye",
        customer_left=True,
    )
    site.opened("parked", target=target_pb2.Target(queue="queues/empty"))
    site.opened("offered", target=target_pb2.Target(agent="agents/dora"))
    site.desks["dora"].until("offer_made")


@pytest.fixture(scope="module")
def callers(site: Site) -> Mapping[str, Caller]:
    return {
        "admin": site.admin,
        "viewer": site.made("VIEWER", "viewers/wall"),
        "adapter": site.made("ADAPTER", "channels/web", channel="channels/web"),
        "eve": site.agent("eve"),
        **{name: desk.caller for name, desk in site.desks.items()},
    }


def _assert_is_refusal(refused: Refused, reason: str) -> None:
    assert (refused.code, refused.reason) == (CODES[reason], reason), refused.sentence
    assert refused.info.domain == "hookflash.v1"
    assert re.match(r"[A-Za-z`].*\.$", refused.sentence, re.DOTALL), refused.sentence
    assert len(refused.sentence) < 700, refused.sentence
    assert refused.sentence.isprintable(), refused.sentence
    assert NOTHING_OF_OURS.search(refused.sentence) is None, refused.sentence


@pytest.mark.spec("R-G7", "R-G12", "I16")
@pytest.mark.parametrize("bad", [*BAD_CALLS, *BAD_FIELDS], ids=str)
def test_a_bad_call_is_refused_with_its_word_and_a_sentence_and_has_no_effect(
    site: Site, callers: Mapping[str, Caller], bad: BadCall
) -> None:
    caller, before = callers[bad.who], site.position
    ask = caller.stream_refusal if bad.is_stream else caller.refusal
    _assert_is_refusal(ask(bad.path, **bad.fields), bad.reason)
    assert site.position == before, "something was recorded"


GARBAGE: Final = {
    "no protobuf": b"\xff\xff\xff",
    "cut short": b"\x0a\x7fconversations/alone",
    "no field": b"\x00",
    "a length of 2 GiB": b"\x0a\xff\xff\xff\xff\x07",
    "an endless number": b"\x08" + b"\xff" * 20,
    "nested too deep": b"\x0b" * 5_000,
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE.keys())
def test_bytes_that_are_no_request_are_refused_as_such_by_every_method(site: Site, garbage: bytes) -> None:
    before = site.position
    for path, method in METHODS.items():
        with pytest.raises(Refused) as refusal:
            (site.admin.raw_stream if method.is_stream else site.admin.raw)(path, garbage)
        _assert_is_refusal(refusal.value, "BAD_FIELD")
    assert site.position == before


def test_a_text_that_is_no_utf_8_is_refused(site: Site) -> None:
    with pytest.raises(Refused) as refusal:
        site.admin.raw("ConversationService/GetConversation", b"\x0a\x02\xff\xfe")
    _assert_is_refusal(refusal.value, "BAD_FIELD")


def test_a_message_of_4_mib_is_refused_with_both_sizes_and_a_smaller_one_is_judged(site: Site) -> None:
    before = site.position
    refused = site.admin.refusal(
        "ConversationService/SendMessage", name="conversations/alone", agent="agents/ann", text="m" * 4 * 1024 * 1024
    )
    assert refused.code == "RESOURCE_EXHAUSTED"
    assert re.search(r"larger than max .*4194\d+ vs\. 1048576", refused.sentence)
    assert site.position == before


def test_metadata_over_its_limit_is_refused(site: Site) -> None:
    refused = site.caller(site.admin.token, [("x-much", "m" * 9_000)]).refusal("AdminService/GetServer")
    assert refused.code == "RESOURCE_EXHAUSTED"
    assert "metadata" in refused.sentence


def test_a_method_that_does_not_exist_is_unimplemented(site: Site) -> None:
    with pytest.raises(Refused) as refusal:
        site.admin.raw("AdminService/DropEverything", b"")
    assert refusal.value.code == "UNIMPLEMENTED"


@pytest.mark.spec("R-G8", "I2")
def test_a_request_id_with_other_content_is_refused_and_with_the_same_answered_again(site: Site) -> None:
    ann = site.agent("ann")
    said: dict[str, Any] = {"name": "conversations/alone", "text": "once", "request_id": "said-once"}
    first = ann.call("ConversationService/SendMessage", **said)
    before = site.position
    _assert_is_refusal(ann.refusal("ConversationService/SendMessage", **{**said, "text": "twice"}), "REQUEST_ID_REUSED")
    assert ann.call("ConversationService/SendMessage", **said) == first
    assert site.position == before


@pytest.mark.spec("R-G8")
def test_a_refused_call_is_not_remembered_so_that_its_id_may_be_used_again(site: Site) -> None:
    ann = site.agent("ann")
    said: dict[str, Any] = {"name": "conversations/alone", "request_id": "mended"}
    _assert_is_refusal(ann.refusal("ConversationService/SendMessage", **said, text=" "), "EMPTY_MESSAGE")
    assert ann.call("ConversationService/SendMessage", **said, text="mended").text == "mended"


@pytest.mark.spec("A-27", "D-12")
def test_control_characters_are_taken_out_and_everything_else_stays(site: Site) -> None:
    sent = site.agent("ann").call(
        "ConversationService/SendMessage",
        name="conversations/alone",
        text=" a\0b\x1b[31m\x7f\x9fc\td\ne \U0001f469\u200d\U0001f680 \u202b\u05d0 e\u0301 ",
    )
    assert sent.text == " ab[31mc\td\ne \U0001f469\u200d\U0001f680 \u202b\u05d0 e\u0301 "


def test_a_customers_name_keeps_no_control_characters(site: Site) -> None:
    opened = site.admin.call(
        "ConversationService/CreateConversation",
        conversation_id="painted",
        channel="channels/web",
        address="painted",
        customer={"display_name": "Zoe\x1b[31m\n\0", "profile": {"tier": "go\x1bld"}},
    )
    assert opened.customer.display_name == "Zoe[31m"
    assert opened.customer.profile == {"tier": "gold"}


@pytest.mark.spec("R-G7")
@pytest.mark.parametrize("method", ["Transfer", "Conference"])
def test_a_dry_run_checks_everything_and_records_nothing(site: Site, method: str) -> None:
    before = site.position
    invite = site.agent("ann").call(
        f"ConversationService/{method}",
        name="conversations/alone",
        target=target_pb2.Target(queue="queues/empty"),
        note="n" * 1_000,
        ttl=seconds(60),
        validate_only=True,
    )
    assert invite.note == "n" * 1_000
    assert site.position == before


def test_a_call_whose_deadline_has_passed_is_not_executed(site: Site) -> None:
    before = site.position
    with pytest.raises(Refused) as refusal:
        site.agent("ann").call(
            "ConversationService/SendMessage", name="conversations/alone", text="too late", timeout_s=-1.0
        )
    assert refusal.value.code == "DEADLINE_EXCEEDED"
    assert site.position == before


def test_after_all_of_it_the_server_still_works(site: Site) -> None:
    sent = site.agent("ann").call("ConversationService/SendMessage", name="conversations/alone", text="still here")
    assert sent.text == "still here"
    assert site.server.process.poll() is None
    assert list(site.admin.call("AdminService/GetServer").warnings) == []
