"""Off loopback: only with TLS, and with a certificate for a credential where clients show one."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from hookflash.engine.server.app import StartError
from hookflash.engine.server.exposure import listening
from hookflash.engine.server.listener import FrontListener
from hookflash.engine.settings import Settings, TlsSettings
from tests.server.serving import Client, Refused, serving

OPENSSL = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="openssl makes the certificates of this test")


def run(*arguments: str) -> None:
    subprocess.run([OPENSSL or "openssl", *arguments], check=True, capture_output=True)


def certificates(folder: Path) -> TlsSettings:
    """An authority, a server's certificate for localhost, and a client's for the supervisor sue."""
    folder.mkdir()
    ca, ca_key = folder / "ca.pem", folder / "ca.key"
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    run("req", "-x509", *key, "-keyout", str(ca_key), "-out", str(ca), "-subj", "/CN=test authority", "-days", "2")
    names = {"server": "DNS:localhost", "client": "URI:hookflash:SUPERVISOR:supervisors/sue", "stranger": "DNS:nobody"}
    for name, alternative in names.items():
        request, extension = folder / f"{name}.csr", folder / f"{name}.ext"
        extension.write_text(f"subjectAltName={alternative}\n")
        run("req", *key, "-keyout", str(folder / f"{name}.key"), "-out", str(request), "-subj", f"/CN={name}")
        signed = ("-CA", str(ca), "-CAkey", str(ca_key), "-CAcreateserial", "-days", "1", "-extfile", str(extension))
        run("x509", "-req", "-in", str(request), "-out", str(folder / f"{name}.pem"), *signed)
    return TlsSettings(cert=folder / "server.pem", key=folder / "server.key", client_ca=ca)


def secure(address: str, folder: Path, name: str | None) -> grpc.aio.Channel:
    root = (folder / "ca.pem").read_bytes()
    pair = (None, None) if name is None else tuple((folder / f"{name}.{end}").read_bytes() for end in ("key", "pem"))
    credentials = grpc.ssl_channel_credentials(root, *pair)
    return grpc.aio.secure_channel(address.replace("127.0.0.1", "localhost"), credentials)


@needs_openssl
@pytest.mark.spec("I14")
async def test_over_tls_a_token_is_a_credential_and_nothing_goes_in_the_clear(tmp_path: Path) -> None:
    tls = replace(certificates(tmp_path / "tls"), client_ca=None)
    async with serving(tmp_path / "data", tls=tls) as served:
        async with secure(served.address, tmp_path / "tls", None) as channel:
            await Client(channel, served.admin.token).call("AdminService/GetServer")
            with pytest.raises(Refused) as refused:
                await Client(channel).call("AdminService/GetServer")
            assert refused.value.reason == "NOT_AUTHENTICATED"
        with pytest.raises(Refused) as refused:
            await served.admin.call("AdminService/GetServer")
        assert refused.value.code == "UNAVAILABLE"


@needs_openssl
@pytest.mark.spec("I14")
async def test_a_clients_certificate_names_its_principal_and_one_that_names_none_is_nobody(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    async with serving(tmp_path / "data", tls=certificates(folder)) as served:
        async with secure(served.address, folder, "client") as channel:
            await Client(channel).call("QueueService/ListQueues")
            with pytest.raises(Refused) as refused:
                await Client(channel).call("AdminService/GetServer")
            assert refused.value.reason == "ROLE_NOT_ALLOWED"
            await Client(channel, served.admin.token).call("AdminService/GetServer")
        async with secure(served.address, folder, "stranger") as channel:
            with pytest.raises(Refused) as refused:
                await Client(channel).call("QueueService/ListQueues")
            assert refused.value.reason == "NOT_AUTHENTICATED"
        async with secure(served.address, folder, None) as channel:
            with pytest.raises(Refused) as refused:
                await Client(channel).call("QueueService/ListQueues")
            assert refused.value.code == "UNAVAILABLE"


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "192.0.2.1:7433", "gateway.example:7433"])
def test_a_port_that_others_reach_is_refused_without_tls_and_the_sentence_has_three_ways_out(listen: str) -> None:
    with pytest.raises(StartError) as refused:
        listening(Settings(listen=listen), (), ())
    assert str(refused.value).count("`hookflash serve") + str(refused.value).count("hookflash serve`") == 3


async def test_a_port_that_others_reach_is_taken_with_tls_or_when_it_is_meant(tmp_path: Path) -> None:
    assert (await taken(Settings(listen="0.0.0.0:0", insecure_i_know=True))).startswith("0.0.0.0:")
    with pytest.raises(StartError, match="cannot be read"):
        listening(Settings(tls=TlsSettings(cert=tmp_path / "none.pem", key=tmp_path / "none.key")), (), ())


async def test_a_socket_of_this_machine_needs_no_port(tmp_path: Path) -> None:
    listen = f"unix:{tmp_path / 'engine.sock'}"
    assert await taken(Settings(listen=listen)) == listen


async def taken(settings: Settings) -> str:
    """The address that a listener takes, and gives back."""
    listener = FrontListener(())
    try:
        return await listener.start(settings, {})
    finally:
        await listener.stop(0.0)
