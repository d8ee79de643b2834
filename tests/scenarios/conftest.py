"""Scenarios assert in files of their own; a failure there shows both values as it would in a test."""

import pytest

for _name in ("conferences", "engine_driver", "faults", "leaving", "offers", "refusals", "stage", "transfers"):
    pytest.register_assert_rewrite(f"tests.scenarios.{_name}")
