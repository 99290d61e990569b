"""Ways in which briefs come to differ in an office, one for each cause, and what stands of that."""

from __future__ import annotations

from dataclasses import replace

from pipeline.differences import Cause
from pipeline.flows.tenant import Policy
from pipeline.plan import Agreed, LinkChanges, Plan, deliver, ignore
from pipeline.words import InstanceId, Side
from tests.support.brief_office import RULES, Office, key
from tests.support.briefs import FLOW

AGREEING = range(100, 106)
SAFE = frozenset({Policy.AUTOMATIC})
EVERY = frozenset({Policy.AUTOMATIC, Policy.PROPOSE})


def untold_submission(office: Office, number: int) -> None:
    office.write_brief(number)


def untold_decision(office: Office, number: int) -> None:
    office.submit(number)
    office.clock.pass_s(60)
    office.decide(number)


def untold_edit(office: Office, number: int) -> None:
    office.submit(number)
    office.edit(number, description="Outdoor alone")


def ignored_edit(office: Office, number: int) -> None:
    untold_edit(office, number)
    err(office, number, ignore("unchanged"))


def dead_delivery(office: Office, number: int) -> None:
    office.submit(number)
    office.in_aprimo.refused.add(f"activity:{number}")
    office.clock.pass_s(60)
    office.decide(number)
    office.tell(number, Side.OPENTEXT)
    office.rest()


def waiting_notice(office: Office, number: int) -> None:
    untold_edit(office, number)
    office.tell(number)
    office.waker.hints.clear()


def edited_in_aprimo(office: Office, number: int) -> None:
    office.submit(number)
    office.edit(number, matrix="scribble")


def state_by_hand(office: Office, number: int) -> None:
    office.submit(number)
    office.put_state(number, 4)


def edited_in_opentext(office: Office, number: int) -> None:
    office.submit(number)
    office.set_variables(number, briefDescription="Typed there")


def edited_in_both(office: Office, number: int) -> None:
    edited_in_opentext(office, number)
    office.edit(number, description="Typed here")


def edited_by_robot(office: Office, number: int) -> None:
    office.submit(number)
    office.edit(number, by=RULES, matrix="recalculated")


def missing_process(office: Office, number: int) -> None:
    office.submit(number)
    del office.opentext.processes[office.live(number).instance_id]


def doubled_process(office: Office, number: int) -> None:
    office.submit(number)
    office.opentext.keep(replace(office.live(number), instance_id=InstanceId(f"another-{number}")))


def deleted_item(office: Office, number: int) -> None:
    office.submit(number)
    del office.aprimo.things["activity", str(number)]


def unknown_word(office: Office, number: int) -> None:
    office.submit(number)
    office.put_state(number, 8)


def changed_mapping(office: Office, number: int) -> None:
    """As it was read by other words, under which the description was another."""
    office.submit(number)
    office.tell(number)
    office.rest()
    read_so = Agreed(value="As another field said", owner=Side.APRIMO, written_by="x", at=office.clock.now)
    changes = LinkChanges(agreed={"description": read_so}, mapping_version="0a1b")
    office.store.run(lambda tx: tx.links.apply([(FLOW, key(number), changes)]))
    office.set_variables(number, briefDescription="As another field said")


def unexplained(office: Office, number: int) -> None:
    untold_edit(office, number)
    err(office, number, deliver())


def err(office: Office, number: int, plan: Plan) -> None:
    """A notice of what is in Aprimo now comes to this, as no fault of ours should let it."""
    office.flow.errs = plan
    office.tell(number)
    office.rest()
    office.flow.errs = None


PLANTED = {
    untold_submission: Cause.NOTICE_MISSING,
    untold_decision: Cause.NOTICE_MISSING,
    untold_edit: Cause.NOTICE_MISSING,
    ignored_edit: Cause.NOTICE_IGNORED,
    dead_delivery: Cause.DELIVERY_DEAD,
    waiting_notice: Cause.DELIVERY_WAITING,
    edited_in_aprimo: Cause.EDITED_IN_APRIMO,
    state_by_hand: Cause.EDITED_IN_APRIMO,
    edited_in_opentext: Cause.EDITED_IN_OPENTEXT,
    edited_in_both: Cause.EDITED_IN_BOTH,
    edited_by_robot: Cause.EDITED_BY_AUTOMATION,
    missing_process: Cause.PROCESS_MISSING,
    doubled_process: Cause.PROCESS_DOUBLED,
    deleted_item: Cause.ITEM_DELETED,
    unknown_word: Cause.WORD_UNKNOWN,
    changed_mapping: Cause.MAPPING_CHANGED,
    unexplained: Cause.UNEXPLAINED,
}
"""How each cause comes about. A version that is newer than the approved one needs files; briefs have none."""

STAYS = {Cause.DELIVERY_DEAD, Cause.DELIVERY_WAITING, Cause.WORD_UNKNOWN, Cause.UNEXPLAINED}


def plant(office: Office) -> dict[int, Cause]:
    """One brief for each way to differ, and some that agree; returns the cause by the brief's number."""
    office.submit(*AGREEING)
    for number, how in enumerate(PLANTED, start=1):
        how(office, number)
    return dict(enumerate(PLANTED.values(), start=1))


def standing(office: Office) -> dict[int, list[tuple[str, str]]]:
    """What stands: by brief, field and cause."""
    return {number: [(each.field, each.cause) for each in every] for number, every in office.differences().items()}
