"""Reads the evidence: the sandboxes over their admin routes, the tables by SQL, the flows' words from their files."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import MetaData, create_engine, select

from tests.chaos.checker.evidence import Evidence, Row, Rows, Run

VENDORS = ("aprimo", "opentext")
OUR_AGENT = "signoff"
_TIMEOUT_S = 30


def gather(
    urls: Mapping[str, str],
    database_url: str,
    flows_dir: Path,
    *,
    run: Run,
    said: Mapping[str, str],
    secrets: Mapping[str, str],
) -> Evidence:
    """Everything as it stands now. urls: each sandbox's base address."""
    return Evidence(
        histories={vendor: _asked(urls[vendor], "history") for vendor in VENDORS},
        requests={vendor: _asked(urls[vendor], f"requests?agent={OUR_AGENT}")["routes"] for vendor in VENDORS},
        callouts=_asked(urls["aprimo"], "webhooks")["deliveries"],
        tables=read_tables(database_url),
        flows={path.stem: _words(path) for path in flows_dir.glob("*.toml")},
        run=run,
        said=said,
        secrets=secrets,
    )


def read_tables(database_url: str) -> dict[str, Rows]:
    """Every row of every table, as JSON would hold it."""
    engine = create_engine(database_url)
    tables = MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        found = {
            table.name: [_row(row) for row in connection.execute(select(table)).mappings()]
            for table in tables.sorted_tables
        }
    engine.dispose()
    return found


def _asked(base: str, path: str) -> Any:  # noqa: ANN401 - JSON
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{base}/sandbox/{path}", timeout=_TIMEOUT_S)
    answer.raise_for_status()
    return answer.json()


def _words(path: Path) -> Row:
    """A flow's words; their dates as text."""
    found: Row = json.loads(json.dumps(tomllib.loads(path.read_text(encoding="utf-8")), default=str))
    return found


def _row(row: Mapping[str, Any]) -> Row:
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", errors="replace")
    return value
