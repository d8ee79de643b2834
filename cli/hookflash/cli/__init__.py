"""The `hookflash` command."""
