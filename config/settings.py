"""The one settings object: environment over an optional TOML file over defaults, read once, then frozen.

Every setting is declared once, here or in `config.groups` and `config.engine`; loader, checks and the table in
`docs/settings.md` come from these declarations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

from config.checks import missing_vendor_settings, unsafe_combinations
from config.declare import Declared, declared, group, setting
from config.engine import Engine
from config.groups import Aprimo, Flower, OpenText, Polling, Retention, Web
from config.parse import Malformed, parse
from config.problems import Problem, SettingsError
from config.reconciliation import Reconciliation
from config.sources import said

PACKAGED_FLOWS = Path(__file__).with_name("flows")
PACKAGED_PROCESSES = Path(__file__).with_name("processes")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All an installation was told. Made by `load`, which fills in what follows from other settings."""

    data_dir: Path = setting(
        Path(".signoff"), "Folder for what this installation keeps on disk.", example="/var/lib/signoff"
    )
    broker_url: str | None = setting(
        None,
        "Redis or Valkey that carries the queues.",
        example="redis://localhost:6379/0",
        default_text="the embedded server of `signoff up`",
        has_password=True,
    )
    database_url: str = setting(
        "",
        "Database that holds the truth: SQLite, or PostgreSQL.",
        example="postgresql+psycopg://signoff:…@localhost/signoff",
        default_text="SQLite in the data folder",
        has_password=True,
    )
    flows_dir: Path = setting(
        PACKAGED_FLOWS,
        "Folder of the flows' TOML files.",
        example="/etc/signoff/flows",
        default_text="the packaged `config/flows`",
    )
    sandboxes: bool = setting(
        False,
        "Whether `signoff up` starts both vendors' sandboxes.",
        example="false",
        default_text="true while no vendor is configured",
    )
    allow_plain_http: bool = setting(
        False, "Allow a vendor address without TLS that is not on this machine.", example="false"
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "Least level that is logged.", example="debug"
    )
    log_format: Literal["json", "console"] = setting(
        "json", "One JSON object a line, or text for people.", example="console"
    )
    aprimo: Aprimo = group(Aprimo, "APRIMO")
    opentext: OpenText = group(OpenText, "OPENTEXT")
    engine: Engine = group(Engine, "ENGINE")
    polling: Polling = group(Polling, "POLL")
    reconciliation: Reconciliation = group(Reconciliation, "RECONCILE")
    retention: Retention = group(Retention, "RETENTION")
    web: Web = group(Web, "WEB")
    flower: Flower = group(Flower, "FLOWER")

    def __repr__(self) -> str:
        shown = (f"{field.name}={_shown(getattr(self, field.name))}" for field in fields(self))
        return f"Settings({', '.join(shown)})"


def all_settings() -> tuple[Declared, ...]:
    """Every setting there is, in the order people read them."""
    return tuple(declared(Settings))


def load(environ: Mapping[str, str], toml_path: Path | None = None) -> Settings:
    """The settings of this installation; toml_path wins over the file that SIGNOFF_CONFIG names.

    Raises SettingsError, which names everything that is missing, malformed or unsafe together.
    """
    raw, problems = said(all_settings(), environ, toml_path)
    values: dict[Declared, Any] = {}
    for each, text in raw.items():
        try:
            values[each] = parse(each, text)
        except Malformed as err:
            reason = f"{err}. {each.meaning}"
            problems.append(Problem(names=(each.env,), reason=reason, example=f"{each.env}={each.example}"))
    settings = _derive(values)
    named = {name for problem in problems for name in problem.names}
    if not settings.sandboxes:
        problems += [each for each in missing_vendor_settings(settings) if not named & set(each.names)]
    problems += unsafe_combinations(settings)
    if problems:
        raise SettingsError(tuple(problems))
    return settings


def demand_vendors(settings: Settings) -> None:
    """Refuses with SettingsError when a role that talks to the vendors lacks what it needs for that."""
    if problems := missing_vendor_settings(settings):
        raise SettingsError(tuple(problems))


def without_password(url: str) -> str:
    """The URL with three stars in place of its password."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:***@{host}"))


def _derive(values: Mapping[Declared, Any]) -> Settings:
    """The object, with what was not said filled in from what was."""
    top: dict[str, Any] = {}
    inner: dict[str, dict[str, Any]] = {}
    for each, value in values.items():
        (inner.setdefault(each.group, {}) if each.group else top)[each.name] = value
    base = Settings()
    groups = {name: replace(getattr(base, name), **said_of) for name, said_of in inner.items()}
    settings = replace(base, **top, **groups)
    aprimo = _with_addresses(settings.aprimo)
    data_dir = settings.data_dir.absolute()
    return replace(
        settings,
        data_dir=data_dir,
        database_url=_database_url(settings.database_url, data_dir),
        sandboxes=top.get("sandboxes", not (aprimo.auth_url or aprimo.pm_url or settings.opentext.url)),
        aprimo=aprimo,
        opentext=replace(settings.opentext, url=settings.opentext.url.rstrip("/")),
    )


def _with_addresses(aprimo: Aprimo) -> Aprimo:
    site = f"https://{aprimo.tenant}.aprimo.com" if aprimo.tenant else ""
    assets = f"https://{aprimo.tenant}.dam.aprimo.com" if aprimo.tenant else ""
    return replace(
        aprimo,
        auth_url=(aprimo.auth_url or site).rstrip("/"),
        pm_url=(aprimo.pm_url or site).rstrip("/"),
        dam_url=(aprimo.dam_url or assets).rstrip("/"),
        upload_url=(aprimo.upload_url or site).rstrip("/"),
    )


def _database_url(url: str, data_dir: Path) -> str:
    """Names the driver where only the database is named; psycopg 3 is the one that is installed."""
    scheme, colon, rest = url.partition(":")
    if scheme in {"postgres", "postgresql"}:
        return f"postgresql+psycopg{colon}{rest}"
    return url or f"sqlite:///{data_dir}/signoff.sqlite3"


def _shown(value: object) -> str:
    return repr(without_password(value)) if isinstance(value, str) and "://" in value else repr(value)
