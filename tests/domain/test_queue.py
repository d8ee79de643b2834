"""Queues and the other settings as entities: the line's count, fullness, and what is in use."""

import pytest

from hookflash.engine.domain import commands as c
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.limits import Limits
from hookflash.engine.domain.refusals import (
    AttributeInUse,
    ChannelInUse,
    ChannelNotFound,
    InvalidSetting,
    QueueFull,
    QueueInUse,
    QueueNotFound,
    TokenNotFound,
)
from hookflash.engine.domain.values import (
    CHAT,
    AgentSettings,
    AttributeSettings,
    MediaDomainSettings,
    QueueSettings,
    Step,
    TokenSettings,
)
from hookflash.sdk.types import AttributeId, QueueId, Role

from .given import ANN, BILLING, BOB, VOICE, WEB, Centre, V, centre, transfer

QUEUE = Address(Kind.QUEUE, BILLING)
JOIN = c.JoinLine(conversation=V, invite=1)
ENGLISH = AttributeSettings(id=AttributeId("english"))


@pytest.mark.spec("F-24")
def test_the_line_counts_who_waits_through_all_ways_in_and_out() -> None:
    site = centre().active(ANN)
    site.tell(transfer(ANN))
    counts = [site.waiting()]
    site.offer(BOB)
    counts.append(site.waiting())
    site.miss()
    counts.append(site.waiting())
    site.offer(BOB)
    site.accept()
    counts.append(site.waiting())
    site.tell(transfer(BOB))
    counts.append(site.waiting())
    site.end_ttl()
    counts.append(site.waiting())
    assert counts == [1, 0, 1, 0, 1, 0]


@pytest.mark.parametrize(("own", "limit"), [(None, 2), (1, 1)])
def test_a_full_queue_refuses_all_but_those_that_come_back(own: int | None, limit: int) -> None:
    site = centre(Limits(waiting_max=2))
    site.apply(c.Apply(queues=(QueueSettings(id=BILLING, waiting_max=own),)))
    for _ in range(limit):
        site.run(QUEUE, JOIN)
    with pytest.raises(QueueFull):
        site.run(QUEUE, JOIN)
    site.run(QUEUE, c.JoinLine(conversation=V, invite=1, is_exempt=True))
    assert site.waiting() == limit + 1


def test_settings_change_and_the_line_stays() -> None:
    site = centre()
    site.run(QUEUE, JOIN)
    site.apply(c.Apply(queues=(QueueSettings(id=BILLING, display_name="Bills"),)))
    assert (site.waiting(), site.queues()[BILLING].settings.name) == (1, "Bills")


def test_what_is_not_there_is_not_found() -> None:
    site = centre()
    for address, command, refusal in (
        (Address(Kind.QUEUE, "nowhere"), JOIN, QueueNotFound),
        (Address(Kind.CHANNEL, "fax"), c.DeleteChannel(), ChannelNotFound),
        (Address(Kind.TOKEN, "t1"), c.RevokeToken(), TokenNotFound),
    ):
        with pytest.raises(refusal):
            site.run(address, command)


@pytest.mark.spec("R-Q9", "R-L8")
def test_a_queue_that_is_waited_in_or_turned_to_is_not_deleted() -> None:
    site = centre().active(ANN)
    site.tell(transfer(ANN))
    with pytest.raises(QueueInUse):
        site.run(QUEUE, c.DeleteQueue())
    routed = centre(queue=True)
    with pytest.raises(QueueInUse):
        routed.run(QUEUE, c.DeleteQueue())
    unused = centre()
    unused.run(QUEUE, c.DeleteQueue())
    assert unused.queues() == {}


@pytest.mark.spec("R-Q9", "R-Q2")
def test_an_attribute_that_an_agent_or_step_uses_is_not_deleted() -> None:
    address = Address(Kind.ATTRIBUTE, "english")
    for user in (
        c.Apply(attributes=(ENGLISH,), agents=(AgentSettings(id=ANN, attributes={ENGLISH.id: 3}),)),
        c.Apply(attributes=(ENGLISH,), queues=(QueueSettings(id=BILLING, steps=(Step(expression="english > 1"),)),)),
    ):
        site = centre()
        site.apply(user)
        with pytest.raises(AttributeInUse):
            site.run(address, c.DeleteAttribute())
    site = centre()
    site.apply(c.Apply(attributes=(ENGLISH,)))
    site.run(address, c.DeleteAttribute())
    assert site.attributes() == {}


@pytest.mark.spec("R-Q9")
def test_a_busy_channel_is_not_deleted() -> None:
    site = centre()
    site.busy_channels.add(WEB)
    with pytest.raises(ChannelInUse):
        site.run(Address(Kind.CHANNEL, WEB), c.DeleteChannel())


def test_chat_and_a_media_domain_with_queues_are_not_deleted() -> None:
    site = centre()
    phone = QueueSettings(id=QueueId("phone"), media_domain=VOICE)
    site.apply(c.Apply(media_domains=(MediaDomainSettings(id=VOICE),), queues=(phone,)))
    for domain in (CHAT, VOICE):
        with pytest.raises(InvalidSetting):
            site.run(Address(Kind.MEDIA_DOMAIN, domain), c.DeleteMediaDomain())


def test_a_token_is_its_digest_and_is_gone_when_revoked() -> None:
    site, address = Centre(), Address(Kind.TOKEN, "t1")
    token = TokenSettings(id="t1", subject="agents/ann", role=Role.AGENT, digest=b"\x01", created_at=1.0)
    site.run(address, c.CreateToken(settings=token))
    assert site.entities[address] == token
    site.run(address, c.RevokeToken())
    assert site.entities == {}


def test_a_command_of_another_kind_is_a_defect() -> None:
    site = centre()
    for kind in Kind:
        with pytest.raises(TypeError):
            site.run(Address(kind, "x"), JOIN if kind is not Kind.QUEUE else c.Logout())
