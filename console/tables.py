"""What operators see, as tables: the command line prints them, the pages render them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from pipeline.codes import cure

if TYPE_CHECKING:  # Values only; the store brings SQLAlchemy.
    from pipeline.ports import Gate, Letter
    from pipeline.store.holds import HoldLine
    from pipeline.store.notices import NoticeLine
    from pipeline.store.people import PersonLine
    from pipeline.store.standing import HeldUp
    from pipeline.store.status import Part, Status
    from pipeline.store.stopped import StoppedField
    from pipeline.store.timeline import DeliveryLine, EventSummary, Timeline
    from pipeline.transport.tally import Counted


_SEVERAL = "several flows"
_FOR_NO_FLOW = {
    "poll": "polls",
    "people": "matching people",
    "reconcile": "reconciliation",
    "token": "tokens",
    "other": "commands",
}
"""What calls are made for that no event causes, as people read it."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """A cell that leads to a page."""

    text: str
    path: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under a title; without columns each row is a name and its value."""

    title: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[object, ...], ...] = ()


def cell(value: object) -> str:
    """A value as one cell shows it: times to the second in UTC, nothing that could steer a terminal."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return printable(str(value))


def printable(text: str) -> str:
    """The text without control characters; people type what is shown here, and strangers send it."""
    return "".join(map(_printable, text))


def age(seconds: float | None) -> str:
    """A length of time in its two largest units."""
    if seconds is None:
        return ""
    whole = max(0, round(seconds))
    days, hours, minutes = whole // 86_400, whole // 3600 % 24, whole // 60 % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


def status_tables(status: Status) -> tuple[Table, ...]:
    """How the whole stands."""
    columns = ("open", "dead", "oldest", "running", "ready", "waiting", "gated", "held")
    told = (
        ("notices not seen yet", status.notices_unseen),
        ("people nobody could match", len(status.unresolved_people)),
        ("differences that stand", status.differences_open),
    )
    people = tuple(
        (_in_aprimo(person.aprimo_user, person.name), person.opentext_user, person.unresolved_since)
        for person in status.unresolved_people
    )
    return (
        Table(title="Flows", columns=("flow", *columns), rows=tuple(map(_part, status.flows))),
        Table(
            title="With reviewers",
            columns=("flow", "processes", "open reviews", "first due"),
            rows=tuple((each.flow, each.processes, each.reviews, each.first_due_at) for each in status.at_review),
        ),
        Table(title="Vendors", columns=("vendor", *columns), rows=tuple(map(_part, status.vendors))),
        Table(
            title="Closed gates",
            columns=("gate", "kind", "until", "reason", "by"),
            rows=tuple(map(_gate, status.gates)),
        ),
        *_hold_table(status.hold_waits),
        *_alarm_table(status.alarms),
        *_held_up_table(status.held_up),
        *((stopped_table(status.stopped),) if status.stopped else ()),
        Table(title="For people", rows=told),
        Table(title="People nobody could match", columns=("in Aprimo", "in OpenText", "since"), rows=people),
    )


def stopped_table(stopped: Iterable[StoppedField]) -> Table:
    """Fields that a loop has stopped."""
    return Table(
        title="Fields stopped by a loop",
        columns=("flow", "item", "field", "in", "rounds", "last written"),
        rows=tuple(
            (
                each.flow,
                Link(text=each.subject, path=f"/events?subject={quote(each.subject, safe='')}"),
                each.field,
                each.target,
                each.rounds,
                each.written_at,
            )
            for each in stopped
        ),
    )


def queue_table(lengths: Mapping[str, int]) -> Table:
    """The broker's queues that hold anything; a broker that is away says so."""
    if not lengths:
        return Table(title="Queues", rows=(("broker", "away"),))
    return Table(
        title="Queues", columns=("queue", "messages"), rows=tuple(each for each in lengths.items() if each[1])
    )


def call_table(counted: Iterable[Counted]) -> Table:
    """Calls to each vendor since the broker was last empty, by flow; below them what no flow alone causes."""
    calls: Counter[tuple[str, str]] = Counter()
    for each in counted:
        calls[_FOR_NO_FLOW.get(each.purpose) or each.flow or _SEVERAL, each.vendor] += each.calls
    names = {name for name, _ in calls}
    below = (_SEVERAL, *_FOR_NO_FLOW.values())
    ordered = (*sorted(names.difference(below)), *(name for name in below if name in names))
    rows = tuple((name, calls[name, "aprimo"], calls[name, "opentext"]) for name in ordered)
    return Table(title="Calls", columns=("for", "to aprimo", "to opentext"), rows=rows)


def event_table(events: Iterable[EventSummary]) -> Table:
    """Events in a list."""
    return Table(
        title="Events",
        columns=("event", "accepted", "flow", "item", "type", "state", "why", "next try"),
        rows=tuple(
            (
                Link(text=event.id, path=f"/events/{event.id}"),
                event.accepted_at,
                event.flow,
                event.subject,
                event.type,
                event.state,
                event.reason or event.superseded_by if event.ended_at else why(event),
                event.ready_at if event.ended_at is None else None,
            )
            for event in events
        ),
    )


def why(event: EventSummary) -> str:
    """Why an open event does not go on, and how much waits behind it; "" where it may go on now."""
    if not event.is_head:
        return f"behind {event.head_id}" + (f": {event.stands}" if event.stands else "")
    return "; ".join(filter(None, (event.stands, f"{event.behind} behind it" if event.behind else "")))


def timeline_tables(timeline: Timeline) -> tuple[Table, ...]:
    """An event's whole story."""
    event = timeline.event
    state = " ".join(filter(None, (event.state, event.reason)))
    stands = why(event) if event.ended_at is None else ""
    facts = (
        ("flow", event.flow),
        ("item", event.subject),
        ("type", event.type),
        ("from", event.source),
        ("line", f"{event.line_key}, place {event.position}"),
        ("state", state),
        *((("stands", stands),) if stands not in {"", state} else ()),
    )
    moments = tuple((moment.at, moment.what, moment.detail) for moment in timeline.moments)
    return (
        Table(title=f"Event {event.id}", rows=facts),
        Table(title="Timeline", columns=("at", "what", "detail"), rows=moments),
        Table(
            title="Deliveries",
            columns=("plan", "command", "target", "state", "tries", "last answer", "reference"),
            rows=tuple(map(_delivery, timeline.deliveries)),
        ),
        *((replace(event_table(timeline.behind), title="Waiting behind it"),) if timeline.behind else ()),
    )


def people_table(people: Iterable[PersonLine]) -> Table:
    """Who is who in both systems."""
    return Table(
        title="People",
        columns=("in Aprimo", "in OpenText", "matched by", "unresolved since", "looked for"),
        rows=tuple(
            (
                _in_aprimo(person.aprimo_user, person.name),
                person.opentext_user,
                person.how,
                person.unresolved_since,
                person.checked_at,
            )
            for person in people
        ),
    )


def _in_aprimo(user: str | None, name: str) -> str:
    """An Aprimo user as people know them, with the id beside it."""
    if not user or not name or user == name:
        return user or ""
    return f"{name} ({user})"


def notice_table(notices: Iterable[NoticeLine], title: str = "Notices") -> Table:
    """What people were told."""
    return Table(
        title=title,
        columns=("id", "at", "flow", "item", "rev", "for", "code", "text", "seen"),
        rows=tuple(
            (
                notice.id,
                notice.at,
                notice.flow,
                Link(text=notice.subject, path=f"/events?subject={quote(notice.subject, safe='')}")
                if notice.flow
                else notice.subject,
                notice.revision,
                notice.person or "operators",
                notice.code,
                notice.text,
                notice.seen_at,
            )
            for notice in notices
        ),
    )


def letter_table(letters: Iterable[Letter], title: str = "Dead letters") -> Table:
    """Dead letters in a list."""
    return Table(
        title=title,
        columns=("id", "opened", "flow", "item", "code", "state", "hint"),
        rows=tuple(
            (
                letter.id,
                letter.opened_at,
                letter.flow,
                Link(text=letter.subject, path=f"/events/{letter.event_id}"),
                letter.code,
                letter.state,
                letter.hint,
            )
            for letter in letters
        ),
    )


def attempt_table(deliveries: Iterable[DeliveryLine]) -> Table:
    """Every try at these deliveries, in order of time."""
    tries = ((attempt, delivery) for delivery in deliveries for attempt in delivery.attempts)
    rows = (
        (
            attempt.started_at,
            f"{delivery.plan_number}.{delivery.ordinal}",
            delivery.kind,
            delivery.target,
            attempt.purpose,
            attempt.outcome or "under way",
            attempt.status,
            " ".join(filter(None, (attempt.code, attempt.detail))),
        )
        for attempt, delivery in sorted(tries, key=lambda each: (each[0].started_at, each[0].number))
    )
    columns = ("at", "plan", "command", "target", "purpose", "outcome", "status", "answer")
    return Table(title="Attempts", columns=columns, rows=tuple(rows))


def letter_facts(letter: Letter) -> Table:
    """One dead letter."""
    facts: Sequence[tuple[str, object]] = (
        ("state", letter.state),
        ("code", letter.code),
        ("hint", letter.hint),
        ("cure", cure(letter.code)),
        ("item", letter.subject),
        ("flow", letter.flow),
        ("line", letter.line_key),
        ("event", letter.event_id),
        ("delivery", letter.delivery_id),
        ("opened", letter.opened_at),
        ("closed", letter.closed_at),
        ("by", letter.closed_by),
        ("note", letter.note),
    )
    return Table(title=f"Dead letter {letter.id}", rows=tuple(fact for fact in facts if fact[1]))


def _part(part: Part) -> tuple[object, ...]:
    waiting = "\n".join(f"{each.lines} {each.reason}, next {cell(each.next_at)}" for each in part.waiting)
    counts = (part.running, part.ready, waiting, part.gated, part.held)
    return (part.name, part.open, part.dead, age(part.oldest_open_s), *counts)


def _held_up_table(held_up: Sequence[HeldUp]) -> tuple[Table, ...]:
    """Lines whose heads do not go on while others wait behind them, where there are any."""
    rows = tuple(
        (
            each.subject,
            each.flow,
            Link(text=each.head_id, path=f"/events/{each.head_id}"),
            each.stands,
            each.since,
            each.ready_at,
            each.behind,
        )
        for each in held_up
    )
    columns = ("item", "flow", "held up by", "why", "since", "next try", "behind it")
    return (Table(title="Held up", columns=columns, rows=rows),) if rows else ()


def _alarm_table(alarms: Sequence[NoticeLine]) -> tuple[Table, ...]:
    """Shown where something is wrong that is about no item."""
    rows = tuple((alarm.id, alarm.at, alarm.subject, alarm.code, alarm.text) for alarm in alarms)
    return (Table(title="Alarms", columns=("notice", "at", "about", "code", "text"), rows=rows),) if rows else ()


def _hold_table(waits: Sequence[HoldLine]) -> tuple[Table, ...]:
    """Shown where somebody waits: most flows share nothing."""
    columns = ("line", "object", "fields", "held by", "for", "since")
    rows = tuple(map(_hold, waits))
    return (Table(title="Waiting for what another holds", columns=columns, rows=rows),) if rows else ()


def _hold(line: HoldLine) -> tuple[object, ...]:
    holder = Link(text=line.held_by, path=f"/events/{line.held_by}") if line.held_by else "free now"
    return (line.line_key, line.object, line.field_set, holder, line.held_for, line.since)


def _gate(gate: Gate) -> tuple[object, ...]:
    return (gate.scope, gate.kind, gate.until or "a person opens it", gate.reason, gate.by)


def _delivery(delivery: DeliveryLine) -> tuple[object, ...]:
    last = delivery.attempts[-1] if delivery.attempts else None
    answer = (
        " ".join(filter(None, (last.outcome or "under way", str(last.status or ""), last.code, last.detail)))
        if last
        else ""
    )
    return (
        f"{delivery.plan_number}.{delivery.ordinal}",
        delivery.kind,
        delivery.target,
        delivery.state,
        len(delivery.attempts),
        answer,
        delivery.vendor_ref,
    )


def _printable(character: str) -> str:
    if character.isprintable() or character == "\n":
        return character
    return " " if character in "\t\r" else "\N{REPLACEMENT CHARACTER}"
