"""TLS: whom the client trusts, and what it says when it does not."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from hookflash.sdk.client import Client, Tls, Unreachable
from hookflash.sdk.client import messages as m
from tests.cli.command import Command
from tests.cli.fake_server import FakeServer

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl, which makes the certificates, is not here"
)


@dataclass(frozen=True, slots=True)
class Certificate:
    cert: Path
    key: Path


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    folder = tmp_path_factory.mktemp("tls")
    made = Certificate(folder / "cert.pem", folder / "key.pem")
    subprocess.run(
        [  # noqa: S607 - whichever openssl this machine has
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout", str(made.key), "-out", str(made.cert),
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return made


def server_for(certificate: Certificate, *, is_mutual: bool = False) -> FakeServer:
    cert, key = certificate.cert.read_bytes(), certificate.key.read_bytes()
    credentials = grpc.ssl_server_credentials(
        [(key, cert)], root_certificates=cert if is_mutual else None, require_client_auth=is_mutual
    )
    server = FakeServer(credentials=credentials)
    server.answers["ListQueues"] = lambda _request, _context: m.ListQueuesResponse()
    return server


async def test_a_server_of_the_named_authority_is_trusted(certificate: Certificate) -> None:
    with server_for(certificate) as server:
        async with Client(server.address, tls=Tls.from_files(ca=certificate.cert)) as client:
            assert await client.list_queues(m.ListQueuesRequest()) == m.ListQueuesResponse()


async def test_a_server_of_an_unknown_authority_is_not(certificate: Certificate) -> None:
    with server_for(certificate) as server:
        async with Client(server.address, tls=True) as client:
            with pytest.raises(Unreachable, match="TLS with it failed"):
                await client.list_queues(m.ListQueuesRequest())
    assert server.calls == []


async def test_a_client_shows_its_own_certificate_where_it_has_one(certificate: Certificate) -> None:
    tls = Tls.from_files(ca=certificate.cert, cert=certificate.cert, key=certificate.key)
    with server_for(certificate, is_mutual=True) as server:
        async with Client(server.address, tls=tls) as client:
            assert await client.list_queues(m.ListQueuesRequest()) == m.ListQueuesResponse()


def test_the_command_takes_the_authority_from_flag_or_context(certificate: Certificate, command: Command) -> None:
    with server_for(certificate) as server:
        assert command("queue", "list", "--server", server.address, "--tls-ca", str(certificate.cert)).code == 0
        distrusting = command("queue", "list", "--server", server.address, "--tls-ca", "system")
        assert (distrusting.code, "See --tls-ca." in distrusting.err) == (7, True)
        command("context", "set", "own", "--server", server.address, "--tls-ca", str(certificate.cert))
        assert command("queue", "list").code == 0
        done = command("queue", "list", "--tls-ca", "nowhere.pem")
        assert (done.code, "nowhere.pem" in done.err) == (1, True)
