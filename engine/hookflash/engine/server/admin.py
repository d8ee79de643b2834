"""AdminService: the site, the tokens, the end."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from google.protobuf.empty_pb2 import Empty

from hookflash.engine.actors.calls import Outcome
from hookflash.engine.domain import commands as c
from hookflash.engine.domain.address import SITE, Address, Kind
from hookflash.engine.domain.values import TokenSettings
from hookflash.engine.plugins import LoadedPlugin, PluginState
from hookflash.engine.server import names
from hookflash.engine.server.apply_checks import check_isolated
from hookflash.engine.server.asking import Asking
from hookflash.engine.server.caller import Caller
from hookflash.engine.server.channel_states import ChannelStates
from hookflash.engine.server.convert_changes import apply_from, changes_to, check_etags, settings_of, site_to
from hookflash.engine.server.convert_site import Settings
from hookflash.engine.server.convert_token import token_from, token_to
from hookflash.engine.server.convert_values import duration, timestamp
from hookflash.engine.server.explanations import Explanations
from hookflash.engine.server.exposure import is_exposed
from hookflash.engine.server.metrics import Metrics
from hookflash.engine.server.pages import page_of
from hookflash.engine.server.ports import SinkReport
from hookflash.engine.server.tokens import Tokens, digest_of, new_token
from hookflash.v1 import admin_service_pb2 as pb
from hookflash.v1 import explanation_pb2, server_pb2

__all__ = ["AdminServicer"]

_APPLIED: Final = (Kind.QUEUE, Kind.AGENT, Kind.CHANNEL, Kind.ATTRIBUTE, Kind.MEDIA_DOMAIN)


class AdminServicer:
    """The methods of AdminService."""

    def __init__(
        self, asking: Asking, tokens: Tokens, channels: ChannelStates, metrics: Metrics, drain: Callable[[], None]
    ) -> None:
        """Take whom to ask, the tokens, how the channels are, what is counted, and what begins the end."""
        self._asking, self._tokens, self._drain = asking, tokens, drain
        self._channels, self._metrics = channels, metrics
        self._explanations = Explanations(asking)

    async def GetServer(self, _request: pb.GetServerRequest, _caller: Caller) -> server_pb2.Server:  # noqa: N802
        """Read how the engine is."""
        journal_bytes = await self._asking.in_thread(self._asking.engine.journal.size_bytes)
        return self._server(journal_bytes)

    async def Apply(self, request: pb.ApplyRequest, caller: Caller) -> bytes:  # noqa: N802
        """Make the site be as the request says."""
        command, before = apply_from(request, self._asking.limits), self._site()
        await check_isolated(self._asking.engine, command)

        def answer(outcome: Outcome) -> pb.ApplyResponse:
            check_etags(request, before)
            return changes_to(command, before, outcome.facts)

        return await self._asking.submit(caller, request, SITE, command, answer)

    async def Export(self, _request: pb.ExportRequest, _caller: Caller) -> pb.ExportResponse:  # noqa: N802
        """Answer with what Apply would take to make this site again."""
        answer = site_to(self._asking.shard.facts, self._asking.shard.last_position)
        return await self._asking.durable(answer)

    async def Drain(self, _request: pb.DrainRequest, _caller: Caller) -> Empty:  # noqa: N802
        """Begin to stop, in order."""
        self._drain()
        return Empty()

    async def CreateToken(self, request: pb.CreateTokenRequest, caller: Caller) -> bytes | pb.CreateTokenResponse:  # noqa: N802
        """Make a token. What is remembered for a repeat, and journaled, is the answer without it."""
        made, now = new_token(), self._asking.now()
        ttl_s = self._asking.engine.settings.tokens.ttl_s
        settings = token_from(request, identifier=made.id, digest=digest_of(made.secret), now=now, default_ttl_s=ttl_s)
        address, command = Address(Kind.TOKEN, made.id), c.CreateToken(settings=settings)
        encoded = await self._asking.submit(caller, request, address, command, lambda _: _created(settings))
        answer = pb.CreateTokenResponse.FromString(encoded)
        answer.token = made.secret if answer.name == str(address) else ""
        return answer

    async def ListTokens(self, request: pb.ListTokensRequest, _caller: Caller) -> pb.ListTokensResponse:  # noqa: N802
        """List tokens without their secrets."""
        known = self._asking.shard.facts.states(Kind.TOKEN)
        tokens = {name: token for name, token in known.items() if isinstance(token, TokenSettings)}
        page, following = page_of(tokens, request.page_token, self._asking.page_size(request.page_size))
        shown = [token_to(token, self._tokens.last_used_at.get(token.id)) for token in page]
        return await self._asking.durable(pb.ListTokensResponse(tokens=shown, next_page_token=following))

    async def RevokeToken(self, request: pb.RevokeTokenRequest, caller: Caller) -> bytes:  # noqa: N802
        """End a token at once."""
        address = Address(Kind.TOKEN, names.bare_id("name", request.name, Kind.TOKEN))
        return await self._asking.submit(caller, request, address, c.RevokeToken(), lambda _: Empty())

    async def Explain(self, request: pb.ExplainRequest, _caller: Caller) -> explanation_pb2.Explanation:  # noqa: N802
        """Say why each agent was or was not chosen."""
        return await self._explanations.explain(request)

    def _site(self) -> dict[Address, Settings]:
        site: dict[Address, Settings] = {}
        for kind in _APPLIED:
            for name, state in self._asking.shard.facts.states(kind).items():
                settings = settings_of(state)
                if settings is not None:
                    site[Address(kind, name)] = settings
        return site

    def _server(self, journal_bytes: int) -> server_pb2.Server:
        engine = self._asking.engine
        return server_pb2.Server(
            version=_version(),
            uptime=duration(engine.uptime),
            position=self._asking.shard.durable_position,
            plugins=[_plugin_to(plugin, engine.sinks.reports) for plugin in engine.plugins.plugins],
            limits={each.name: _shown(getattr(engine.limits, each.name)) for each in fields(engine.limits)},
            journal_bytes=journal_bytes,
            projector_lag=engine.projector.lag,
            warnings=self._warnings(),
            data=str(engine.settings.data),
            insecure=is_exposed(engine.settings),
            channels=self._channels.shown(),
            front_restarts=self._metrics.front_restarts,
            views_restarts=engine.projector.restarts,
        )

    def _warnings(self) -> list[str]:
        engine, warnings = self._asking.engine, []
        if is_exposed(engine.settings):
            warnings.append("It was told to listen without TLS (--insecure-i-know): give it a certificate.")
        warnings += [
            f"The plugin {plugin.name} is not loaded: {plugin.reason}."
            for plugin in engine.plugins.plugins
            if plugin.state in (PluginState.FAILED, PluginState.INCOMPATIBLE)
        ]
        warnings += [
            f"The sink {sink.name} is {sink.lag:,} records behind: {sink.reason}."
            for sink in engine.sinks.reports
            if sink.reason
        ]
        return warnings


def _created(settings: TokenSettings) -> pb.CreateTokenResponse:
    ends = None if settings.expire_at is None else timestamp(settings.expire_at)
    return pb.CreateTokenResponse(name=f"tokens/{settings.id}", expire_time=ends)


def _plugin_to(plugin: LoadedPlugin, sinks: Sequence[SinkReport]) -> server_pb2.Plugin:
    state = server_pb2.PluginState.Value(f"PLUGIN_STATE_{plugin.state.upper()}")
    own = [_sink_to(sink) for sink in sinks if sink.plugin == plugin.name]
    return server_pb2.Plugin(
        name=plugin.name,
        state=state,
        reason=plugin.reason,
        version=plugin.version,
        faults=plugin.faults,
        kept_back=plugin.kept_back,
        objects=plugin.objects,
        sinks=own,
    )


def _sink_to(sink: SinkReport) -> server_pb2.Sink:
    return server_pb2.Sink(
        name=sink.name,
        audience=sink.audience,
        state=server_pb2.SinkState.Value(f"SINK_STATE_{sink.state}"),
        position=sink.position,
        lag=sink.lag,
        failures=sink.failures,
        reason=sink.reason,
    )


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ",".join(f"{key}={each}" for key, each in sorted(value.items()))
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def _version() -> str:
    try:
        return version("hookflash")
    except PackageNotFoundError:
        return "unknown"
