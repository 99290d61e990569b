"""A vendor's system in memory: objects, what each command does to them, and how one sees afterwards that it did.

Nothing here knows of Signoff's rows. Every change is recorded under the identity it has in that system (the start of
a revision, a remark's mark, a new value of a field), so that a second one shows, whatever our own keys say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pipeline.commands import Command
from pipeline.errors import StaleError
from pipeline.ports import NotThere, Sent
from pipeline.words import EffectKey, JsonValue, Side

Thing = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Change:
    """Something that took effect. identity: what may happen once only, "" for values that may come again.

    values and before: what of the target is new, and what stood there.
    """

    at: datetime
    identity: str
    target: str
    values: Mapping[str, JsonValue] = field(default_factory=dict)
    before: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Doing:
    """What a kind of command does. All take system, command and effect key.

    see: the vendor's reference where the effect is there ("" for none), None where it is not.
    do: brings it about, returns the reference. Raises StaleError where it cannot be.
    identity: what of it may happen once only. looks_first: whether a send finds what is done already.
    is_repeatable: done again it changes nothing, so nobody looks for it.
    """

    see: Callable[[Any, Any, EffectKey], str | None]
    do: Callable[[Any, Any, EffectKey], str]
    identity: Callable[[Any, EffectKey], str] = lambda _command, _key: ""
    looks_first: bool = True
    is_repeatable: bool = False


class System:
    """One vendor. `things` by kind and id."""

    side: Side
    doings: Mapping[str, Doing]

    def __init__(self, clock: Callable[[], datetime], changes: list[Change] | None = None) -> None:
        """changes: where they are recorded, so that two vendors' come in one order."""
        self.things: dict[tuple[str, str], Thing] = {}
        self.changes: list[Change] = [] if changes is None else changes
        self.on_change: Callable[[Change], None] = lambda _change: None
        self._clock = clock
        self._made = 0

    @property
    def now(self) -> datetime:
        """The vendor's clock."""
        return self._clock()

    def send(self, command: Command, effect_key: EffectKey) -> Sent:
        """What becomes of a command that arrives. Raises StaleError where it cannot be brought about."""
        doing = self.doings[command.KIND]
        if doing.looks_first:
            seen = doing.see(self, command, effect_key)
            if seen is not None:
                return Sent(how="already", vendor_ref=seen)
        before = len(self.changes)
        ref = doing.do(self, command, effect_key)
        identity = doing.identity(command, effect_key)
        if len(self.changes) == before and not doing.is_repeatable:
            self.record(identity, command.target())
        return Sent(how="sent", vendor_ref=ref)

    def look_up(self, command: Command, effect_key: EffectKey) -> Sent | NotThere:
        """Whether the effect of a command is there."""
        doing = self.doings[command.KIND]
        seen = None if doing.is_repeatable else doing.see(self, command, effect_key)
        return NotThere() if seen is None else Sent(how="found", vendor_ref=seen)

    def record(
        self,
        identity: str,
        target: str,
        values: Mapping[str, JsonValue] | None = None,
        before: Mapping[str, JsonValue] | None = None,
    ) -> None:
        """Something took effect."""
        change = Change(at=self.now, identity=identity, target=target, values=values or {}, before=before or {})
        self.changes.append(change)
        self.on_change(change)

    def thing(self, kind: str, object_id: object) -> Thing:
        """An object that must be there. Raises StaleError."""
        found = self.things.get((kind, str(object_id)))
        if found is None:
            raise StaleError(f"{kind} {object_id} is not there any more")
        return found

    def new_id(self) -> int:
        """The number of a new object."""
        self._made += 1
        return 90_000 + self._made

    def expect(self, thing: Thing, expects: Mapping[str, JsonValue], target: str) -> None:
        """Raises StaleError where something is not as it was expected."""
        for name, value in expects.items():
            if thing.get(name) != value:
                raise StaleError(f"{target}: {name} is not what was expected")


def differing(thing: Thing, wanted: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """What of the wanted values is not there; missing, null and "" are one."""
    return {name: value for name, value in wanted.items() if (thing.get(name) or "") != (value or "")}
