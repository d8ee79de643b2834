"""What a conversation answers to each command: one table, the rules are in the modules beside it."""

from typing import assert_never

from hookflash.engine.domain import commands as c
from hookflash.engine.domain.turn import Context, Decided
from hookflash.sdk.types import ConversationId

from . import attendance, offers, search, talk
from .state import Conversation
from .turn import Turn

__all__ = ["decide"]


def decide(
    state: Conversation | None, command: c.ConversationCommand, ctx: Context, conversation: ConversationId
) -> Decided[Conversation | None]:
    """The events of the command, the state after them, and what queues and agents are told. Raises Refusal."""
    turn = Turn(state, ctx, conversation)
    match command:
        case c.SendMessage():
            talk.send_message(turn, command)
        case c.SendWhisper():
            talk.send_whisper(turn, command)
        case c.ReceiveMessage():
            talk.receive(turn, command)
        case c.RecordEcho():
            talk.record_echo(turn, command)
        case c.SettleDelivery():
            talk.settle(turn, command)
        case c.RecordReceipt():
            talk.record_receipt(turn, command)
        case c.OpenConversation():
            talk.open_conversation(turn, command)
        case c.PlaceInvite():
            search.place(turn, command)
        case c.MakeOffer():
            search.make_offer(turn, command)
        case c.Leave():
            attendance.leave(turn, command)
        case c.LoseAgent():
            attendance.lose_agent(turn, command)
        case c.EndSession():
            attendance.end_session(turn)
        case c.Close():
            attendance.close(turn, command)
        case c.DecideUnattended():
            attendance.decide_unattended(turn, command)
        case c.RouteAfterHours():
            attendance.route_after_hours(turn, command)
        case _:
            _decide_offer(turn, command)
    return turn.decided()


def _decide_offer(turn: Turn, command: c.OfferCommand) -> None:
    match command:
        case c.AcceptOffer():
            offers.accept(turn, command)
        case c.DeclineOffer():
            offers.decline(turn, command)
        case c.RevokeOffer():
            offers.revoke(turn, command)
        case c.CancelInvite():
            offers.cancel_invite(turn, command)
        case c.AskStrategy():
            offers.ask_strategy(turn, command)
        case c.AnswerDecision():
            offers.answer_decision(turn, command)
        case c.EndOffer():
            offers.end_offer(turn, command)
        case c.EndInvite(number=number):
            offers.end_search(turn, number)
        case c.OpenStep():
            offers.open_step(turn, command)
        case c.EndPause():
            offers.end_pause(turn, command)
        case c.EndDecision():
            offers.end_decision(turn, command)
        case c.EndWait():
            offers.end_wait(turn, command)
        case c.AskUnattended():
            attendance.decide_unattended(turn, c.DecideUnattended())
        case _:
            assert_never(command)
