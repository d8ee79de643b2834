"""How an explanation is told: for each moment a line that says what was decided, and a table of the agents.

The last column says in words why the agent was or was not asked; the words stand here, the verdicts come from the API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hookflash.cli.output import Column, Printer, View, word
from hookflash.cli.text import bare, plain
from hookflash.cli.views import clock, target

if TYPE_CHECKING:
    from hookflash.sdk.client import messages as m

__all__ = ["show"]


def show(printer: Printer, answer: m.Explanation) -> None:
    """Print an explanation in the form that was asked for."""
    if printer.form not in ("table", "wide"):
        printer.one(answer, View((), lambda it: it.invite.name))
        return
    invite = answer.invite
    strategy = f", by {answer.strategy}" if answer.strategy else ""
    _say(printer, f"{word(invite, 'kind')} to {target(invite.target)}{strategy}: {word(invite, 'state')}.")
    for choice in answer.choices:
        _say(printer, "")
        _say(printer, f"{clock(choice.time)}, position {choice.position}: {_decided(choice)}")
        _agents(printer, answer, choice)
    if answer.HasField("standing"):
        _say(printer, "")
        for line in _stands(answer.standing):
            _say(printer, line)
        _agents(printer, answer, answer.standing)
    if answer.choices_left_out:
        _say(printer, f"Earlier decisions are not told: {answer.choices_left_out}")


def _agents(printer: Printer, answer: m.Explanation, moment: m.Choice | m.Standing) -> None:
    printer.many(answer, moment.agents, CONSIDERED)
    if moment.agents_left_out:
        _say(printer, f"... and {moment.agents_left_out:,} agents more; --agents-max shows more of them.")


def _decided(choice: m.Choice) -> str:
    """What the decision was, in a sentence."""
    by = choice.strategy or "the inviting agent"
    if choice.fault:
        by = f"the default, for {choice.strategy} failed ({choice.fault}),"
    offers = ", ".join(f"{bare(offer.agent)} ({word(offer, 'outcome')})" for offer in choice.offers)
    if choice.HasField("rejected"):
        said = f"{by} ended the invite: {choice.rejected}"
    elif choice.HasField("wait_until_time"):
        said = f"{by} wanted nobody asked until {clock(choice.wait_until_time)}"
    else:
        said = f"{by} chose {offers or 'somebody who could not be reserved'}"
    if choice.cursor_before != choice.cursor_after:
        said += f"; its cursor went from {choice.cursor_before or 'nothing'} to {choice.cursor_after or 'nothing'}"
    return f"{said}."


def _stands(standing: m.Standing) -> list[str]:
    next_at = f", the next at {clock(standing.next_step_time)}" if standing.HasField("next_step_time") else ""
    key = (
        f"queue priority {standing.queue_priority}, priority {standing.priority}, placed {clock(standing.create_time)}"
    )
    lines = [
        f"Now: number {standing.rank} of the {standing.waiting} that wait, by {key} as number {standing.placement}.",
        f"Steps open: {standing.open_steps} of {standing.steps}{next_at}.",
    ]
    if standing.HasField("wait_until_time"):
        lines.append(f"Its strategy wants nobody asked until {clock(standing.wait_until_time)}.")
    return lines


def _why(agent: m.Considered) -> str:
    """The verdict in words."""
    match word(agent, "verdict"):
        case "ASKED":
            return "was asked"
        case "CANDIDATE":
            return f"number {agent.place} of the candidates" if agent.place else "could be asked"
        case "PAUSED":
            return f"missed or declined it, not asked again until {clock(agent.pause_until_time)}"
        case "PASSED_OVER":
            return f"was offered it {agent.offers_before} times, others less often"
        case "UNAVAILABLE":
            return f"is {word(agent, 'state')}"
        case "STEP_NOT_OPEN":
            return f"matches step {agent.step}, which is not open yet"
        case "LATER_STEP":
            return f"matches step {agent.step}, others an earlier one"
        case verdict:
            return _WORDS.get(verdict, "")


_WORDS: Final = {"REQUESTER": "placed the invite", "PARTICIPANT": "is in the conversation"}

CONSIDERED: Final[View[m.Considered]] = View(
    (
        Column("AGENT", lambda it: bare(it.agent)),
        Column("VERDICT", lambda it: word(it, "verdict")),
        Column("WHY", _why),
        Column("STATE", lambda it: word(it, "state")),
        Column("IN USE", lambda it: f"{it.active + it.reserved}/{it.capacity}"),
        Column("STEP", lambda it: str(it.step)),
        Column("OFFERED", lambda it: str(it.offers_before)),
        Column("ORDER KEY", lambda it: it.order_key, is_wide=True),
    ),
    lambda it: it.agent,
)


def _say(printer: Printer, line: str) -> None:
    printer.styled([(plain(line), "")])
