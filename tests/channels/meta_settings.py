"""The settings of Meta's channels in tests: where the fake is, and its secrets in files.

The files are made as an admin makes them: readable by nobody else.
"""

from pathlib import Path

from hookflash.sdk.testing.fakes.meta import ACCESS_TOKEN, APP_SECRET, VERIFY_TOKEN
from hookflash.sdk.testing.fakes.meta_payloads import INSTAGRAM, NUMBER, PAGE

__all__ = ["instagram_settings", "messenger_settings", "whatsapp_settings"]


def whatsapp_settings(url: str, folder: Path) -> dict[str, str]:
    return {**_shared(url, folder), "phone_number_id": NUMBER}


def messenger_settings(url: str, folder: Path) -> dict[str, str]:
    return {**_shared(url, folder), "page_id": PAGE}


def instagram_settings(url: str, folder: Path) -> dict[str, str]:
    return {**messenger_settings(url, folder), "account_id": INSTAGRAM}


def _shared(url: str, folder: Path) -> dict[str, str]:
    secrets = {"app_secret": APP_SECRET, "verify_token": VERIFY_TOKEN, "access_token": ACCESS_TOKEN}
    for name, secret in secrets.items():
        file = folder / name
        file.write_text(secret, encoding="utf-8")
        file.chmod(0o600)
    return {"api_url": url, **{name: f"file:{folder / name}" for name in secrets}}
