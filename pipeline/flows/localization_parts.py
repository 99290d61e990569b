"""Flow 4's own words: what its two kinds of lines tell each other, and what they are about.

A master has a line, and each of its markets has one. Markets never write the master: they tell the master's line how
they stand, and that alone shows it.
"""

from __future__ import annotations

from dataclasses import replace

from pipeline.events import Event
from pipeline.flows.localization_terms import terms_of
from pipeline.flows.shared import looking
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import text
from pipeline.flows.tenant import RECORD, FlowWords
from pipeline.keys import aprimo_key, split_aprimo_key
from pipeline.plan import Link, ReviewRow, Snapshot, Snapshots, Want
from pipeline.words import BusinessKey, Side

ADDED = "signoff.market_added"
REMOVED = "signoff.market_removed"
REPLACED = "signoff.master_replaced"
EDITED = "signoff.master_edited"
"""On a market's line: look at the master, whose list of markets, file or words have changed."""

LOCALIZED = "localized"
"""The role of the records that are published."""
TRANSLATION = "translation"
"""The role whose answer is work done; all others review."""
GONE = "record_gone"
"""Agreed on a market's line: its record was deleted in Aprimo."""


def market_of(key: BusinessKey) -> str:
    """The market that a line is about; "" for the master's."""
    return split_aprimo_key(key)[2]


def master_id(key: BusinessKey) -> str:
    """The id of the master's record."""
    return split_aprimo_key(key)[1]


def market_key(master: BusinessKey, market: str) -> BusinessKey:
    """The business key of one of a master's markets."""
    return aprimo_key(RECORD, master_id(master), market)


def for_market(words: FlowWords, market: str) -> FlowWords:
    """The words with the groups of a market: `{part}` in a group's name is the market."""
    roles = tuple(
        replace(each, group=each.group.replace("{part}", market), lead=each.lead.replace("{part}", market))
        for each in words.stakeholders
    )
    return replace(words, stakeholders=roles)


def has_record(link: Link) -> bool:
    """Whether the market has a record of its own."""
    return bool(link.item) and link.agreed_value(GONE) is not True


def gather(event: Event, snapshots: Snapshots, link: Link, words: FlowWords) -> Case:
    """The case of a market's line, whose item is its localized record.

    words: the master's. Where there is no such record the case's words name no field, so nothing can be written.
    """
    localized = for_market(words.as_role(LOCALIZED), market_of(link.business_key))
    read = snapshots.get(want_record(words.flow, split_aprimo_key(link.item_key)[1]))
    is_there = has_record(link) and (read is None or not read.is_absent)
    known = localized if is_there else replace(localized, fields={})
    own = {replace(want, role=""): each for want, each in snapshots.items() if _is_own(want)}
    case = looking.gather(event, own, link, known)
    now = max((each.read_at for each in snapshots.values()), default=event.time)
    return replace(case, snapshots=snapshots, now=now)


def _is_own(want: Want) -> bool:
    return want.side is Side.OPENTEXT or want.role == LOCALIZED


def want_record(flow: str, record_id: str) -> Want:
    """A localized record."""
    return Want(flow=flow, side=Side.APRIMO, kind=RECORD, object_id=record_id, role=LOCALIZED)


def want_master(event: Event, words: FlowWords) -> Want:
    """The master of a line."""
    return Want(flow=words.flow, side=Side.APRIMO, kind=RECORD, object_id=master_id(event.subject))


def listed(master: Snapshot, words: FlowWords) -> tuple[str, ...]:
    """The markets that a record is distributed to, by its field or by its classifications, each once."""
    value = master.values.get("markets")
    named = [text(each).strip() for each in (value if isinstance(value, list) else [])]
    under = f"{terms_of(words).classification}/"
    rows = master.values.get("classifications")
    paths = [text(each.get("path")) for each in (rows if isinstance(rows, list) else []) if isinstance(each, dict)]
    if under != "/":
        named += [path.removeprefix(under) for path in paths if path.startswith(under)]
    return tuple(dict.fromkeys(each for each in named if each))


def reviewing(rows: tuple[ReviewRow, ...]) -> tuple[ReviewRow, ...]:
    """The rows of those who decide; without the work that they decide about."""
    return tuple(row for row in rows if row.stakeholder != TRANSLATION)
