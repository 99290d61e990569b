"""A flow's file: what it says, and every fault of it at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from pipeline.flows.reading import FlowWordsError, read_words
from pipeline.flows.tenant import FieldType, FieldWord, Policy, Stakeholder
from tests.support.briefs import FLOW, shipped


def document() -> dict[str, Any]:
    return shipped()


def faults(changed: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(FlowWordsError) as caught:
        read_words(FLOW, changed)
    return caught.value.faults


def test_the_shipped_file_has_no_fault() -> None:
    words = read_words(FLOW, document())

    assert (words.object_kind, words.type_ids, words.process_key) == ("activity", {17}, "campaignBrief")
    assert words.states["submitted"] == 2
    assert words.currencies == {1: "USD", 3: "EUR"}
    assert words.policies == {
        "state": Policy.AUTOMATIC,
        "matrix": Policy.AUTOMATIC,
        "decision": Policy.AUTOMATIC,
    }


def test_a_field_is_read_with_all_it_says() -> None:
    words = read_words(FLOW, document())

    assert words.fields["budget"] == FieldWord(
        name="budget",
        wire="extrAttr302",
        type=FieldType.MONEY,
        is_required=True,
        is_material=True,
        variable="budget",
    )


def test_a_stakeholder_is_read_with_all_it_says() -> None:
    words = read_words(FLOW, document())

    assert words.stakeholders[-1] == Stakeholder(
        key="regional",
        title="Regional",
        task="regional",
        lead_task="regional_lead",
        escalation="escalate_regional",
        group="Regional {part}",
        lead="Regional leads",
        due_in=timedelta(days=5),
        each="regions",
        group_variable="regionalPrefix",
        lead_variable="regionalLeads",
        due_variable="regionalDue",
        outcome_variable="regionalOutcome",
        part_variable="escalatedRegion",
    )


def test_what_the_installation_sets_is_not_in_the_file() -> None:
    words = read_words(FLOW, document())

    assert words.call_back_url == ""


def test_all_faults_of_a_file_are_told_at_once_with_place_and_example() -> None:
    changed = document()
    del changed["process"]["key"]
    changed["item"]["types"] = []
    changed["states"]["submitted"] = "two"
    changed["fields"]["budget"]["required"] = "yes"
    changed["stakeholders"][0]["due_in"] = "3 days"

    assert faults(changed) == (
        "states.submitted: must be a whole number, not 'two' (example: 2)",
        "fields.budget.required: must be true or false, not 'yes' (example: true)",
        'process.key: is missing (example: "campaignBrief")',
        "stakeholders[1].due_in: must be a duration, not '3 days' (example: \"P3D\")",
        "item.types: is needed, not every activity is one (example: [17])",
    )


def test_the_error_reads_as_a_list() -> None:
    changed = document()
    del changed["process"]["key"]

    with pytest.raises(FlowWordsError) as caught:
        read_words(FLOW, changed)

    assert str(caught.value).splitlines() == [
        "The file of flow campaign_brief is not usable (faults: 1):",
        'process.key: is missing (example: "campaignBrief")',
    ]


def test_an_empty_file_names_everything_that_is_needed() -> None:
    told = faults({})

    assert "item: is missing" in told
    assert "stakeholders: at least one [[stakeholders]] is needed" in told
    assert "states.submitted: is missing (example: submitted = 2)" in told
    assert "fields.matrix: is missing" in told


def test_a_table_that_is_none_is_told() -> None:
    assert faults({**document(), "currencies": 3}) == ("currencies: is no table",)


def test_a_slip_of_the_pen_is_told_with_what_is_known() -> None:
    changed = document()
    changed["fields"]["budget"]["requierd"] = True
    changed["extra"] = {}

    told = faults(changed)

    assert told[0] == (
        "fields.budget.requierd: is not known here; known are: material, required, separator, type, variable, wire"
    )
    assert told[1].startswith("extra: is not known here; known are: also, currencies, fields, heals")


@pytest.mark.parametrize("text", ["", "P", "PT", "PT0S", "P1W", "1D", "P1.5D", 3])
def test_a_duration_that_is_none_is_refused(text: object) -> None:
    changed = document()
    changed["stakeholders"][0]["due_in"] = text

    assert len(faults(changed)) == 1


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("PT20S", timedelta(seconds=20)),
        ("P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("PT36H", timedelta(hours=36)),
    ],
)
def test_a_duration_is_days_to_seconds(text: str, length: timedelta) -> None:
    changed = document()
    changed["stakeholders"][0]["due_in"] = text

    assert read_words(FLOW, changed).stakeholders[0].due_in == length


def test_two_fields_cannot_stand_in_one_place() -> None:
    changed = document()
    changed["fields"]["audience"]["wire"] = "extrAttr302"
    changed["fields"]["audience"]["variable"] = "budget"

    assert faults(changed) == (
        "fields.*.wire: 'extrAttr302' stands there 2 times",
        "fields.*.variable: 'budget' stands there 2 times",
    )


def test_the_state_is_not_a_field_besides() -> None:
    changed = document()
    changed["fields"]["audience"]["wire"] = "activityStateId"

    assert faults(changed) == ("fields.*.wire: 'activityStateId' stands there 2 times",)


def test_two_states_cannot_share_an_id() -> None:
    changed = document()
    changed["states"]["rejected"] = 3

    assert faults(changed) == ("states: 3 stands there 2 times",)


def test_a_state_that_is_none_of_the_flows_is_told() -> None:
    changed = document()
    changed["states"]["on_hold"] = 8

    known = "draft, submitted, withdrawn, in_production, rejected, changes_requested, cancelled"
    assert faults(changed) == (f"states.on_hold: is no state of this flow; known are: {known}",)


def test_an_answer_is_mapped_to_a_decision_or_not_at_all() -> None:
    changed = document()
    changed["outcomes"]["maybe"] = "unknown"

    known = "approved, cancelled, changes_requested, rejected"
    assert faults(changed) == (f"outcomes.maybe: must be one of {known}, not 'unknown' (example: \"approved\")",)


def test_some_answer_must_mean_approved() -> None:
    changed = document()
    del changed["outcomes"]["approved"]

    assert faults(changed) == ('outcomes: no answer means approved (example: approved = "approved")',)


def test_what_opentext_owns_is_something_we_can_write_that_nobody_carries() -> None:
    changed = document()
    changed["fields"]["matrix"] |= {"variable": "matrix", "type": "user"}

    assert faults(changed) == (
        "fields.matrix: OpenText owns it, so it has no variable and is neither required nor material",
        "fields.matrix.type: OpenText owns it, so it is one of date, integer, list, money, text",
    )


CAMPAIGN = {
    "kind": "activity",
    "types": [17],
    "state": "activityStateId",
    "states": {"in_production": 3},
    "fields": {"matrix": {"wire": "extrAttr401"}, "name": {"wire": "name", "variable": "campaignName"}},
}


def test_a_further_kind_of_object_has_words_of_its_own() -> None:
    words = read_words(FLOW, document() | {"also": {"campaign": CAMPAIGN | {"kind": "commitment"}}})

    assert words.kinds() == ("activity", "commitment")
    assert words.as_kind("activity") is words
    seen = words.as_kind("commitment")
    assert (seen.object_kind, seen.states, seen.wire_names()) == (
        "commitment",
        {"in_production": 3},
        ("activityStateId", "extrAttr401", "name"),
    )
    assert (seen.process_key, seen.stakeholders) == (words.process_key, words.stakeholders)
    assert words.as_role("campaign") == seen


def test_a_kind_that_is_not_named_has_the_items_words() -> None:
    words = read_words(FLOW, document())

    assert words.as_kind("task") is words


def test_faults_of_a_further_kind_stand_there_with_its_role() -> None:
    campaign = CAMPAIGN | {"types": [], "states": {"in_production": "three"}, "colour": "red"}

    assert faults(document() | {"also": {"campaign": campaign}}) == (
        "also.campaign.states.in_production: must be a whole number, not 'three' (example: 2)",
        "also.campaign.colour: is not known here; known are: fields, kind, link, state, states, types",
        "also.campaign.types: is needed, not every activity is one (example: [17])",
    )


def test_the_dam_knows_types_and_states_by_name() -> None:
    changed = document()
    changed["item"] |= {"kind": "record", "types": ["Asset"], "state": "ReviewState"}
    changed["states"] = {word: word.capitalize() for word in changed["states"]}

    words = read_words(FLOW, changed)

    assert words.type_ids == frozenset({"Asset"})
    assert words.state_word("Submitted") == "submitted"
    changed["states"]["submitted"] = 2
    assert faults(changed) == ('states.submitted: must be text, not 2 (example: "For review")',)


@pytest.mark.parametrize(
    "change",
    [{"type": "text"}, {"material": False}, {"variable": ""}],
    ids=["no list", "not material", "no variable"],
)
def test_reviews_are_repeated_over_a_material_list_with_a_variable(change: dict[str, Any]) -> None:
    changed = document()
    changed["fields"]["regions"] |= change

    assert faults(changed) == ("stakeholders[4].each: 'regions' is no material list field with a variable",)


def test_reviews_are_not_repeated_over_a_field_that_is_not_there() -> None:
    changed = document()
    changed["stakeholders"][3]["each"] = "countries"

    assert faults(changed) == ("stakeholders[4].each: 'countries' is no material list field with a variable",)


def test_a_stakeholder_shows_its_state_in_a_field_that_is_there_and_only_if_it_has_one() -> None:
    changed = document()
    changed["stakeholders"][0]["state_field"] = "nowhere"
    changed["stakeholders"][3]["state_field"] = "finance_state"

    assert faults(changed) == (
        "stakeholders[1].state_field: there is no fields.nowhere",
        "stakeholders[4].state_field: a repeated review has no one state to show",
    )


def test_an_escalation_needs_a_task_for_the_lead() -> None:
    changed = document()
    changed["stakeholders"][0]["lead_task"] = ""

    assert faults(changed) == ("stakeholders[1].lead_task: is needed where there is an escalation",)


def test_a_policy_is_about_what_opentext_owns() -> None:
    changed = document()
    changed["policies"] |= {"budget": "never", "matrix": "sometimes"}
    known = "brand_state, case, comments, decided_on, decision, finance_state, legal_state, matrix, message, state"

    assert faults(changed) == (
        "policies.matrix: must be one of automatic, propose, never, not 'sometimes' (example: \"automatic\")",
        f"policies.budget: is no field that OpenText owns; known are: {known}",
    )


def test_a_cause_may_be_healed_more_or_less_boldly_than_it_would_be() -> None:
    changed = document()
    changed["heals"] = {"process_missing": "automatic", "edited_by_automation": "propose", "word_unknown": "never"}

    heals = read_words("campaign_brief", changed).heals

    assert heals == {"process_missing": Policy.AUTOMATIC, "edited_by_automation": Policy.PROPOSE}


def test_what_only_people_can_mend_is_healed_by_no_file() -> None:
    changed = document()
    changed["heals"] = {"delivery_dead": "automatic", "weather": "propose"}
    known = (
        "edited_by_automation, edited_in_aprimo, edited_in_both, edited_in_opentext, item_deleted, mapping_changed, "
        "notice_ignored, notice_missing, process_doubled, process_missing, version_newer"
    )

    assert faults(changed) == (
        'heals.delivery_dead: is for people to mend, so it is never healed (example: "never")',
        f"heals.weather: is no cause of a difference; known are: {known}",
    )


@pytest.mark.parametrize(
    ("said", "means"),
    [
        (date(2026, 3, 1), datetime(2026, 3, 1, tzinfo=UTC)),
        (datetime(2026, 3, 1, 9, tzinfo=timezone(timedelta(hours=1))), datetime(2026, 3, 1, 8, tzinfo=UTC)),
    ],
)
def test_since_when_approvals_must_have_been_asked_for_is_a_day_or_a_moment(said: date, means: datetime) -> None:
    changed = document()
    assert read_words(FLOW, changed).approvals_since is None
    changed["item"] |= {"approvals_since": said}

    assert read_words(FLOW, changed).approvals_since == means


@pytest.mark.parametrize("said", ["2026-03-01", datetime(2026, 3, 1, 9), 2026])  # noqa: DTZ001 - TOML has such times.
def test_a_moment_that_is_none_or_says_no_zone_is_a_fault(said: object) -> None:
    changed = document()
    changed["item"] |= {"approvals_since": said}

    assert faults(changed) == (
        f"item.approvals_since: must be a date, or a time with its offset, not {said!r} (example: 2026-03-01)",
    )


def test_a_currency_is_named_by_aprimos_number() -> None:
    changed = document()
    changed["currencies"]["euro"] = "EUR"

    assert faults(changed) == ('currencies.euro: must be the number that Aprimo stores (example: 3 = "EUR")',)


def test_people_are_overrides_from_one_system_to_the_other() -> None:
    changed = document()
    changed["people"] = {"88": "one@partner.example.test"}

    assert read_words(FLOW, changed).people == {"88": "one@partner.example.test"}


def test_a_flow_that_is_none_is_no_file() -> None:
    with pytest.raises(KeyError, match="lunch_orders"):
        read_words("lunch_orders", document())
