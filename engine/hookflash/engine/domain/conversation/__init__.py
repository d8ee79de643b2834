"""The conversation: its state, and the rules by which commands become events."""
