"""The shell around the deciders: entities, the shard that gives them their turns, and the matching."""
