"""Settings that change what happens: each test has a server of its own, set up by its file or environment."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.e2e.conformance.centre import Centre
from tests.e2e.conformance.outside import Refused, World, word
from tests.e2e.server_process import running


@contextmanager
def _centre_on(data: Path, **settings: str) -> Iterator[Centre]:
    with running(data, settings=settings) as server, closing(World(server.address)) as world:
        centre = Centre(world, world.caller(server.admin_token), tag="own")
        yield centre
        centre.close()


@pytest.mark.spec("R-L2", "R-L8", "F-20")
def test_unattended_conversations_go_to_the_queue_of_the_policy_once(tmp_path: Path) -> None:
    policy = {"on_unattended": "QUEUE", "on_unattended_queue": "own.billing", "ttl_s": "0.5", "offer_timeout_s": "0.3"}
    with _centre_on(tmp_path / "data", **policy) as centre:
        queue = centre.queue()
        ann = centre.desk("ann")
        cleo = centre.customer(ann)
        left = ann.caller("ConversationService.Leave", name=cleo.conversation)
        assert (word(left, "state"), word(left.invite, "kind"), left.invite.target.queue) == ("QUEUED", "ROUTE", queue)
        assert word(centre.ended(left.invite), "state") == "NO_AGENT"
        found = centre.get(cleo)
        assert (word(found, "state"), found.invite.name in {"", left.invite.name}) == ("UNATTENDED", True)


@pytest.mark.spec("R-L2", "R-L3")
def test_unattended_conversations_are_closed_where_the_policy_says_so(tmp_path: Path) -> None:
    with _centre_on(tmp_path / "data", on_unattended="CLOSE") as centre:
        ann = centre.desk("ann")
        cleo = centre.customer(ann)
        assert word(ann.caller("ConversationService.Leave", name=cleo.conversation), "state") == "CLOSED"
        assert cleo.sees()[-2:] == ["Ann left the conversation", "The conversation has been closed"]


@pytest.mark.spec("R-O3", "R-G6", "A-24", "R-L6")
def test_misses_grace_history_and_note_length_follow_their_settings(tmp_path: Path) -> None:
    settings = {"misses_max": "1", "offer_timeout_s": "0.4", "is_history_visible": "false", "note_length_max": "5"}
    with _centre_on(tmp_path / "data", **settings) as centre:
        queue = centre.queue(offer_timeout="0.4s", ttl="5s")
        ann, bob = centre.desk("ann"), centre.desk("bob", "billing")
        cleo = centre.customer(ann)
        with pytest.raises(Refused, match="NOTE_TOO_LONG"):
            centre.invite("Transfer", cleo, ann, queue=queue, note="123456")
        earlier = cleo.conversation
        centre.invite("Transfer", cleo, ann, queue=queue, note="12345")
        offer = bob.offer()
        bob.stream.cancel()
        eve = centre.desk("eve", "billing")
        assert eve.offer().invite == offer.invite
        assert bob.state() == "NOT_READY"
        bob.attach()
        assert bob.state() == "NOT_READY"
        centre.admin("ConversationService.CloseConversation", name=earlier)
        cleo.says("again", target={"agent": ann.name})
        ann.accept()
        centre.invite("Conference", cleo, ann, agent=eve.name)
        eve.accept()
        with pytest.raises(Refused, match="PERMISSION_DENIED/NOT_A_PARTICIPANT"):
            eve.caller("ConversationService.ListTimeline", name=earlier)


@pytest.mark.spec("R-G10", "R-Q9")
def test_a_channel_that_the_engine_serves_itself_has_no_outside_reader(tmp_path: Path) -> None:
    with _centre_on(tmp_path / "data") as centre:
        assert centre.adapter
        kind = {"name": centre.channel, "kind": "console"}
        centre.admin("AdminService.Apply", channels=[kind])
        with pytest.raises(Refused, match="FAILED_PRECONDITION/CHANNEL_IN_USE"):
            centre.adapter.stream("ChannelService.Deliveries", channel=centre.channel).next()
        centre.admin("AdminService.Apply", channels=[kind | {"is_external": True}])
        out = centre.adapter.stream("ChannelService.Deliveries", channel=centre.channel)
        ann = centre.desk("ann")
        centre.customer(ann)
        assert out.next().notice.text == "Ann has joined the conversation"
