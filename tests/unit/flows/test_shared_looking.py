"""Lines of work that began in OpenText: which process they keep, and which object in Aprimo they are about."""

from __future__ import annotations

from dataclasses import replace

from pipeline.flows.shared import looking, starting
from pipeline.keys import process_key
from pipeline.plan import Link
from pipeline.words import BusinessKey, ProcessState
from tests.support.briefs import FLOW, KEY, in_approval, process, words

BORN_THERE = Link(id=None, flow=FLOW, business_key=process_key("p-9"))


def test_a_process_that_names_no_item_stays_on_its_own_line() -> None:
    stranger = process(business_key=BusinessKey("somebody's own key"))

    assert looking.stays(stranger, words())
    assert not looking.stays(process(), words())
    assert not looking.stays(None, words())


def test_a_process_that_somebody_started_becomes_the_live_one_of_its_link() -> None:
    read = process(business_key=BusinessKey("somebody's own key"), variables={"signoffEffect": ""})

    link = looking.begun_there({read.want: read}, BORN_THERE, words())

    (row,) = link.processes
    assert read.process is not None
    assert (row.instance_id, row.state, row.revision) == (read.process.instance_id, ProcessState.RUNNING, 1)
    assert link.revision == 1


def test_while_one_process_lives_another_is_left_alone() -> None:
    link = in_approval()
    stranger = process(instance="p-404", variables={"signoffEffect": ""})

    assert looking.begun_there({stranger.want: stranger}, link, words()) is link


def test_a_link_is_about_the_object_that_it_made() -> None:
    link = replace(BORN_THERE, item="aprimo:activity:7")

    assert link.item_key == "aprimo:activity:7"
    assert starting.address(link, words(link_template="https://aprimo.example.test/{id}")).endswith("/7")
    assert starting.address(BORN_THERE, words()) == ""
    assert in_approval().item_key == KEY
