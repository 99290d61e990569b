"""Pins: nothing comes of a replay but what a person was shown.

An event that is replayed by a plan carries a digest of the calls that were shown. Where planning it again comes to
other calls, the world has moved: it is a dead letter again, and a person looks again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from pipeline import commands
from pipeline.commands import Command
from pipeline.events import Pin
from pipeline.keys import digest
from pipeline.plan import Plan, Snapshot, Verdict, refuse

WORLD_MOVED = "world_moved"
_RESUMED = "resumed:"


def of_plan(plan: Plan) -> str:
    """A digest of what a plan would do to others: its calls in order, and whom else it wakes."""
    wakes = [[each.flow, each.line_key, each.type] for each in plan.follow_ups]
    return digest([plan.verdict, plan.reason, _calls(plan.commands), wakes])


def of_resumed(planned: Iterable[Command]) -> str:
    """A digest of calls that stand planned already; that of no plan, because nothing is to be planned again."""
    return _RESUMED + digest(_calls(planned))


def of_read(snapshot: Snapshot) -> str:
    """A digest of an object as it was read, whenever that was."""
    seen = {each.name: getattr(snapshot, each.name) for each in dataclasses.fields(snapshot)}
    return digest({name: _plain(value) for name, value in seen.items() if name not in {"read_at", "want"}})


def held(plan: Plan, pin: Pin) -> Plan:
    """The plan itself where it is what was shown, or needs a person anyway; else its refusal."""
    if plan.verdict is Verdict.REFUSE or of_plan(plan) == pin.digest:
        return plan
    return refuse(WORLD_MOVED, f"What was shown at {pin.at:%Y-%m-%d %H:%M:%S} UTC is not what it would come to now.")


def _calls(planned: Iterable[Command]) -> list[object]:
    return [[each.KIND, commands.dump(each), dict(each.expects), each.undoes] for each in planned]


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return dict(value) if isinstance(value, Mapping) else value
