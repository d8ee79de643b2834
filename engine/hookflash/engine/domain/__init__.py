"""What a contact centre's conversations, agents and queues do. Pure: no I/O, clock, chance or threads."""
