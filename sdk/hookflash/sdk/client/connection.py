"""How the client reaches a server: address, TLS, token, and what is tried again without the caller's knowing.

Only UNAVAILABLE and a server's CANCELLED are tried again, a few times within about two seconds; each attempt carries
the same request_id, so the engine does the command once. CANCELLED is what gRPC says where a server had more calls
waiting than it takes and dropped one before anybody had looked at it.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import grpc
import grpc.aio

__all__ = ["DEADLINE_S", "KEEPALIVE", "Tls", "bearer", "open_channel"]

DEADLINE_S: Final = 10.0
"""How long a call may take unless the caller says otherwise."""

KEEPALIVE: Final = (
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.ping_timeout_ms", 10_000),
    # A stream that is only read sends nothing, and would be asked after twice and then never again.
    ("grpc.http2.max_pings_without_data", 0),
)
"""A server that gives no sign for 30 s while something is open is asked for one; it is lost when none comes in 10 s."""

_MESSAGE_BYTES_MAX: Final = 16 * 1024 * 1024
_RETRY_POLICY: Final = {
    "maxAttempts": 4,
    "initialBackoff": "0.2s",
    "maxBackoff": "2s",
    "backoffMultiplier": 2.0,
    "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
}
_SERVICES: Final = (
    "AdminService",
    "AgentService",
    "ChannelService",
    "ConversationService",
    "EventService",
    "QueueService",
)
_SERVICE_CONFIG: Final = json.dumps(
    {
        "methodConfig": [
            {
                "name": [{"service": f"hookflash.v1.{service}"} for service in _SERVICES],
                "retryPolicy": _RETRY_POLICY,
            },
            # These streams are taken up again by the client itself, which knows from where.
            {
                "name": [
                    {"service": "hookflash.v1.AgentService", "method": "Attach"},
                    {"service": "hookflash.v1.ChannelService", "method": "Deliveries"},
                    {"service": "hookflash.v1.ChannelService", "method": "Signs"},
                    {"service": "hookflash.v1.EventService", "method": "Watch"},
                    {"service": "hookflash.v1.QueueService", "method": "WatchQueues"},
                ],
            },
        ]
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """How to trust the server, and what to show it; all in PEM.

    Attributes:
        ca: the authority that signed the server's certificate; None: those that the system trusts.
        cert, key: the client's own certificate, where the server asks for one (mTLS).
        server_name: the name in the server's certificate where it is not that of the address.
    """

    ca: bytes | None = None
    cert: bytes | None = None
    key: bytes | None = None
    server_name: str | None = None

    def __repr__(self) -> str:
        """Name what is given; the key is a secret."""
        given = [name for name in ("ca", "cert", "key", "server_name") if getattr(self, name) is not None]
        return f"Tls({', '.join(given)})"

    @classmethod
    def from_files(
        cls,
        *,
        ca: Path | None = None,
        cert: Path | None = None,
        key: Path | None = None,
        server_name: str | None = None,
    ) -> Self:
        """Read the PEM files that are given; raises OSError where one cannot be read."""
        return cls(
            ca=None if ca is None else ca.read_bytes(),
            cert=None if cert is None else cert.read_bytes(),
            key=None if key is None else key.read_bytes(),
            server_name=server_name,
        )


def open_channel(address: str, tls: Tls | None) -> grpc.aio.Channel:
    """Return a channel to `HOST:PORT` or `unix:PATH`; it connects at the first call."""
    options: list[tuple[str, str | int]] = [
        ("grpc.service_config", _SERVICE_CONFIG),
        ("grpc.enable_retries", 1),
        ("grpc.max_receive_message_length", _MESSAGE_BYTES_MAX),
        # One client is one connection: gRPC would share one among all clients of an address in this process.
        ("grpc.use_local_subchannel_pool", 1),
        # A server that comes back is found again within a second or two, not after gRPC's two minutes.
        ("grpc.initial_reconnect_backoff_ms", 200),
        ("grpc.min_reconnect_backoff_ms", 200),
        ("grpc.max_reconnect_backoff_ms", 2_000),
        *KEEPALIVE,
    ]
    if tls is None:
        return grpc.aio.insecure_channel(address, options=options)
    if tls.server_name is not None:
        options.append(("grpc.ssl_target_name_override", tls.server_name))
    credentials = grpc.ssl_channel_credentials(
        root_certificates=tls.ca, private_key=tls.key, certificate_chain=tls.cert
    )
    return grpc.aio.secure_channel(address, credentials, options=options)


def bearer(token: str | None) -> tuple[tuple[str, str], ...]:
    """Return the metadata that proves who calls; none without a token."""
    return () if token is None else (("authorization", f"Bearer {token}"),)
