"""Carries one upload in a process of its own, so that a test can kill it in the middle of a call."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from pipeline.aprimo.client import Client
from pipeline.aprimo.effects import EFFECTS
from pipeline.commands import Cause, Upload
from pipeline.keys import aprimo_key
from pipeline.store import SqlStore
from pipeline.transport.sources import SourceOptions, Sources
from pipeline.words import EventId
from tasks.progress import StoredProgress
from tests.support.vendor_parts import aprimo_options, bounds, new_aprimo

CAUSE = Cause(event_id=EventId("ev-1"), plan_number=1)
SEGMENT_BYTES = 1000


def carrier(base: str, host: str, database_url: str, folder: Path) -> Client:
    """A client that remembers in a database and fetches from one host on this machine."""
    options = replace(aprimo_options(base), whole_max_bytes=SEGMENT_BYTES, segment_bytes=SEGMENT_BYTES)
    sources = Sources(SourceOptions(hosts=frozenset({host}), folder=folder, bytes_max=1_000_000))
    return new_aprimo(base, options=options, progress=StoredProgress(SqlStore(database_url)), sources=sources)


def upload_of(source: str, sha256: str) -> Upload:
    """The file that both lives of the process carry."""
    key = aprimo_key("record", "0a1b", "DACH")
    return Upload(business_key=key, revision=1, source=source, file_name="hero-de.psd", sha256=sha256)


def carry(client: Client, command: Upload) -> str:
    """Bring the file in; how it went."""
    return EFFECTS[command.KIND].send(client, command, command.key(), bounds()).how


if __name__ == "__main__":
    base, host, database_url, folder, source, sha256 = sys.argv[1:]
    carry(carrier(base, host, database_url, Path(folder)), upload_of(source, sha256))
