"""A bare grpc.aio server that answers with what it was sent: what a call costs where nothing is done.

It takes the engine's own gRPC options and a message of the engine's API, so that the difference is the engine.
"""

import asyncio
from typing import Final

import grpc
import grpc.aio

from hookflash.v1.conversation_service_pb2 import SendMessageRequest

__all__ = ["METHOD"]

METHOD: Final = "/hookflash.bench.Echo/Say"

# Those of the engine's server with its default limits.
_OPTIONS: Final = (
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", 1024 * 1024),
    ("grpc.max_send_message_length", 64 * 1024 * 1024),
    ("grpc.max_metadata_size", 8 * 1024),
    ("grpc.absolute_max_metadata_size", 8 * 1024),
    ("grpc.max_concurrent_streams", 20_000),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
)


async def _say(
    request: SendMessageRequest, _context: grpc.aio.ServicerContext[SendMessageRequest, SendMessageRequest]
) -> SendMessageRequest:
    return request


async def _serve() -> None:
    server = grpc.aio.server(options=_OPTIONS)
    handler = grpc.unary_unary_rpc_method_handler(
        _say,
        request_deserializer=SendMessageRequest.FromString,
        response_serializer=SendMessageRequest.SerializeToString,
    )
    service, _, name = METHOD[1:].partition("/")
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {name: handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(_serve())
