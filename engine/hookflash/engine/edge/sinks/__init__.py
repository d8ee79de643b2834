"""Event sinks: each reads the journal from its own durable cursor, so that nothing is lost whatever ends meanwhile."""
