"""Which settings do not go together. What would lose or double an effect refuses to start, and says why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from config.problems import Problem

if TYPE_CHECKING:
    from config.engine import Engine
    from config.settings import Settings

_BROKERS = frozenset({"redis", "rediss", "redis+socket"})
_DATABASES = frozenset({"sqlite", "postgresql+psycopg"})
_HOST = re.compile(r"(?:[a-zA-Z0-9.-]{1,253}|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?")
_HOST_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def missing_vendor_settings(settings: Settings) -> list[Problem]:
    """What real vendors cannot be reached without, each with an example."""
    aprimo, opentext = settings.aprimo, settings.opentext
    needed = (
        (aprimo.auth_url and aprimo.pm_url, "APRIMO_TENANT", "the tenant's name (or both base addresses)", "acme"),
        (aprimo.client_id, "APRIMO_CLIENT_ID", "the OAuth client id", "signoff"),
        (aprimo.client_secret.reveal(), "APRIMO_CLIENT_SECRET", "the OAuth client secret", "…"),
        (opentext.url, "OPENTEXT_URL", "the base address", "https://eu-1.api.opentext.com"),
        (opentext.tenant_id, "OPENTEXT_TENANT_ID", "the tenant id", "0f4c1a9e-7a1b-4a6e-9d3c-2f5b8e6a1c70"),
        (opentext.client_id, "OPENTEXT_CLIENT_ID", "the OAuth client id", "signoff"),
        (opentext.client_secret.reveal(), "OPENTEXT_CLIENT_SECRET", "the OAuth client secret", "…"),
    )
    return [
        Problem(
            names=(f"SIGNOFF_{name}",),
            reason=f"is missing: {what}. Needed as soon as a vendor is to be reached.",
            example=f"SIGNOFF_{name}={example}",
        )
        for value, name, what, example in needed
        if not value
    ]


def unsafe_combinations(settings: Settings) -> list[Problem]:
    """Every rule that these settings break, with the reason why it is one."""
    return [
        *_engine(settings.engine),
        *_vendors(settings),
        *_tenant(settings),
        *_sources(settings),
        *_addresses(settings),
        *_flows(settings),
        *_stores(settings),
        *_logins(settings),
    ]


def _engine(engine: Engine) -> Iterator[Problem]:
    chain = engine.no_new_call_after_s + engine.call_deadline_s + engine.margin_s
    rules = (
        (
            engine.connect_timeout_s <= engine.call_deadline_s and engine.read_timeout_s <= engine.call_deadline_s,
            ("CONNECT_TIMEOUT_S", "READ_TIMEOUT_S", "CALL_DEADLINE_S"),
            "a timeout beyond the call's own deadline never acts",
        ),
        (
            engine.call_deadline_s < engine.no_new_call_after_s,
            ("CALL_DEADLINE_S", "NO_NEW_CALL_AFTER_S"),
            "a step must have time for more than one call",
        ),
        (
            chain <= engine.hard_limit_s,
            ("NO_NEW_CALL_AFTER_S", "CALL_DEADLINE_S", "MARGIN_S", "HARD_LIMIT_S"),
            f"the last call may end {chain:g} s into a step, after the step's process was killed",
        ),
        (
            engine.hard_limit_s < engine.lease_s,
            ("HARD_LIMIT_S", "LEASE_S"),
            "a step must be dead before another worker may take its lines",
        ),
        (
            engine.hard_limit_s < engine.deaf_after_s,
            ("HARD_LIMIT_S", "DEAF_AFTER_S"),
            "a worker whose processes are all busy would be taken for deaf",
        ),
        (
            engine.lease_s < engine.visibility_timeout_s,
            ("LEASE_S", "VISIBILITY_TIMEOUT_S"),
            "the broker must not hand a message out again while its lines are leased",
        ),
        (
            engine.countdown_max_s + engine.hard_limit_s < engine.visibility_timeout_s,
            ("COUNTDOWN_MAX_S", "HARD_LIMIT_S", "VISIBILITY_TIMEOUT_S"),
            "a message that waits and then runs for longer than the visibility timeout runs twice",
        ),
        (
            engine.budget_wait_max_s < engine.no_new_call_after_s,
            ("BUDGET_WAIT_MAX_S", "NO_NEW_CALL_AFTER_S"),
            "waiting for the budget would use up the whole step",
        ),
        (
            engine.retry_base_s <= engine.retry_cap_s,
            ("RETRY_BASE_S", "RETRY_CAP_S"),
            "the first wait is longer than the longest",
        ),
        (
            engine.sweep_every_s <= engine.rehint_after_s,
            ("SWEEP_EVERY_S", "REHINT_AFTER_S"),
            "a line would be due to be woken again before the next sweep can see it",
        ),
    )
    for holds, names, why in rules:
        if not holds:
            yield Problem(
                names=tuple(f"SIGNOFF_ENGINE_{name}" for name in names),
                reason=f"{_figures(engine, names)}: unsafe, because {why}.",
            )


def _figures(engine: Engine, names: tuple[str, ...]) -> str:
    return ", ".join(f"{getattr(engine, name.lower()):g} s" for name in names)


def _vendors(settings: Settings) -> Iterator[Problem]:
    aprimo, opentext = settings.aprimo, settings.opentext
    if settings.sandboxes and (aprimo.auth_url or aprimo.pm_url or opentext.url):
        yield Problem(
            names=("SIGNOFF_SANDBOXES",),
            reason="asks for sandboxes while a vendor's address is configured; only one of them can be used.",
        )
    if settings.web.public_url and not opentext.callback_secrets:
        yield Problem(
            names=("SIGNOFF_OPENTEXT_CALLBACK_SECRETS", "SIGNOFF_WEB_PUBLIC_URL"),
            reason="call-backs are asked for, but there is no secret to know them by.",
            example="SIGNOFF_OPENTEXT_CALLBACK_SECRETS=a-long-random-text",
        )
    if settings.engine.late_factor < 1 and not all(map(_is_local, (aprimo.pm_url, opentext.url))):
        yield Problem(
            names=("SIGNOFF_ENGINE_LATE_FACTOR",),
            reason="below 1 an effect may be sent again while its first call still takes effect;"
            " only allowed with vendors on this machine.",
        )


def _tenant(settings: Settings) -> Iterator[Problem]:
    tenant = settings.aprimo.tenant
    if tenant and not _HOST_LABEL.fullmatch(tenant):
        yield Problem(
            names=("SIGNOFF_APRIMO_TENANT",),
            reason=f"is {tenant!r}, but must be one part of a host name: letters, digits and hyphens;"
            " of https://acme.aprimo.com it is acme.",
            example="SIGNOFF_APRIMO_TENANT=acme",
        )


def _sources(settings: Settings) -> Iterator[Problem]:
    malformed = [each for each in settings.aprimo.upload_sources if not _HOST.fullmatch(each)]
    if malformed:
        yield Problem(
            names=("SIGNOFF_APRIMO_UPLOAD_SOURCES",),
            reason=f"{', '.join(malformed)}: must be hosts, with a port where it is not 443, and nothing else.",
            example="SIGNOFF_APRIMO_UPLOAD_SOURCES=files.agency.example,cdn.acme.example:8443",
        )


def _flows(settings: Settings) -> Iterator[Problem]:
    folder = settings.flows_dir
    if not folder.is_dir():
        reason = f"{folder} is no folder."
    elif not any(folder.glob("*.toml")):
        reason = f"{folder} holds no TOML file; copy the packaged ones from config/flows and adapt them."
    else:
        return
    yield Problem(names=("SIGNOFF_FLOWS_DIR",), reason=reason, example="SIGNOFF_FLOWS_DIR=/etc/signoff/flows")


def _addresses(settings: Settings) -> Iterator[Problem]:
    aprimo = settings.aprimo
    addresses = (
        ("SIGNOFF_APRIMO_AUTH_URL", aprimo.auth_url),
        ("SIGNOFF_APRIMO_PM_URL", aprimo.pm_url),
        ("SIGNOFF_APRIMO_DAM_URL", aprimo.dam_url),
        ("SIGNOFF_APRIMO_UPLOAD_URL", aprimo.upload_url),
        ("SIGNOFF_OPENTEXT_URL", settings.opentext.url),
        ("SIGNOFF_WEB_PUBLIC_URL", settings.web.public_url or ""),
    )
    for name, url in addresses:
        parts = _split(url)
        scheme = parts.scheme
        if url and (scheme not in {"http", "https"} or not parts.hostname):
            yield Problem(names=(name,), reason="is no http(s) address.", example=f"{name}=https://host.example")
        elif scheme == "http" and not _is_local(url) and not settings.allow_plain_http:
            yield Problem(
                names=(name,),
                reason="would send secrets without TLS. SIGNOFF_ALLOW_PLAIN_HTTP=true allows it.",
                example=f"{name}=https://host.example",
            )


def _stores(settings: Settings) -> Iterator[Problem]:
    broker = settings.broker_url
    if broker is not None and _split(broker).scheme not in _BROKERS:
        yield Problem(
            names=("SIGNOFF_BROKER_URL",),
            reason="must begin with redis://, rediss:// or redis+socket:// (the same for a Valkey server).",
            example="SIGNOFF_BROKER_URL=redis://localhost:6379/0",
        )
    database = settings.database_url
    if _split(database).scheme not in _DATABASES:
        yield Problem(
            names=("SIGNOFF_DATABASE_URL",),
            reason="must begin with sqlite:/// or postgresql+psycopg://.",
            example="SIGNOFF_DATABASE_URL=postgresql+psycopg://signoff:…@localhost/signoff",
        )
    elif database in {"sqlite://", "sqlite:///"} or ":memory:" in database:
        yield Problem(
            names=("SIGNOFF_DATABASE_URL",),
            reason="is a database in one process's memory; the roles are several processes.",
            example="SIGNOFF_DATABASE_URL=sqlite:////var/lib/signoff/signoff.sqlite3",
        )


def _logins(settings: Settings) -> Iterator[Problem]:
    for name, part in (("WEB", settings.web), ("FLOWER", settings.flower)):
        if not _is_loopback(part.host) and (part.password is None or not part.password.reveal()):
            yield Problem(
                names=(f"SIGNOFF_{name}_HOST", f"SIGNOFF_{name}_PASSWORD"),
                reason=f"{part.host} can be reached from other machines, so a password must be set.",
                example=f"SIGNOFF_{name}_PASSWORD=a-long-random-text",
            )


def _is_local(url: str) -> bool:
    return not url or _is_loopback(_split(url).hostname or "")


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:  # An unclosed bracket, for one.
        return urlsplit("")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
