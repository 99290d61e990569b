"""Carries many cases at once through the real steps: real effects over HTTP, answers dropped, effects late."""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline import keys
from pipeline.aprimo.client import Client as AprimoClient
from pipeline.aprimo.vendor import AprimoVendor
from pipeline.aprimo.wire import read_fault as read_aprimo_fault
from pipeline.backoff import RetryPolicy
from pipeline.carry import carry
from pipeline.commands import KINDS
from pipeline.opentext.client import Client as OpenTextClient
from pipeline.opentext.vendor import OpenTextVendor
from pipeline.opentext.wire import read_fault as read_opentext_fault
from pipeline.plan import deliver
from pipeline.ports import Limits, Ports
from pipeline.settle import settle
from pipeline.store import SqlStore
from pipeline.transform import transform
from pipeline.transport.sources import SourceOptions, Sources
from pipeline.words import BusinessKey, EventKind, Side, Urgency, lane
from tests.support.aprimo_caller import AprimoCaller
from tests.support.aprimo_dam import DamCaller
from tests.support.engine_runs import put
from tests.support.fakes import FLOW as TEST_FLOW
from tests.support.fakes import World, look, make_world
from tests.support.file_host import file_host
from tests.support.lost_answers import in_aprimo, in_dam, in_opentext
from tests.support.lost_answers.cases import Case, People, Recipe
from tests.support.opentext_caller import OpenTextCaller
from tests.support.vendor_parts import (
    FLOW,
    KeptProgress,
    aprimo_options,
    new_session,
    opentext_options,
    words,
)
from tests.support.vendor_sandbox import Sandbox

RECIPES: Mapping[str, Recipe] = {**in_opentext.RECIPES, **in_aprimo.RECIPES, **in_dam.RECIPES}
LATE_FACTOR = 0.05
"""An unanswered call may take effect 3, 6 or 9 s later here, as its kind says."""
LATE_BY_S = (0.05, 0.8)
LIMITS = Limits(
    late_factor=LATE_FACTOR,
    lease_s=60.0,
    call_deadline_s=10.0,
    no_new_call_after_s=20.0,
    retry=RetryPolicy(tries=12, base_s=0.1, cap_s=1.0),
)
OUR_AGENT = "signoff"
NEVER = 10**9
"""Failures in a row at which the breaker opens: here every other call fails on purpose."""
LANES = tuple(lane(Urgency.STANDARD, side) for side in Side)


@dataclass(kw_only=True)
class Bench:
    """Both sandboxes, the people in them, and the steps over a store."""

    sandboxes: Mapping[Side, Sandbox]
    people: People
    world: World
    ports: Ports
    cases: dict[BusinessKey, Case] = field(default_factory=dict)

    def prepare(self, count: int, chance: random.Random) -> None:
        """Make that many cases, of every kind in turn, and let every one's answer get lost, a third of them late."""
        kinds = list(itertools.islice(itertools.cycle(RECIPES), count))
        for number, kind in enumerate(kinds):
            subject = BusinessKey(f"signoff:lost:{number}")
            self.cases[subject] = RECIPES[kind].make(self.people, number)
        late_kinds = [kind for kind in kinds if KINDS[kind].LATE_S]
        late = Counter(chance.sample(late_kinds, count // 3))
        for kind, times in Counter(kinds).items():
            self._break(kind, "drop", times - late[kind])
            for _ in range(late[kind]):
                self._break(kind, "late", 1, delay_s=chance.uniform(*LATE_BY_S))

    def work_off(self, *, within_s: float) -> None:
        """Plan, carry and settle as workers would, until every event is delivered."""
        subjects = list(self.cases)
        for start in range(0, len(subjects), 50):
            put(self.world, *(self._event(each) for each in subjects[start : start + 50]))
        deadline = time.monotonic() + within_s
        while self._open():
            assert time.monotonic() < deadline, f"{self._open()} cases are still open: {self._dead()}"
            for name in LANES:
                transform([], lane_name=name, ports=self.ports)
                carry([], lane_name=name, ports=self.ports)
                settle([], lane_name=name, ports=self.ports)
            time.sleep(0.02)

    def took_effect(self) -> dict[BusinessKey, int]:
        """How often each case took effect, by the vendors' own histories."""
        histories = {side: sandbox.admin("GET", "history") for side, sandbox in self.sandboxes.items()}
        changed = {side: [row for row in rows if row["changed"]] for side, rows in histories.items()}
        return {
            subject: sum(1 for row in changed[case.command.SIDE] if case.is_effect(row))
            for subject, case in self.cases.items()
        }

    def met(self) -> Counter[str]:
        """How many requests each kind of fault met."""
        hits: Counter[str] = Counter()
        for sandbox in self.sandboxes.values():
            for rule in sandbox.admin("GET", "faults"):
                hits[rule["kind"]] += rule["hits"]
        return hits

    def _event(self, subject: BusinessKey) -> object:
        return look(subject, side=self.cases[subject].command.SIDE, kind=EventKind.FACT)

    def _open(self) -> int:
        lines = [keys.line_key(TEST_FLOW, subject) for subject in self.cases]
        return self.ports.store.run(lambda tx: len(tx.events.next_open(lines)))

    def _dead(self) -> list[str]:
        """What died, with its kind, code and hint."""
        found = self.ports.store.run(lambda tx: tx.letters.find())
        return [f"{self.cases[each.subject].command.KIND}: {each.code}: {each.hint}" for each in found]

    def _break(self, kind: str, fault: str, times: int, **more: object) -> None:
        if times <= 0:
            return
        recipe = RECIPES[kind]
        rule = {"method": recipe.method, "path": recipe.path, "match": recipe.match, "agent": OUR_AGENT}
        side = KINDS[kind].SIDE
        self.sandboxes[side].admin("POST", "faults", {**rule, "kind": fault, "times": times, **more})


@contextmanager
def bench(store: SqlStore, sandboxes: Mapping[Side, Sandbox], folder: Path) -> Iterator[Bench]:
    """A bench over a store and two running sandboxes."""
    progress = KeptProgress()
    with ExitStack() as held:
        files = held.enter_context(file_host())
        aprimo = AprimoCaller(sandboxes[Side.APRIMO].base, client_id="marketer-88")
        held.callback(aprimo.close)
        opentext = OpenTextCaller(sandboxes[Side.OPENTEXT].base)
        held.callback(opentext.close)
        opentext.deploy()
        people = People(aprimo=aprimo, dam=DamCaller(aprimo), opentext=opentext, files=files, progress=progress)
        sources = Sources(SourceOptions(hosts=frozenset({files.host}), folder=folder, bytes_max=1_000_000))
        world = make_world(store, LIMITS)
        made = Bench(
            sandboxes=sandboxes,
            people=people,
            world=world,
            ports=replace(
                world.ports,
                vendors={
                    Side.APRIMO: _aprimo(sandboxes[Side.APRIMO].base, progress, sources),
                    Side.OPENTEXT: _opentext(sandboxes[Side.OPENTEXT].base),
                },
            ),
        )
        world.flow.plans = lambda event, *_: deliver(made.cases[event.subject].command)
        yield made


def _aprimo(base: str, progress: KeptProgress, sources: Sources) -> AprimoVendor:
    options = aprimo_options(base)
    session = new_session("Aprimo", options.token_options(), read_aprimo_fault, failures=NEVER)
    client = AprimoClient(session, options, progress=progress, fetch=sources.fetch)
    return AprimoVendor(client, {FLOW: words()}, wait_s=session.wait_s)


def _opentext(base: str) -> OpenTextVendor:
    options = opentext_options(base, page_size=100)
    session = new_session("OpenText", options.token_options(), read_opentext_fault, failures=NEVER)
    return OpenTextVendor(OpenTextClient(session, options), {FLOW: words()}, wait_s=session.wait_s)
