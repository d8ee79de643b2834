"""What a channel carries, as its reader outside tells it."""

from typing import Final

from hookflash.engine.domain.refusals import BadField
from hookflash.engine.domain.values import Abilities
from hookflash.engine.server.convert_values import seconds_or_none
from hookflash.v1 import channel_service_pb2 as pb

__all__ = ["abilities_in"]

_PREFIX: Final = "CHANNEL_CONTENT_"
_WORD_OF: Final = {
    number: name.removeprefix(_PREFIX).lower()
    for name, number in pb.ChannelContent.items()
    if number != pb.CHANNEL_CONTENT_UNSPECIFIED
}


def abilities_in(request: pb.DeliveriesRequest) -> Abilities:
    """What the channel carries; everything where nothing is said. Raises BadField and InvalidSetting."""
    told = request.abilities
    if any(content not in _WORD_OF for content in told.rejected):
        raise BadField("abilities.rejected", f"must be of {', '.join(_WORD_OF.values()).upper()}")
    rejected = frozenset(_WORD_OF[content] for content in told.rejected)
    return Abilities(rejected=rejected, reply_window_s=seconds_or_none(told, "reply_window"))
