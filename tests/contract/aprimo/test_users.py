"""Aprimo's users: found by id or by e-mail, on whatever page and in whatever case."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.aprimo.users import Users
from pipeline.errors import PermanentError, TransientError
from pipeline.feeds import AprimoUser
from tests.support.scripted_http import Given, ScriptedVendor
from tests.support.vendor_parts import bounds, new_aprimo

SEARCH = "POST /api/users/search"
ONE = {"userId": 88, "email": "One@example.test", "firstName": "One", "lastName": "Only"}
FOUND = AprimoUser(id="88", email="One@example.test", name="One Only")


@pytest.fixture
def vendor() -> ScriptedVendor:
    return ScriptedVendor(token_path="/login/connect/token")


@pytest.fixture
def users(vendor: ScriptedVendor) -> Users:
    return Users(new_aprimo("https://acme.aprimo.test", new_adapter=vendor.adapter))


def page(*rows: dict[str, Any], total: int) -> dict[str, Any]:
    return {"_total": total, "_embedded": {"user": list(rows)}}


def test_a_user_is_read_by_id(vendor: ScriptedVendor, users: Users) -> None:
    vendor.on("GET /api/users/88", ONE)

    assert users.user("88", bounds()) == FOUND


def test_a_user_without_an_e_mail_is_a_user(vendor: ScriptedVendor, users: Users) -> None:
    vendor.on("GET /api/users/99", {"userId": 99, "email": None, "firstName": "Ghost", "lastName": None})

    assert users.user("99", bounds()) == AprimoUser(id="99", email="", name="Ghost")


def test_a_user_who_is_unknown_or_hidden_is_none(vendor: ScriptedVendor, users: Users) -> None:
    vendor.on("GET /api/users/99", 404)

    assert users.user("99", bounds()) is None


def test_what_is_no_users_id_is_not_asked_for(vendor: ScriptedVendor, users: Users) -> None:
    assert users.user("One Only", bounds()) is None
    assert vendor.lines() == []


def test_an_e_mail_is_searched_and_its_case_does_not_count(vendor: ScriptedVendor, users: Users) -> None:
    vendor.on(SEARCH, page(ONE, total=1))

    assert users.by_email("one@example.test", bounds()) == FOUND
    assert vendor.calls[0].json == {"equals": {"fieldName": "email", "fieldValue": "one@example.test"}}


def test_a_search_that_passes_over_its_tree_finds_nobody_else(vendor: ScriptedVendor, users: Users) -> None:
    others = [{"userId": number, "email": f"u{number}@example.test"} for number in range(3)]
    vendor.on(SEARCH, page(*others, total=4), page(ONE, total=4))

    assert users.by_email("one@example.test", bounds()) == FOUND
    assert [call.query["offset"] for call in vendor.calls] == ["0", "3"]


def test_nobody_has_the_e_mail(vendor: ScriptedVendor, users: Users) -> None:
    vendor.on(SEARCH, {"_total": 0})

    assert users.by_email("one@example.test", bounds()) is None


@pytest.mark.parametrize(("status", "error"), [(503, TransientError), (403, PermanentError)])
def test_a_search_without_an_answer_says_nothing_of_anybody(
    vendor: ScriptedVendor, users: Users, status: int, error: type[Exception]
) -> None:
    vendor.on(SEARCH, Given(status=status))

    with pytest.raises(error):
        users.by_email("one@example.test", bounds())
