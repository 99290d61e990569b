"""Flow 6: what is left of a record's former release where a later one of its package is taken back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipeline.flows.publication_parts import CLEAR
from pipeline.words import JsonValue, Side
from tests.support.publication_world import World
from tests.support.publications import HERO, TEASER

WEB, PRINT, EMAIL = "/Channels/Web", "/Channels/Print", "/Channels/Email"


def released_before() -> World:
    """A package whose records were released, and that is to be released once more."""
    world = World()
    release(world)
    return world


def released_elsewhere() -> World:
    """A package of which one record was released already by another package, for another channel."""
    world = World()
    path: dict[str, str] = {"id": "1", "path": PRINT}
    world.records[HERO] |= {"record_status": "released", "release_state": "Released", "classifications": [path]}
    return world


def release(world: World, *meanwhile: Callable[[], None]) -> None:
    """The package is approved and released; before each of its facts but the first, somebody does something."""
    world.put("submitted")
    world.look(Side.APRIMO)
    world.meanwhile = [*reversed(meanwhile)]
    world.all_approve()
    world.look(Side.OPENTEXT)


def nothing() -> None:
    """Nobody does anything."""


def test_a_record_keeps_its_former_release_while_its_version_of_then_is_the_latest() -> None:
    world = released_before()

    release(world, nothing, lambda: world.upload(TEASER))

    assert world.values["state"] == "taken_back"
    assert world.stands(HERO) == ("released", "Released", {WEB})
    assert world.collections == {"Web team": {HERO}}


def test_a_record_with_a_newer_version_goes_back_to_how_it_stood_before_its_first_release() -> None:
    world = released_before()

    release(world, nothing, lambda: world.upload(TEASER))

    assert world.stands(TEASER) == ("draft", "Taken back", set())


def test_a_record_that_was_released_in_an_older_version_goes_back_to_how_it_stood_before_that() -> None:
    world = released_before()
    world.upload(HERO)
    world.review(HERO)

    release(world, nothing, lambda: world.upload(TEASER))

    assert world.stands(HERO) == ("draft", "Taken back", set())
    assert world.collections == {"Web team": set()}


def test_a_record_whose_version_is_not_approved_any_more_does_not_keep_its_former_release() -> None:
    world = released_before()

    release(world, nothing, lambda: world.review(HERO, "In review"))

    assert world.stands(HERO) == ("draft", "Taken back", set())
    assert world.stands(TEASER) == ("released", "Released", {WEB})


def test_a_version_that_moves_right_before_the_writes_keeps_all_records_as_they_are() -> None:
    world = released_before()

    release(world, lambda: world.upload(TEASER))

    assert world.values["state"] == "withheld"
    assert world.stands(HERO) == world.stands(TEASER) == ("released", "Released", {WEB})


def test_a_version_that_moves_between_the_writes_takes_back_what_was_written() -> None:
    world = World()
    world.racing = [lambda: world.upload(TEASER), nothing]

    release(world)

    assert world.values["state"] == "taken_back"
    assert world.stands(HERO) == ("draft", "Taken back", set())
    assert world.stands(TEASER) == ("draft", "", set())


def test_a_package_that_is_withdrawn_during_its_second_release_leaves_its_records_as_the_first_did() -> None:
    world = released_before()

    release(world, nothing, lambda: withdraw(world))

    assert world.values["state"] == "withdrawn"
    assert world.values["guard"] == "The package was set to withdrawn by hand."
    assert world.stands(HERO) == world.stands(TEASER) == ("released", "Released", {WEB})


def test_a_record_that_keeps_its_former_release_leaves_the_channels_that_the_later_one_brought() -> None:
    world = released_before()
    world.edit(channels=["Web", "Print"])

    release(world, nothing, lambda: world.upload(TEASER))

    assert world.stands(HERO) == ("released", "Released", {WEB})
    assert world.collections == {"Web team": {HERO}, "Print team": set()}


def test_a_record_that_goes_back_leaves_the_channels_of_every_release_and_keeps_those_of_before() -> None:
    world = World()
    world.records[TEASER]["classifications"] = [{"id": "1", "path": EMAIL}]
    release(world)
    world.edit(channels=["Email", "Print"])

    release(world, nothing, lambda: world.upload(TEASER))

    assert world.stands(TEASER) == ("draft", "Taken back", {EMAIL})


def test_how_a_record_stood_before_its_first_release_is_known_in_its_third() -> None:
    world = released_before()
    world.edit(channels=["Print"])
    release(world)

    release(world, nothing, lambda: world.upload(TEASER))

    assert world.stands(HERO) == ("released", "Released", {PRINT, WEB})
    assert world.stands(TEASER) == ("draft", "Taken back", set())


def test_how_a_record_stood_is_known_although_a_release_between_left_it_out() -> None:
    world = released_before()
    world.edit(records=[HERO])
    release(world)
    world.edit(records=[HERO, TEASER])

    release(world, nothing, lambda: world.upload(TEASER))

    assert world.stands(TEASER) == ("draft", "Taken back", set())


def test_a_record_that_another_package_released_keeps_that_while_its_version_is_the_latest() -> None:
    world = released_elsewhere()

    release(world, nothing, lambda: world.upload(TEASER))

    assert world.stands(HERO) == ("released", "Released", {PRINT})
    assert world.stands(TEASER) == ("draft", "Taken back", set())


def test_a_record_that_another_package_released_becomes_a_draft_once_it_has_a_newer_version() -> None:
    world = released_elsewhere()

    release(world, nothing, lambda: world.upload(HERO))

    assert world.stands(HERO) == ("draft", "Taken back", {PRINT})


def test_a_release_that_was_taken_back_counts_for_nothing_later() -> None:
    world = released_before()
    release(world, nothing, lambda: world.upload(HERO))
    world.review(HERO)
    world.records[HERO] |= {"record_status": "released", "release_state": "Released"}

    release(world, nothing, lambda: world.upload(TEASER))

    assert world.stands(HERO) == ("released", "Released", set())


def test_guards_that_are_checked_anew_once_records_are_out_forget_nothing() -> None:
    world = World()

    release(world, nothing, lambda: world.look(Side.APRIMO, CLEAR), nothing, lambda: world.upload(TEASER))

    assert world.stands(HERO) == world.stands(TEASER) == ("draft", "Taken back", set())


@pytest.mark.parametrize("fault", ["a version", "withdrawn", "another list"])
def test_what_another_package_releases_right_before_the_writes_is_left_to_it(fault: str) -> None:
    world = World()

    def meanwhile() -> None:
        release_elsewhere(world)
        go_wrong(world, fault)

    release(world, meanwhile)

    assert world.stands(HERO) == ("released", "Released", {PRINT, WEB})
    assert world.values["state"] == ("withdrawn" if fault == "withdrawn" else "withheld")


def test_what_another_package_releases_right_before_the_writes_keeps_that_once_they_are_taken_back() -> None:
    world = World()

    release(world, lambda: release_elsewhere(world), nothing, lambda: world.upload(TEASER))

    assert world.values["state"] == "taken_back"
    assert world.stands(HERO) == ("released", "Released", {PRINT, WEB})
    assert world.stands(TEASER) == ("draft", "Taken back", set())


def test_a_record_that_a_hand_changes_while_it_is_taken_back_is_read_again() -> None:
    world = World()

    def meanwhile() -> None:
        world.upload(TEASER)
        world.racing = [lambda: archive(world)]

    release(world, nothing, meanwhile)

    assert world.stands(HERO) == ("archived", "Released", {WEB})


def test_a_record_that_is_hidden_once_it_is_out_is_named_and_its_release_stays_remembered() -> None:
    world = World()

    release(world, nothing, lambda: world.hidden.add(HERO))

    assert world.stands(TEASER) == ("draft", "Taken back", set())
    unseen = f"Not taken back, as it cannot be read, and perhaps still released: {HERO}."
    assert str(world.values["guard"]).endswith(unseen)
    assert [each.text.endswith(unseen) for plan in world.plans for each in plan.changes.notices][-1:] == [True]

    world.hidden.clear()
    release(world, nothing, lambda: world.upload(HERO))
    assert world.stands(HERO) == ("draft", "Taken back", set())


def test_a_package_of_which_no_record_can_be_read_once_it_is_out_never_says_that_nothing_was_released() -> None:
    world = World()

    release(world, nothing, lambda: world.hidden.update((HERO, TEASER)))

    assert world.values["state"] == "taken_back"
    assert not [each for plan in world.plans for each in plan.changes.notices if "Nothing was" in each.text]


def release_elsewhere(world: World) -> None:
    """Another package releases a record, for one of our channels and one more."""
    paths: list[JsonValue] = [{"id": each, "path": each} for each in (PRINT, WEB)]
    world.records[HERO] |= {"record_status": "released", "release_state": "Released", "classifications": paths}


def go_wrong(world: World, fault: str) -> None:
    """Something moves that keeps the package from being released."""
    match fault:
        case "a version":
            world.upload(TEASER)
        case "withdrawn":
            world.put("withdrawn")
        case "another list":
            world.edit(records=[TEASER])


def archive(world: World) -> None:
    """Somebody archives a record."""
    world.records[HERO]["record_status"] = "archived"


def withdraw(world: World) -> None:
    """Somebody withdraws the package, and we are told."""
    world.put("withdrawn")
    world.look(Side.APRIMO)
