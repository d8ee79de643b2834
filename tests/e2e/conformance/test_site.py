"""Apply and Export, tokens, GetServer, and Drain on a server of its own."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format

from tests.e2e.conformance.centre import Centre
from tests.e2e.conformance.outside import Refused, Stream, World, word
from tests.e2e.server_process import running


def _kinds(answer: Any) -> dict[str, str]:  # noqa: ANN401 - a dynamic message
    return {change.name: word(change, "kind") for change in answer.changes}


@pytest.mark.spec("R-Q1", "R-Q2")
def test_apply_tells_what_changed_and_is_all_or_nothing(centre: Centre) -> None:
    queue = centre.queue()
    attribute = f"attributes/{centre.id('billing')}"
    same = {"name": queue, "display_name": "Billing", "steps": [{"expression": f"{centre.id('billing')} >= 1"}]}
    apply = "AdminService.Apply"
    assert _kinds(centre.admin(apply, queues=[same])) == {queue: "UNCHANGED"}
    dry = centre.admin(apply, queues=[same | {"priority": 7}], validate_only=True)
    assert (_kinds(dry), "priority" in dry.changes[0].changed_fields) == ({queue: "UPDATED"}, True)
    assert centre.admin("QueueService.GetQueue", name=queue).priority == 1
    other = f"queues/{centre.id('other')}"
    with pytest.raises(Refused, match="INVALID_ARGUMENT/INVALID_SETTING"):
        centre.admin(apply, queues=[{"name": other}, same | {"priority": 11}])
    with pytest.raises(Refused, match="NOT_FOUND/QUEUE_NOT_FOUND"):
        centre.admin("QueueService.GetQueue", name=other)
    declared = [{"name": attribute, "kind": "ATTRIBUTE_KIND_PROFICIENCY"}]
    made = centre.admin(apply, queues=[{"name": other}], attributes=declared)
    assert _kinds(made) == {other: "CREATED", attribute: "UNCHANGED"}
    plain = centre.admin("QueueService.GetQueue", name=other)
    assert (plain.priority, plain.media_domain, plain.strategy) == (1, "chat", "longest_available")
    before = centre.admin("QueueService.GetQueue", name=queue)
    centre.admin(apply, queues=[same | {"priority": 4, "waiting_max": 9}])
    assert centre.admin("QueueService.GetQueue", name=queue).priority == 4
    with pytest.raises(Refused, match="ABORTED/ETAG_MISMATCH"):
        centre.admin(apply, queues=[same | {"etag": before.etag}])
    centre.admin(apply, queues=[same])
    after = centre.admin("QueueService.GetQueue", name=queue)
    assert (after.priority, after.waiting_max) == (1, before.waiting_max)


@pytest.mark.spec("R-Q1", "R-Q2", "R-O2")
@pytest.mark.parametrize(
    "wrong",
    [
        {"priority": 11},
        {"offer_timeout": "30s", "ttl": "30s"},
        {"offer_timeout": "-1s"},
        {"waiting_max": -1},
        {"media_domain": "smoke"},
        {"strategy": "unknown_strategy"},
        {"display_name": "x" * 51},
        {"steps": [{"expression": "undeclared >= 1"}]},
        {"steps": [{"expression": "a AND"}]},
        {"steps": [{"expression": "", "wait": "1s"}] * 11},
        {"overflow": "queues/none"},
    ],
    ids=str,
)
def test_a_queue_s_settings_are_checked(centre: Centre, wrong: dict[str, object]) -> None:
    with pytest.raises(Refused, match="INVALID_ARGUMENT/INVALID_SETTING"):
        centre.admin("AdminService.Apply", queues=[{"name": f"queues/{centre.id('q')}"} | wrong])


@pytest.mark.spec("R-Q2")
def test_expressions_compare_and_need_parentheses_where_and_meets_or(centre: Centre) -> None:
    names = {"a": "PROFICIENCY", "b": "PROFICIENCY", "c": "BOOLEAN"}
    attributes = [
        {"name": f"attributes/{centre.id(one)}", "kind": f"ATTRIBUTE_KIND_{kind}"} for one, kind in names.items()
    ]
    centre.admin("AdminService.Apply", attributes=attributes)
    a, b, c = (centre.id(one) for one in "abc")
    ann = centre.agent("ann")
    centre.admin("AdminService.Apply", agents=[{"name": ann.name, "attributes": {a: 5, c: 1}}])
    queue = f"queues/{centre.id('q')}"
    for expression, is_match in (
        ("", True),
        (f"{a} == 5", True),
        (f"{a} != 5", False),
        (f"{a} > 4 AND {b} < 1", True),
        (f"{b} >= 1 OR {a} <= 5", True),
        (f"({b} >= 1 OR {a} >= 5) AND {c} == true", True),
        (f"{c} == false", False),
        (f"{c} != true", False),
    ):
        centre.admin("AdminService.Apply", queues=[{"name": queue, "steps": [{"expression": expression}]}])
        names_ = [agent.name for agent in centre.admin("AgentService.ListAgents", queue=queue, page_size=500).agents]
        assert (ann.name in names_) == is_match, expression
    mixed = f"{a} >= 1 AND {b} >= 1 OR {c} == true"
    with pytest.raises(Refused, match="INVALID_ARGUMENT/INVALID_SETTING"):
        centre.admin("AdminService.Apply", queues=[{"name": queue, "steps": [{"expression": mixed}]}])
    for bad in ({a: 11}, {a: -1}, {c: 2}, {centre.id("undeclared"): 1}):
        with pytest.raises(Refused, match="INVALID_ARGUMENT/INVALID_SETTING"):
            centre.admin("AdminService.Apply", agents=[{"name": ann.name, "attributes": bad}])


@pytest.mark.spec("R-Q9")
def test_export_round_trips_prune_deletes_and_what_is_in_use_is_refused(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server, closing(World(server.address)) as world:
        admin = world.caller(server.admin_token)
        centre = Centre(world, admin)
        queue, spare = centre.queue(), centre.queue("spare")
        ann = centre.desk("ann", "billing")
        gone = centre.agent("gone")
        channel = centre.channel
        cleo = centre.customer()
        centre.admin("ConversationService.Route", name=cleo.conversation, target={"queue": spare})
        exported = admin("AdminService.Export")
        lists = json.loads(json_format.MessageToJson(exported, preserving_proto_field_name=True))
        assert int(lists.pop("position")) == admin("AdminService.GetServer").position
        assert set(lists) == {"queues", "agents", "channels", "attributes", "media_domains"}
        assert set(_kinds(admin("AdminService.Apply", prune=True, **lists)).values()) == {"UNCHANGED"}
        refusals = (
            ({"queues": [{"name": queue}]}, "QUEUE_IN_USE"),
            ({"agents": [{"name": gone.name}]}, "AGENT_IN_USE"),
            ({"channels": [{"name": "channels/other"}]}, "CHANNEL_IN_USE"),
            ({"attributes": [{"name": "attributes/other", "kind": "ATTRIBUTE_KIND_BOOLEAN"}]}, "ATTRIBUTE_IN_USE"),
        )
        for fields, reason in refusals:
            with pytest.raises(Refused, match=f"FAILED_PRECONDITION/{reason}"):
                admin("AdminService.Apply", prune=True, **fields)
        kept = [one for one in lists["agents"] if one["name"] == ann.name]
        assert _kinds(admin("AdminService.Apply", prune=True, agents=kept)) == {
            ann.name: "UNCHANGED",
            gone.name: "DELETED",
        }
        cleo.leaves()
        kept = [one for one in lists["queues"] if one["name"] == queue]
        watch = admin.stream("QueueService.WatchQueues")
        watch.next()
        assert _kinds(admin("AdminService.Apply", prune=True, queues=kept))[spare] == "DELETED"
        watch.until(lambda told: spare in list(told.deleted_queues))
        assert [one.name for one in admin("AdminService.Export").channels] == [channel]
        centre.close()


@pytest.mark.spec("R-G12", "I2")
def test_tokens_are_shown_once_listed_without_secret_revoked_and_expire(hurried: Centre) -> None:
    admin, world = hurried.admin, hurried.world
    subject = f"viewers/{hurried.id('wall')}"
    wanted = {"subject": subject, "role": "ROLE_VIEWER", "request_id": hurried.id("token")}
    made = admin("AdminService.CreateToken", **wanted)
    again = admin("AdminService.CreateToken", **wanted)
    assert (again.name, again.token, made.name.startswith("tokens/"), made.token.startswith("hf_")) == (
        made.name,
        "",
        True,
        True,
    )
    listed = admin("AdminService.ListTokens", page_size=500).tokens
    mine = next(token for token in listed if token.name == made.name)
    assert (mine.subject, word(mine, "role")) == (subject, "VIEWER")
    assert made.token.removeprefix("hf_").partition("_")[2] not in str(listed)
    viewer = world.caller(made.token)
    assert viewer("QueueService.ListQueues") is not None
    stream = viewer.stream("QueueService.WatchQueues")
    stream.next()
    admin("AdminService.RevokeToken", name=made.name)
    with pytest.raises(Refused, match="UNAUTHENTICATED/NOT_AUTHENTICATED"):
        viewer("QueueService.ListQueues")
    short = admin("AdminService.CreateToken", subject=subject, role="ROLE_VIEWER", ttl="0.3s")
    assert short.HasField("expire_time")
    expired = world.caller(short.token)
    marker = hurried.customer()
    queue = hurried.queue()
    due = admin("ConversationService.Route", name=marker.conversation, target={"queue": queue}, ttl="0.4s")
    hurried.ended(due)
    with pytest.raises(Refused, match="UNAUTHENTICATED/NOT_AUTHENTICATED"):
        expired("QueueService.ListQueues")
    for wrong in ({"subject": subject}, {"role": "ROLE_VIEWER"}, {"subject": "x" * 200, "role": "ROLE_VIEWER"}):
        with pytest.raises(Refused, match="INVALID_ARGUMENT"):
            admin("AdminService.CreateToken", **wrong)


def test_get_server_tells_version_uptime_position_plugins_and_limits(centre: Centre) -> None:
    server = centre.admin("AdminService.GetServer")
    assert server.version
    assert server.uptime.seconds >= 0
    assert server.position > 0
    assert {plugin.name for plugin in server.plugins} >= {"longest_available", "least_occupied"}
    states = {plugin.name: word(plugin, "state") for plugin in server.plugins}
    assert set(states.values()) <= {"LOADED", "DISABLED"}
    assert states["longest_available"] == "LOADED"
    assert server.limits["note_length_max"] in {"1000", "1000.0", 1000}
    assert abs(centre.admin("AdminService.Export").position - server.position) < 1000


def _ends_with_goodbye(stream: Stream) -> None:
    stream.end()
    assert stream.seen[-1].WhichOneof("update") == "goodbye"
    assert stream.seen[-1].goodbye.HasField("retry_delay")


@pytest.mark.spec("R-L6", "R-O9", "F-05", "A-31", "I1", "I8")
@pytest.mark.parametrize("way", ["drain", "kill"])
def test_after_a_drain_or_a_kill_a_restart_finds_everything_as_it_was(tmp_path: Path, way: str) -> None:
    with running(tmp_path / "data") as server, closing(World(server.address)) as world:
        centre = Centre(world, world.caller(server.admin_token))
        queue = centre.queue()
        ann = centre.desk("ann")
        cleo = centre.customer(ann)
        bob = centre.desk("bob")
        invite = centre.invite("Transfer", cleo, ann, queue=queue, request_id="t-1")
        other = centre.customer()
        centre.admin("ConversationService.Route", name=other.conversation, target={"agent": bob.name})
        offer = bob.offer()
        token, seen = bob.caller.token, cleo.sees()
        if way == "drain":
            centre.admin("AdminService.Drain")
            _ends_with_goodbye(bob.stream)
            assert server.until_ended() == 0
        else:
            server.kill()
    with running(tmp_path / "data") as server, closing(World(server.address)) as world:
        admin = world.caller(server.admin_token)
        found = admin("ConversationService.GetInvite", name=invite.name)
        # Two servers, two pools of descriptors: only values compare.
        assert (word(found, "state"), str(found.expire_time)) == ("PARKED", str(invite.expire_time))
        back = Centre(world, admin)
        cleo.centre = back
        assert cleo.sees() == seen
        caller = world.caller(token)
        stream = caller.stream("AgentService.Attach")
        welcome = stream.next().welcome
        assert [one.name for one in welcome.offers] == [offer.name]
        assert str(welcome.offers[0].expire_time) == str(offer.expire_time)
        assert caller("AgentService.AcceptOffer", name=offer.name).name == other.conversation
        stream.cancel()
