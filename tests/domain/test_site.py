"""Applying settings, all or nothing: what changes, what is refused and by which field, what is pruned; and booting."""

import pytest

from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Kind
from hookflash.engine.domain.limits import DURATION_MAX_S, Limits
from hookflash.engine.domain.refusals import Reason, Refusal
from hookflash.engine.domain.site_rules import Change, ChangeKind, changes
from hookflash.engine.domain.struct import changed
from hookflash.engine.domain.values import (
    CHAT,
    AgentSettings,
    AttributeKind,
    AttributeSettings,
    ChannelSettings,
    MediaDomainSettings,
    QueueSettings,
    Step,
)
from hookflash.sdk.types import AgentId, AttributeId, ChannelId, MediaDomainId, QueueId

from .given import ANN, BILLING, BOB, CAT, VOICE, WEB, Centre, V, centre, transfer

ENGLISH = AttributeSettings(id=AttributeId("english"))
VIP = AttributeSettings(id=AttributeId("vip"), kind=AttributeKind.BOOLEAN)
PHONE = QueueSettings(id=QueueId("phone"), media_domain=VOICE)
QUEUE = QueueSettings(id=BILLING)
AGENT = AgentSettings(id=ANN)


@pytest.fixture
def site() -> Centre:
    return centre()


def refused(site: Centre, command: c.Apply) -> tuple[Reason, str | None]:
    """Reason and field of the refusal; nothing may have changed."""
    before = dict(site.entities)
    with pytest.raises(Refusal) as found:
        site.apply(command)
    assert site.entities == before
    return found.value.reason, found.value.field


def queue(**given: object) -> c.Apply:
    return c.Apply(attributes=(ENGLISH,), queues=(QUEUE, changed(QUEUE, id=QueueId("two"), **given)))  # type: ignore[arg-type]


@pytest.mark.spec("R-Q1", "R-Q2")
@pytest.mark.parametrize(
    ("command", "field"),
    [
        (queue(display_name="x" * 51), "display_name"),
        (queue(display_name="a\nb"), "display_name"),
        (queue(media_domain=VOICE), "media_domain"),
        (queue(priority=0), "priority"),
        (queue(priority=11), "priority"),
        (queue(strategy="fancy"), "strategy"),
        (queue(offer_timeout_s=0), "offer_timeout"),
        (queue(offer_timeout_s=float("nan")), "offer_timeout"),
        (queue(ttl_s=DURATION_MAX_S + 1), "ttl"),
        (queue(ttl_s=30), "offer_timeout"),
        (queue(offer_timeout_s=300), "offer_timeout"),
        (queue(waiting_max=0), "waiting_max"),
        (queue(steps=(Step(),) * 11), "steps"),
        (queue(steps=(Step(wait_s=-1), Step())), "steps[0].wait"),
        (queue(steps=(Step(), Step(expression="english >"))), "steps[1].expression"),
        (queue(steps=(Step(expression="german > 1"),)), "steps[0].expression"),
        (queue(overflow=QueueId("nowhere")), "overflow"),
    ],
)
def test_a_queue_that_cannot_be_is_refused_by_its_field(site: Centre, command: c.Apply, field: str) -> None:
    assert refused(site, command) == (Reason.INVALID_SETTING, f"queues[1].{field}")


@pytest.mark.parametrize(
    ("agent", "field"),
    [
        (changed(AGENT, display_name="x" * 51), "display_name"),
        (changed(AGENT, capacity={CHAT: -1}), "domains[chat].capacity"),
        (changed(AGENT, capacity={VOICE: 1}), "domains.media_domain"),
        (changed(AGENT, attributes={AttributeId("german"): 1}), "attributes[german]"),
        (changed(AGENT, attributes={VIP.id: 2}), "attributes[vip]"),
        (changed(AGENT, attributes={ENGLISH.id: 11}), "attributes[english]"),
        (changed(AGENT, attributes={ENGLISH.id: -1}), "attributes[english]"),
        (changed(AGENT, queues=(BILLING, QueueId("nowhere"))), "queues[1]"),
    ],
)
def test_an_agent_who_cannot_be_is_refused_by_the_field(site: Centre, agent: AgentSettings, field: str) -> None:
    command = c.Apply(attributes=(ENGLISH, VIP), agents=(agent,))
    assert refused(site, command) == (Reason.INVALID_SETTING, f"agents[0].{field}")


@pytest.mark.parametrize(
    ("channel", "field"),
    [
        (ChannelSettings(id=WEB, kind="a\x00"), "kind"),
        (ChannelSettings(id=WEB, media_domain=MediaDomainId("fax")), "media_domain"),
        (ChannelSettings(id=WEB, queue=QueueId("nowhere")), "queue"),
        (ChannelSettings(id=WEB, queue=PHONE.id), "queue"),
        (ChannelSettings(id=WEB, kind="sms", settings={"key": "hunter2"}), "settings[key]"),
        (ChannelSettings(id=WEB, kind="sms", settings={"key": "env:"}), "settings[key]"),
    ],
)
def test_a_channel_that_cannot_be_is_refused_by_its_field(site: Centre, channel: ChannelSettings, field: str) -> None:
    site.secrets["sms"] = frozenset({"key"})
    command = c.Apply(media_domains=(MediaDomainSettings(id=VOICE),), queues=(PHONE,), channels=(channel,))
    assert refused(site, command) == (Reason.INVALID_SETTING, f"channels[0].{field}")


def test_a_secret_in_the_wrong_place_is_not_repeated(site: Centre) -> None:
    site.secrets["sms"] = frozenset({"key"})
    with pytest.raises(Refusal) as found:
        site.apply(c.Apply(channels=(ChannelSettings(id=WEB, kind="sms", settings={"key": "hunter2"}),)))
    assert "hunter2" not in found.value.sentence
    for reference in ("env:SMS_KEY", "file:/run/secrets/sms key"):
        site.apply(c.Apply(channels=(ChannelSettings(id=WEB, kind="sms", settings={"key": reference, "url": "x"}),)))


@pytest.mark.parametrize("bad", ["", "Ann", "-a", "a b", "x" * 64, "é"])
def test_ids_are_checked_in_every_list(site: Centre, bad: str) -> None:
    for command, field in (
        (c.Apply(queues=(changed(QUEUE, id=QueueId(bad)),)), "queues[0].name"),
        (c.Apply(agents=(AGENT, AgentSettings(id=AgentId(bad)))), "agents[1].name"),
        (c.Apply(channels=(ChannelSettings(id=ChannelId(bad)),)), "channels[0].name"),
        (c.Apply(attributes=(AttributeSettings(id=AttributeId(bad)),)), "attributes[0].name"),
        (c.Apply(media_domains=(MediaDomainSettings(id=MediaDomainId(bad)),)), "media_domains[0].name"),
    ):
        assert refused(site, command) == (Reason.BAD_ID, field)


def test_each_resource_is_named_once(site: Centre) -> None:
    assert refused(site, c.Apply(agents=(AGENT, AGENT))) == (Reason.INVALID_SETTING, "agents[1].name")


def test_one_fault_keeps_everything_else_from_being_applied(site: Centre) -> None:
    good = QueueSettings(id=QueueId("good"))
    assert refused(site, c.Apply(queues=(good,), agents=(AgentSettings(id=BOB, queues=(QueueId("no"),)),))) == (
        Reason.INVALID_SETTING, "agents[0].queues[0]",
    )  # fmt: skip


def test_what_one_call_brings_may_name_each_other(site: Centre) -> None:
    site.apply(
        c.Apply(
            queues=(changed(PHONE, steps=(Step(expression="english > 2"),), overflow=QueueId("two")),
                    changed(QUEUE, id=QueueId("two"), media_domain=VOICE)),
            agents=(AgentSettings(id=AgentId("dan"), attributes={ENGLISH.id: 10, VIP.id: 1}, queues=(PHONE.id,)),),
            channels=(ChannelSettings(id=ChannelId("line"), queue=PHONE.id, media_domain=VOICE),),
            attributes=(ENGLISH, VIP),
            media_domains=(MediaDomainSettings(id=VOICE, capacity=1),),
        )
    )  # fmt: skip
    assert site.agents()[AgentId("dan")].capacity == {CHAT: 3, VOICE: 1}


def test_only_what_differs_is_told(site: Centre) -> None:
    same = c.Apply(
        queues=tuple(each.settings for each in site.queues().values()),
        agents=tuple(each.settings for each in site.agents().values()),
        channels=tuple(site.channels().values()),
        media_domains=tuple(site.media_domains().values()),
    )
    assert {change.change for change in changes(same, site)} == {ChangeKind.UNCHANGED}
    assert site.apply(same) == []
    events = site.apply(changed(same, agents=(*same.agents[:2], changed(same.agents[2], display_name="Kit"))))
    assert [type(event) for event in events] == [e.AgentConfigured]


def test_one_step_for_everybody_is_stored_as_none(site: Centre) -> None:
    for steps in ((), (Step(),), (Step(expression="  ", wait_s=5),)):
        command = c.Apply(queues=(changed(QUEUE, display_name="Billing", steps=steps),))
        assert changes(command, site) == [Change(kind=Kind.QUEUE, id=BILLING, change=ChangeKind.UNCHANGED)]
        assert site.apply(command) == []


def test_the_answer_names_every_resource_with_its_changed_fields(site: Centre) -> None:
    command = c.Apply(
        queues=(QueueSettings(id=BILLING, display_name="Billing", offer_timeout_s=5, ttl_s=50), PHONE),
        agents=(AgentSettings(id=ANN, display_name="Ann", capacity={CHAT: 1}), AgentSettings(id=BOB)),
        media_domains=(MediaDomainSettings(id=VOICE),),
        prune=True,
    )
    assert changes(command, site) == [
        Change(kind=Kind.MEDIA_DOMAIN, id=VOICE, change=ChangeKind.CREATED),
        Change(kind=Kind.QUEUE, id=BILLING, change=ChangeKind.UPDATED, fields=("offer_timeout", "ttl")),
        Change(kind=Kind.QUEUE, id=PHONE.id, change=ChangeKind.CREATED),
        Change(kind=Kind.AGENT, id=ANN, change=ChangeKind.UPDATED, fields=("domains",)),
        Change(kind=Kind.AGENT, id=BOB, change=ChangeKind.UPDATED, fields=("display_name",)),
        Change(kind=Kind.AGENT, id=CAT, change=ChangeKind.DELETED),
    ]


@pytest.mark.spec("R-Q2", "R-A2")
def test_every_agent_is_in_every_media_domain_with_its_slots_or_his_own(site: Centre) -> None:
    site.apply(c.Apply(agents=(AgentSettings(id=ANN, capacity={CHAT: 7}),)))
    voice = c.Apply(media_domains=(MediaDomainSettings(id=VOICE, capacity=1),))
    assert [change.kind for change in changes(voice, site)] == [Kind.MEDIA_DOMAIN]
    site.apply(voice)
    slots = {agent: state.capacity for agent, state in site.agents().items()}
    assert slots == {ANN: {CHAT: 7, VOICE: 1}, BOB: {CHAT: 3, VOICE: 1}, CAT: {CHAT: 3, VOICE: 1}}
    events = site.apply(c.Apply(media_domains=(MediaDomainSettings(id=CHAT, capacity=2),)))
    assert [type(event) for event in events] == [e.MediaDomainConfigured, e.AgentConfigured, e.AgentConfigured]
    site.apply(c.Apply(media_domains=(MediaDomainSettings(id=CHAT, capacity=2),), prune=True))
    assert site.agents()[ANN].capacity == {CHAT: 7}
    assert list(site.media_domains()) == [CHAT]


def test_prune_deletes_of_the_named_kinds_only_and_never_chat(site: Centre) -> None:
    site.apply(c.Apply(media_domains=(MediaDomainSettings(id=VOICE),), attributes=(ENGLISH,)))
    site.apply(c.Apply(media_domains=(MediaDomainSettings(id=VOICE),), prune=True))
    assert set(site.media_domains()) == {CHAT, VOICE}
    assert (set(site.queues()), set(site.channels()), set(site.attributes())) == ({BILLING}, {WEB}, {ENGLISH.id})
    site.apply(c.Apply(queues=(PHONE,), prune=True))
    assert (set(site.queues()), len(site.agents())) == ({PHONE.id}, 3)


@pytest.mark.spec("R-Q9")
def test_what_is_in_use_after_the_call_is_not_pruned(site: Centre) -> None:
    two = changed(QUEUE, id=QueueId("two"))
    site.apply(c.Apply(attributes=(ENGLISH, VIP), agents=(AgentSettings(id=ANN, attributes={VIP.id: 1}),)))
    assert refused(site, c.Apply(attributes=(ENGLISH,), prune=True))[0] is Reason.ATTRIBUTE_IN_USE
    everybody = tuple(AgentSettings(id=each) for each in (ANN, BOB, CAT))
    site.apply(c.Apply(attributes=(ENGLISH,), agents=everybody, prune=True))
    assert set(site.attributes()) == {ENGLISH.id}

    site.apply(c.Apply(channels=(ChannelSettings(id=WEB, queue=BILLING),)))
    assert refused(site, c.Apply(queues=(two,), prune=True))[0] is Reason.QUEUE_IN_USE
    site.apply(c.Apply(queues=(two,), channels=(ChannelSettings(id=WEB, queue=two.id),), prune=True))
    assert set(site.queues()) == {two.id}


@pytest.mark.spec("R-Q9")
def test_settings_that_stay_keep_what_they_name(site: Centre) -> None:
    two, three = changed(QUEUE, id=QueueId("two")), changed(QUEUE, id=QueueId("three"), overflow=BILLING)
    site.apply(c.Apply(agents=(AgentSettings(id=ANN, queues=(BILLING,)),)))
    assert refused(site, c.Apply(queues=(two,), prune=True))[0] is Reason.QUEUE_IN_USE
    site.apply(c.Apply(agents=(AgentSettings(id=ANN),)))
    assert refused(site, c.Apply(queues=(three,), prune=True))[0] is Reason.QUEUE_IN_USE
    voice = MediaDomainSettings(id=VOICE)
    site.apply(c.Apply(media_domains=(voice,), agents=(AgentSettings(id=ANN, capacity={VOICE: 2}),)))
    chat = MediaDomainSettings(id=CHAT, capacity=3)
    assert refused(site, c.Apply(media_domains=(chat,), prune=True))[0] is Reason.INVALID_SETTING


def test_a_change_that_would_make_other_settings_wrong_is_refused(site: Centre) -> None:
    voice = (MediaDomainSettings(id=VOICE),)
    site.apply(c.Apply(channels=(ChannelSettings(id=WEB, queue=BILLING),), attributes=(ENGLISH,)))
    move = c.Apply(media_domains=voice, queues=(changed(QUEUE, media_domain=VOICE),))
    assert refused(site, move) == (Reason.INVALID_SETTING, "queues[0].media_domain")
    site.apply(
        c.Apply(channels=(ChannelSettings(id=WEB),), agents=(AgentSettings(id=ANN, attributes={ENGLISH.id: 7}),))
    )
    boolean = c.Apply(attributes=(changed(ENGLISH, kind=AttributeKind.BOOLEAN),))
    assert refused(site, boolean) == (Reason.INVALID_SETTING, "attributes[0].kind")
    site.active(BOB).tell(transfer(BOB), V)
    assert refused(site, move)[0] is Reason.QUEUE_IN_USE
    site.tell(c.EndSession())
    site.apply(move)


def test_the_first_boot_makes_the_media_domains_of_the_settings() -> None:
    site = Centre(limits=Limits(capacity={"chat": 4, "voice": 2}))
    assert site.apply(c.RecordBoot(epoch=1)) == [
        e.Booted(at=site.now, epoch=1, after_position=0),
        e.MediaDomainConfigured(settings=MediaDomainSettings(id=CHAT, capacity=4)),
        e.MediaDomainConfigured(settings=MediaDomainSettings(id=VOICE, capacity=2)),
    ]


@pytest.mark.spec("R-L6", "A-31")
def test_every_boot_detaches_who_was_logged_in_with_a_full_grace(site: Centre) -> None:
    site.tell_agent(CAT, c.Logout())
    site.now += 100
    detached = e.AgentDetached(at=site.now, grace_until=site.now + 30)
    booted = e.Booted(at=site.now, epoch=2, after_position=site.position)
    assert site.apply(c.RecordBoot(epoch=2)) == [booted, detached, detached]
    site.now += 20
    again = e.AgentDetached(at=site.now, grace_until=site.now + 30)
    assert site.apply(c.RecordBoot(epoch=3))[1:] == [again, again]
    assert [site.agent(each).grace_until for each in (ANN, BOB, CAT)] == [site.now + 30, site.now + 30, None]


@pytest.mark.spec("R-Q8")
def test_a_plugins_fault_is_recorded(site: Centre) -> None:
    fault = c.RecordFault(plugin="fancy", hook="choose", error="ValueError", fallback="longest_available")
    assert site.apply(fault) == [
        e.PluginFault(plugin="fancy", hook="choose", error="ValueError", fallback="longest_available")
    ]
