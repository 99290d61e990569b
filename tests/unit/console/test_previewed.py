"""What a preview shows: every value by our name, old and new; no secret."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace

import pytest

from console import previewed
from pipeline.changes import changes
from pipeline.commands import KINDS, Command, UpdateTask, dump
from pipeline.plan import Link, Plan, Snapshot, deliver
from pipeline.preview import Preview
from pipeline.words import LinkId
from tests.support import assets, briefs
from tests.support.briefs import brief, in_approval, no_link, process, shown, task, words


def seen(plan: Plan, *read: Snapshot, link: Link | None = None) -> Preview:
    return Preview(link=link or no_link(), read={each.want: each for each in read}, plan=plan)


def of(command: Command, *read: Snapshot) -> list[tuple[object, ...]]:
    """What a command would set: what, name, now and then."""
    found = changes(command, seen(deliver(command), *read).read, words())
    return [(each.what, each.name, each.now, each.then) for each in found]


def test_a_start_shows_its_variables_and_hides_the_secret() -> None:
    start, write = briefs.plan(no_link(), brief()).commands

    rows = of(start, brief())

    assert ("setting", "revision", None, 1) in rows
    assert ("variable", "budget", None, "12000.00") in rows
    assert ("variable", "regions", None, ["DACH", "Nordics"]) in rows
    assert ("variable", "signoffToken", None, "(secret)") in rows
    assert ("field", "message", None, "In approval, revision 1") in of(write, brief())


def test_a_write_shows_what_is_there_and_what_comes_by_our_names() -> None:
    link = in_approval()
    read = shown(link, "draft")
    (_, write) = briefs.plan(link, read).commands

    rows = of(write, read)

    assert ("field", "message", "In approval, revision 1", "Withdrawn, the approval of revision 1 was ended") in rows


def test_a_state_is_shown_by_its_word_and_its_id() -> None:
    link = in_approval()
    decided = process(*briefs.all_tasks("approved"), ended=briefs.NOW)
    read = shown(link)
    (write,) = briefs.plan(link, read, decided, what=briefs.event(decided.want.side)).commands

    assert ("field", "state", "submitted (2)", "in_production (3)") in of(write, read)


def test_a_variable_of_a_running_process_is_shown_with_its_old_value() -> None:
    link = in_approval()
    read = shown(link, description="Outdoor only")
    running = process(task("brand"), variables={"briefDescription": "Outdoor and social"})
    (change,) = briefs.plan(link, read, running).commands

    assert of(change, read, running) == [("variable", "briefDescription", "Outdoor and social", "Outdoor only")]


def test_a_record_is_shown_by_our_names_as_well() -> None:
    link = assets.no_link()
    read = assets.asset()
    plan = assets.plan(link, read)

    (write,) = [each for each in plan.commands if each.KIND == "dam.set_record"]
    found = changes(write, seen(plan, read, link=link).read, assets.words())

    assert {each.name for each in found} <= set(assets.words().fields)
    assert "approval" in {each.name for each in found}


def test_what_is_missing_stands_beside_the_verdict() -> None:
    refused = briefs.plan(no_link(), brief(budget="", owner=None))

    facts, commands = previewed.as_tables(seen(refused, brief()), words())

    assert ("verdict", "refuse") in facts.rows
    assert ("reason", "values_missing") in facts.rows
    assert ("hint", "Fill in: budget, owner.") in facts.rows
    assert commands.rows == ()


def test_an_item_that_is_known_says_where_it_stands() -> None:
    link = replace(in_approval(), id=LinkId("link-1"))

    facts, _ = previewed.as_tables(seen(briefs.plan(link, shown(link)), shown(link), link=link), words())

    assert facts.rows[1:4] == (("item", briefs.KEY), ("known", "in_approval, revision 1"), ("read", "activity 5012"))


def test_programs_get_the_same_as_json() -> None:
    plan = briefs.plan(no_link(), brief())

    told = json.loads(json.dumps(previewed.as_json(seen(plan, brief()), words())))

    assert (told["flow"], told["item"], told["known"]) == ("campaign_brief", briefs.KEY, None)
    assert (told["verdict"], told["read"]) == ("deliver", ["activity 5012"])
    assert [each["command"] for each in told["commands"]] == ["ot.start_process", "pm.set_fields"]
    assert {"what": "field", "name": "case", "now": None, "then": briefs.KEY} in told["commands"][1]["changes"]
    assert "(secret)" in {each["then"] for each in told["commands"][0]["changes"] if each["name"] == "signoffToken"}


def any_of(kind: type[Command]) -> Command:
    """A command of a kind with something in every field."""
    samples = {"str": "word", "int": 7, "tuple": ("word",), "Mapping": {"name": "word"}}
    values = {
        each.name: next((value for known, value in samples.items() if str(each.type).startswith(known)), "word")
        for each in dataclasses.fields(kind)
        if each.name != "expects"
    }
    return kind(**values)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_of_every_kind_everything_is_shown_that_it_would_set(kind: type[Command]) -> None:
    command = any_of(kind)
    told = previewed.as_json(seen(deliver(command)), words())["commands"][0]

    named = {each["name"] for each in told["changes"]}
    of_fields = {"name"} if {"fields", "variables"} & dump(command).keys() else set()
    in_target = {"flow", "object_kind", "object_id", "record_id", "instance_id"}
    assert named >= (dump(command).keys() - in_target - {"fields", "variables", "secret_variables"}) | of_fields
    assert (told["command"], told["target"]) == (kind.KIND, command.target())
    json.dumps(told)


def test_what_a_task_was_read_as_is_shown_where_it_changes() -> None:
    moved = UpdateTask(task_id="t-1", fields={"dueDate": "2026-03-02"}, expects={"dueDate": "2026-03-01"})

    assert of(moved) == [
        ("setting", "task_id", None, "t-1"),
        ("field", "dueDate", "2026-03-01", "2026-03-02"),
    ]
