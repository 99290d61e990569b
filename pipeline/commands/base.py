"""Commands: what a plan wants done in a system, one frozen type per kind.

A kind says where it goes (side, route), how its effect is known (effect key), which objects it changes
(`changed_ids`), what must still be true just before the call (`expects`), and how long an unanswered call may
still take effect (`late_s`).
A kind without an effect key and a look-up cannot be registered: `register` refuses it, and the
adapters' tables of effects are checked against `KINDS` when a worker starts.

Source of keys and times: the table of commands in docs/commands.md.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pipeline.errors import PermanentError
from pipeline.words import EffectKey, EventId, JsonValue, Side


@dataclass(frozen=True, kw_only=True)
class Cause:
    """What a command is planned for; part of the effect keys that are unique per plan."""

    event_id: EventId
    plan_number: int


@dataclass(frozen=True, kw_only=True)
class Command:
    """Base of all kinds. `undoes`: the effect key this command takes back, if any.

    IS_WHOLE: one call brings all that changes of its target, so that a plan has at most one of the kind for each.
    """

    KIND: ClassVar[str]
    SIDE: ClassVar[Side]
    ROUTE: ClassVar[str]
    LATE_S: ClassVar[float]
    IS_WHOLE: ClassVar[bool] = False

    expects: Mapping[str, JsonValue] = field(default_factory=dict)
    undoes: str = ""

    def target(self) -> str:
        """The object in the vendor's system, e.g. `activity:5012`."""
        raise TypeError(f"{type(self).__name__} names no target")

    def effect_key(self, cause: Cause) -> EffectKey:
        """The natural identity of the effect: unique among deliveries that are not dropped."""
        raise TypeError(f"{type(self).__name__} has no effect key for {cause}")

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """The objects that its system may show as changed by it, by the ids that lists and audit logs name.

        vendor_ref: what the vendor answered with, the id of what was made. A task of OpenText goes by its own id.
        Empty for what no list shows.
        """
        raise TypeError(f"{type(self).__name__} does not say what it changes, not even of {vendor_ref!r}")


KINDS: dict[str, type[Command]] = {}
_OF_A_KIND = ("target", "effect_key", "changed_ids")
"""What each kind says for itself."""


def register(kind: type[Command]) -> type[Command]:
    """Make a kind known. Raises TypeError when it lacks a route, a `late` time, a target, an effect key, or ids."""
    lacks = [name for name in ("KIND", "SIDE", "ROUTE", "LATE_S") if not hasattr(kind, name)]
    lacks += [name for name in _OF_A_KIND if getattr(kind, name) is getattr(Command, name)]
    if lacks:
        raise TypeError(f"{kind.__name__} cannot be registered, it lacks: {', '.join(lacks)}")
    KINDS[kind.KIND] = kind
    return kind


def check_whole(commands: Iterable[Command]) -> None:
    """Raise PermanentError where several commands bring what one call can: an error in our code, never sent."""
    targets = Counter((command.KIND, command.target()) for command in commands if command.IS_WHOLE)
    for (kind, target), times in targets.items():
        if times > 1:
            raise PermanentError(
                "plan_failed", f"{target} would be written in {times} calls of {kind} instead of one."
            )


def dump(command: Command) -> dict[str, JsonValue]:
    """The fields of a command as JSON, without `expects` and `undoes` (they have columns of their own)."""
    values = dataclasses.asdict(command)
    return {name: value for name, value in values.items() if name not in {"expects", "undoes"}}


def load(kind: str, values: Mapping[str, Any], *, expects: Mapping[str, JsonValue], undoes: str) -> Command:
    """The command that `dump` wrote, tuples again where JSON has lists. Raises KeyError for an unknown kind."""
    tuples = {field.name for field in dataclasses.fields(KINDS[kind]) if str(field.type).startswith("tuple")}
    whole = {name: tuple(value) if name in tuples else value for name, value in values.items()}
    return KINDS[kind](**whole, expects=expects, undoes=undoes)
