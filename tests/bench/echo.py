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


async def _say(
    request: SendMessageRequest, _context: grpc.aio.ServicerContext[SendMessageRequest, SendMessageRequest]
) -> SendMessageRequest:
    return request


async def _serve() -> None:
    server = grpc.aio.server(options=OPTIONS)
    handler = grpc.unary_unary_rpc_method_handler(
        _say,
        request_deserializer=SendMessageRequest.FromString,
        response_serializer=SendMessageRequest.SerializeToString,
    )
    service, _, name = METHOD[1:].partition("/")
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {name: handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"127.0.0.1:{port}", flush=True)  # noqa: T201  whoever started us waits for it
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(_serve())
