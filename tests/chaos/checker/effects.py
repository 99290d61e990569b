"""What was done to both systems: each effect once (I2), in order (I3), and none that only echoes another (I4)."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise

from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.violation import Violation
from tests.chaos.checker.world import Change, World, moment

_REVISION_SHOWN = re.compile(r"Revision (\d+)")
_STAMPS = frozenset({"modifiedDate", "modifiedUser", "modifiedOn", "activityStateName"})
"""Fields that the vendor sets itself at each change."""


def once(evidence: Evidence, world: World) -> Iterator[Violation]:
    """I2: each effect with a natural identity took place at most once, and each effect key was done at most once."""
    took_place: dict[tuple[str, str], list[Change]] = defaultdict(list)
    for change in world.changes:
        if change.identity and change.is_changed:
            took_place[change.vendor, change.identity].append(change)
    for (_, identity), changes in took_place.items():
        if len(changes) > 1:
            says = f"it took place {len(changes)} times"
            yield Violation(invariant="I2", about=identity, says=says, shown=tuple(map(str, changes)))
    done = Counter(row["effect_key"] for row in evidence.tables["deliveries"] if row["state"] == "done")
    for effect_key, times in done.items():
        if times > 1:
            yield Violation(invariant="I2", about=effect_key, says=f"{times} deliveries say that they did it")


def in_order(evidence: Evidence, world: World) -> Iterator[Violation]:
    """I3: per business key, what is applied never goes back to an older version, and no event overtakes another."""
    for key in world.keys:
        yield from _starts_in_order(key, world)
    yield from _writes_in_order(world)
    yield from _events_in_order(evidence)


def no_echo(evidence: Evidence, world: World) -> Iterator[Violation]:
    """I4: what we write answers to somebody else's change or a date; we never answer to ourselves."""
    causes: Counter[str] = Counter()
    for row in evidence.tables["events"]:
        if row["type"] == "signoff.due":
            causes[row["subject"]] += 1
    set_by_us: Counter[tuple[str, str]] = Counter()
    ours: dict[tuple[str, str], list[tuple[object, int]]] = defaultdict(list)
    for change in world.in_order:
        if not change.is_changed or not change.key:
            continue
        if not change.is_ours:
            causes[change.key] += 1
            continue
        for name, value in change.fields.items():
            place = (change.object, name)
            if name in _STAMPS or change.before is None:
                continue
            set_by_us[place] += 1
            if set_by_us[place] > causes[change.key]:
                says = f"{name} was set {set_by_us[place]} times after {causes[change.key]} changes by others"
                yield Violation(invariant="I4", about=change.object, says=says, shown=(str(change),))
            if (value, causes[change.key]) in ours[place]:
                says = f"{name} went back to {value!r} although nobody else changed anything"
                yield Violation(invariant="I4", about=change.object, says=says, shown=(str(change),))
            ours[place].append((value, causes[change.key]))


# ---- order ---------------------------------------------------------------------------------------------------------


def _starts_in_order(key: str, world: World) -> Iterator[Violation]:
    processes = world.of_key(key)
    for earlier, later in pairwise(processes):
        shown = (str(earlier.started), str(later.started))
        if later.revision <= earlier.revision:
            says = f"revision {later.revision} was started after revision {earlier.revision}"
            yield Violation(invariant="I3", about=key, says=says, shown=shown)
        if earlier.ended is None or earlier.ended.number > later.started.number:
            says = f"revision {later.revision} was started while revision {earlier.revision} was live"
            yield Violation(invariant="I3", about=key, says=says, shown=shown)


def _writes_in_order(world: World) -> Iterator[Violation]:
    """Texts of ours that name a revision never name an older one than before."""
    newest: dict[tuple[str, str], int] = {}
    for change in world.changes:
        if not (change.is_ours and change.is_changed and change.vendor == "aprimo"):
            continue
        for name, value in change.fields.items():
            found = _REVISION_SHOWN.match(value) if isinstance(value, str) else None
            if found is None:
                continue
            place, revision = (change.object, name), int(found[1])
            if revision < newest.get(place, 0):
                says = f"{name} shows revision {revision} after revision {newest[place]}"
                yield Violation(invariant="I3", about=change.object, says=says, shown=(str(change),))
            newest[place] = max(revision, newest.get(place, 0))


def _events_in_order(evidence: Evidence) -> Iterator[Violation]:
    """On each line, sends leave in the order of their events."""
    places = {row["id"]: (row["line_key"], row["position"]) for row in evidence.tables["events"]}
    events = {row["id"]: row["event_id"] for row in evidence.tables["deliveries"]}
    sends = [row for row in evidence.tables["attempts"] if row["purpose"] == "send"]
    newest: dict[str, tuple[int, str]] = {}
    for row in sorted(sends, key=lambda row: moment(row["started_at"])):
        line, position = places[events[row["delivery_id"]]]
        last, by = newest.get(line, (0, ""))
        if position < last:
            says = f"{row['delivery_id']} left after {by} of a later event"
            yield Violation(invariant="I3", about=line, says=says)
        newest[line] = max((position, row["delivery_id"]), (last, by))
