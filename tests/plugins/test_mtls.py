"""Certificates: a name in one stands for a principal, by its own form or by the settings."""

import asyncio

import pytest

from hookflash.plugins.mtls import Certificates, MtlsConfig
from hookflash.sdk import Credentials, Principal, Role, Secret
from hookflash.sdk.testing import AuthenticatorContract
from hookflash.sdk.types import ChannelId

CRM = "spiffe://shop/crm"


def known(config: MtlsConfig, *names: str, token: str | None = None) -> Principal | None:
    credentials = Credentials(certificate_names=names, token=None if token is None else Secret(token))
    return asyncio.run(Certificates(config).authenticate(credentials))


class TestCertificates(AuthenticatorContract):
    @pytest.fixture
    def authenticator(self) -> Certificates:
        return Certificates(MtlsConfig())

    @pytest.fixture
    def known(self) -> Credentials:
        return Credentials(certificate_names=("crm.example", "hookflash:SERVICE:services/crm"))


def test_a_name_of_the_own_form_says_whom_it_stands_for() -> None:
    assert known(MtlsConfig(), "hookflash:AGENT:agents/ann") == Principal(Role.AGENT, "agents/ann")
    assert known(MtlsConfig(), "hookflash:ADAPTER:channels/web") == Principal(
        Role.ADAPTER, "channels/web", (), ChannelId("web")
    )
    for name in (
        "hookflash:",
        "hookflash:KING:agents/ann",
        "hookflash:AGENT:ann",
        "hookflash:AGENT:services/x",
        "hookflash:ADAPTER:agents/ann",
        "hookflash:ADMIN:",
        "https://example.org/hookflash:ADMIN:admins/x",
    ):
        assert known(MtlsConfig(), name) is None, name
    assert known(MtlsConfig(is_own_scheme_known=False), "hookflash:AGENT:agents/ann") is None


def test_other_names_are_given_a_principal_in_the_settings() -> None:
    config = MtlsConfig(known=f"\n{CRM} = SERVICE:services/crm\n  desk.example = VIEWER:viewers/wall \n")
    assert known(config, "other", CRM) == Principal(Role.SERVICE, "services/crm")
    assert known(config, "desk.example") == Principal(Role.VIEWER, "viewers/wall")
    assert known(config, "spiffe://shop/crm2") is None


def test_a_token_in_the_same_call_goes_before_the_certificate() -> None:
    assert known(MtlsConfig(known=f"{CRM} = SERVICE:services/crm"), CRM, token="of somebody else") is None  # noqa: S106


@pytest.mark.parametrize("line", [CRM, f"{CRM} = services/crm", " = SERVICE:services/crm", f"{CRM} = KING:x/y"])
def test_a_line_that_cannot_be_read_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="a line reads `NAME = ROLE:SUBJECT`"):
        MtlsConfig(known=line)
