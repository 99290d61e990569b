"""Works out what `signoff up` starts: addresses, what every child is told, and each role's command."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.celery_options import TARGETS
from config.settings import Settings, all_settings
from config.table import is_secret
from console.embedded import (
    await_port,
    broker_command,
    demand_sandbox_libraries,
    free_ports,
    made_once,
    server_binary,
    write_private,
)
from console.pulse import pulse_queue
from console.supervisor_child import Spec

WORKERS = tuple(f"worker-{target}" for target in (*TARGETS, "timetable"))
FOUNDATION, MODELS, ROLES = 0, 1, 2
"""Stages: what everything else leans on (broker, sandboxes, tables), process models, then our roles."""
READY = r"^signoff \S+ is ready"
_SANDBOX_READY = "^listening on http"
_BROKER_READY = "Ready to accept connections"
_SANDBOX_SECRET = "sandbox-secret"  # noqa: S105 - the sandboxes' public one
PORT_WAIT_S = 15.0
_KNOWN_PORTS = {"aprimo": 8181, "opentext": 8182}
_SANDBOX_SHUTDOWN_S = "5"


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a caller may ask of an installation besides its settings.

    roles limits what is started (None: all). With known_ports the addresses are the same each time, as people like
    it, where those ports are free; without, any free ports are taken, so that installations do not meet. A port that
    the settings name is taken in both cases, or nothing starts. Without notices the sandboxes tell nothing by
    themselves. The options are the sandboxes' own.
    """

    roles: frozenset[str] | None = None
    known_ports: bool = False
    notices: bool = True
    aprimo_options: Mapping[str, Any] = field(default_factory=dict)
    opentext_options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is started, what the children are told beyond our own environment, and what people are told.

    pulses: workers by role, each with the queue on which it is asked whether it works.
    """

    specs: tuple[Spec, ...]
    pulses: Mapping[str, str]
    environ: Mapping[str, str]
    urls: Mapping[str, str]
    logins: Mapping[str, tuple[str, str]]


def make_plan(settings: Settings, inherited: Mapping[str, str], wishes: Wishes) -> Plan:
    """The plan for these settings; writes the children's private files. Raises CannotRunError."""
    ports = _ports(settings, inherited, wishes)
    secrets = made_once(settings.data_dir)
    environ = {
        **_told(inherited),
        "SIGNOFF_DATA_DIR": str(settings.data_dir),
        "SIGNOFF_DATABASE_URL": settings.database_url,
        "SIGNOFF_BROKER_URL": settings.broker_url or f"redis://:{secrets['broker']}@127.0.0.1:{ports['broker']}/0",
        "SIGNOFF_SANDBOXES": "false",
        "SIGNOFF_WEB_PORT": str(ports["web"]),
        "SIGNOFF_WEB_PASSWORD": settings.web.password.reveal() if settings.web.password else secrets["web"],
        "SIGNOFF_FLOWER_PORT": str(ports["flower"]),
        "SIGNOFF_FLOWER_PASSWORD": (
            settings.flower.password.reveal() if settings.flower.password else secrets["flower"]
        ),
    }
    if settings.sandboxes:
        demand_sandbox_libraries()
        environ |= _sandbox_environ(settings, ports, wishes, secrets["callback"])
    everything = {**inherited, **environ}
    specs = [
        *_broker(settings, ports["broker"], secrets["broker"], everything),
        *(_sandboxes(settings, ports, wishes, everything) if settings.sandboxes else ()),
        *_our_roles(settings, everything),
    ]
    wanted = tuple(spec for spec in specs if wishes.roles is None or spec.role in wishes.roles)
    return Plan(
        specs=wanted,
        pulses={spec.role: pulse_queue(spec.role, settings.data_dir) for spec in wanted if spec.role in WORKERS},
        environ=environ,
        urls=_urls(settings, ports),
        logins={
            "web": (settings.web.user, environ["SIGNOFF_WEB_PASSWORD"]),
            "flower": (settings.flower.user, environ["SIGNOFF_FLOWER_PASSWORD"]),
        },
    )


def _told(inherited: Mapping[str, str]) -> dict[str, str]:
    """The settings it was started with, so that a command in another terminal reads the same; secrets stay behind."""
    open_names = {each.env for each in all_settings() if not is_secret(each)}
    return {name: value for name, value in inherited.items() if name in open_names}


def signoff_command(*words: str) -> tuple[str, ...]:
    """The command line of one of our own roles, with this very Python."""
    return (sys.executable, "-P", "-m", "console.cli", *words)


def _ports(settings: Settings, inherited: Mapping[str, str], wishes: Wishes) -> dict[str, int]:
    configured = {"web": settings.web.port, "flower": settings.flower.port}
    wanted = {"broker": 0, **_KNOWN_PORTS, **configured}
    variables = {name: f"SIGNOFF_{name.upper()}_PORT" for name in configured}
    usual = {"web": Settings().web.port, "flower": Settings().flower.port}
    named = {name for name in configured if inherited.get(variables[name]) or configured[name] != usual[name]}
    for name in named:
        if configured[name]:
            await_port(variables[name], configured[name], patience_s=PORT_WAIT_S)
    if not wishes.known_ports:
        wanted = {name: port if name in named else 0 for name, port in wanted.items()}
    return dict(zip(wanted, free_ports(tuple(wanted.values())), strict=True))


def _urls(settings: Settings, ports: Mapping[str, int]) -> dict[str, str]:
    ours = ("web", "flower", *(TARGETS if settings.sandboxes else ()))
    return {name: f"http://127.0.0.1:{ports[name]}" for name in ours}


def _sandbox_environ(settings: Settings, ports: Mapping[str, int], wishes: Wishes, callback: str) -> dict[str, str]:
    """What tells our roles that the sandboxes are their vendors."""
    public = settings.web.public_url or f"http://127.0.0.1:{ports['web']}"
    aprimo, opentext = (f"http://127.0.0.1:{ports[name]}" for name in TARGETS)
    callbacks = ",".join(each.reveal() for each in settings.opentext.callback_secrets)
    return {
        **{f"SIGNOFF_APRIMO_{name}_URL": aprimo for name in ("AUTH", "PM", "DAM", "UPLOAD")},
        "SIGNOFF_APRIMO_CLIENT_ID": "signoff",
        "SIGNOFF_APRIMO_CLIENT_SECRET": _SANDBOX_SECRET,
        "SIGNOFF_APRIMO_WEBHOOK_SECRETS": _webhook_secret(settings),
        "SIGNOFF_OPENTEXT_URL": opentext,
        "SIGNOFF_OPENTEXT_TENANT_ID": "sandbox",
        "SIGNOFF_OPENTEXT_CLIENT_ID": "signoff",
        "SIGNOFF_OPENTEXT_CLIENT_SECRET": _SANDBOX_SECRET,
        "SIGNOFF_OPENTEXT_CALLBACK_SECRETS": callbacks or callback,
        "SIGNOFF_WEB_PUBLIC_URL": public if wishes.notices else "",
        "SIGNOFF_ENGINE_SHUTDOWN_WAIT_S": _SANDBOX_SHUTDOWN_S,
    }


def _webhook_secret(settings: Settings) -> str:
    configured = settings.aprimo.webhook_secrets
    return configured[0].reveal() if configured else "sandbox-webhook-secret"


def _broker(settings: Settings, port: int, password: str, environ: Mapping[str, str]) -> list[Spec]:
    if settings.broker_url is not None:
        return []
    argv = broker_command(server_binary(), folder=settings.data_dir / "broker", port=port, password=password)
    return [Spec(role="broker", argv=argv, environ=environ, ready=_BROKER_READY, stage=FOUNDATION)]


def _sandboxes(
    settings: Settings, ports: Mapping[str, int], wishes: Wishes, environ: Mapping[str, str]
) -> list[Spec]:
    hook = f"http://127.0.0.1:{ports['web']}/hooks/aprimo/pm"
    folder = settings.data_dir / "sandbox"
    kept = {name: {"data_dir": str(folder / name)} for name in TARGETS}
    options = {
        "aprimo": {
            **kept["aprimo"],
            "webhook_url": hook if wishes.notices else "",
            "webhook_secret": _webhook_secret(settings),
            **wishes.aprimo_options,
        },
        "opentext": {**kept["opentext"], **wishes.opentext_options},
    }
    return [
        Spec(
            role=name,
            argv=_sandbox_command(name, ports[name], _written(folder, name, options[name])),
            environ=environ,
            ready=_SANDBOX_READY,
            stage=FOUNDATION,
        )
        for name in TARGETS
    ]


def _sandbox_command(vendor: str, port: int, options: str) -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", "sandbox", vendor, "--port", str(port), "--options", options)


def _written(folder: Path, name: str, options: Mapping[str, Any]) -> str:
    path = folder / f"{name}.json"
    write_private(path, json.dumps(options, indent=1))
    return str(path)


def _our_roles(settings: Settings, environ: Mapping[str, str]) -> list[Spec]:
    grace_s = float(environ.get("SIGNOFF_ENGINE_SHUTDOWN_WAIT_S", settings.engine.shutdown_wait_s)) + 10
    specs = [_role("db", ("db", "upgrade"), environ, stage=FOUNDATION, once=True)]
    if settings.sandboxes:
        specs.append(_role("models", ("flows", "deploy"), environ, stage=MODELS, once=True))
    specs += [_role(name, _worker_words(name, settings), environ, grace_s=grace_s) for name in WORKERS]
    return [*specs, *(_role(name, (name,), environ) for name in ("flower", "web", "scheduler"))]


def _worker_words(name: str, settings: Settings) -> tuple[str, ...]:
    return ("worker", "--target", name.removeprefix("worker-"), "--pulse", pulse_queue(name, settings.data_dir))


def _role(
    name: str,
    words: tuple[str, ...],
    environ: Mapping[str, str],
    *,
    stage: int = ROLES,
    once: bool = False,
    grace_s: float = 10.0,
) -> Spec:
    return Spec(
        role=name,
        argv=signoff_command(*words),
        words=words,
        environ=environ,
        ready=READY,
        stage=stage,
        once=once,
        grace_s=grace_s,
    )
