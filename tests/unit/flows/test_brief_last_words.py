"""Flow 1: what is said in a process before we end it still reaches Aprimo."""

from __future__ import annotations

import pytest

from pipeline.flows import facts
from pipeline.words import Side
from tests.support.brief_world import World


def submitted() -> World:
    world = World()
    world.put("submitted")
    world.look(Side.APRIMO)
    return world


@pytest.mark.parametrize("change", ["edited", "withdrawn"])
def test_a_comment_made_before_our_own_end_of_the_process_is_shown(change: str) -> None:
    world = submitted()
    world.comment("The claim needs a source.")

    if change == "edited":
        world.edit(budget="90000.00")
    else:
        world.put("withdrawn")
    world.look(Side.APRIMO)

    assert str(world.values["comments"]).count("The claim needs a source.") == 1


def test_last_words_that_are_shown_already_are_not_written_again() -> None:
    world = submitted()
    world.comment("The claim needs a source.")
    world.look(Side.OPENTEXT)
    world.put("withdrawn")

    world.look(Side.APRIMO)

    shown = [value for name, value in world.written if name == "comments"]
    assert len(shown) == 1


@pytest.mark.parametrize("change", ["edited", "withdrawn"])
def test_a_review_decided_before_our_own_end_of_the_process_is_shown(change: str) -> None:
    world = submitted()
    brand = next(task for task in world.waiting() if task.definition_key == "brand")
    world.decide(brand, "approved")

    if change == "edited":
        world.edit(budget="90000.00")
    else:
        world.put("withdrawn")
    world.look(Side.APRIMO)

    matrix = str(world.values["matrix"])
    assert "Brand · approved" in matrix
    assert "Legal · withdrawn" in matrix
    assert world.values["decision"] == ""


def test_last_words_of_an_older_revision_leave_the_matrix_of_the_new_one() -> None:
    world = submitted()
    world.edit(budget="90000.00")
    world.look(Side.APRIMO)
    world.put("submitted")
    world.look(Side.APRIMO)
    before = world.values["matrix"]

    world.look(Side.OPENTEXT, facts.LAST_WORDS, data={"instance_id": "instance-1"})

    assert world.values["matrix"] == before
