"""What an installation leaves behind, for the checker: tables, histories, what was said, and what must not be."""

from __future__ import annotations

import re
from pathlib import Path

import requests

from tests.chaos.checker.evidence import Evidence, Run
from tests.chaos.checker.gather import gather
from tests.support.bad_days_office import Office

_TOKEN = re.compile(r'"row":\["token","([^"]+)"')
_PAGES = ("", "metrics", "events", "dead-letters")
_TIMEOUT_S = 20


def evidence_of(office: Office, run: Run, log: str) -> Evidence:
    """Everything that the checker judges, as it stands now. log: what the roles wrote in the run."""
    settings = office.running.settings
    said = {"the log": log, **{f"/{page}": page_text(office, page) for page in _PAGES}}
    return gather(
        office.urls, settings.database_url, settings.flows_dir, run=run, said=said, secrets=_secrets(office)
    )


def page_text(office: Office, page: str) -> str:
    """What the web app answers. Raises requests.RequestException while it is away."""
    with requests.Session() as http:
        http.trust_env = False
        http.auth = office.running.logins["web"]
        return http.get(f"{office.urls['web']}/{page}", timeout=_TIMEOUT_S).text


def logs(office: Office) -> list[Path]:
    """The files that the roles write to."""
    return sorted(office.log.parent.glob("*.log"))


def _secrets(office: Office) -> dict[str, str]:
    settings = office.running.settings
    journal = (settings.data_dir / "sandbox/aprimo/aprimo.jsonl").read_text(encoding="utf-8")
    tokens = {f"Aprimo token {number}": token for number, token in enumerate(_TOKEN.findall(journal))}
    return {
        "Aprimo client secret": settings.aprimo.client_secret.reveal(),
        "Aprimo webhook secret": settings.aprimo.webhook_secrets[0].reveal(),
        "OpenText call-back secret": settings.opentext.callback_secrets[0].reveal(),
        "web password": office.running.logins["web"][1],
        **tokens,
    }
