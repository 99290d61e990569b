"""What a vendor shows of every kind of command: the same of the adapters over HTTP and of the systems in memory.

The simulation plays on the systems in memory; what they say of an effect must be what the adapters say of it.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pytest

from pipeline.commands import KINDS, Cause, Command
from pipeline.errors import StaleError, TransientError
from pipeline.ports import NotThere, Sent
from pipeline.words import EffectKey, EventId, Side
from tests.simulation.spots import COMMANDS, Spot
from tests.simulation.things import furnish, prepare
from tests.support.lost_answers.bench import RECIPES, Bench, bench
from tests.support.memory.aprimo import DOINGS as IN_APRIMO
from tests.support.memory.aprimo import MemoryAprimo
from tests.support.memory.opentext import DOINGS as IN_OPENTEXT
from tests.support.memory.opentext import MemoryOpenText
from tests.support.memory.store import MemoryStore
from tests.support.memory.system import Doing
from tests.support.vendor_parts import bounds
from tests.support.vendor_sandbox import Sandbox

DOINGS: Mapping[str, Doing] = {**IN_APRIMO, **IN_OPENTEXT}
ONCE = sorted(kind for kind, doing in DOINGS.items() if not doing.is_repeatable)
LOOKING_FIRST = sorted(kind for kind, doing in DOINGS.items() if doing.looks_first)
EXPECTATIONS: Mapping[str, Callable[[Any], str]] = {
    "pm.set_fields": lambda command: next(iter(command.fields)),
    "pm.commitment_verb": lambda _: "totalAmount",
    "dam.set_record": lambda _: "status",
    "ot.set_variables": lambda command: next(iter(command.variables)),
    "ot.update_task": lambda _: "name",
    "ot.assign": lambda _: "assignee",
    "ot.complete_task": lambda _: "assignee",
}
"""Of kinds that look at something before they write: what."""
WITHIN_S = 10.0
CAUSE = Cause(event_id=EventId("ev-1"), plan_number=1)


class Vendors(Protocol):
    """Both systems, as the steps see them."""

    def make(self, kind: str) -> Command:
        """A command of this kind, with everything there that it needs."""

    def send(self, command: Command, effect_key: EffectKey) -> Sent:
        """As the port."""

    def look_up(self, command: Command, effect_key: EffectKey) -> Sent | NotThere:
        """As the port."""


class OverHttp:
    """The adapters and the sandboxes."""

    def __init__(self, lost: Bench) -> None:
        self._lost = lost
        self._numbers = itertools.count(1)

    def make(self, kind: str) -> Command:
        return RECIPES[kind].make(self._lost.people, next(self._numbers)).command

    def send(self, command: Command, effect_key: EffectKey) -> Sent:
        return _patiently(
            lambda: self._lost.ports.vendors[command.SIDE].send(command, effect_key, bounds(lease_s=600.0))
        )

    def look_up(self, command: Command, effect_key: EffectKey) -> Sent | NotThere:
        return self._lost.ports.vendors[command.SIDE].look_up(command, effect_key, bounds(lease_s=600.0))


class InMemory:
    """The systems that the simulation plays on."""

    def __init__(self) -> None:
        self._aprimo = MemoryAprimo(_now)
        self._opentext = MemoryOpenText(_now)
        self._numbers = itertools.count(1)
        furnish(self._aprimo, self._opentext, 1)

    def make(self, kind: str) -> Command:
        spot = Spot(item=1, version=next(self._numbers), place=0, guard="0")
        prepare(self._aprimo, self._opentext, kind, spot)
        return COMMANDS[kind](spot)

    def send(self, command: Command, effect_key: EffectKey) -> Sent:
        return self._system(command).send(command, effect_key)

    def look_up(self, command: Command, effect_key: EffectKey) -> Sent | NotThere:
        return self._system(command).look_up(command, effect_key)

    def _system(self, command: Command) -> MemoryAprimo | MemoryOpenText:
        return self._aprimo if command.SIDE is Side.APRIMO else self._opentext


@pytest.fixture(scope="module")
def over_http(servers: Mapping[Side, Sandbox], tmp_path_factory: pytest.TempPathFactory) -> Iterator[OverHttp]:
    for sandbox in servers.values():
        sandbox.admin("POST", "reset")
        sandbox.admin("DELETE", "faults")
    folder: Path = tmp_path_factory.mktemp("files")
    with bench(MemoryStore(_now), servers, folder) as made:  # type: ignore[arg-type]  # Nothing is stored here.
        yield OverHttp(made)


@pytest.fixture(params=["over HTTP", "in memory"])
def vendors(request: pytest.FixtureRequest) -> Vendors:
    return InMemory() if request.param == "in memory" else request.getfixturevalue("over_http")


@pytest.mark.parametrize("kind", ONCE)
def test_what_was_not_sent_is_not_found_and_what_was_sent_is(vendors: Vendors, kind: str) -> None:
    command = vendors.make(kind)
    key = command.effect_key(CAUSE)

    assert not _is_found(vendors, command, key)
    sent = vendors.send(command, key)
    found = _patiently(lambda: _found(vendors, command, key))

    assert sent.how == "sent"
    assert found.how == ("sent" if kind == "dam.order" and found.vendor_ref else "found")
    assert found.vendor_ref == sent.vendor_ref or "" in {found.vendor_ref, sent.vendor_ref}


@pytest.mark.parametrize("kind", LOOKING_FIRST)
def test_what_is_done_is_left_as_it_is(vendors: Vendors, kind: str) -> None:
    command = vendors.make(kind)
    key = command.effect_key(CAUSE)
    vendors.send(command, key)

    assert _patiently(lambda: vendors.send(command, key)).how == "already"


@pytest.mark.parametrize("kind", sorted(EXPECTATIONS))
def test_where_the_target_is_not_what_was_expected_nothing_is_done(vendors: Vendors, kind: str) -> None:
    command = vendors.make(kind)
    key = command.effect_key(CAUSE)
    strange = replace(command, expects={EXPECTATIONS[kind](command): "9999"})

    with pytest.raises(StaleError):
        vendors.send(strange, key)
    assert not _is_found(vendors, command, key)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - set(ONCE)))
def test_what_may_be_repeated_is_repeated(vendors: Vendors, kind: str) -> None:
    command = vendors.make(kind)
    key = command.effect_key(CAUSE)
    vendors.send(command, key)

    assert vendors.send(command, key).how in {"sent", "already"}


def _is_found(vendors: Vendors, command: Command, key: EffectKey) -> bool:
    """Whether it is found; where nobody can tell it is not."""
    try:
        return isinstance(vendors.look_up(command, key), Sent)
    except TransientError:
        return False


def _found(vendors: Vendors, command: Command, key: EffectKey) -> Sent:
    seen = vendors.look_up(command, key)
    if isinstance(seen, NotThere):
        raise TransientError("not there yet")
    return seen


def _patiently(call: Callable[[], Sent]) -> Sent:
    """Again after every wait: an index lags behind, files and orders take their time."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        try:
            return call()
        except TransientError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _now() -> datetime:
    return datetime.now(UTC)
