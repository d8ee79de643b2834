"""What the channel tests share: the story asserts in a file of its own, and its failures show both values."""

import pytest

pytest.register_assert_rewrite("tests.channels.story")
