"""What is read beside the items: file versions with what was said of them, assets' remarks, funding accounts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.aprimo.client import Client
from pipeline.aprimo.vendor import AprimoVendor
from pipeline.errors import PermanentError, PipelineError
from pipeline.plan import CommentRead, Snapshot, Want
from pipeline.words import Side
from tests.support.samples import sample
from tests.support.scripted_http import ScriptedVendor
from tests.support.vendor_parts import FLOW, bounds, new_aprimo, words

CORE = "/api/core"
RECORD = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
VERSION = "44cc22bb33cc44dd55ee66ff77008899"
ANNOTATIONS = "GET /api/assets/77/versions/2/annotations-data"


@pytest.fixture
def scripted() -> ScriptedVendor:
    made = ScriptedVendor(token_path="/login/connect/token")
    made.on(f"GET {CORE}/fileversion/{VERSION}", sample("aprimo", "file_version_with_remarks"))
    made.on(f"GET {CORE}/fileversion/{VERSION}/checkresults", sample("aprimo", "check_results"))
    made.on(f"GET {CORE}/checks", {"items": [{"id": "k1", "name": "Legal check"}], "_links": {}})
    made.on(f"GET {CORE}/user/d88", {"id": "d88", "name": "r.one", "firstName": "Requester", "lastName": "One"})
    made.on(f"GET {CORE}/user/d91", {"id": "d91", "name": "signoff"})
    made.on("GET /api/funding-accounts/410", {"fundingAccountId": 410, "title": "Brand", "budgetedCurrency": 3})
    made.on("GET /api/funding-accounts/410/summary", sample("aprimo", "funding_summary"))
    made.on("GET /api/users/88", sample("aprimo", "user_88"))
    return made


@pytest.fixture
def vendor(scripted: ScriptedVendor) -> AprimoVendor:
    client: Client = new_aprimo("https://acme.aprimo.test", new_adapter=scripted.adapter)
    return AprimoVendor(client, {FLOW: words()}, wait_s=lambda *_: 0.0)


def read(vendor: AprimoVendor, kind: str, object_id: str) -> Snapshot | PipelineError:
    want = Want(flow=FLOW, side=Side.APRIMO, kind=kind, object_id=object_id)
    return vendor.read([want], bounds())[want]


def seen(vendor: AprimoVendor, kind: str, object_id: str) -> Snapshot:
    outcome = read(vendor, kind, object_id)
    assert isinstance(outcome, Snapshot), outcome
    return outcome


def test_a_file_version_shows_what_it_is_and_who_can_see_it(vendor: AprimoVendor) -> None:
    snapshot = seen(vendor, "file_version", VERSION)

    assert snapshot.version == VERSION
    assert snapshot.values == {
        "id": VERSION,
        "number": 2,
        "label": "2",
        "file_name": "hero.psd",
        "sha256": "ab" * 32,
        "state": "Available",
        "is_latest": True,
        "public_links": [
            {"id": "l1", "rendition": "Original", "status": "Published", "uri": "https://cdn.acme.example/hero"}
        ],
        "check_results": [
            {"id": "r1", "check": "Legal check", "outcome": "fail", "description": "No claim.", "is_ours": False},
            {
                "id": "r2",
                "check": "Legal check",
                "outcome": "pass",
                "description": "Fine. [sg-0a1b2c3d4e]",
                "is_ours": True,
            },
        ],
    }


def test_remarks_of_people_are_comments_in_order_and_ours_and_mere_strokes_are_not(vendor: AprimoVendor) -> None:
    comments = seen(vendor, "file_version", VERSION).comments

    assert comments == (
        CommentRead(
            origin_id="check-result:r1",
            author="signoff",
            text="No claim.",
            at=datetime(2026, 2, 3, 9, 0, tzinfo=UTC),
        ),
        CommentRead(
            origin_id="annotation:a1",
            author="Requester One",
            text="Logo too small",
            at=datetime(2026, 2, 3, 10, 15, 30, 120000, tzinfo=UTC),
        ),
    )


def test_the_latest_version_of_a_record_is_one_read_of_the_record(
    scripted: ScriptedVendor, vendor: AprimoVendor
) -> None:
    version = sample("aprimo", "file_version_with_remarks")
    scripted.on(f"GET {CORE}/record/{RECORD}", {"id": RECORD, "masterfilelatestversion": version})

    snapshot = seen(vendor, "latest_version", RECORD)

    assert snapshot.values == seen(vendor, "file_version", VERSION).values
    assert scripted.calls[0].headers["select-record"] == "masterfilelatestversion"
    assert scripted.calls[0].headers["select-fileversion"] == "publiclinks, annotationinfo"


def test_authors_and_checks_are_asked_for_once(scripted: ScriptedVendor, vendor: AprimoVendor) -> None:
    for _ in range(3):
        seen(vendor, "file_version", VERSION)

    lines = scripted.lines()
    assert [lines.count(f"GET {CORE}/{each}") for each in ("checks", "user/d88", "user/d91")] == [1, 1, 1]


def test_a_record_without_a_file_has_no_latest_version(scripted: ScriptedVendor, vendor: AprimoVendor) -> None:
    scripted.on(f"GET {CORE}/record/{RECORD}", {"id": RECORD, "masterfilelatestversion": None})

    assert seen(vendor, "latest_version", RECORD).is_absent


@pytest.mark.parametrize(
    ("line", "kind", "object_id"),
    [
        (f"GET {CORE}/fileversion/{VERSION}", "file_version", VERSION),
        (f"GET {CORE}/record/{RECORD}", "latest_version", RECORD),
        (ANNOTATIONS, "asset_version", "77/2"),
        ("GET /api/funding-accounts/410", "funding_summary", "410"),
        ("GET /api/funding-accounts/410/summary", "funding_summary", "410"),
    ],
)
def test_what_is_unknown_or_hidden_is_absent(
    scripted: ScriptedVendor, vendor: AprimoVendor, line: str, kind: str, object_id: str
) -> None:
    scripted.on(line, 404)

    assert seen(vendor, kind, object_id).is_absent


def test_a_funding_account_stands_exactly_in_its_own_currency(vendor: AprimoVendor) -> None:
    assert seen(vendor, "funding_summary", "410").values == {
        "account_id": 410,
        "title": "Brand",
        "currency": "EUR",
        "budget": "250000.00",
        "in_bound": "0.00",
        "out_bound": "10000.10",
        "adjusted_budget": "239999.90",
        "pending": "5000.00",
        "total_commit": "120000.00",
        "paid": "60000.00",
        "outstanding": "60000.00",
        "available_budget": "114999.90",
        "uncommitted_budget": "119999.90",
        "forecast_amount": "230000.00",
    }


@pytest.mark.parametrize(("number", "shown"), [(77, "77"), (None, "")])
def test_a_currency_that_no_table_names_keeps_its_number(
    scripted: ScriptedVendor, vendor: AprimoVendor, number: int | None, shown: str
) -> None:
    scripted.on("GET /api/funding-accounts/410", {"fundingAccountId": 410, "budgetedCurrency": number})

    assert seen(vendor, "funding_summary", "410").values["currency"] == shown


def test_a_summary_that_lacks_an_amount_is_no_standing(scripted: ScriptedVendor, vendor: AprimoVendor) -> None:
    summary = {name: value for name, value in sample("aprimo", "funding_summary").items() if name != "pending"}
    scripted.on("GET /api/funding-accounts/410/summary", summary)

    outcome = read(vendor, "funding_summary", "410")

    assert isinstance(outcome, PermanentError)
    assert outcome.code == "answer_unexpected"


def annotation(number: int, comment: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON.
    return {"annotationId": number, "type": "rectangle", "authorId": 88, "content": {"comment": comment}, **more}


@pytest.mark.parametrize("key", ["annotation", "annotations"])
def test_an_assets_annotations_are_comments_but_for_ours(
    scripted: ScriptedVendor, vendor: AprimoVendor, key: str
) -> None:
    rows = [
        annotation(1, "Too dark", createdDate="2026-02-03T10:00:00"),
        annotation(2, "Carried [sg-0a1b2c3d4e]"),
        annotation(3, " "),
    ]
    scripted.on(ANNOTATIONS, {key: rows})

    assert seen(vendor, "asset_version", "77/2").comments == (
        CommentRead(
            origin_id="annotation:1",
            author="Requester One",
            text="Too dark",
            at=datetime(2026, 2, 3, 10, 0, tzinfo=UTC),
        ),
    )


def test_an_annotation_without_an_id_is_another_contract(scripted: ScriptedVendor, vendor: AprimoVendor) -> None:
    scripted.on(ANNOTATIONS, {"annotations": [{"content": {"comment": "Too dark"}}]})

    assert isinstance(read(vendor, "asset_version", "77/2"), PermanentError)


@pytest.mark.parametrize(
    ("kind", "object_id"),
    [("file_version", "x"), ("latest_version", "1"), ("asset_version", "77"), ("funding_summary", "Brand")],
)
def test_an_id_that_is_none_is_refused_before_anything_is_asked(
    scripted: ScriptedVendor, vendor: AprimoVendor, kind: str, object_id: str
) -> None:
    outcome = read(vendor, kind, object_id)

    assert isinstance(outcome, PermanentError)
    assert outcome.code == "id_malformed"
    assert scripted.calls == []
