"""TLS on a real server: off loopback with it, and clients known by the URI in their certificate.

The certificates are real and made by the openssl command for each run.
"""

import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped]

from tests.e2e.calling import Caller
from tests.e2e.server_process import ServerProcess, hookflash, running

OPENSSL = shutil.which("openssl") or ""
pytestmark = pytest.mark.skipif(not OPENSSL, reason="the openssl command is not installed")


class Authority:
    """A certificate authority of this test's own, and what it signs."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.certificate, self.key = directory / "ca.pem", directory / "ca.key"
        _openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=test authority", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            "-keyout", self.key, "-out", self.certificate,
        )  # fmt: skip

    def signed(self, name: str, alternative: str) -> tuple[Path, Path]:
        """A certificate for that alternative name, and its key."""
        certificate, key = self.directory / f"{name}.pem", self.directory / f"{name}.key"
        request, extensions = self.directory / f"{name}.csr", self.directory / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternative}\nauthorityKeyIdentifier=keyid\n")
        _openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-keyout", key, "-out", request,
        )  # fmt: skip
        _openssl(
            "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
            "-days", "2", "-extfile", extensions, "-out", certificate,
        )  # fmt: skip
        return certificate, key

    @contextmanager
    def caller(
        self, server: ServerProcess, client: tuple[Path, Path] | None = None, *, token: str = ""
    ) -> Iterator[Caller]:
        """Somebody who trusts this authority, with a client certificate or without."""
        proof = grpc.ssl_channel_credentials(
            self.certificate.read_bytes(),
            client[1].read_bytes() if client else None,
            client[0].read_bytes() if client else None,
        )
        with grpc.secure_channel(f"127.0.0.1:{server.address.rpartition(':')[2]}", proof) as channel:
            yield Caller(channel, token)


def _openssl(*arguments: str | Path) -> None:
    subprocess.run([OPENSSL, *map(str, arguments)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def identity(authority: Authority) -> tuple[Path, Path]:
    """The server's own certificate and key."""
    return authority.signed("server", "IP:127.0.0.1")


@pytest.fixture(scope="module")
def mutual(
    authority: Authority, identity: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """A server that every client has to show a certificate."""
    settings = {
        "tls_cert": str(identity[0]), "tls_key": str(identity[1]), "tls_client_ca": str(authority.certificate)
    }  # fmt: skip
    folder = tmp_path_factory.mktemp("mutual")
    file = folder / "hookflash.toml"
    file.write_text('[plugins.mtls]\ngrant_roles = ["ADMIN", "SERVICE", "AGENT", "ADAPTER"]\n', encoding="utf-8")
    with running(folder / "data", settings=settings, arguments=("-c", file)) as server:
        yield server


def test_off_loopback_is_served_with_tls_and_still_asks_for_a_token(
    authority: Authority, identity: tuple[Path, Path], tmp_path: Path
) -> None:
    settings = {"tls_cert": str(identity[0]), "tls_key": str(identity[1])}
    with running(tmp_path / "data", listen="0.0.0.0:0", settings=settings) as server:
        assert re.fullmatch(r"0\.0\.0\.0:[1-9]\d*", server.address)
        with authority.caller(server, token=server.admin_token) as admin:
            assert admin.call("AdminService/GetServer").insecure is False
        with authority.caller(server) as nobody:
            assert nobody.refusal("AdminService/GetServer").reason == "NOT_AUTHENTICATED"
        with grpc.insecure_channel(f"127.0.0.1:{server.address.rpartition(':')[2]}") as plain:
            assert Caller(plain, server.admin_token).refusal("AdminService/GetServer").code == "UNAVAILABLE"
        assert server.terminate() == 0


def test_a_certificate_with_another_ones_key_keeps_the_server_from_starting(
    authority: Authority, identity: tuple[Path, Path], tmp_path: Path
) -> None:
    _, other_key = authority.signed("other", "IP:127.0.0.1")
    settings = {"tls_cert": str(identity[0]), "tls_key": str(other_key)}
    ended = hookflash("serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0", settings=settings)
    assert (ended.code, ended.stdout) == (1, "")
    assert "TLS needs a certificate and its own key" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.spec("R-G12")
def test_a_client_certificates_uri_is_its_principal(authority: Authority, mutual: ServerProcess) -> None:
    service = authority.signed("crm", "URI:hookflash:SERVICE:services/crm")
    with authority.caller(mutual, service) as crm:
        assert crm.call("QueueService/ListQueues") is not None
        assert crm.refusal("AdminService/GetServer").reason == "ROLE_NOT_ALLOWED"
    with authority.caller(mutual, authority.signed("root", "URI:hookflash:ADMIN:admins/root")) as admin:
        admin.call("AdminService/Apply", agents=[{"name": "agents/ann"}, {"name": "agents/ben"}],
                   channels=[{"name": "channels/web", "is_external": True}])  # fmt: skip
        events = admin.call("EventService/ListEvents", filter="type = AgentConfigured").events
        assert {event.principal for event in events} == {"ADMIN:admins/root"}
    with authority.caller(mutual, authority.signed("ann", "URI:hookflash:AGENT:agents/ann")) as ann:
        assert ann.refusal("AgentService/Logout", agent="agents/ben").reason == "IDENTITY_MISMATCH"
    with authority.caller(mutual, authority.signed("wa", "URI:hookflash:ADAPTER:channels/wa")) as adapter:
        refused = adapter.refusal(
            "ChannelService/Receive", channel="channels/web", address="a", external_id="1", text="hello"
        )
        assert refused.reason == "ROLE_NOT_ALLOWED"


def test_a_role_that_certificates_are_not_granted_is_nobody(authority: Authority, mutual: ServerProcess) -> None:
    with authority.caller(mutual, authority.signed("boss", "URI:hookflash:SUPERVISOR:supervisors/boss")) as boss:
        refused = boss.refusal("QueueService/ListQueues")
        assert (refused.code, refused.reason) == ("UNAUTHENTICATED", "NOT_AUTHENTICATED")


def test_a_token_goes_before_the_certificate(authority: Authority, mutual: ServerProcess) -> None:
    service = authority.signed("crm2", "URI:hookflash:SERVICE:services/crm")
    with authority.caller(mutual, service, token=mutual.admin_token) as admin:
        assert admin.call("AdminService/GetServer").version
    with authority.caller(mutual, service, token="hf_no_such") as stranger:  # noqa: S106  no token of anybody
        assert stranger.refusal("QueueService/ListQueues").reason == "NOT_AUTHENTICATED"


@pytest.mark.parametrize(
    "alternative",
    [
        "DNS:crm.example.org",
        "URI:https://example.org/hookflash:ADMIN:admins/x",
        "URI:hookflash:ROOT:admins/x",
        "URI:hookflash:ADMIN:",
        "URI:hookflash:AGENT:services/x",
        "URI:hookflash:ADAPTER:agents/x",
    ],
)
def test_a_certificate_that_names_no_principal_is_nobody(
    authority: Authority, mutual: ServerProcess, alternative: str
) -> None:
    name = re.sub(r"\W", "-", alternative)
    with authority.caller(mutual, authority.signed(name, alternative)) as nobody:
        refused = nobody.refusal("QueueService/ListQueues")
        assert (refused.code, refused.reason) == ("UNAUTHENTICATED", "NOT_AUTHENTICATED")


def test_a_client_without_a_certificate_or_with_a_strangers_does_not_even_connect(
    authority: Authority, mutual: ServerProcess, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path).signed("evil", "URI:hookflash:ADMIN:admins/evil")
    for client in (None, stranger):
        with authority.caller(mutual, client, token=mutual.admin_token) as caller:
            assert caller.refusal("AdminService/GetServer").code == "UNAVAILABLE"
            with pytest.raises(grpc.RpcError):
                health_pb2_grpc.HealthStub(caller.channel).Check(health_pb2.HealthCheckRequest(), timeout=5)


def test_webhooks_are_served_with_a_certificate_of_their_own(
    tmp_path: Path, authority: Authority, identity: tuple[Path, Path]
) -> None:
    settings = {"http_listen": "127.0.0.1:0", "http_cert": str(identity[0]), "http_key": str(identity[1])}
    with running(tmp_path / "data", settings=settings) as server:
        assert server.process.stdout is not None
        url = server.process.stdout.readline().strip().rpartition(" ")[2]
        assert url.startswith("https://")
        trusting = ssl.create_default_context(cafile=authority.certificate)
        with httpx.Client(verify=trusting, trust_env=False) as provider:
            assert provider.get(f"{url}/channels/nothing").status_code == 404
        with httpx.Client(trust_env=False) as stranger, pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY"):
            stranger.get(f"{url}/channels/nothing")
        with httpx.Client(trust_env=False) as plain, pytest.raises(httpx.RemoteProtocolError):
            plain.get(f"{url.replace('https', 'http')}/channels/nothing")


def test_webhooks_with_a_certificate_and_another_ones_key_keep_the_server_from_starting(
    tmp_path: Path, authority: Authority, identity: tuple[Path, Path]
) -> None:
    _, other = authority.signed("other-web", "DNS:localhost")
    settings = {"http_listen": "127.0.0.1:0", "http_cert": str(identity[0]), "http_key": str(other)}
    ended = hookflash("serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0", settings=settings)
    assert ended.code != 0
    assert "must be a certificate and its own key" in ended.stderr
    assert "Traceback" not in ended.stderr
