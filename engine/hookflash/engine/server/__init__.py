"""The gRPC server: the only part of the engine that knows protobuf and grpc."""
