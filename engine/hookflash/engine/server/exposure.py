"""Where the server listens, and with what proof: loopback freely, anything else with TLS or a word that it is meant."""

import ssl
from pathlib import Path
from typing import Final

from hookflash.engine.front.frames import Kind, Listen
from hookflash.engine.settings import Settings, TlsSettings, is_loopback
from hookflash.engine.starting import StartError

__all__ = ["StartError", "address_of", "address_taken", "is_exposed", "listening"]

_UNIX: Final = "unix:"


def is_exposed(settings: Settings) -> bool:
    """Whether other machines reach the port and there is no TLS."""
    return settings.tls is None and not is_loopback(settings.listen)


def listening(
    settings: Settings,
    methods: tuple[tuple[str, Kind], ...],
    options: tuple[tuple[str, int], ...],
    commands: frozenset[int] = frozenset(),
) -> Listen:
    """What a front is told: where, with what proof, and which methods. Raises StartError."""
    listen, tls = settings.listen, settings.tls
    if is_exposed(settings) and not settings.insecure_i_know:
        raise StartError(
            f"{listen} can be reached from other machines and there is no TLS. Choose one of:"
            " `hookflash serve --listen 127.0.0.1:7433`;"
            " `HOOKFLASH_TLS_CERT=cert.pem HOOKFLASH_TLS_KEY=key.pem hookflash serve`;"
            " `hookflash serve --insecure-i-know`, for tests."
        )
    commands_max = settings.limits.unary_calls_max
    if tls is None:
        return Listen(listen, methods, options, commands, commands_max)
    _check(tls)
    client_ca = b"" if tls.client_ca is None else _pem(tls.client_ca)
    return Listen(listen, methods, options, commands, commands_max, _pem(tls.key), _pem(tls.cert), client_ca)


def address_taken(listen: str) -> StartError:
    """What there is to say where no front can listen there."""
    return StartError(
        f"{listen} cannot be listened on: another program has it, or it is no address of this machine;"
        " stop that program, or choose another with --listen HOST:PORT (HOST:0 takes a free port)."
    )


def address_of(listen: str, port: int) -> str:
    """The address with the port that was taken."""
    return listen if listen.startswith(_UNIX) else f"{listen.rpartition(':')[0]}:{port}"


def _check(tls: TlsSettings) -> None:
    """Raise StartError where the files cannot be used: gRPC would only say that it cannot listen."""
    for path in (tls.cert, tls.key, *((tls.client_ca,) if tls.client_ca is not None else ())):
        _pem(path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # A key behind a passphrase is refused, too: without the callback the process would stop and ask for it.
        context.load_cert_chain(tls.cert, tls.key, password=lambda: b"")
    except (ssl.SSLError, ValueError) as error:
        raise StartError(
            f"{tls.cert} and {tls.key} cannot be used: TLS needs a certificate and its own key without a passphrase,"
            " both as PEM files."
        ) from error
    if tls.client_ca is None:
        return
    try:
        context.load_verify_locations(tls.client_ca)
    except (ssl.SSLError, ValueError) as error:
        raise StartError(f"{tls.client_ca} cannot be used: it must hold certificates as a PEM file.") from error


def _pem(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StartError(f"{path} cannot be read: {error.strerror}; TLS needs it as a PEM file.") from error
