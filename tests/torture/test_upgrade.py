"""Every release's data directory is opened and continued by today's server."""

import pytest

from tests.torture.__main__ import main
from tests.torture.make_release import RELEASES


def test_there_is_a_data_directory_of_a_release_with_what_it_says() -> None:
    kept = {path.name for path in RELEASES.iterdir()}
    assert {"0.1.0.tar.xz", "0.1.0.json"} <= kept


@pytest.mark.trial
@pytest.mark.spec("I10", "I13")
def test_the_data_directory_of_every_release_says_what_it_said_and_is_continued(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["upgrade"]) == 0, capsys.readouterr().out
