"""`invite explain` in words: a line for each decision and each standing, a table of the agents under it."""

import json
from datetime import UTC, datetime

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from hookflash.cli.explaining import show
from hookflash.cli.output import Printer
from hookflash.sdk.client import messages as m


def _at(seconds: int) -> Timestamp:
    return Timestamp(seconds=1_700_000_000 + seconds)


def _agent(name: str, verdict: "m.Verdict.ValueType", **fields: object) -> m.Considered:
    given: dict[str, object] = {"state": m.AgentState.AGENT_STATE_READY, "capacity": 3, "step": 1, **fields}
    return m.Considered(agent=f"agents/{name}", verdict=verdict, **given)  # type: ignore[arg-type]


AGENTS = [
    _agent("bob", m.Verdict.VERDICT_ASKED, place=1, order_key="[1, 5.0, 0]"),
    _agent("cid", m.Verdict.VERDICT_CANDIDATE, place=2, active=1),
    _agent("dan", m.Verdict.VERDICT_PASSED_OVER, offers_before=2),
    _agent("eve", m.Verdict.VERDICT_LATER_STEP, step=2),
    _agent("fay", m.Verdict.VERDICT_STEP_NOT_OPEN, step=3),
    _agent("gil", m.Verdict.VERDICT_REQUESTER),
    _agent("hal", m.Verdict.VERDICT_PARTICIPANT),
    _agent("ida", m.Verdict.VERDICT_UNAVAILABLE, state=m.AgentState.AGENT_STATE_BUSY, active=3),
    _agent("jan", m.Verdict.VERDICT_PAUSED, pause_until_time=_at(10)),
]
BOB = m.ChosenOffer(offer="offers/42~1", agent="agents/bob", outcome=m.OfferOutcome.OFFER_OUTCOME_MISSED)
INVITE = m.Invite(
    name="conversations/42/invites/1",
    kind=m.InviteKind.INVITE_KIND_ROUTE,
    state=m.InviteState.INVITE_STATE_PARKED,
    target=m.Target(queue="queues/billing"),
)


def _printed(capsys: pytest.CaptureFixture[str], answer: m.Explanation, form: str = "table") -> list[str]:
    show(Printer(form=form), answer)
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def _clock(seconds: int) -> str:
    return datetime.fromtimestamp(_at(seconds).seconds, UTC).astimezone().strftime("%H:%M:%S")


@pytest.mark.spec("R-E2")
def test_a_decision_is_a_sentence_and_every_verdict_has_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    choice = m.Choice(position=18, time=_at(0), strategy="round_robin", cursor_after="4", offers=[BOB], agents=AGENTS)
    lines = _printed(capsys, m.Explanation(invite=INVITE, strategy="round_robin", choices=[choice]))
    assert lines == [
        "ROUTE to queue:billing, by round_robin: PARKED.",
        "",
        f"{_clock(0)}, position 18: round_robin chose bob (MISSED); its cursor went from nothing to 4.",
        "AGENT VERDICT WHY STATE IN USE STEP OFFERED",
        "bob ASKED was asked READY 0/3 1 0",
        "cid CANDIDATE number 2 of the candidates READY 1/3 1 0",
        "dan PASSED_OVER was offered it 2 times, others less often READY 0/3 1 2",
        "eve LATER_STEP matches step 2, others an earlier one READY 0/3 2 0",
        "fay STEP_NOT_OPEN matches step 3, which is not open yet READY 0/3 3 0",
        "gil REQUESTER placed the invite READY 0/3 1 0",
        "hal PARTICIPANT is in the conversation READY 0/3 1 0",
        "ida UNAVAILABLE is BUSY BUSY 3/3 1 0",
        f"jan PAUSED missed or declined it, not asked again until {_clock(10)} READY 0/3 1 0",
    ]


def test_where_it_stands_comes_last(capsys: pytest.CaptureFixture[str]) -> None:
    standing = m.Standing(
        rank=2, waiting=5, queue_priority=1, priority=11, create_time=_at(0), placement=17, open_steps=1, steps=2,
        next_step_time=_at(20), wait_until_time=_at(30), agents_left_out=7,
    )  # fmt: skip
    answer = m.Explanation(invite=INVITE, strategy="pack", standing=standing, choices_left_out="Too much to read.")
    lines = _printed(capsys, answer)
    assert lines[2:5] == [
        f"Now: number 2 of the 5 that wait, by queue priority 1, priority 11, placed {_clock(0)} as number 17.",
        f"Steps open: 1 of 2, the next at {_clock(20)}.",
        f"Its strategy wants nobody asked until {_clock(30)}.",
    ]
    assert lines[-2:] == [
        "... and 7 agents more; --agents-max shows more of them.",
        "Earlier decisions are not told: Too much to read.",
    ]


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (
            m.Choice(strategy="mine", fault="ValueError", offers=[BOB]),
            "the default, for mine failed (ValueError), chose bob (MISSED).",
        ),
        (m.Choice(strategy="mine", rejected="closed"), "mine ended the invite: closed."),
        (m.Choice(strategy="mine", wait_until_time=_at(5)), f"mine wanted nobody asked until {_clock(5)}."),
        (m.Choice(offers=[BOB]), "the inviting agent chose bob (MISSED)."),
    ],
)
def test_what_else_a_decision_can_be(capsys: pytest.CaptureFixture[str], choice: m.Choice, said: str) -> None:
    lines = _printed(capsys, m.Explanation(invite=INVITE, choices=[choice]))
    assert lines[2] == f"--:--:--, position 0: {said}"


def test_json_is_the_answer_itself_and_wide_has_the_keys(capsys: pytest.CaptureFixture[str]) -> None:
    answer = m.Explanation(invite=INVITE, choices=[m.Choice(agents=AGENTS[:1])])
    show(Printer(form="json"), answer)
    told = json.loads(capsys.readouterr().out)
    assert told["choices"][0]["agents"][0]["verdict"] == "VERDICT_ASKED"
    assert _printed(capsys, answer, "wide")[-1] == "bob ASKED was asked READY 0/3 1 0 [1, 5.0, 0]"
