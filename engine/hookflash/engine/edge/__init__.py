"""The engine's side of all channels: what customers bring comes in here, what they are told goes out here."""
