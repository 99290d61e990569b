"""Commitments and funding accounts (aprimo.md §6.4)."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.aprimo_caller import AprimoCaller
from tests.support.webhook_receiver import WebhookReceiver, receiving

EMPTY: dict[str, Any] = {"extendedAttributes": [], "multipleValueExtendedAttributes": []}


def make(caller: AprimoCaller, *prices: float, **fields: Any) -> int:  # noqa: ANN401 -- JSON.
    items = [{"activityId": 5012, "description": "Shoot", "price": price} for price in prices or (12000.0,)]
    body = {"supplierId": 55, "currencyCode": 3, "ownerId": 88, "commitmentItems": items, **EMPTY, **fields}
    answer = caller.api("POST", "commitments/", body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["committedId"])


def tell(caller: AprimoCaller, committed_id: int, *verbs: str) -> list[int]:
    return [caller.api("POST", f"commitments/{committed_id}/{verb}", {}).status_code for verb in verbs]


def read(caller: AprimoCaller, committed_id: int) -> dict[str, Any]:
    shown: dict[str, Any] = caller.api("GET", f"commitments/{committed_id}").json()
    return shown


@pytest.fixture
def receiver(aprimo: AprimoCaller) -> Iterator[WebhookReceiver]:
    with receiving() as receiver:
        aprimo.sandbox("PUT", "webhooks", {"url": receiver.url})
        yield receiver


def test_a_commitment_is_a_draft_with_the_total_of_its_items(aprimo: AprimoCaller) -> None:
    shown = read(aprimo, make(aprimo, 0.1, 0.2))

    assert (shown["commitmentStatus"], shown["totalAmount"], shown["totalOutstanding"]) == (1, 0.3, 0.3)
    assert [each["committedItemId"] for each in shown["commitmentItems"]] == [1, 2]


@pytest.mark.parametrize("missing", ["supplierId", "currencyCode", "ownerId", "commitmentItems"])
def test_what_a_commitment_needs(aprimo: AprimoCaller, missing: str) -> None:
    body = {"supplierId": 55, "currencyCode": 3, "ownerId": 88, "commitmentItems": [{"price": 1.0}], **EMPTY}
    del body[missing]

    assert aprimo.api("POST", "commitments", body).status_code == 400


@pytest.mark.parametrize(
    ("verbs", "statuses", "ends_as"),
    [
        (["submit", "approve", "approve"], [204, 204, 409], 3),
        (["approve", "reject", "retrieve"], [409, 409, 409], 1),
        (["submit", "reject", "approve"], [204, 204, 409], 4),
        (["submit", "retrieve", "submit"], [204, 204, 204], 2),
        (["submit", "approve", "retrieve"], [204, 204, 409], 3),
        (["submit", "cancel", "cancel"], [204, 204, 409], 5),
    ],
)
def test_the_life_cycle(aprimo: AprimoCaller, verbs: list[str], statuses: list[int], ends_as: int) -> None:
    committed_id = make(aprimo)

    assert tell(aprimo, committed_id, *verbs) == statuses
    assert read(aprimo, committed_id)["commitmentStatus"] == ends_as


def test_a_review_says_who_and_when(aprimo: AprimoCaller) -> None:
    committed_id = make(aprimo)
    tell(aprimo, committed_id, "submit", "approve")

    shown = read(aprimo, committed_id)

    assert (shown["reviewedBy"], shown["reviewedDate"]) == (91, shown["modifiedDate"])


def test_verbs_that_can_happen_only_once_have_an_identity(aprimo: AprimoCaller) -> None:
    committed_id = make(aprimo, extendedAttributes=[{"eaId": 380, "eaValue": "P-1"}])
    tell(aprimo, committed_id, "submit", "approve")

    changes = aprimo.sandbox("GET", f"history?object=commitment:{committed_id}")

    assert [each["identity"] for each in changes] == ["case:P-1", None, f"commitment:{committed_id}:approve"]


def test_items_change_while_open_and_not_after(aprimo: AprimoCaller) -> None:
    committed_id = make(aprimo)
    tell(aprimo, committed_id, "submit")
    changed = aprimo.api("PUT", f"commitments/{committed_id}", {**EMPTY, "commitmentItems": [{"price": 15000.0}]})
    tell(aprimo, committed_id, "approve")

    refused = aprimo.api("PUT", f"commitments/{committed_id}", {**EMPTY, "commitmentItems": [{"price": 9.0}]})
    noted = {**EMPTY, "extendedAttributes": [{"eaId": 341, "eaValue": "15000.00"}]}

    assert (changed.json()["totalAmount"], refused.status_code) == (15000.0, 409)
    assert aprimo.api("PUT", f"commitments/{committed_id}", noted).status_code == 200


def test_attributes_that_a_write_leaves_out_are_gone_and_a_write_without_them_fails(aprimo: AprimoCaller) -> None:
    both = [{"eaId": 380, "eaValue": "P-1"}, {"eaId": 382, "eaValue": "approved"}]
    committed_id = make(aprimo, extendedAttributes=both)

    aprimo.api("PUT", f"commitments/{committed_id}", {**EMPTY, "extendedAttributes": both[1:]})
    failed = aprimo.api("PUT", f"commitments/{committed_id}", {"extendedAttributes": []})

    assert failed.status_code == 500
    assert read(aprimo, committed_id)["extendedAttributes"] == both[1:]


def test_a_commitment_is_found_by_status_amount_and_attribute(aprimo: AprimoCaller) -> None:
    found = make(aprimo, 12000.0, extendedAttributes=[{"eaId": 380, "eaValue": "P-1"}])
    tell(aprimo, found, "submit")
    make(aprimo, 50000.0)
    attribute = {
        "collectionName": "extendedAttributes",
        "nested": [{"fieldName": "eaId", "fieldValue": 380}, {"fieldName": "eaValue", "fieldValue": "P-1"}],
    }
    trees: list[dict[str, Any]] = [
        {"equals": {"fieldName": "commitmentStatus", "fieldValue": 2}},
        {"lessthan": {"fieldName": "totalAmount", "fieldValue": 20000}},
        {"equals": attribute},
    ]

    pages = [aprimo.api("POST", "commitments/search?limit=10", tree).json() for tree in trees]

    assert [[each["committedId"] for each in page["_embedded"]["commitment"]] for page in pages] == [[found]] * 3


def test_what_happens_to_a_commitment_is_called_out(aprimo: AprimoCaller, receiver: WebhookReceiver) -> None:
    first, second, third = make(aprimo), make(aprimo), make(aprimo)
    aprimo.api("PUT", f"commitments/{first}", {**EMPTY, "commitmentItems": [{"price": 1.0}]})
    tell(aprimo, first, "submit", "approve")
    tell(aprimo, second, "submit", "reject")
    tell(aprimo, third, "cancel")

    received = receiver.wait_for(lambda received: len(received) == 10)

    locations = sorted(int(each.body.split(b'"CalloutLocation": ')[1].split(b",")[0]) for each in received)
    assert locations == [1, 1, 1, 2, 2, 2, 120, 121, 122, 123]
    assert all(b'"ObjectTypeId": 6135, "ObjectResourceName": "commitments"' in each.body for each in received)


def test_the_summary_of_a_seeded_account(aprimo: AprimoCaller) -> None:
    assert aprimo.api("GET", "funding-accounts/410/summary").json() == {
        "fundingAccountId": 410,
        "budget": 250000.0,
        "inBound": 0.0,
        "outBound": 10000.0,
        "adjustedBudget": 240000.0,
        "pending": 5000.0,
        "totalCommit": 120000.0,
        "paid": 60000.0,
        "outstanding": 60000.0,
        "availableBudget": 115000.0,
        "uncommittedBudget": 120000.0,
        "forecastAmount": 230000.0,
    }


def test_commitments_draw_on_the_account_their_items_name(aprimo: AprimoCaller) -> None:
    items = [{"price": 0.1, "fundingAccountId": 411}, {"price": 0.2, "fundingAccountId": 411}, {"price": 7.0}]
    approved, waiting = (make(aprimo, commitmentItems=items) for _ in range(2))
    tell(aprimo, approved, "submit", "approve")
    tell(aprimo, waiting, "submit")

    summary = aprimo.api("GET", "funding-accounts/411/summary").json()

    assert {name: summary[name] for name in ("totalCommit", "pending", "availableBudget")} == {
        "totalCommit": 0.3,
        "pending": 0.3,
        "availableBudget": 49999.4,
    }


def test_what_was_spent_elsewhere_is_set_from_outside(aprimo: AprimoCaller) -> None:
    aprimo.sandbox("PUT", "funding-accounts/411", {"committed": 60000, "paid": 100.5})

    summary = aprimo.api("GET", "funding-accounts/411/summary").json()

    assert (summary["totalCommit"], summary["paid"], summary["availableBudget"]) == (60000.0, 100.5, -10000.0)


def test_an_account_is_made_read_and_changed_but_never_listed(aprimo: AprimoCaller) -> None:
    budgets = [{"fiscalPeriodId": 1, "enteredAmount": 10.0}]
    aprimo.api("PUT", "funding-accounts/410", {"title": "Brand", **EMPTY})
    made = aprimo.api("POST", "funding-accounts", {"title": "Events", "budgets": budgets, **EMPTY}).json()

    titles = [aprimo.api("GET", f"funding-accounts/{key}").json()["title"] for key in (made["fundingAccountId"], 410)]

    assert (made["fundingAccountId"], titles) == (412, ["Events", "Brand"])
    assert aprimo.api("GET", "funding-accounts").status_code == 405
    assert aprimo.api("GET", "funding-accounts/410/summary").json()["budget"] == 250000.0
