"""What leaves through a sink for customers goes through the text filters first: what they do not let pass is withheld.

A sink has a loop of its own and the filters are asked on the engine's, so a batch goes over there and back.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import final

from hookflash.engine.plugins.text_filters import TextFilters
from hookflash.sdk.filters import FilterContext, FilterStage
from hookflash.sdk.messages import Message
from hookflash.sdk.sinks import Said

__all__ = ["Export"]


@final
class Export:
    """The filters of the stage `export`, asked on the loop on which this was made."""

    def __init__(self, filters: TextFilters) -> None:
        self._filters = filters
        self._loop = asyncio.get_running_loop()

    async def of(self, batch: Sequence[Said]) -> tuple[Said, ...]:
        """Entries as they may leave; from any loop."""
        if not batch or not self._filters.has(FilterStage.EXPORT):
            return tuple(batch)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._screened(batch), self._loop))

    async def _screened(self, batch: Sequence[Said]) -> tuple[Said, ...]:
        return tuple([await self._said(said) for said in batch])

    async def _said(self, said: Said) -> Said:
        context = FilterContext(stage=FilterStage.EXPORT, conversation=said.conversation)
        content = replace(said.content, text=await self._filters.export(said.content.text, context))
        if isinstance(content, Message) and content.media is not None:
            ref = content.media.ref
            name = await self._filters.export(ref.name, context)
            url = await self._filters.export(ref.url, context)
            content = replace(content, media=replace(content.media, ref=replace(ref, name=name, url=url)))
        return replace(said, content=content)
