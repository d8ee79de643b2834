"""Tokens: shown once, stored as a digest, found nowhere else; and the log of what leaves no record."""

import json
import stat
from pathlib import Path

import pytest
from google.protobuf.duration_pb2 import Duration

from hookflash.engine.journal.memory import MemoryStore
from hookflash.engine.server.audit import Audit, audit_files, first_broken_line
from hookflash.v1 import options_pb2
from tests.server.serving import Client, Refused, Serving, serving


async def test_the_first_start_writes_a_token_that_only_its_owner_reads_and_the_next_start_keeps_it(
    tmp_path: Path,
) -> None:
    store, path = MemoryStore(), tmp_path / "admin.token"
    async with serving(tmp_path, store=store):
        written = path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert written == written.strip()
    async with serving(tmp_path, store=store) as served:
        assert path.read_text() == written
        await served.admin.call("AdminService/GetServer")


@pytest.mark.spec("R-G8")
async def test_a_token_is_shown_once_and_a_repeat_is_answered_without_it(served: Serving) -> None:
    fields = {"request_id": "r1", "subject": "agents/ann", "role": options_pb2.ROLE_AGENT, "ttl": Duration(seconds=60)}
    first = await served.admin.call("AdminService/CreateToken", **fields)
    again = await served.admin.call("AdminService/CreateToken", **fields)
    assert (again.name, again.expire_time, again.token) == (first.name, first.expire_time, "")
    await served.site("ann")
    await Client(served.channel, first.token).call("AgentService/GetAgent", name="agents/ann")
    tokens = (await served.admin.call("AdminService/ListTokens")).tokens
    mine = next(token for token in tokens if token.name == first.name)
    assert (mine.subject, mine.role, mine.expire_time) == ("agents/ann", options_pb2.ROLE_AGENT, first.expire_time)
    assert mine.HasField("last_use_time")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"subject": "agents/ann"}, "BAD_FIELD"),
        ({"role": options_pb2.ROLE_AGENT}, "BAD_FIELD"),
        ({"role": options_pb2.ROLE_AGENT, "subject": "services/crm"}, "BAD_FIELD"),
        ({"role": options_pb2.ROLE_AGENT, "subject": "agents/No"}, "BAD_ID"),
        ({"role": options_pb2.ROLE_ADAPTER, "subject": "channels/web"}, "BAD_FIELD"),
        ({"role": options_pb2.ROLE_VIEWER, "subject": "viewers/v", "channel": "channels/web"}, "BAD_FIELD"),
        ({"role": options_pb2.ROLE_VIEWER, "subject": "viewers/v", "agents": ["agents/ann"]}, "BAD_FIELD"),
        ({"role": options_pb2.ROLE_VIEWER, "subject": "viewers/v", "ttl": Duration(seconds=-5)}, "INVALID_SETTING"),
    ],
)
async def test_a_token_that_makes_no_sense_is_refused(served: Serving, fields: dict[str, object], reason: str) -> None:
    with pytest.raises(Refused) as refused:
        await served.admin.call("AdminService/CreateToken", **fields)
    assert refused.value.reason == reason


async def test_revoking_a_token_that_is_not_there_is_refused(served: Serving) -> None:
    with pytest.raises(Refused) as refused:
        await served.admin.call("AdminService/RevokeToken", name="tokens/none")
    assert refused.value.reason == "TOKEN_NOT_FOUND"


async def test_no_secret_is_in_the_journal_the_answers_or_a_repr(served: Serving) -> None:
    made = await served.admin.call("AdminService/CreateToken", subject="viewers/v", role=options_pb2.ROLE_VIEWER)
    secret = made.token.encode()
    records = served.engine.journal.read(0)
    assert secret not in repr(records).encode()
    assert all(secret not in record.answer for record in records)


def test_the_audit_log_goes_on_after_a_restart_and_shows_where_it_was_changed(tmp_path: Path) -> None:
    for number in range(3):
        audit = Audit(tmp_path)
        audit.write(float(number), "PERMISSION_DENIED", method=f"M{number}")
        audit.close()
    files = audit_files(tmp_path)
    assert first_broken_line(files) is None
    assert [json.loads(line)["method"] for line in files[0].read_text().splitlines()] == ["M0", "M1", "M2"]
    files[0].write_text(files[0].read_text().replace("M1", "M9"))
    assert first_broken_line(files) == (files[0], 3)


def test_the_audit_log_is_put_aside_when_it_is_full_and_its_chain_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hookflash.engine.server.audit._SIZE_MAX", 300)
    audit = Audit(tmp_path)
    for number in range(10):
        audit.write(float(number), "PERMISSION_DENIED", method=f"M{number}")
    audit.close()
    files = audit_files(tmp_path)
    assert len(files) > 2
    assert first_broken_line(files) is None
    assert first_broken_line([files[0], *files[2:]]) is not None
