"""Every call of a client and every delivery to a channel, as lines of a file: what the checker reads beside a journal.

The file is whole up to its last line, whatever ends the process that writes it.
"""

from pathlib import Path
from typing import Final, TextIO

from google.protobuf.message import Message

from hookflash.engine.checker.histories import RECEIVE, ClientCall, Handed, HistoryWriter, Outcome
from hookflash.sdk.client import messages as m

__all__ = ["History"]

_SERVICES: Final = {
    "accept_offer": "AgentService/AcceptOffer",
    "decline_offer": "AgentService/DeclineOffer",
    "set_agent_state": "AgentService/SetAgentState",
    "conference": "ConversationService/Conference",
    "leave": "ConversationService/Leave",
    "send_message": "ConversationService/SendMessage",
    "transfer": "ConversationService/Transfer",
    "whisper": "ConversationService/Whisper",
}


class History:
    """One file of history lines, written as things happen."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: TextIO = path.open("w", encoding="utf-8")
        self._writer = HistoryWriter(self._file)

    def call(
        self,
        actor: str,
        method: str,
        request: Message,
        *,
        invoked_at: float,
        ended_at: float,
        reply: bytes | None,
        refused: str,
    ) -> None:
        """Write down one call: answered, refused, or without an answer."""
        outcome = Outcome.REFUSED if refused else Outcome.UNKNOWN if reply is None else Outcome.OK
        if isinstance(request, m.ReceiveRequest):
            principal, name = f"ADAPTER:{request.channel}", RECEIVE
            request_id = f"{request.channel.removeprefix('channels/')}/{request.external_id}"
        else:
            principal, name = f"AGENT:agents/{actor}", _SERVICES[method]
            request_id = getattr(request, "request_id", "")
        self._writer.write(
            ClientCall(
                principal=principal,
                method=name,
                request_id=request_id,
                digest=request.SerializeToString(deterministic=True),
                invoked_at=invoked_at,
                ended_at=ended_at,
                outcome=outcome,
                reason=refused,
                reply=reply or b"",
            )
        )

    def delivery(self, delivery: m.Delivery, at: float) -> None:
        """Write down one delivery, each time it comes."""
        self._writer.write(
            Handed(
                conversation=delivery.conversation.removeprefix("conversations/"),
                sequence=delivery.sequence,
                key=delivery.name,
                raw=delivery.SerializeToString(deterministic=True),
                at=at,
            )
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()
