"""The site file: what apply reads, what export writes, and the line of every mistake."""

import pytest

from hookflash.cli.failures import CommandError, ExitCode
from hookflash.cli.site_file import read_site, site_text
from hookflash.sdk.client import messages as m
from tests.cli.command import Command
from tests.cli.fake_server import FakeServer

SITE = """\
media_domains:
  - {name: chat, capacity: 3}
attributes:
  - {name: billing, kind: PROFICIENCY}
  - {name: german, kind: boolean}
queues:
  - name: billing
    display_name: Rechnungen
    priority: 5
    strategy: least_occupied
    strategy_options: {depth: 3}
    offer_timeout: 20s
    ttl: 10m
    steps:
      - {expression: billing >= 3 AND german == 1, wait: 1.5s}
      - {}
    overflow: "no"
  - name: queues/no
channels:
  - {name: web, kind: webhook, is_external: true, queue: billing, settings: {secret: "env:WEB_SECRET"}}
agents:
  - name: ann
    attributes: {billing: 8, german: 1}
    domains: [{media_domain: chat, capacity: 0}]
    queues: [billing, "no"]
"""


def expected() -> m.ApplyRequest:
    billing = m.Queue(
        name="queues/billing",
        display_name="Rechnungen",
        priority=5,
        strategy="least_occupied",
        strategy_options={"depth": "3"},
        steps=[m.Step(expression="billing >= 3 AND german == 1"), m.Step()],
        overflow="queues/no",
    )
    billing.offer_timeout.FromSeconds(20)
    billing.ttl.FromSeconds(600)
    billing.steps[0].wait.FromMilliseconds(1500)
    return m.ApplyRequest(
        media_domains=[m.MediaDomain(name="mediaDomains/chat", capacity=3)],
        attributes=[
            m.Attribute(name="attributes/billing", kind=m.AttributeKind.ATTRIBUTE_KIND_PROFICIENCY),
            m.Attribute(name="attributes/german", kind=m.AttributeKind.ATTRIBUTE_KIND_BOOLEAN),
        ],
        queues=[billing, m.Queue(name="queues/no")],
        channels=[
            m.Channel(
                name="channels/web", kind="webhook", is_external=True, queue="queues/billing",
                settings={"secret": "env:WEB_SECRET"},
            )
        ],
        agents=[
            m.Agent(
                name="agents/ann", attributes={"billing": 8, "german": 1}, queues=["queues/billing", "queues/no"],
                domains=[m.AgentDomain(media_domain="chat", capacity=0)],
            )
        ],
    )  # fmt: skip


def test_every_field_of_a_site_can_be_written_down() -> None:
    assert read_site(SITE, "site.yaml") == expected()


def test_what_is_exported_reads_back_to_the_same() -> None:
    request = expected()
    site = m.ExportResponse(
        queues=request.queues, agents=request.agents, channels=request.channels, attributes=request.attributes,
        media_domains=request.media_domains, position=17,
    )  # fmt: skip
    text = site_text(site)
    assert read_site(text, "site.yaml") == request
    assert "offer_timeout: 20s" in text
    assert "wait: 1.5s" in text
    assert "kind: BOOLEAN" in text


def test_what_apply_ignores_is_not_exported() -> None:
    queue = m.Queue(name="queues/billing", etag="e1", stats=m.QueueStats(ready=3))
    agent = m.Agent(
        name="agents/ann", etag="e2", ready=True,
        domains=[m.AgentDomain(media_domain="chat", state=m.AgentState.AGENT_STATE_READY, active=1, capacity=2)],
    )  # fmt: skip
    text = site_text(m.ExportResponse(queues=[queue], agents=[agent]))
    assert read_site(text, "x") == m.ApplyRequest(
        queues=[m.Queue(name="queues/billing")],
        agents=[m.Agent(name="agents/ann", domains=[m.AgentDomain(media_domain="chat", capacity=2)])],
    )


def test_an_empty_file_is_an_empty_site() -> None:
    assert read_site("", "x") == read_site("# nothing\n", "x") == read_site("queues:\n", "x") == m.ApplyRequest()
    assert read_site(site_text(m.ExportResponse()), "x") == m.ApplyRequest()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("queus: []", "line 1: 'queus' is unknown in the file; known are media_domains, attributes, queues,"),
        ("queues:\n  - name: a\n    tll: 3s", "line 3: 'tll' is unknown in a Queue; known are name, display_name,"),
        (
            "queues:\n  - name: a\n    steps:\n      - exp: b",
            "line 4: 'exp' is unknown in a Step; known are expression, wait",
        ),
        ("queues:\n  - name: a\n    ttl: soon", "line 3: ttl: 'soon' is no duration; write it like 20s"),
        ("queues:\n  - name: a\n    priority: high", "line 3: priority must be a whole number, not 'high'"),
        ("queues:\n  - name: a\n    priority: 99999999999", "line 3: priority must be a whole number"),
        ("queues:\n  - name: a\n    name: b", "line 3: 'name' stands twice in a Queue"),
        ("queues: 3", "line 1: queues must be a list"),
        ("queues:\n  - billing", "line 2: a Queue must be a mapping of keys to values"),
        ("queues:\n  - priority: 3", "line 2: one of queues has no name"),
        ("queues:\n  - name: [a]", "line 2: name must be one value"),
        ("queues:\n  - name: agents/a", "line 2: 'agents/a' is no name like queues/ID"),
        ("agents:\n  - name: a\n    queues: [agents/x]", "line 3: 'agents/x' is no name like queues/ID"),
        ("agents:\n  - name: a\n    attributes: {b: much}", "line 3: attributes must be a whole number, not 'much'"),
        ("agents:\n  - name: a\n    ready: true", "line 3: 'ready' is unknown in a Agent"),
        ("attributes:\n  - {name: a, kind: NUMBER}", "line 2: kind must be one of BOOLEAN, PROFICIENCY, not 'NUMBER'"),
        ("channels:\n  - {name: a, is_external: maybe}", "line 2: is_external must be true or false, not 'maybe'"),
        ("queues:\n  - name: 'a", "line 2: this is not YAML"),
        ("- a", "line 1: the file must be a mapping"),
        ("queues:\n  - name: a\n    [b]: c", "line 3: 'this key' is unknown"),
        ("a: !!python/object/apply:os.system ['x']", "line 1: 'a' is unknown in the file"),
    ],
)
def test_every_mistake_is_told_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(CommandError) as raised:
        read_site(text, "site.yaml")
    assert raised.value.code is ExitCode.USAGE
    assert raised.value.sentence.startswith(f"site.yaml, {sentence}")
    assert "\n" not in raised.value.sentence


def test_apply_shows_each_change_and_dry_run_and_diff_change_nothing(command: Command, local: FakeServer) -> None:
    (command.home / "site.yaml").write_text(SITE)
    change = m.Change(name="queues/billing", kind=m.ChangeKind.CHANGE_KIND_UPDATED, changed_fields=["ttl", "steps"])
    local.answers["Apply"] = lambda _request, _context: m.ApplyResponse(changes=[change])
    done = command("apply", "-f", "site.yaml", "--prune")
    assert done.out.splitlines()[1].split(maxsplit=2) == ["UPDATED", "queues/billing", "ttl, steps"]
    assert done.err == ""
    assert "Nothing was changed" in command("apply", "-f", "site.yaml", "--dry-run").err
    assert "Nothing was changed" in command("diff", "-f", "site.yaml").err
    assert command("apply", "-f", "-", typed=SITE).code == 0
    flags = [(request.prune, request.validate_only) for request in local.requests("Apply")]
    assert flags == [(True, False), (False, True), (False, True), (False, False)]


def test_a_mistake_in_the_file_reaches_no_server(command: Command, local: FakeServer) -> None:
    (command.home / "site.yaml").write_text("queus: []")
    done = command("apply", "-f", "site.yaml")
    assert done.code == 2
    assert done.err.startswith("hookflash: site.yaml, line 1: 'queus' is unknown")
    assert (
        command("apply", "-f", "nowhere.yaml").err
        == "hookflash: nowhere.yaml cannot be read: No such file or directory.\n"
    )
    (command.home / "binary").write_bytes(b"\xff\xfe")
    assert "not UTF-8" in command("apply", "-f", "binary").err
    assert local.calls == []


def test_export_is_yaml_for_apply_and_proto_json_for_programs(command: Command, local: FakeServer) -> None:
    site = m.ExportResponse(queues=[m.Queue(name="queues/billing", display_name="B")], position=3)
    local.answers["Export"] = lambda _request, _context: site
    assert read_site(command("export").out, "x") == m.ApplyRequest(queues=site.queues)
    assert '"displayName": "B"' in command("export", "-o", "json").out
