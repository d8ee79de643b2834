"""Explanations as callers see them; an agent's key in an order and a strategy's cursor are shown as JSON texts."""

import json
from collections.abc import Sequence
from typing import Final

from hookflash.engine.actors.explaining import Considered, Moment, Verdict
from hookflash.engine.actors.past import Choice
from hookflash.engine.domain.values import offer_id
from hookflash.engine.server.convert_values import AGENT_STATE, OFFER_OUTCOME, timestamp
from hookflash.engine.server.names import offer_name
from hookflash.sdk.types import OfferOutcome
from hookflash.v1 import explanation_pb2 as pb

__all__ = ["choice_to", "standing_to"]

VERDICT: Final = {verdict: pb.Verdict.Value(f"VERDICT_{verdict}") for verdict in Verdict}


def standing_to(moment: Moment, rank: int, waiting: int, agents: Sequence[Considered], left_out: int) -> pb.Standing:
    """Where a parked invite stands among those that wait, and what is found of these agents."""
    invite, queue = moment.invite, moment.queue
    opens_at = None if invite.step > len(invite.steps_at) else invite.steps_at[invite.step - 1]
    return pb.Standing(
        rank=rank,
        waiting=waiting,
        queue_priority=0 if queue is None else queue.settings.priority,
        priority=invite.priority,
        create_time=timestamp(invite.placed_at),
        placement=invite.placement,
        open_steps=invite.step,
        steps=len(invite.steps_at) + 1,
        next_step_time=None if opens_at is None else timestamp(opens_at),
        wait_until_time=None if invite.wait_until is None else timestamp(invite.wait_until),
        cursor="" if queue is None else queue.cursor,
        agents=[_considered_to(each) for each in agents],
        agents_left_out=left_out,
    )


def choice_to(choice: Choice, agents: Sequence[Considered], left_out: int) -> pb.Choice:
    """One decision, and what was found of these agents at its moment."""
    moment, made = choice.moment, choice.made
    queue = moment.queue
    message = pb.Choice(
        position=choice.position,
        time=timestamp(moment.at),
        strategy="" if queue is None else queue.settings.strategy,
        cursor_before="" if queue is None else queue.cursor,
        cursor_after=choice.cursor_after,
        open_steps=moment.invite.step,
        offers=[_offer_to(moment.conversation.id, *offer) for offer in choice.offers],
        agents=[_considered_to(each) for each in agents],
        agents_left_out=left_out,
    )
    if made is not None:
        message.strategy = made.strategy
        message.named.extend(f"agents/{agent}" for agent in made.agents)
        message.fault = made.fault
        if made.wait_until is not None:
            message.wait_until_time.CopyFrom(timestamp(made.wait_until))
        if made.rejected is not None:
            message.rejected = made.rejected
    return message


def _offer_to(conversation: str, number: int, agent: str, outcome: OfferOutcome) -> pb.ChosenOffer:
    name = offer_name(offer_id(conversation, number))
    return pb.ChosenOffer(offer=name, agent=f"agents/{agent}", outcome=OFFER_OUTCOME[outcome])


def _considered_to(each: Considered) -> pb.Considered:
    return pb.Considered(
        agent=f"agents/{each.agent}",
        display_name=each.display_name,
        verdict=VERDICT[each.verdict],
        state=AGENT_STATE[each.state],
        active=each.active,
        reserved=each.reserved,
        capacity=each.capacity,
        step=each.step,
        offers_before=each.offers_before,
        pause_until_time=None if each.paused_until is None else timestamp(each.paused_until),
        order_key="" if each.key is None else json.dumps(each.key),
        place=each.place,
    )
