"""Bundled plugins: each one imports `hookflash.sdk` only and is found through its entry point, like anybody's."""
