"""Settings of a web app with two secrets at each door."""

from __future__ import annotations

from pathlib import Path

from config.settings import Settings, load

WEB_LOGIN = ("operator", "pässword")


def web_settings(data_dir: Path = Path("nowhere"), **changes: str) -> Settings:
    """Settings that start nothing; changes are environment variables without their prefix."""
    environ = {
        "DATA_DIR": str(data_dir),
        "BROKER_URL": "redis://127.0.0.1:1/0",
        "APRIMO_WEBHOOK_SECRETS": "new-secret,old-secret",
        "APRIMO_DAM_SIGNATURE_HEADER": "X-Acme-Hmac",
        "OPENTEXT_CALLBACK_SECRETS": "new-secret,old-secret",
        "WEB_USER": WEB_LOGIN[0],
        "WEB_PASSWORD": WEB_LOGIN[1],
        **changes,
    }
    return load({f"SIGNOFF_{name}": value for name, value in environ.items()})
