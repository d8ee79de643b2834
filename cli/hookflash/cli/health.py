"""Asking gRPC's standard health service, which answers without a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from hookflash.sdk.client import Client

__all__ = ["check"]


async def check(client: Client) -> tuple[Message, str]:
    """Return the health service's answer and its word, such as SERVING."""
    from grpc_health.v1 import health_pb2

    answer = await client.health()
    return answer, health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
