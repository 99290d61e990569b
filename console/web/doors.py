"""The doors of the intake: who may come in at each address, and what is made of what they bring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from config.settings import Settings
from pipeline.aprimo import hooks as aprimo
from pipeline.events import Raw, Reading
from pipeline.opentext import hooks as opentext
from pipeline.routes import Routes


@dataclass(frozen=True, kw_only=True)
class Door:
    """One address of the intake.

    is_allowed takes the raw body, the headers (names in lower case) and the key in the address ("" for none).
    source is the receipts' word for it.
    """

    source: str
    is_allowed: Callable[[bytes, Mapping[str, str], str], bool]
    read: Callable[[Raw], Reading]


def doors(settings: Settings, routes: Routes) -> dict[str, Door]:
    """The doors by their addresses."""
    from_opentext = _opentext(settings, routes)
    return {
        "/hooks/aprimo/pm": _aprimo_pm(settings, routes),
        "/hooks/aprimo/dam": _aprimo_dam(settings, routes),
        "/hooks/opentext": from_opentext,
        "/hooks/opentext/{key:path}": from_opentext,
    }


def _aprimo_pm(settings: Settings, routes: Routes) -> Door:
    secrets = [secret.reveal() for secret in settings.aprimo.webhook_secrets]

    def is_allowed(body: bytes, headers: Mapping[str, str], _: str) -> bool:
        return aprimo.is_signed(body, headers.get(aprimo.PM_SIGNATURE_HEADER, ""), secrets)

    def read(raw: Raw) -> Reading:
        return aprimo.read_pm(raw, routes)

    return Door(source="aprimo.pm.webhook", is_allowed=is_allowed, read=read)


def _aprimo_dam(settings: Settings, routes: Routes) -> Door:
    secrets = [secret.reveal() for secret in settings.aprimo.webhook_secrets]
    header = settings.aprimo.dam_signature_header.lower()

    def is_allowed(body: bytes, headers: Mapping[str, str], _: str) -> bool:
        return aprimo.is_signed(body, headers.get(header, ""), secrets)

    def read(raw: Raw) -> Reading:
        return aprimo.read_dam(raw, routes)

    return Door(source="aprimo.dam.rule", is_allowed=is_allowed, read=read)


def _opentext(settings: Settings, routes: Routes) -> Door:
    secrets = [secret.reveal() for secret in settings.opentext.callback_secrets]

    def is_allowed(body: bytes, headers: Mapping[str, str], key: str) -> bool:
        return opentext.is_authorized(body, headers.get("authorization", ""), secrets, key=key)

    def read(raw: Raw) -> Reading:
        return opentext.read_call_back(raw, routes, settle_s=settings.opentext.callback_settle_s)

    return Door(source="opentext.callback", is_allowed=is_allowed, read=read)
