"""The customers' views as channels may read them, looked at when all is over: whole, in order, without secrets."""

from typing import TYPE_CHECKING

from hookflash.engine.checker import Promise
from hookflash.engine.checker.whispers import find_secret
from hookflash.v1 import conversation_service_pb2 as pb

from .network import Client

if TYPE_CHECKING:
    from .world import World

__all__ = ["read_transcripts"]


async def read_transcripts(world: "World", client: Client) -> dict[str, bytes]:
    """The bytes of all transcripts of which something was handed out, by conversation; what is wrong is a violation."""
    read: dict[str, bytes] = {}
    for conversation in dict.fromkeys(handed.conversation for handed in world.provider.handed):
        request = pb.GetTranscriptRequest(name=f"conversations/{conversation}", page_size=1_000)
        reply = await client.call("ConversationService/GetTranscript", request)
        if not reply.is_ok:
            world.broken(Promise.I3, f"the transcript of {conversation} cannot be read: {reply.code} {reply.reason}")
            continue
        read[conversation] = reply.answer
        numbers = [entry.sequence for entry in pb.GetTranscriptResponse.FromString(reply.answer).entries]
        if numbers != list(range(1, len(numbers) + 1)):
            world.broken(Promise.I7, f"the transcript of {conversation} is numbered {numbers}")
        if find_secret(reply.answer, world.secrets):
            world.broken(Promise.I7, f"the transcript of {conversation} gives away a whisper or note")
    return read
