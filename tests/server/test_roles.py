"""The generated matrix: every method, called in every role, without a token and with bad ones."""

import pytest

from hookflash.sdk.types import Role
from tests.server.serving import METHODS, Client, Refused, Serving

SUBJECTS = {
    Role.VIEWER: "viewers/vi",
    Role.AGENT: "agents/ann",
    Role.SUPERVISOR: "supervisors/sue",
    Role.SERVICE: "services/crm",
    Role.ADAPTER: "channels/web",
    Role.ADMIN: "admins/root",
}
BAD_TOKENS = ("nonsense", "hf_", "hf__", "hf_0000000000000000_" + "A" * 43, "hf_" + "x" * 10_000)


async def reason_of(client: Client, path: str) -> str:
    """What the method answers to an empty request: a reason word, or OK."""
    try:
        if METHODS[path].is_stream:
            async with client.stream(path) as stream:
                await stream.next()
        else:
            await client.call(path)
    except Refused as refused:
        return refused.reason
    return "OK"


@pytest.mark.spec("I14", "R-G12")
@pytest.mark.parametrize("path", sorted(set(METHODS) - {"AdminService/Drain"}))
async def test_a_method_answers_exactly_the_roles_it_declares(path: str, served: Serving) -> None:
    await served.site("ann")
    for role, subject in SUBJECTS.items():
        client = await served.client(role, subject, channel="web" if role is Role.ADAPTER else "")
        reason = await reason_of(client, path)
        if role in METHODS[path].roles:
            assert reason not in {"ROLE_NOT_ALLOWED", "NOT_AUTHENTICATED", "INTERNAL", ""}, role
        else:
            assert reason == "ROLE_NOT_ALLOWED", role


@pytest.mark.spec("I14")
@pytest.mark.parametrize("path", sorted(METHODS))
async def test_no_method_answers_without_a_good_token(path: str, served: Serving) -> None:
    for token in ("", *BAD_TOKENS[:-1]):
        assert await reason_of(Client(served.channel, token), path) == "NOT_AUTHENTICATED"


@pytest.mark.spec("I14")
async def test_a_token_of_any_size_or_form_is_just_wrong(served: Serving) -> None:
    good = served.admin.token
    for token in (*BAD_TOKENS[:-1], good[:-1], good + "A", good.upper(), good.replace("hf_", "hf-", 1), good[3:]):
        with pytest.raises(Refused) as refused:
            await Client(served.channel, token).call("AdminService/GetServer")
        assert (refused.value.code, refused.value.reason) == ("UNAUTHENTICATED", "NOT_AUTHENTICATED")


@pytest.mark.spec("I14")
async def test_a_token_is_worth_nothing_once_its_time_is_over(served: Serving) -> None:
    client = await served.client(Role.VIEWER, "viewers/vi", ttl_s=60.0)
    await client.call("QueueService/ListQueues")
    served.clock.advance(60.0)
    with pytest.raises(Refused) as refused:
        await client.call("QueueService/ListQueues")
    assert refused.value.reason == "NOT_AUTHENTICATED"


@pytest.mark.spec("I14")
async def test_a_revoked_token_is_worth_nothing_at_once(served: Serving) -> None:
    client = await served.client(Role.VIEWER, "viewers/vi")
    await client.call("QueueService/ListQueues")
    await served.admin.call("AdminService/RevokeToken", name=f"tokens/{client.token.split('_')[1]}")
    with pytest.raises(Refused) as refused:
        await client.call("QueueService/ListQueues")
    assert refused.value.reason == "NOT_AUTHENTICATED"
