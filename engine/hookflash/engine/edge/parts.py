"""The parts of the edge that all channels share, and how they are put together."""

from pathlib import Path
from random import Random
from typing import Self, final

from hookflash.engine.actors.clock import Clock
from hookflash.engine.domain.limits import Limits
from hookflash.engine.domain.struct import Struct
from hookflash.engine.ids import IdMaker
from hookflash.engine.settings import HttpSettings
from hookflash.sdk.types import ChannelId

from .aliases import AliasBook
from .echoes import Echoes
from .inbox import Inbox
from .inbox_file import InboxFile
from .media import MediaStore
from .outbox import Outbox
from .ports import EdgeShard
from .rates import Rates
from .receipts import ReceiptJoiner
from .sender import SendingRules
from .sign_readers import SignReaders
from .signs import TypingSigns
from .uploads import Uploads

__all__ = ["Edge"]


@final
class Edge(Struct, frozen=True, kw_only=True):
    """What an engine's channels share; who stops one of these is its engine."""

    shard: EdgeShard
    outbox: Outbox
    inbox: Inbox
    file: InboxFile
    receipts: ReceiptJoiner
    echoes: Echoes
    aliases: AliasBook
    media: MediaStore
    uploads: Uploads
    signs: TypingSigns
    sign_readers: SignReaders
    ids: IdMaker
    clock: Clock
    random: Random
    rules: SendingRules
    webhook_rates: Rates[ChannelId]
    http: HttpSettings
    keys_kept_s: float

    @classmethod
    def around(  # noqa: PLR0913  each of these is its own part of the engine
        cls,
        inbox: Inbox,
        *,
        shard: EdgeShard,
        ids: IdMaker,
        clock: Clock,
        random: Random,
        limits: Limits,
        http: HttpSettings,
        file: InboxFile,
        media_directory: Path,
        rules: SendingRules | None = None,
    ) -> Self:
        """Make the other parts of an engine that has this way in."""
        receipts, outbox = ReceiptJoiner(shard, clock), Outbox(clock, limits.delivery_timeout_s)
        echoes = Echoes(inbox, receipts, outbox, clock)
        outbox.on_settled(receipts.settled, echoes.settled)  # An echo asks whether the receipts know its id.
        media = MediaStore(media_directory, file, http, clock)
        return cls(
            shard=shard,
            outbox=outbox,
            inbox=inbox,
            file=file,
            receipts=receipts,
            echoes=echoes,
            aliases=AliasBook(inbox, file),
            media=media,
            uploads=Uploads(media, clock, random),
            signs=TypingSigns(shard, clock),
            sign_readers=SignReaders(),
            ids=ids,
            clock=clock,
            random=random,
            rules=rules or SendingRules(),
            webhook_rates=Rates(clock, http.requests_per_s_max, burst=round(2 * http.requests_per_s_max)),
            http=http,
            keys_kept_s=limits.request_id_kept_s,
        )
