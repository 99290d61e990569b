"""The DAM's search: expressions, the index that lags, approximate totals (aprimo.md §4.2)."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.aprimo_caller import AprimoCaller
from tests.support.aprimo_dam import DamCaller
from tests.support.sandbox_process import running

AT_ONCE = {"set-immediateSearchIndexUpdate": "true"}


@pytest.fixture
def three(dam: DamCaller) -> dict[str, str]:
    """Names of three records to their ids, all of them in the index."""
    shoes = {"Product": "Shoes", "CampaignCode": "SPRING-26", "ReviewState": ["For review"]}
    made: dict[str, dict[str, Any]] = {
        "shoes": {**shoes, "Score": 9, "ReleaseOn": "2026-03-01T09:00:00+01:00"},
        "boots": {"Product": "Boots", "Score": 10, "Markets": ["DACH", "UK"]},
        "plain": {"Claims": "100 % waterproof"},
    }
    return {name: dam.make(headers=AT_ONCE, **values) for name, values in made.items()}


@pytest.mark.parametrize(
    ("expression", "parameters", "found"),
    [
        ("FieldName('Product') = @p", {"p": "shoes"}, "shoes"),
        ('FieldName("product") = "Boots"', {}, "boots"),
        ("FieldName('Product') <> @p", {"p": "Shoes"}, "boots plain"),
        ("FieldName('Score') > @s", {"s": 9}, "boots"),
        ("FieldName('Score') >= 9", {}, "shoes boots"),
        ("FieldName('Score') < 9.5", {}, "shoes"),
        ("FieldName('Claims') CONTAINS @c", {"c": "WATER"}, "plain"),
        ("FieldName('Product') in (@a, @b)", {"a": "Shoes", "b": "Boots"}, "shoes boots"),
        ("FieldName('Product') in @many", {"many": ["Shoes", "Hats"]}, "shoes"),
        ("FieldName('CampaignCode') = @c", {"c": "SPRING-*"}, "shoes"),
        ("FieldName('ReviewState') = 'For review'", {}, "shoes"),
        ("FieldName('Markets') = @m", {"m": "UK"}, "boots"),
        ("FieldName('ReleaseOn') <= @t", {"t": "2026-03-01T08:00:00Z"}, "shoes"),
        ("FieldName('ReleaseOn') < @t", {"t": "2026-03-01T08:00:00Z"}, ""),
        ("Status = @s AND NOT FieldName('Product') = 'Boots'", {"s": "Draft"}, "shoes plain"),
        ("FieldName('Product') = 'Shoes' OR FieldName('Product') = 'Boots' AND Status = 'released'", {}, "shoes"),
        ("(FieldName('Product') = 'Shoes' OR FieldName('Score') = 10) AND Status = 'draft'", {}, "shoes boots"),
        ("ModifiedOn >= @since", {"since": "2026-01-01T00:00:00Z"}, "shoes boots plain"),
        ("ModifiedOn < @until", {"until": "2026-01-01T00:00:00Z"}, ""),
        ("Classification.NamePath = '/Assets'", {}, "shoes boots plain"),
        ("", {}, "shoes boots plain"),
    ],
)
def test_expressions(
    dam: DamCaller, three: dict[str, str], expression: str, parameters: dict[str, Any], found: str
) -> None:
    assert dam.found(expression, **parameters) == [three[name] for name in found.split()]


def test_positional_parameters_are_filled_in_order(dam: DamCaller, three: dict[str, str]) -> None:
    expression = "FieldName('Product') = ? AND FieldName('Score') = ?"

    (hit,) = dam.search(expression, ["Boots", 10]).json()["items"]

    assert hit["id"] == three["boots"]


def test_a_field_is_found_by_its_id_too(dam: DamCaller, three: dict[str, str]) -> None:
    field_id = dam.field("Product")["id"]

    assert dam.found("FieldId(@f) = 'Boots'", f=field_id) == [three["boots"]]


@pytest.mark.parametrize(
    "expression",
    ["FieldName('Colour') = 'red'", "Status =", "Status = @missing", "Status ! 'x'", "(Status = 'x'", "Status 'x'"],
)
def test_a_wrong_expression_is_400(dam: DamCaller, expression: str) -> None:
    assert dam.search(expression).status_code == 400


def test_a_text_in_a_parameter_is_never_part_of_the_expression(dam: DamCaller, three: dict[str, str]) -> None:
    assert dam.found("FieldName('Product') = @p", p="x' OR Status = 'draft") == []


def test_the_index_learns_of_a_write_some_time_after_it(dam: DamCaller) -> None:
    record_id = dam.make(Product="Shoes")

    assert dam.found("FieldName('Product') = 'Shoes'") == []
    assert dam.get(f"record/{record_id}")["id"] == record_id
    deadline = time.monotonic() + 5
    while dam.found("FieldName('Product') = 'Shoes'") != [record_id]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_hits_are_shown_as_they_are_now(dam: DamCaller, three: dict[str, str]) -> None:
    """The index still knows the old product."""
    dam.write(three["shoes"], Product="Sandals")

    answer = dam.search("FieldName('Product') = 'Shoes'").json()

    assert [each["modifiedOn"] for each in answer["items"]] == [dam.get(f"record/{three['shoes']}")["modifiedOn"]]


def test_a_deleted_record_still_counts_until_the_index_knows(dam: DamCaller, three: dict[str, str]) -> None:
    dam.send("DELETE", f"record/{three['boots']}")

    answer = dam.search("FieldName('Product') = 'Boots'").json()

    assert (answer["totalCount"], answer["items"]) == (1, [])


def test_a_search_is_paged_by_its_query_only(dam: DamCaller, three: dict[str, str]) -> None:
    body = {"searchExpression": {"expression": "Status = 'draft'"}}

    by_header = dam.send("POST", "search/records", body, headers={"page": "2", "pageSize": "1"}).json()
    by_query = dam.send("POST", "search/records?page=2&pageSize=1", body).json()

    assert (by_header["page"], len(by_header["items"])) == (1, 3)
    assert [each["id"] for each in by_query["items"]] == [three["boots"]]


@pytest.mark.parametrize(
    ("sort", "order"),
    [("-Score", "boots shoes plain"), ("ModifiedOn", "shoes boots plain"), ("-ModifiedOn", "plain boots shoes")],
)
def test_hits_are_sorted(dam: DamCaller, three: dict[str, str], sort: str, order: str) -> None:
    hits = dam.search("", query=f"?sort={sort}").json()["items"]

    assert [each["id"] for each in hits] == [three[name] for name in order.split()]


def test_at_most_twelve_facets(dam: DamCaller) -> None:
    body = {"searchExpression": {"expression": ""}, "facets": [{}] * 13}

    assert dam.send("POST", "search/records", body).status_code == 400


def test_classifications_are_searched_too(dam: DamCaller) -> None:
    search = {"expression": "NamePath = @p", "namedParameters": {"p": "/Reuse/Recommended"}}

    (found,) = dam.send("POST", "search/classifications", {"searchExpression": search}).json()["items"]

    assert found["name"] == "Recommended"


def test_total_counts_are_approximate_and_records_outlive_a_kill(tmp_path: Path) -> None:
    options: dict[str, Any] = {"data_dir": str(tmp_path / "state"), "total_count_noise": 3, "index_lag_s": 60}
    with running("aprimo", tmp_path, **options) as server:
        caller = AprimoCaller(server.base)
        kept = DamCaller(caller).make(Product="Shoes")
        server.process.kill()
        server.process.wait(5)

    with running("aprimo", tmp_path, **options) as server:
        caller.base = server.base
        answer = DamCaller(caller).search("FieldName('Product') = 'Shoes'").json()
        caller.close()

    assert ([each["id"] for each in answer["items"]], answer["totalCount"]) == ([kept], 4)
