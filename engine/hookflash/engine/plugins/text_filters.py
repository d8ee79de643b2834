"""Texts on their way through the plugins' filters: what may go on, in which words, and what may not.

Every filter of a stage is asked, each about what the one before left. Without an answer a text that goes out or to
colleagues is refused, one that leaves as an export is withheld; a customer's own passes, and says that it was not seen.
"""

from collections.abc import Callable, Sequence
from typing import Final, final

import structlog

from hookflash.engine.domain.limits import Limits
from hookflash.engine.domain.refusals import BadField, EmptyMessage, MessageTooLong, TextBlocked
from hookflash.engine.domain.struct import Struct, changed
from hookflash.engine.domain.text import clean_message
from hookflash.engine.domain.values import Filtering
from hookflash.sdk.filters import Blocked, FilterContext, Filtered, FilterStage, Passed, Redacted, TextFilter
from hookflash.sdk.hosting.calls import NonsenseError, PluginFailedError, PureCalls, plain

__all__ = ["WITHHELD", "FilterSource", "Screened", "TextFilters"]

WITHHELD: Final = "(withheld by a text filter)"
"""Stands where a text was that nobody may read, and that cannot be refused: what a customer wrote, or an export."""

_NO_ANSWER: Final = "it could not be looked at just now"
_REASON_LENGTH_MAX: Final = 200
_FALLBACKS: Final = {FilterStage.INBOUND: "passed, flagged as not filtered", FilterStage.EXPORT: "withheld"}

_log = structlog.get_logger("hookflash.plugins")

FilterSource = Callable[[FilterStage], Sequence[tuple[str, TextFilter]]]
"""The filters of a stage with their plugins' names, in the order of registration."""


@final
class Screened(Struct, frozen=True, kw_only=True):
    """A text after all filters of its stage; `why` it was blocked, if it was."""

    text: str
    filtering: Filtering = Filtering.NONE
    why: str | None = None


@final
class TextFilters:
    """All filters of one engine; `calls_of` gives what an object's PURE calls are made with."""

    def __init__(self, source: FilterSource, calls_of: Callable[[str, str], PureCalls], limits: Limits) -> None:
        self._limits = limits
        self._filters: dict[FilterStage, list[tuple[str, TextFilter, PureCalls]]] = {
            stage: [(plugin, each, calls_of(plugin, f"filter {each.name}")) for plugin, each in source(stage)]
            for stage in FilterStage
        }

    def has(self, stage: FilterStage) -> bool:
        """Whether there is any filter of that stage."""
        return bool(self._filters[stage])

    async def inbound(self, text: str, context: FilterContext) -> Screened:
        """What a customer wrote. It came and cannot be refused: blocked, something else stands in its place."""
        screened = await self._screen(text, context)
        if screened.why is None:
            return screened
        return changed(screened, text=WITHHELD, filtering=Filtering.WITHHELD)

    async def outgoing(self, text: str, context: FilterContext, field: str = "text") -> str:
        """What somebody of the centre wrote, in the words in which it may go on. Raises TextBlocked."""
        screened = await self._screen(text, context)
        if screened.why is not None:
            raise TextBlocked(field, screened.why)
        return screened.text

    async def export(self, text: str, context: FilterContext) -> str:
        """What leaves as part of a transcript; no filter is asked about nothing."""
        if not text:
            return text
        screened = await self._screen(text, context)
        return screened.text if screened.why is None else WITHHELD

    async def _screen(self, text: str, context: FilterContext) -> Screened:
        screened = Screened(text=text)
        for plugin, each, calls in self._filters[context.stage]:
            try:
                answer = await self._ask(each, calls, screened.text, context)
            except PluginFailedError:
                if context.stage is not FilterStage.INBOUND:
                    return changed(screened, why=_NO_ANSWER)
                screened = changed(screened, filtering=Filtering.UNFILTERED)
                continue
            match answer:
                case Redacted(text=redacted) if redacted != screened.text:
                    is_flagged = screened.filtering is Filtering.UNFILTERED
                    filtering = Filtering.UNFILTERED if is_flagged else Filtering.REDACTED
                    screened = changed(screened, text=redacted, filtering=filtering)
                case Blocked(reason=reason):
                    why = _screened_reason(reason, screened.text)
                    _log.info("text_blocked", plugin=plugin, filter=each.name, stage=str(context.stage), reason=why)
                    return changed(screened, why=why)
                case _:
                    pass
        return screened

    async def _ask(self, each: TextFilter, calls: PureCalls, text: str, context: FilterContext) -> Filtered:
        limits, stage = self._limits, context.stage
        length_max = limits.note_length_max if stage is FilterStage.NOTE else limits.message_length_max

        def apply() -> Filtered:
            return _checked(plain(each.apply(text, context)), length_max)

        return await calls.ask("apply", apply, fallback=_FALLBACKS.get(stage, "refused the text"))


def _checked(answer: object, length_max: int) -> Filtered:
    # By exact type: what is untyped may be anything, and what looks alike may answer differently the next time.
    if type(answer) is Passed:
        return answer
    if type(answer) is Blocked and type(answer.reason) is str:
        return answer
    if type(answer) is Redacted and type(answer.text) is str:
        try:
            return Redacted(clean_message(answer.text, length_max))
        except (BadField, EmptyMessage, MessageTooLong):
            raise NonsenseError("it made a text of it that is empty, too long or no Unicode") from None
    raise NonsenseError("it answered neither Passed nor Redacted(text) nor Blocked(reason)")


def _screened_reason(reason: str, text: str) -> str:
    """The reason in one short line; none where it repeats the text, or a number or an address of it."""
    line = " ".join(reason.split())[:_REASON_LENGTH_MAX]
    telling = [word for word in text.split() if "@" in word or any(letter.isdecimal() for letter in word)]
    if not line.isprintable() or (text.strip() and text.strip() in reason) or any(word in reason for word in telling):
        return ""
    return line
