"""Flow 4: what becomes of a market's record once it is published.

It is marked when the master moves on, and says so when its file is not the one that was approved.
"""

from __future__ import annotations

from pipeline.flows import facts
from pipeline.flows import localization_publishing as publishing
from pipeline.flows.localization_parts import GONE, has_record
from pipeline.flows.localization_standing import tell_changed
from pipeline.flows.localization_terms import terms_of
from pipeline.flows.shared import looking, told, versions
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.filing import FILE
from pipeline.flows.shared.values import text
from pipeline.flows.shared.versions import Version
from pipeline.flows.shared.writing import Draft, finish, ours
from pipeline.ownership import STATUS
from pipeline.plan import LinkChanges, Notice, Plan, ignore
from pipeline.words import JsonValue


def told_of(case: Case) -> Plan:
    """Aprimo told of the market's record: hand edits are put right, another file is not what was approved."""
    if case.why_not_item != looking.GONE:
        if case.item is None:
            return ignore(case.why_not_item)
        return finish(case, file_kept(case))
    if not facts.is_deleted(case.event):
        hidden = Notice(code="record_hidden", text=f"Aprimo does not show us {case.link.item} any more.")
        return ignore(looking.GONE, changes=LinkChanges(notices=(hidden,)))
    message = f"The published record was deleted in Aprimo: {case.link.item}"
    news, told_now = tell_changed(case, {"record": "", "message": message})
    lost = Notice(code="record_deleted", text=message, person=told.requester(case))
    agreed = {**ours(case, {GONE: True, publishing.PUBLISHED: ""}), **told_now}
    return ignore(looking.GONE, changes=LinkChanges(agreed=agreed, notices=(lost,)), follow_ups=news)


def marked(case: Case, version: Version | None) -> dict[str, JsonValue]:
    """What the market's record shows once it is based on an older master."""
    published = text(case.link.agreed_value(publishing.PUBLISHED))
    if version is None or not has_record(case.link) or published in {"", version.id}:
        return {}
    message = f"Based on an older master: its version {version.number} was not localized"
    return {"older_master": terms_of(case.words).older, "message": message}


def file_kept(case: Case) -> Draft:
    """Whether the record's file is the one that was approved: what it shows, what is remembered, who is told."""
    known, latest = text(case.link.agreed_value(FILE)), versions.latest_id(case.item)
    if not latest or known == latest or not case.link.agreed_value(publishing.PUBLISHED):
        return Draft()
    if not known:
        return Draft(changes=LinkChanges(agreed=ours(case, {FILE: latest})))
    message = "The file was changed after the approval: what was approved is an older version of it"
    approval = terms_of(case.words).approval["approved_older"]
    # What nobody approved is nothing that we keep released: from now on its status is for people to say.
    agreed = ours(case, {FILE: latest, STATUS: ""})
    changes = LinkChanges(agreed=agreed, notices=told.of_older(case, message))
    return Draft(shown={"approval": approval, "message": message}, changes=changes)
