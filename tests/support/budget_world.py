"""Lives of a budget exception on the rules alone: a commitment's or a campaign's, and how `budgetException` goes on.

Each is a line of its own: what a commitment tells its campaigns is kept, and what a campaign is told a test says.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import ClassVar

from pipeline.commands import Command, CommitmentVerb, SetFields, StartProcess
from pipeline.events import Event
from pipeline.flows.reading import read_words
from pipeline.flows.shared.asking import FUNDING, GRANTED
from pipeline.flows.shared.holding import HOLD
from pipeline.flows.shared.spending import decimal
from pipeline.flows.tenant import FlowWords
from pipeline.keys import aprimo_key, kind_of, line_key
from pipeline.plan import Link, ProcessRead, Snapshot, TaskRead, Want
from pipeline.words import JsonValue, Side
from tests.support import briefs
from tests.support.flow_world import FlowWorld, StaleWriteError

FLOW = "budget_exception"
COMMITMENT, CAMPAIGN = aprimo_key("commitment", 7), aprimo_key("activity", 5012)
ACCOUNT = "410"
_STATUS = "commitmentStatus"
_DONE = {"approve": "approved", "reject": "rejected"}
_REVIEWERS = {"manager": ("manager",), "director": ("director",), "cfo": ("cfo",), "four_eyes": ("cfo", "second")}
_UP_TO = (("manager", Decimal(25000)), ("director", Decimal(100000)), ("cfo", Decimal(500000)))
LIMITED = ("EUR", "USD")
"""The currencies that the shipped file has limits for."""
_LIMIT = Decimal(10000)


@cache
def words() -> FlowWords:
    """The words of the shipped file."""
    path = Path(__file__).parents[2] / "config" / "flows" / f"{FLOW}.toml"
    return read_words(FLOW, tomllib.loads(path.read_text(encoding="utf-8")))


def event(side: Side, kind: str = "", **changes: object) -> Event:
    """An event on the line of a commitment."""
    return briefs.event(side, kind, **{"flow": FLOW, "subject": COMMITMENT, **changes})


def tier_of(amount: Decimal) -> str:
    """Who is to approve an amount."""
    return next((tier for tier, most in _UP_TO if amount <= most), "four_eyes")


@dataclass(kw_only=True)
class World(FlowWorld):
    """One life, of a commitment unless the link says a campaign.

    funding: how the campaign's account stands. holds: campaign -> whether the commitment holds it. is_deleted:
    whether the item is there no more. unfounded: what was approved, or rejected, although those who were asked did
    not say so of that amount.
    """

    WORDS = staticmethod(words)
    EVENT = staticmethod(event)
    DOES: ClassVar[Mapping[type[Command], str]] = {**FlowWorld.DOES, CommitmentVerb: "do_commitment_verb"}

    link: Link = field(default_factory=lambda: Link(id=None, flow=FLOW, business_key=COMMITMENT))
    values: dict[str, JsonValue] = field(default_factory=lambda: {"state": "", "state_id": None, "type_id": 17})
    funding: dict[str, JsonValue] = field(
        default_factory=lambda: {
            "currency": "EUR",
            "adjusted_budget": "12000.00",
            "forecast_amount": "0",
            "total_commit": "0",
        }
    )
    holds: dict[str, bool] = field(default_factory=dict)
    is_deleted: bool = False

    def __post_init__(self) -> None:
        """The words of the kind of item that the life is about."""
        super().__post_init__()
        self.words = self.words.as_kind(kind_of(self.link.business_key))
        self.values = {**dict.fromkeys(self.words.fields, ""), **self.values}

    # ---- what people do --------------------------------------------------------------------------------------------

    @property
    def is_commitment(self) -> bool:
        """Whether this is the life of a commitment."""
        return self.link.business_key == COMMITMENT

    def put(self, state: str) -> None:
        """Somebody puts the commitment into a status; "" is one nobody named."""
        self.edit(state=state, state_id=self.words.states.get(state, 8), state_name=state or "On hold")

    def spend(self, **funding: JsonValue) -> None:
        """The campaign's account changes."""
        self.now += timedelta(minutes=1)
        self.funding |= funding

    def tamper(self, **variables: JsonValue) -> None:
        """Somebody changes variables of the live process in OpenText."""
        live = self.live()
        if live:
            self.keep(replace(live, variables={**live.variables, **variables}))

    def delete(self) -> None:
        """Somebody deletes the item."""
        self.now += timedelta(minutes=1)
        self.is_deleted = True

    def answer(self, outcome: str, *, by: str = "", justification: str = "") -> None:
        """Whoever's turn it is answers, and the process goes on as the model does."""
        self.now += timedelta(minutes=1)
        live, task = self.live(), next(iter(self.waiting()), None)
        if live is None or task is None:
            return
        step = task.definition_key
        answered = replace(task, outcome=outcome, ended_at=self.now, assignee=by or f"{step}@example.test")
        tasks = tuple(answered if each == task else each for each in live.tasks)
        given = {"justification": justification} if step == "justification" and justification else {}
        self._follows(replace(live, tasks=tasks, variables={**live.variables, **given}), step, outcome)

    def all_approve(self, *, by: str = "") -> None:
        """Whoever is asked approves, to the end. by: one person for everybody."""
        while task := next(iter(self.waiting()), None):
            is_work = task.definition_key == "justification"
            self.answer("justified" if is_work else "approved", by=by, justification="Dearer." if is_work else "")

    def is_told_of_a_commitment(self, by: str, *, is_held: bool) -> None:
        """An exception of one of the campaign's commitments begins or is over."""
        self.look(Side.APRIMO, HOLD, data={"by": by, "is_held": is_held})

    # ---- what is so ------------------------------------------------------------------------------------------------

    def owed(self) -> tuple[str, ...]:
        """The names of what needs an approval as the item stands: amount and currency."""
        if self.is_deleted:
            return ()
        if self.is_commitment:
            found = [self._owed_by_commitment()] if self.values["state"] == "submitted" else []
        else:
            found = [self._requested(), *self._overspent()]
        return tuple(dict.fromkeys(each for each in found if each))

    def above_limit(self) -> str:
        """The amount of a commitment that needs an approval, wherever it stands; "" for none."""
        return self._owed_by_commitment()

    def is_refused(self) -> bool:
        """Whether what a campaign asks for still was refused when it was asked last."""
        last = {each.item_version: each.outcome for each in self.link.processes}
        return any(last.get(each) == "rejected" for each in self.owed())

    def granted(self, currency: str) -> Decimal:
        """Up to which amount a campaign may spend in a currency."""
        return decimal(self.link.agreed_value(f"{GRANTED}{currency}")) or Decimal(0)

    def shown(self, process: ProcessRead) -> str:
        """Of which amount a process is."""
        return _name(decimal(process.variables["amount"]), process.variables["currency"])

    def approved(self, process: ProcessRead) -> bool:
        """Whether a process ended by itself, and everybody approved whom its amount asks."""
        amount = decimal(process.variables["amount"])
        last = {each.definition_key: each for each in process.tasks if each.outcome is not None}
        tier = tier_of(amount or Decimal(0))
        asked = [last.get(each) for each in ("finance", *_REVIEWERS[tier])]
        people = [each.assignee for each in asked[1:] if each]
        is_over = process.ended_at is not None and not process.delete_reason
        is_theirs = [each.outcome for each in asked if each] == ["approved"] * len(asked)
        return is_over and is_theirs and process.variables["tier"] == tier and len(set(people)) == len(people)

    # ---- what the engine does --------------------------------------------------------------------------------------

    def event(self, side: Side, kind: str = "", **changes: object) -> Event:
        """An event on the item's line, of OpenText's about the newest process."""
        key = self.link.business_key
        usual = f"aprimo.{kind_of(key)}.updated" if side is Side.APRIMO else ""
        told = {"instance_id": self.newest()} if side is Side.OPENTEXT and self.processes else {}
        on_line = {"subject": key, "line_key": line_key(FLOW, key), "data": told}
        return event(side, kind or usual, **{**on_line, **changes})

    def work(self, head: Event) -> None:
        """Facts for a campaign's line are only kept."""
        if head.subject == self.link.business_key:
            super().work(head)
        else:
            self.holds[head.subject] = head.data["is_held"] is True

    def read(self, want: Want) -> Snapshot:
        """The campaign's account, or what every world shows; nothing of an item that was deleted."""
        if want.kind == FUNDING:
            is_known = want.object_id == ACCOUNT
            values = dict(self.funding) if is_known else {}
            return Snapshot(want=want, read_at=self.now, values=values, is_absent=not is_known)
        if want.side is Side.APRIMO and self.is_deleted:
            return Snapshot(want=want, read_at=self.now, is_absent=True)
        return super().read(want)

    # ---- what commands do ------------------------------------------------------------------------------------------

    def first_tasks(self, command: StartProcess, instance: str) -> tuple[TaskRead, ...]:
        """The justification, where none came with it."""
        step = "finance" if command.variables["justification"] else "justification"
        return (self._task(instance, step, 0),)

    def do_commitment_verb(self, command: CommitmentVerb) -> None:
        """The commitment's status changes, as Aprimo does it: done already is done, elsewhere it is stale."""
        by_wire = {word.wire: name for name, word in self.words.fields.items()} | {_STATUS: "state_id"}
        leads_to = _DONE[command.verb]
        is_done = self.values["state"] == leads_to
        expected = {name: value for name, value in command.expects.items() if name != _STATUS or not is_done}
        if self.is_deleted or any(self.values[by_wire[name]] != value for name, value in expected.items()):
            raise StaleWriteError
        if is_done:
            return
        if self.values["state"] != "submitted":
            raise StaleWriteError
        self._check_verb(command)
        self.values |= {"state": leads_to, "state_id": self.words.states[leads_to], "state_name": leads_to}
        self.written.append(("state", leads_to))
        self.now += timedelta(seconds=1)

    def do_set_fields(self, command: SetFields) -> None:
        """The item's fields change, if it is there."""
        if self.is_deleted:
            raise StaleWriteError
        super().do_set_fields(command)

    # ---- how the model goes on -------------------------------------------------------------------------------------

    def _follows(self, process: ProcessRead, step: str, outcome: str) -> None:
        following = self._following(process, step, outcome)
        if not following:
            self.keep(replace(process, ended_at=self.now))
            return
        task = self._task(process.instance_id, following, len(process.tasks))
        self.keep(replace(process, tasks=(*process.tasks, task)))

    def _following(self, process: ProcessRead, step: str, outcome: str) -> str:
        """The next step; "" where it ends."""
        tier = str(process.variables["tier"])
        match step:
            case "justification" if outcome != "withdrawn":
                return "finance" if process.variables["justification"] else "justification"
            case "finance" if outcome == "approved":
                return tier if tier in {"manager", "director"} else "cfo"
            case "finance" if outcome == "changes_requested":
                return "justification"
            case "cfo" if outcome == "approved" and tier != "cfo":
                return "second"
        return ""

    def _task(self, instance: str, step: str, number: int) -> TaskRead:
        return TaskRead(
            task_id=f"{instance}/{number}",
            definition_key=step,
            opened_at=self.now,
            due_at=self.now + timedelta(days=3),
        )

    # ---- what must not be written ----------------------------------------------------------------------------------

    def check(self, name: str, value: JsonValue, stood: JsonValue) -> None:
        """Approved is only what those who are asked approved, of the amount that stands there."""
        del stood
        is_approval = value == "approved" if name == "decision" else name == "approved_amount" and bool(value)
        if not is_approval or self.link.agreed_value(name) == value:
            return
        row = self.link.live_process()
        if not self._is_approved((row.instance_id or "") if row else ""):
            self.unfounded.append(f"{name} in revision {self.link.revision}")

    def _check_verb(self, command: CommitmentVerb) -> None:
        row = next((each for each in self.link.processes if each.revision == command.revision), None)
        instance = (row.instance_id or "") if row else ""
        process = self.processes.get(instance)
        said = {each.outcome for each in process.tasks} if process else set()
        is_so = self._is_approved(instance) if command.verb == "approve" else "rejected" in said
        if not is_so:
            self.unfounded.append(f"{command.verb} in revision {command.revision}")

    def _is_approved(self, instance: str) -> bool:
        process = self.processes.get(instance)
        return process is not None and self.approved(process) and self.shown(process) == self.above_limit()

    # ---- what needs an approval ------------------------------------------------------------------------------------

    def _owed_by_commitment(self) -> str:
        amount, currency = decimal(self.values["amount"]), self.values["currency"]
        is_above = amount is not None and currency in LIMITED and amount > _LIMIT
        return _name(amount, currency) if is_above else ""

    def _requested(self) -> str:
        amount, currency = decimal(self.values["request"]), self.values["currency"]
        is_asked = amount is not None and amount > 0 and currency in LIMITED
        return _name(amount, currency) if is_asked else ""

    def _overspent(self) -> list[str]:
        """By its own fields in its currency, and by its account: once for each currency that has limits, by name."""
        own = (str(self.values["currency"]), decimal(self.values["planned"]), decimal(self.values["budget"]))
        spends = [own, *([self._funded()] if self.values["account"] == ACCOUNT else [])]
        over: dict[str, str] = {}
        for currency, spent, limit in sorted(spends, key=itemgetter(0)):
            if spent is None or limit is None or currency not in LIMITED or spent <= self.granted(currency):
                continue
            if _crosses(spent - limit, limit):
                over.setdefault(currency, _name(spent, currency))
        return list(over.values())

    def _funded(self) -> tuple[str, Decimal, Decimal]:
        """Currency, spend and budget of the account."""
        spent = max(Decimal(str(self.funding[each])) for each in ("forecast_amount", "total_commit"))
        return str(self.funding["currency"]), spent, Decimal(str(self.funding["adjusted_budget"]))


def _crosses(excess: Decimal, budget: Decimal) -> bool:
    return excess > budget / 10 or excess > Decimal(5000)


def _name(amount: Decimal | None, currency: JsonValue) -> str:
    return f"{(amount or Decimal(0)).normalize():f} {currency}"


def commitment(amount: str = "15000.00", state: str = "submitted", **values: JsonValue) -> World:
    """A commitment that somebody has written, and everything done about it."""
    world = World()
    given: dict[str, JsonValue] = {
        "name": "PO-118",
        "amount": amount,
        "currency": "EUR",
        "owner": briefs.OWNER,
        "editor": briefs.OWNER,
        "activities": ["5012"],
    }
    world.edit(**{**given, **values})
    world.put(state)
    world.settle_down()
    return world


def campaign(**values: JsonValue) -> World:
    """A campaign within its budget unless it says otherwise, and everything done about it."""
    world = World(link=Link(id=None, flow=FLOW, business_key=CAMPAIGN))
    given: dict[str, JsonValue] = {
        "name": "Spring launch",
        "currency": "EUR",
        "owner": briefs.OWNER,
        "budget": "12000.00",
        "account": ACCOUNT,
    }
    world.edit(**{**given, **values})
    world.settle_down()
    return world
