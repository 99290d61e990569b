"""Files against the real sandbox process: brought in, made into records and versions, published by an order."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.aprimo.client import Client
from pipeline.aprimo.effects import EFFECTS
from pipeline.commands import AddVersion, Command, CreateRecord, DropPublicLink, OrderLinks
from pipeline.errors import TransientError, UnknownOutcomeError
from pipeline.keys import aprimo_key
from pipeline.ports import NotThere, Sent
from pipeline.store import migrate
from pipeline.words import WaitReason
from tests.support.file_host import FileHost, file_host
from tests.support.processes import wait_until
from tests.support.sandbox_process import ROOT
from tests.support.upload_process import CAUSE, SEGMENT_BYTES, carrier, carry, upload_of
from tests.support.vendor_parts import bounds
from tests.support.vendor_sandbox import Sandbox

CONTENT = bytes(range(256)) * 16
"""4096 bytes: five segments."""
SHA256 = hashlib.sha256(CONTENT).hexdigest()
LOCALIZED = CreateRecord(
    reference_field="ExternalReference",
    reference="aprimo:record:0a1b#DACH",
    content_type="LocalizedAsset",
    status="draft",
    classifications=("/Assets/Localized",),
)


@pytest.fixture
def host() -> Iterator[FileHost]:
    with file_host() as offering:
        yield offering


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'signoff.sqlite3'}"
    migrate(url)
    return url


@pytest.fixture
def client(aprimo_sandbox: Sandbox, host: FileHost, database_url: str, tmp_path: Path) -> Client:
    return carrier(aprimo_sandbox.base, host.host, database_url, tmp_path / "uploads")


def send(client: Client, command: Command) -> Sent:
    return EFFECTS[command.KIND].send(client, command, command.effect_key(CAUSE), bounds())


def look_up(client: Client, command: Command) -> Sent | NotThere:
    return EFFECTS[command.KIND].look_up(client, command, command.effect_key(CAUSE), bounds())


def segments_taken(sandbox: Sandbox) -> int:
    """How many segments were sent and answered."""
    counts = sandbox.admin("GET", "requests")["routes"]
    return sum(
        row["count"] for row in counts if row["route"].startswith("/uploads/segments/") and row["status"] == 202
    )


def made(client: Client, host: FileHost, content: bytes = CONTENT) -> tuple[str, str]:
    """A localized record with its file; its id and the latest version's."""
    command = upload_of(host.offer("/hero-de.psd", content), hashlib.sha256(content).hexdigest())
    carry(client, command)
    record_id = send(client, replace(LOCALIZED, upload=command.key())).vendor_ref
    version = client.dam.latest_version(record_id, bounds())
    assert version is not None
    return record_id, version.id


def test_a_file_from_a_host_becomes_a_record_and_a_version_of_it(client: Client, host: FileHost) -> None:
    record_id, _ = made(client, host)
    first = client.dam.latest_version(record_id, bounds())
    row = client.dam.record(record_id, bounds())
    assert row is not None
    command = upload_of(host.offer("/better.psd", CONTENT + b"!"), hashlib.sha256(CONTENT + b"!").hexdigest())
    carry(client, command)
    add = AddVersion(
        record_id=record_id,
        file_id=row.file_id,
        business_key=aprimo_key("record", record_id),
        revision=2,
        upload=command.key(),
    )

    assert look_up(client, add) == NotThere()
    send(client, add)

    second = client.dam.latest_version(record_id, bounds())
    assert (first and (first.sha256, first.number)) == (SHA256, 1)
    assert (second and (second.sha256, second.number)) == (hashlib.sha256(CONTENT + b"!").hexdigest(), 2)
    assert isinstance(look_up(client, add), Sent)


def test_a_worker_that_is_killed_in_an_upload_goes_on_with_the_segment_it_died_in(
    client: Client, host: FileHost, aprimo_sandbox: Sandbox, database_url: str, tmp_path: Path
) -> None:
    source = host.offer("/hero-de.psd", CONTENT)
    command = upload_of(source, SHA256)
    aprimo_sandbox.fault("POST", "/uploads/segments/*", "delay", skip=2, delay_s=30.0)
    begun = [sys.executable, "-m", "tests.support.upload_process", aprimo_sandbox.base, host.host, database_url]
    with subprocess.Popen([*begun, str(tmp_path / "uploads"), source, SHA256], cwd=ROOT) as process:

        def is_in_its_third_segment() -> bool:
            row = client.progress.upload(command.key())
            return row is not None and row.next_segment == 2 and _hits(aprimo_sandbox) == 1

        wait_until(is_in_its_third_segment, what="the third segment")
        process.kill()
    aprimo_sandbox.admin("DELETE", "faults")

    assert look_up(client, command) == NotThere()
    before = segments_taken(aprimo_sandbox)
    assert carry(client, command) == "sent"
    assert segments_taken(aprimo_sandbox) - before == 3

    record_id = send(client, replace(LOCALIZED, upload=command.key())).vendor_ref
    version = client.dam.latest_version(record_id, bounds())
    assert version is not None
    assert version.sha256 == SHA256
    assert list((tmp_path / "uploads").iterdir()) == []
    assert host.asked == ["/hero-de.psd"] * 2


def _hits(sandbox: Sandbox) -> int:
    found = sandbox.admin("GET", "faults")
    rows = found["faults"] if isinstance(found, dict) else found
    return sum(int(row["hits"]) for row in rows)


def test_a_record_whose_answer_was_lost_is_found_and_its_file_is_not_sent_again(
    client: Client, host: FileHost, aprimo_sandbox: Sandbox
) -> None:
    command = upload_of(host.offer("/hero-de.psd", CONTENT), SHA256)
    carry(client, command)
    making = replace(LOCALIZED, upload=command.key())
    aprimo_sandbox.fault("POST", "/api/core/records", "drop")

    with pytest.raises(UnknownOutcomeError):
        send(client, making)

    found = look_up(client, making)
    assert isinstance(found, Sent)
    assert send(client, making) == Sent(how="already", vendor_ref=found.vendor_ref)
    assert len(aprimo_sandbox.changes("upload:")) == 1
    assert host.asked == ["/hero-de.psd"]


def test_a_record_that_was_refused_gets_its_file_sent_again(
    client: Client, host: FileHost, aprimo_sandbox: Sandbox
) -> None:
    """A refused create has used up its token, for all that anybody knows."""
    command = upload_of(host.offer("/hero-de.psd", CONTENT), SHA256)
    carry(client, command)
    making = replace(LOCALIZED, upload=command.key())
    aprimo_sandbox.fault("POST", "/api/core/records", "status", status=500)
    with pytest.raises(UnknownOutcomeError):
        send(client, making)

    assert look_up(client, making) == NotThere()
    assert send(client, making).how == "sent"

    assert len(aprimo_sandbox.changes("upload:")) == 2
    assert len(aprimo_sandbox.changes("fileversion:")) == 1


def test_an_order_publishes_once_and_its_link_can_be_taken_back(
    client: Client, host: FileHost, aprimo_sandbox: Sandbox
) -> None:
    record_id, version_id = made(client, host)
    order = OrderLinks(versions={record_id: version_id}, business_key=aprimo_key("record", record_id), revision=1)
    waits: list[WaitReason] = []

    def is_done() -> bool:
        try:
            return send(client, order).how == "sent"
        except TransientError as wait:
            waits.append(wait.reason)
            return False

    wait_until(is_done, what="the order")

    assert set(waits) == {WaitReason.PROCESSING}
    version = client.dam.file_version(version_id, bounds())
    assert version is not None
    (link,) = version.public_links
    assert link.status == "Published"
    assert link.uri.startswith("https://")
    assert len(aprimo_sandbox.changes("order:")) == 1
    assert send(client, replace(order, revision=2)) == Sent(how="already")
    drop = DropPublicLink(record_id=record_id, public_link_id=link.id)
    assert (send(client, drop).how, look_up(client, drop)) == ("sent", Sent(how="found"))


def test_an_order_whose_answer_was_lost_is_found_by_its_links_and_not_placed_again(
    client: Client, host: FileHost, aprimo_sandbox: Sandbox
) -> None:
    record_id, version_id = made(client, host)
    order = OrderLinks(versions={record_id: version_id}, business_key=aprimo_key("record", record_id), revision=1)
    wait_until(lambda: client.dam.file_version(version_id, bounds()).state == "Available", what="the file")  # type: ignore[union-attr] # It is there.
    aprimo_sandbox.fault("POST", "/api/core/orders", "drop")
    with pytest.raises(UnknownOutcomeError):
        send(client, order)

    def found() -> bool:
        try:
            return look_up(client, order) == Sent(how="found")
        except TransientError:
            return False

    wait_until(found, what="the links of the order")
    assert len(aprimo_sandbox.changes("order:")) == 1


def test_the_segments_are_as_long_as_was_said(client: Client, host: FileHost, aprimo_sandbox: Sandbox) -> None:
    command = upload_of(host.offer("/hero-de.psd", CONTENT), SHA256)

    carry(client, command)

    row = client.progress.upload(command.key())
    assert row is not None
    assert (row.size_bytes, row.segment_bytes, row.sha256) == (len(CONTENT), SEGMENT_BYTES, SHA256)
    assert row.token != ""
