"""Plugins with `isolation = "process"`: a child that imports them, and what stands for their objects in the engine."""
