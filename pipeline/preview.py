"""Preview: an item is read now and its flow plans, as a notice would make it; nothing is stored and nothing sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from pipeline import rounds, steps
from pipeline.errors import PipelineError
from pipeline.events import Event
from pipeline.flows.shared import looking
from pipeline.flows.tenant import FlowWords
from pipeline.keys import aprimo_key, kind_of, line_key, process_key, split_aprimo_key
from pipeline.plan import Link, Plan, Snapshot, Want
from pipeline.ports import Bounds, Ports, Tx
from pipeline.rounds import Inquiry
from pipeline.words import BusinessKey, EventId, EventKind, EventState, JsonValue, Side, Urgency

SOURCE = "signoff.preview"
_BEGUN_THERE = process_key("")


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a look at an item would come to now. read: everything that was read for it; link: what is remembered."""

    link: Link
    read: Mapping[Want, Snapshot]
    plan: Plan

    @property
    def item(self) -> Snapshot | None:
        """The item as Aprimo shows it; None where the look does not read it."""
        return looking.item_in(self.read, self.link.item_key)


def key_of(item: str, words: FlowWords) -> BusinessKey | None:
    """The business key of an item as people name it: the key itself, or the vendor's id. None where it is neither.

    An id is one of the first kind of object that the flow works on and whose ids look like that.
    """
    named = item.strip()
    if ":" in named:
        return BusinessKey(named) if _is_key(BusinessKey(named), words) else None
    object_id = named.lower()
    kind = next((kind for kind in words.kinds() if looking.is_id(kind, object_id)), "")
    return aprimo_key(kind, object_id) if kind else None


def preview(flow: str, subject: BusinessKey, *, at: datetime, ports: Ports) -> Preview:
    """What a notice about an item would come to. at: when it is asked for.

    Raises the error of the read that failed, GateClosedError while a vendor is paused, StoreAwayError.
    """
    link, closed_sides = ports.store.run(partial(_remembered, flow, subject))
    inquiry = Inquiry(head=look_of(flow, subject, link, at), link=link, closed_sides=closed_sides)
    found = preview_all([inquiry], ports)[0]
    if isinstance(found, PipelineError):
        raise found
    return found


def preview_all(inquiries: Sequence[Inquiry], ports: Ports) -> list[Preview | PipelineError]:
    """What each of several events would come to, read by list; or the error of the read that failed."""
    rounds.ask(inquiries, ports)
    rounds.read_and_plan(inquiries, bounds(ports), ports)
    return [_previewed(inquiry) for inquiry in inquiries]


def bounds(ports: Ports) -> Bounds:
    """As long as a step may read."""
    began = ports.monotonic()
    return Bounds(
        no_call_after=began + ports.limits.no_new_call_after_s,
        lease_until=began + ports.limits.lease_s,
        urgency=Urgency.STANDARD,
    )


def _previewed(inquiry: Inquiry) -> Preview | PipelineError:
    if inquiry.plan is None:
        return inquiry.failure or PipelineError("It was neither read nor planned.")
    return Preview(link=inquiry.link, read=inquiry.snapshots, plan=inquiry.plan)


def look_of(flow: str, subject: BusinessKey, link: Link, at: datetime) -> Event:
    """A notice of the system that the item is in: it only says that there is something to look at."""
    kind = kind_of(subject)
    return Event(
        id=EventId("preview"),
        flow=flow,
        source=SOURCE,
        type=f"aprimo.{kind}.changed" if kind else "opentext.process.changed",
        kind=EventKind.LOOK,
        side=Side.APRIMO if kind else Side.OPENTEXT,
        subject=subject,
        line_key=line_key(flow, subject),
        position=1,
        state=EventState.ACCEPTED,
        time=at,
        accepted_at=at,
        data=_named_in(subject, link),
        urgency=Urgency.STANDARD,
        trace_id="",
    )


def _is_key(key: BusinessKey, words: FlowWords) -> bool:
    """Whether a key names an item of the flow, or work that began in OpenText or with us."""
    if kind_of(key):
        return looking.is_item(key, words)
    return len(key) > len(_BEGUN_THERE) if key.startswith(_BEGUN_THERE) else key.startswith("signoff:")


def _remembered(flow: str, subject: BusinessKey, tx: Tx) -> tuple[Link, frozenset[Side]]:
    """The item's link, an empty one where there is none, and the vendors behind a closed gate."""
    link = tx.links.of([(flow, subject)]).get((flow, subject))
    return link or Link(id=None, flow=flow, business_key=subject), steps.closed_sides(tx)


def _named_in(subject: BusinessKey, link: Link) -> dict[str, JsonValue]:
    """What a notice names: the object in Aprimo, or the process."""
    if kind_of(subject):
        return {"object_id": split_aprimo_key(subject)[1]}
    if subject.startswith(_BEGUN_THERE):
        return {"instance_id": subject.removeprefix(_BEGUN_THERE)}
    live = link.live_process()
    return {"instance_id": live.instance_id} if live else {}
