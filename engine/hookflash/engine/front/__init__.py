"""Where gRPC ends: processes of their own that take clients' calls and hand them to the engine, in frames."""
