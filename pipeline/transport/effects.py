"""An effect: how a command is sent, and how one sees afterwards whether it took place. One pair per kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pipeline.commands import KINDS
from pipeline.ports import Bounds, NotThere, Sent
from pipeline.words import EffectKey, Side

ClientT = TypeVar("ClientT")


@dataclass(frozen=True, kw_only=True)
class Effect(Generic[ClientT]):
    """send checks `expects` and sends; look_up sends nothing. Both take client, command, effect key and bounds."""

    send: Callable[[ClientT, Any, EffectKey, Bounds], Sent]
    look_up: Callable[[ClientT, Any, EffectKey, Bounds], Sent | NotThere]


class EffectsMissingError(Exception):
    """A kind of command has no effect, or an effect no kind: an error in our code, found when a worker starts."""


def check_effects(table: Mapping[str, object], side: Side) -> None:
    """Raises EffectsMissingError unless the table has exactly the kinds of its side."""
    kinds = {name for name, kind in KINDS.items() if kind.SIDE is side}
    if kinds != set(table):
        raise EffectsMissingError(f"{side}: kinds {sorted(kinds)}, effects {sorted(table)}")
