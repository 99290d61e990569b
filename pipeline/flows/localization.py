"""Flow 4, localization: a master that is distributed to markets is localized, checked and approved in each of them.

The master's line finds out which markets come and go, and shows how all of them stand (`localization_master`). Each
market has a line of its own, with a process of its own (`localization_market`): none waits for another.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.events import Event
from pipeline.flows import (
    facts,
    localization_market,
    localization_master,
    localization_named,
    localization_parts,
    localization_terms,
)
from pipeline.flows import localization_publishing as publishing
from pipeline.flows.agreements import Agreement, Stand
from pipeline.flows.localization_market import is_of_record, looks_at_master
from pipeline.flows.localization_parts import for_market, has_record, market_of, want_master, want_record
from pipeline.flows.shared import looking, notes
from pipeline.flows.shared.case import row_of
from pipeline.flows.shared.filing import FILE
from pipeline.flows.tenant import FlowWords
from pipeline.keys import is_notes, kind_of, split_aprimo_key
from pipeline.plan import Link, Plan, ProcessRead, Snapshot, Snapshots, Want
from pipeline.words import ProcessState, Side

NAME = "localization"
STARTS = "A master record names markets; each of them starts a process of its own."
STATES: tuple[str, ...] = ()
FIELDS = ("name", "matrix", "message")
"""The fields that the tenant's file must give of a master."""
ALSO: Mapping[str, tuple[str, ...]] = {
    localization_parts.LOCALIZED: (
        "name",
        "master",
        "master_version",
        "market",
        "language",
        "reference",
        "approval",
        "approvers",
        "approved_on",
        "older_master",
    )
}
ANSWERS = frozenset({"done"})
"""What the model's answers may mean beside decisions: the translation is done."""
AGREES = (
    Agreement(
        states=frozenset(),
        stand=Stand.NONE,
        carries=True,
        version="version_seen",
        parts={"markets": localization_parts.listed},
    ),
    Agreement(
        role=localization_parts.LOCALIZED,
        state_field="record_status",
        states=frozenset({publishing.RELEASED}),
        stand=Stand.APPROVED,
        is_mutual=True,
        equal={"master_version": "masterVersionId"},
        carries=True,
        version=FILE,
        begins_again=True,
        lasts=True,
    ),
)
"""What must be true of both systems at rest: one released record per approved market, none for an unapproved one."""

read_terms = localization_terms.read_terms


def wants(event: Event, snapshots: Snapshots, link: Link | None, words: FlowWords) -> tuple[Want, ...]:
    """What to read for an event: the master, the market's process, the record that this names."""
    if is_notes(event.line_key):
        return ()
    if not kind_of(event.subject):
        return looking.wants(event, link, words)
    if not market_of(event.subject):
        return localization_master.wants(event, link, words)
    live = link.live_process() if link else None
    is_unclear = event.stale_count > 0 or (live is not None and live.state is ProcessState.STARTING)
    is_of_master = looks_at_master(event)
    is_again = is_of_master and event.type == facts.LOOK_AGAIN
    process = _living(looking.process_in(snapshots), link)
    is_over = process is not None and process.ended_at is not None
    is_of_process = event.side is Side.OPENTEXT or event.type == facts.DUE or (is_of_master and live is not None)
    wanted = [
        *([want_master(event, words)] if is_of_master or is_unclear or is_over else []),
        *(looking.process_wants(event, link, words) if is_of_process or is_unclear else ()),
        *(_record_wants(link, words) if is_of_record(event) or is_again or is_unclear or is_over else ()),
        *(_named_wants(process, words) if process else ()),
    ]
    return tuple(dict.fromkeys(wanted))


def plan(event: Event, snapshots: Snapshots, link: Link, words: FlowWords) -> Plan:
    """What is to be done about a master, or about one of its markets."""
    if is_notes(event.line_key):
        return notes.carry(event, link)
    if looking.is_provisional(link):
        return looking.place(event, looking.process_in(snapshots), words)
    if not market_of(link.business_key):
        return localization_master.plan(event, snapshots, link, words)
    market = for_market(words, market_of(link.business_key))
    return localization_market.plan(localization_parts.gather(event, snapshots, link, words), market)


def _record_wants(link: Link | None, words: FlowWords) -> tuple[Want, ...]:
    if link is None or not has_record(link):
        return ()
    return (want_record(words.flow, split_aprimo_key(link.item_key)[1]),)


def _living(read: Snapshot | None, link: Link | None) -> ProcessRead | None:
    """The process that was read, if it is the one that lives as far as we know."""
    process = read.process if read else None
    row = row_of(process, link) if process and link else None
    return process if row is not None and row.is_live else None


def _named_wants(process: ProcessRead, words: FlowWords) -> tuple[Want, ...]:
    """What a process names as its localized version."""
    record_id, _ = localization_named.named(process, words)
    return (want_record(words.flow, record_id),) if looking.is_id(words.object_kind, record_id) else ()
