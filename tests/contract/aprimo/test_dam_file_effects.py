"""Commands for files of the DAM: how they come in, that a token is used once, and when links count as ordered."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import requests

from pipeline.aprimo.client import Client
from pipeline.aprimo.effects import EFFECTS
from pipeline.aprimo.upload_wire import file_name
from pipeline.aprimo.wire import read_fault
from pipeline.commands import (
    AddVersion,
    Cause,
    Command,
    CreateRecord,
    DropPublicLink,
    OrderLinks,
    RegisterPublicLink,
    Upload,
)
from pipeline.errors import PermanentError, PipelineError, StaleError, TransientError, UnknownOutcomeError
from pipeline.keys import aprimo_key, comment_marker
from pipeline.ports import Bounds, NotThere, Sent
from pipeline.transport.sources import Fetched
from pipeline.words import EventId, WaitReason
from tests.support.samples import sample
from tests.support.scripted_http import Given, ScriptedVendor, SentCall
from tests.support.vendor_parts import KeptProgress, aprimo_options, bounds, new_session

BASE = "https://acme.aprimo.test"
CORE = "/api/core"
ID = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
VERSION = "44cc22bb33cc44dd55ee66ff77008899"
FILE = "57cc22bb33cc44dd55ee66ff77008899"
RECORD = f"{CORE}/record/{ID}"
OF_VERSION = f"GET {CORE}/fileversion/{VERSION}"
LINK = f"{CORE}/publiclink/l1"
SEGMENTS = "/uploads/segments/u1"
CAUSE = Cause(event_id=EventId("ev-1"), plan_number=1)
KEY = aprimo_key("record", ID, "DACH")
CONTENT = b"0123456789"
SHA256 = hashlib.sha256(CONTENT).hexdigest()

SMALL = Upload(
    business_key=KEY,
    revision=2,
    source="https://files.agency.example/hero-de.psd",
    file_name="hero: de?.psd",
    sha256=SHA256,
)
LOCALIZED = CreateRecord(
    reference_field="CampaignCode",
    reference=KEY,
    content_type="Asset",
    status="draft",
    classifications=("/Assets",),
    upload=SMALL.key(),
)
NEW_VERSION = AddVersion(record_id=ID, file_id=FILE, business_key=KEY, revision=2, upload=SMALL.key())
ORDER = OrderLinks(versions={ID: VERSION}, business_key=KEY, revision=1)
REGISTER = RegisterPublicLink(
    record_id=ID,
    file_version_id=VERSION,
    rendition="Web",
    uri="https://cdn.acme.example/hero.jpg",
    provider="acme",
    business_key=KEY,
    revision=1,
)
DROP = DropPublicLink(record_id=ID, public_link_id="l1")
READY = {"id": VERSION, "fileState": "Available", "isLatest": True}


def items(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"items": list(rows), "_links": {}}


@dataclass
class Offered:
    """What the source offers now."""

    content: bytes = CONTENT
    error: PipelineError | None = None
    asked: list[str] = field(default_factory=list)

    @contextmanager
    def fetch(self, url: str, bounds: Bounds) -> Iterator[Fetched]:
        self.asked.append(url)
        if self.error:
            raise self.error
        digest = hashlib.sha256(self.content).hexdigest()
        yield Fetched(file=io.BytesIO(self.content), size_bytes=len(self.content), sha256=digest)


@pytest.fixture
def vendor() -> ScriptedVendor:
    scripted = ScriptedVendor(token_path="/login/connect/token")
    tokens = iter(range(1, 9))
    scripted.on("POST /uploads", lambda _: Given(body={"token": f"token-{next(tokens)}", "sasUrl": "https://x"}))
    scripted.on("POST /uploads/segments", {"uri": f"https://elsewhere.example{SEGMENTS}", "token": "t"})
    scripted.on(f"POST {SEGMENTS}", 202)
    scripted.on(f"POST {SEGMENTS}/commit", {"token": "token-s", "sasUrl": "https://x"})
    scripted.on(f"GET {CORE}/fielddefinitions", sample("aprimo", "field_definitions"))
    scripted.on(f"GET {CORE}/classifications", items({"id": "c1", "namePath": "/Assets"}))
    scripted.on(f"POST {CORE}/search/records", items())
    scripted.on(f"POST {CORE}/records", Given(status=201, body={"id": "n1"}))
    scripted.on(f"PUT {RECORD}", 204)
    scripted.on(f"GET {RECORD}", {"id": ID, "files": items()})
    scripted.on(OF_VERSION, READY)
    scripted.on(f"POST {CORE}/orders", Given(status=201, headers={"Location": f"{BASE}{CORE}/order/o1"}))
    scripted.on(f"POST {CORE}/publiclinks", Given(status=201, body={"id": "l1"}))
    scripted.on(f"GET {LINK}", {"id": "l1"})
    scripted.on(f"DELETE {LINK}", 204)
    return scripted


@pytest.fixture
def offered() -> Offered:
    return Offered()


@pytest.fixture
def progress() -> KeptProgress:
    return KeptProgress()


@pytest.fixture
def client(vendor: ScriptedVendor, offered: Offered, progress: KeptProgress) -> Client:
    options = replace(aprimo_options(BASE), whole_max_bytes=10, segment_bytes=4)
    session = new_session("Aprimo", options.token_options(), read_fault, new_adapter=vendor.adapter)
    return Client(session, options, progress=progress, fetch=offered.fetch)


def send(client: Client, command: Command) -> Sent:
    return EFFECTS[command.KIND].send(client, command, command.effect_key(CAUSE), bounds())


def look_up(client: Client, command: Command) -> Sent | NotThere:
    return EFFECTS[command.KIND].look_up(client, command, command.effect_key(CAUSE), bounds())


def calls(vendor: ScriptedVendor, line: str) -> list[SentCall]:
    return [call for call in vendor.calls if call.line == line]


def used_token(vendor: ScriptedVendor) -> list[str]:
    return [call.json["files"]["master"] for call in calls(vendor, f"POST {CORE}/records")]


@pytest.mark.parametrize(
    ("command", "key", "target"),
    [
        (SMALL, f"upload:{KEY}:2:{SHA256}", "upload:hero: de?.psd"),
        (
            replace(SMALL, sha256=""),
            f"upload:{KEY}:2:{hashlib.sha256(SMALL.source.encode()).hexdigest()}",
            "upload:hero: de?.psd",
        ),
        (NEW_VERSION, f"version:{FILE}:{KEY}:2", f"record:{ID}/file:{FILE}"),
        (ORDER, f"order:{KEY}:1", f"public-links:{VERSION}"),
        (REGISTER, f"public-link:{VERSION}:Web:{KEY}:1", f"file-version:{VERSION}/Web"),
        (DROP, "drop-public-link:l1", "public-link:l1"),
    ],
)
def test_an_effect_has_its_natural_identity(command: Command, key: str, target: str) -> None:
    assert (command.effect_key(CAUSE), command.target()) == (key, target)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ('a<b>c:d"e/f\\g|h?i*j.psd', "a_b_c_d_e_f_g_h_i_j.psd"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("line\nbreak\x00.psd", "line_break_.psd"),
        (" . ", "file"),
        ("", "file"),
        ("ä" * 300 + ".psd", "ä" * 98 + ".psd"),
    ],
)
def test_a_file_gets_a_name_that_the_vendor_takes(given: str, name: str) -> None:
    assert file_name(given) == name


# ---- bringing a file in --------------------------------------------------------------------------------------------


def test_a_small_file_goes_in_one_piece(vendor: ScriptedVendor, client: Client, offered: Offered) -> None:
    assert look_up(client, SMALL) == NotThere()
    assert send(client, SMALL) == Sent(how="sent")

    (call,) = vendor.calls
    assert (call.line, call.headers["API-VERSION"]) == ("POST /uploads", "1")
    assert call.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b'name="file1"; filename="hero_ de_.psd"' in call.body
    assert b"\r\n\r\n0123456789\r\n" in call.body
    assert offered.asked == [SMALL.source]


def test_a_file_that_is_in_is_not_sent_again(vendor: ScriptedVendor, client: Client) -> None:
    send(client, SMALL)

    assert (look_up(client, SMALL), send(client, SMALL)) == (Sent(how="found"), Sent(how="already"))
    assert vendor.lines() == ["POST /uploads"]


def test_a_long_file_goes_in_segments_to_our_host(vendor: ScriptedVendor, client: Client, offered: Offered) -> None:
    """The vendor names where segments go; only its path counts, because our token goes along."""
    offered.content = CONTENT + b"x"

    assert send(client, replace(SMALL, sha256="")) == Sent(how="sent")

    assert vendor.lines() == ["POST /uploads/segments", *[f"POST {SEGMENTS}"] * 3, f"POST {SEGMENTS}/commit"]
    assert vendor.calls[0].json == {"filename": "hero_ de_.psd"}
    assert [call.query["index"] for call in calls(vendor, f"POST {SEGMENTS}")] == ["0", "1", "2"]
    assert [part in call.body for part, call in zip((b"0123", b"4567", b"89x"), vendor.calls[1:4], strict=True)] == [
        True
    ] * 3
    assert vendor.calls[4].json == {"filename": "hero_ de_.psd", "segmentcount": 3}


@pytest.mark.parametrize(
    ("line", "goes_on_with"),
    [
        ("POST /uploads/segments", ["POST /uploads/segments", *[f"POST {SEGMENTS}"] * 3]),
        (f"POST {SEGMENTS}", [f"POST {SEGMENTS}"]),
        (f"POST {SEGMENTS}/commit", []),
    ],
)
def test_an_upload_goes_on_where_it_was_left(
    vendor: ScriptedVendor, client: Client, offered: Offered, line: str, goes_on_with: list[str]
) -> None:
    offered.content = CONTENT + b"x"
    command = replace(SMALL, sha256=hashlib.sha256(offered.content).hexdigest())
    answers = {
        "POST /uploads/segments": [Given(status=503), Given(body={"uri": SEGMENTS})],
        f"POST {SEGMENTS}": [Given(status=202), Given(status=202), Given(status=503), Given(status=202)],
        f"POST {SEGMENTS}/commit": [Given(status=503), Given(body={"token": "token-s"})],
    }
    vendor.on(line, *answers[line])

    with pytest.raises(TransientError):
        send(client, command)
    before = len(vendor.calls)
    assert send(client, command) == Sent(how="sent")

    assert vendor.lines()[before:] == [*goes_on_with, f"POST {SEGMENTS}/commit"]


def test_an_upload_that_the_vendor_forgot_begins_again(
    vendor: ScriptedVendor, client: Client, offered: Offered
) -> None:
    offered.content = CONTENT + b"x"
    command = replace(SMALL, sha256="")
    vendor.on(f"POST {SEGMENTS}", Given(status=202), Given(status=404), Given(status=202))

    with pytest.raises(TransientError, match="begins again"):
        send(client, command)
    assert send(client, command) == Sent(how="sent")

    assert [call.query["index"] for call in calls(vendor, f"POST {SEGMENTS}")] == ["0", "1", "0", "1", "2"]


def test_a_file_that_is_not_the_one_announced_is_never_sent(
    vendor: ScriptedVendor, client: Client, offered: Offered
) -> None:
    offered.content = b"another"

    with pytest.raises(PermanentError) as refused:
        send(client, SMALL)

    assert refused.value.code == "file_differs"
    assert vendor.calls == []


def test_a_file_that_nobody_vouched_for_begins_anew_when_it_changed(
    vendor: ScriptedVendor, client: Client, offered: Offered
) -> None:
    command = replace(SMALL, sha256="")
    offered.content = CONTENT + b"x"
    vendor.on(f"POST {SEGMENTS}", Given(status=202), Given(status=503), Given(status=202))
    with pytest.raises(TransientError):
        send(client, command)

    offered.content = CONTENT + b"y"
    send(client, command)

    assert [call.query["index"] for call in calls(vendor, f"POST {SEGMENTS}")] == ["0", "1", "0", "1", "2"]
    assert len(calls(vendor, "POST /uploads/segments")) == 2


# ---- using it ------------------------------------------------------------------------------------------------------


def test_a_record_is_made_with_the_file_that_was_brought_in(vendor: ScriptedVendor, client: Client) -> None:
    send(client, SMALL)

    assert send(client, LOCALIZED) == Sent(how="sent", vendor_ref="n1")

    assert vendor.calls[-1].json["files"] == {
        "master": "token-1",
        "addOrUpdate": [{"versions": {"addOrUpdate": [{"id": "token-1", "fileName": "hero_ de_.psd"}]}}],
    }


def test_a_file_that_was_never_brought_in_is_a_fault_of_the_flow(vendor: ScriptedVendor, client: Client) -> None:
    with pytest.raises(PermanentError) as refused:
        send(client, LOCALIZED)

    assert refused.value.code == "upload_missing"
    assert f"POST {CORE}/records" not in vendor.lines()


@pytest.mark.parametrize(
    "failure", [Given(status=400), Given(status=500), requests.ConnectionError("gone"), requests.ReadTimeout("late")]
)
def test_after_a_call_that_may_have_used_the_token_the_file_is_sent_again(
    vendor: ScriptedVendor, client: Client, failure: Given | Exception
) -> None:
    vendor.on(f"POST {CORE}/records", failure, Given(status=201, body={"id": "n1"}))
    send(client, SMALL)

    with pytest.raises((PermanentError, UnknownOutcomeError)):
        send(client, LOCALIZED)
    assert send(client, LOCALIZED) == Sent(how="sent", vendor_ref="n1")

    assert used_token(vendor) == ["token-1", "token-2"]


@pytest.mark.parametrize("failure", [Given(status=429), requests.ConnectTimeout("nobody")])
def test_a_call_that_certainly_did_not_reach_the_vendor_keeps_the_token(
    vendor: ScriptedVendor, client: Client, failure: Given | Exception
) -> None:
    vendor.on(f"POST {CORE}/records", failure, Given(status=201, body={"id": "n1"}))
    send(client, SMALL)

    with pytest.raises(TransientError):
        send(client, LOCALIZED)
    send(client, LOCALIZED)

    assert used_token(vendor) == ["token-1", "token-1"]
    assert len(calls(vendor, "POST /uploads")) == 1


def test_a_token_is_out_of_its_row_before_the_call_that_uses_it(
    vendor: ScriptedVendor, client: Client, progress: KeptProgress
) -> None:
    """So a worker that dies in that call leaves no token that was used."""
    kept: list[str] = []

    def answer(_: SentCall) -> Given:
        kept.append(progress.uploads[SMALL.key()].token)
        return Given(status=201, body={"id": "n1"})

    vendor.on(f"POST {CORE}/records", answer)
    send(client, SMALL)
    send(client, LOCALIZED)

    assert kept == [""]


def test_two_that_want_one_token_do_not_both_get_it(
    vendor: ScriptedVendor, client: Client, progress: KeptProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(client, SMALL)
    monkeypatch.setattr(progress, "spend_token", lambda *_: False)

    with pytest.raises(TransientError, match="somebody else"):
        send(client, LOCALIZED)

    assert f"POST {CORE}/records" not in vendor.lines()


def test_a_new_version_bears_its_mark_and_is_found_by_it(vendor: ScriptedVendor, client: Client) -> None:
    send(client, SMALL)
    marker = comment_marker(NEW_VERSION.effect_key(CAUSE))

    assert send(client, NEW_VERSION) == Sent(how="sent")

    (given,) = vendor.calls[-1].json["files"]["addOrUpdate"]
    version = {"id": "token-1", "fileName": "hero_ de_.psd", "versionLabel": marker, "comment": ""}
    assert given == {"id": FILE, "versions": {"addOrUpdate": [version]}}
    assert look_up(client, NEW_VERSION) == NotThere()
    versions = items({"id": VERSION, "versionLabel": None}, {"id": "v3", "versionLabel": marker})
    vendor.on(f"GET {RECORD}", {"id": ID, "files": items({"id": FILE, "versions": versions})})
    assert look_up(client, NEW_VERSION) == Sent(how="found", vendor_ref="v3")


def test_a_version_of_a_record_that_is_gone_is_planned_again(vendor: ScriptedVendor, client: Client) -> None:
    send(client, SMALL)
    vendor.on(f"PUT {RECORD}", 404)

    with pytest.raises(StaleError, match="is not there any more"):
        send(client, NEW_VERSION)


# ---- orders --------------------------------------------------------------------------------------------------------


def link(status: str = "Published", **more: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON.
    return {"id": "l1", "renditionName": "Original", "status": status, "uri": "https://cdn.acme.example/1", **more}


def wait_of(client: Client, command: Command) -> TransientError:
    with pytest.raises(TransientError) as wait:
        send(client, command)
    return wait.value


def test_an_order_is_placed_once_and_waited_for(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(f"GET {CORE}/order/o1", {"id": "o1", "status": "Executing"}, {"id": "o1", "status": "Success"})

    waits = [wait_of(client, ORDER) for _ in range(2)]

    assert [(each.reason, each.wait_s, each.is_outage) for each in waits] == [(WaitReason.PROCESSING, 5.0, True)] * 2
    assert send(client, ORDER) == Sent(how="sent", vendor_ref="o1")
    (placed,) = calls(vendor, f"POST {CORE}/orders")
    assert placed.json == {
        "type": "publicCdn",
        "disableNotification": True,
        "targets": [{"recordId": ID, "targetTypes": ["Document"], "assetType": "LatestVersionOfMasterFile"}],
    }


@pytest.mark.parametrize("status", ["Pending", "Scheduled", "Queued", "Executing", "AsyncPending", "AsyncExecuting"])
def test_an_order_that_is_under_way_is_waited_for(
    vendor: ScriptedVendor, client: Client, progress: KeptProgress, status: str
) -> None:
    progress.save_order(ORDER.effect_key(CAUSE), "o1")
    vendor.on(f"GET {CORE}/order/o1", {"id": "o1", "status": status})

    assert wait_of(client, ORDER).is_outage


@pytest.mark.parametrize(
    "answer", [{"status": "Failed"}, {"status": "PartiallyFailed"}, {"status": "Cancelled"}, {"status": "Lost"}, 404]
)
def test_an_order_that_failed_is_a_persons_matter_and_is_placed_anew_when_replayed(
    vendor: ScriptedVendor, client: Client, progress: KeptProgress, answer: dict[str, str] | int
) -> None:
    progress.save_order(ORDER.effect_key(CAUSE), "o1")
    vendor.on(f"GET {CORE}/order/o1", answer)

    with pytest.raises(PermanentError) as failed:
        send(client, ORDER)
    wait_of(client, ORDER)

    assert failed.value.code == "order_failed"
    assert len(calls(vendor, f"POST {CORE}/orders")) == 1


def test_nothing_is_ordered_before_the_file_is_ready(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(OF_VERSION, {**READY, "fileState": "Processing"})

    assert wait_of(client, ORDER).reason is WaitReason.PROCESSING
    assert f"POST {CORE}/orders" not in vendor.lines()


@pytest.mark.parametrize("answer", [404, {**READY, "isLatest": False}])
def test_nothing_is_ordered_for_a_version_that_is_gone_or_not_the_latest(
    vendor: ScriptedVendor, client: Client, answer: dict[str, Any] | int
) -> None:
    """An order always takes the latest version: another one was never approved."""
    vendor.on(OF_VERSION, answer)

    with pytest.raises(StaleError):
        send(client, ORDER)

    assert f"POST {CORE}/orders" not in vendor.lines()


def test_a_version_that_has_its_link_is_not_ordered_again(vendor: ScriptedVendor, client: Client) -> None:
    other = "45cc22bb33cc44dd55ee66ff77008899"
    vendor.on(OF_VERSION, {**READY, "publiclinks": items(link())})
    vendor.on(f"GET {CORE}/fileversion/{other}", {**READY, "id": other, "publiclinks": items(link("ToBeDeleted"))})

    assert send(client, ORDER) == Sent(how="already")
    wait_of(client, replace(ORDER, versions={ID: VERSION, "r2": other}))

    (placed,) = calls(vendor, f"POST {CORE}/orders")
    assert [each["recordId"] for each in placed.json["targets"]] == ["r2"]


def test_links_that_are_only_announced_are_waited_for(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(OF_VERSION, {**READY, "publiclinks": items(link("Pending"))})

    assert wait_of(client, ORDER).reason is WaitReason.PROCESSING


def test_an_order_whose_answer_was_lost_is_never_placed_again_by_itself(
    vendor: ScriptedVendor, client: Client
) -> None:
    vendor.on(f"POST {CORE}/orders", Given(status=500))
    with pytest.raises(UnknownOutcomeError):
        send(client, ORDER)

    with pytest.raises(TransientError, match="look at the orders in Aprimo") as unknown:
        look_up(client, ORDER)

    assert not unknown.value.is_outage  # So its tries end, and a person is asked.
    assert len(calls(vendor, f"POST {CORE}/orders")) == 1


def test_an_order_whose_answer_was_lost_is_found_by_its_links(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(OF_VERSION, {**READY, "publiclinks": items(link())})

    assert look_up(client, ORDER) == Sent(how="found")


def test_an_order_that_was_placed_is_looked_up_by_its_id(
    vendor: ScriptedVendor, client: Client, progress: KeptProgress
) -> None:
    progress.save_order(ORDER.effect_key(CAUSE), "o1")
    vendor.on(f"GET {CORE}/order/o1", {"id": "o1", "status": "Success"})

    assert look_up(client, ORDER) == Sent(how="sent", vendor_ref="o1")


# ---- links published elsewhere -------------------------------------------------------------------------------------


def test_a_link_waits_for_its_rendition_and_is_found_by_its_address(vendor: ScriptedVendor, client: Client) -> None:
    ours = link("Pending", renditionName="Web", uri=REGISTER.uri)
    vendor.on(OF_VERSION, {**READY, "fileState": "Processing"}, READY, {**READY, "publiclinks": items(link(), ours)})

    wait = wait_of(client, REGISTER)
    assert (wait.reason, wait.wait_s, wait.is_outage) == (WaitReason.PROCESSING, 10.0, True)
    assert send(client, REGISTER) == Sent(how="sent", vendor_ref="l1")
    assert vendor.calls[-1].json == {
        "recordId": ID,
        "fileVersionId": VERSION,
        "renditionName": "Web",
        "uri": "https://cdn.acme.example/hero.jpg",
        "provider": "acme",
    }
    assert look_up(client, REGISTER) == Sent(how="found", vendor_ref="l1")
    vendor.on(OF_VERSION, {**READY, "publiclinks": items({**ours, "status": "Overwritten"}, link())})
    assert look_up(client, REGISTER) == NotThere()


def test_a_link_of_a_version_that_is_gone_is_planned_again(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(OF_VERSION, 404)

    with pytest.raises(StaleError, match="is not there any more"):
        send(client, REGISTER)
    assert look_up(client, REGISTER) == NotThere()


def test_a_link_is_taken_back_once(vendor: ScriptedVendor, client: Client) -> None:
    assert (look_up(client, DROP), send(client, DROP)) == (NotThere(), Sent(how="sent"))

    vendor.on(f"DELETE {LINK}", 404)
    vendor.on(f"GET {LINK}", 404)
    assert (look_up(client, DROP), send(client, DROP)) == (Sent(how="found"), Sent(how="already"))
