"""How each channel is doing, whoever serves it: the engine, a process that it keeps, or somebody outside.

Of an adapter's errors nothing is shown but what the edge tells admins; the sentences around it are made here.
"""

from typing import Final, final

from hookflash.engine.domain.values import ChannelSettings
from hookflash.engine.server.channel_processes import ChannelProcesses
from hookflash.engine.server.convert_site import channel_to, etag_of
from hookflash.engine.server.convert_values import timestamp
from hookflash.engine.server.edge_ports import ChannelReport
from hookflash.engine.server.ports import Engine
from hookflash.v1 import channel_pb2

__all__ = ["ChannelStates"]

_SENTENCES: Final = {
    "FAILING": "It is served, but {}.",
    "PAUSED": "Nothing is sent, for its provider refuses the account: {}. It is tried again from time to time.",
    "FAILED": "Its adapter did not start: {}. It is started when the channel is applied anew or the engine starts.",
}


@final
class ChannelStates:
    """The channels of one engine, as an admin sees them."""

    def __init__(self, engine: Engine, processes: ChannelProcesses) -> None:
        """Take whom to ask."""
        self._engine, self._processes = engine, processes

    def shown(self) -> list[channel_pb2.Channel]:
        """Every channel with its status, by name."""
        channels = self._engine.shard.facts.channels()
        return [self._channel(channels[channel]) for channel in sorted(channels)]

    def _channel(self, settings: ChannelSettings) -> channel_pb2.Channel:
        channel = channel_to(settings)
        channel.etag = etag_of(settings)
        status = self._status(settings)
        status.unsettled_deliveries = self._engine.outbox.pending(settings.id)
        channel.status.CopyFrom(status)
        return channel

    def _status(self, settings: ChannelSettings) -> channel_pb2.ChannelStatus:
        report = self._engine.adapters.reports.get(settings.id)
        if report is not None:
            return _served(report)
        if not settings.is_external and self._engine.plugins.channel_adapter(settings.kind) is not None:
            return _status("STARTING")  # Applied this very moment.
        is_read, since = self._engine.outbox.reading(settings.id)
        process = self._processes.reports.get(settings.id)
        if process is None:
            if is_read:
                return _status("CONNECTED", since)
            return _status("DISCONNECTED", since, self._nobody(settings))
        if is_read and process.is_running:
            return _status("RUNNING", since)
        reason = f"The process of its adapter {process.ended}." if process.ended else ""
        return _status("STARTING" if process.is_running else "FAILED", process.since, reason)

    def _nobody(self, settings: ChannelSettings) -> str:
        if settings.kind and not settings.is_external:
            return f"No loaded plugin has an adapter of kind {settings.kind}, and nobody outside reads its Deliveries."
        return "It is served from outside, and nobody reads its Deliveries."


def _served(report: ChannelReport) -> channel_pb2.ChannelStatus:
    sentence = _SENTENCES.get(report.state, "")
    return _status(report.state, report.since, sentence.format(report.reason.rstrip(".")) if sentence else "")


def _status(state: str, since: float | None = None, reason: str = "") -> channel_pb2.ChannelStatus:
    return channel_pb2.ChannelStatus(
        state=channel_pb2.ChannelState.Value(f"CHANNEL_STATE_{state}"),
        reason=reason,
        since_time=None if since is None else timestamp(since),
    )
