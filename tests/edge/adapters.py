"""Adapters for tests: one that notes what it is given and answers as told, and some that keep no promise."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import ClassVar

from hookflash.sdk.channel import Arrival, ChannelContext, Delivery, PullChannel
from hookflash.sdk.types import ExternalId

Answering = Callable[[Delivery], Awaitable[object]]


@dataclass
class Provider:
    """What an adapter of kind `web` saw and does; every test has its own."""

    sent: list[tuple[str, str, int]] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    answers: dict[str, list[object]] = field(default_factory=dict)
    answering: Answering | None = None
    arrivals: "asyncio.Queue[Arrival | BaseException]" = field(default_factory=asyncio.Queue)
    started: int = 0
    stopped: int = 0
    contexts: list[ChannelContext] = field(default_factory=list)

    def texts(self, address: str) -> list[str]:
        return [text for to, text, _ in self.sent if to == address]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfig:
    """What the channel's settings fill."""

    colour: str = "yellow"


def web_adapter(provider: Provider) -> type[PullChannel]:
    """An adapter of kind `web` that answers each text with what `provider.answers` has for it, first one first."""

    class Web(PullChannel):
        kind: ClassVar[str] = "web"
        Config: ClassVar[type[WebConfig]] = WebConfig

        async def start(self) -> None:
            provider.started += 1
            provider.contexts.append(self.context)

        async def stop(self) -> None:
            provider.stopped += 1

        async def send(self, delivery: Delivery) -> ExternalId:
            text = delivery.content.text
            provider.sent.append((delivery.to.id, text, delivery.attempt))
            provider.at.append(self.context.clock().timestamp())
            if provider.answering is not None:
                return await provider.answering(delivery)  # type: ignore[return-value]  # rubbish, where a test wants it
            answers = provider.answers.get(text)
            answer = answers.pop(0) if answers else ExternalId(f"id of {delivery.id}")
            if isinstance(answer, BaseException):
                raise answer
            return answer  # type: ignore[return-value]  # rubbish, where a test wants it

        async def poll(self) -> AsyncIterator[Arrival]:
            while True:
                arrival = await provider.arrivals.get()
                if isinstance(arrival, BaseException):
                    raise arrival
                yield arrival

    return Web
