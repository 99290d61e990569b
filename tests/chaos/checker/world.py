"""The histories folded into what they tell of: changes in order, items, processes, reviews, and whose they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from tests.chaos.checker.evidence import Evidence, Row

OUR_USER = {"aprimo": "91", "opentext": "signoff.integration@example.test"}
"""Who Signoff is in each system."""


def moment(text: str) -> datetime:
    """A time as rows hold it, aware; SQLite's texts are UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Change:
    """One row of a history, and the business key of the work it belongs to ("" where that cannot be told)."""

    vendor: str
    number: int
    at: datetime
    actor: str
    method: str
    route: str
    object: str
    before: Any
    after: Any
    identity: str
    is_changed: bool
    key: str = ""

    @property
    def is_ours(self) -> bool:
        """Whether Signoff made it."""
        return self.actor == OUR_USER[self.vendor]

    @property
    def fields(self) -> dict[str, Any]:
        """What was set to which value: field (or `extrAttr<id>`) to its new value, only where it differs."""
        before, after = flat(self.before), flat(self.after)
        return {name: value for name, value in after.items() if before.get(name) != value}

    def __str__(self) -> str:
        who = "Signoff" if self.is_ours else self.actor or "the system itself"
        return f"{self.vendor} {self.number} at {self.at:%H:%M:%S.%f}: {who} {self.method} {self.route} {self.object}"


@dataclass
class Review:
    """A task of a process. decided: the completing change."""

    key: str
    category: str
    decided: Change | None = None

    def outcome(self, variable: str) -> str:
        """What it was decided as; "" while it is not."""
        return str(self.decided.after["variables"].get(variable) or "") if self.decided else ""


@dataclass
class Process:
    """A process instance."""

    id: str
    key: str
    definition: str
    revision: int
    started: Change
    variables: dict[str, Any]
    ended: Change | None = None
    reviews: dict[str, Review] = field(default_factory=dict)

    @property
    def was_cut_off(self) -> bool:
        """Whether it was ended from outside, with a reason."""
        return self.ended is not None and bool(self.ended.after.get("deleteReason"))


class World:
    """What happened, by both histories."""

    def __init__(self, evidence: Evidence) -> None:
        self._histories = evidence.histories
        self.processes: dict[str, Process] = {}
        self._projects: dict[str, str] = {}
        self._tasks: dict[str, str] = {}
        self.items: dict[str, dict[str, Any]] = {}
        """The last state of every object of Aprimo, flat."""
        self.changes = [*self._fold("aprimo"), *self._fold("opentext")]

    @cached_property
    def in_order(self) -> list[Change]:
        """All changes of both systems by time."""
        return sorted(self.changes, key=lambda change: (change.at, change.vendor, change.number))

    def of_key(self, key: str) -> list[Process]:
        """The processes of one piece of work, oldest first."""
        return sorted((each for each in self.processes.values() if each.key == key), key=lambda each: each.started.at)

    @property
    def keys(self) -> list[str]:
        """Every business key that has a process."""
        return sorted({process.key for process in self.processes.values()})

    def _fold(self, vendor: str) -> Iterator[Change]:
        for row in self._histories[vendor]:
            change = _change(vendor, row)
            keyed = self._take(change)
            yield keyed

    def _take(self, change: Change) -> Change:
        kind, _, name = change.object.partition(":")
        if change.vendor == "aprimo":
            self.items[change.object] = flat(change.after)
        match kind:
            case "activity":
                return _with_key(change, f"aprimo:activity:{name}")
            case "project":
                self._projects[name] = f"aprimo:activity:{(change.after or change.before)['activityId']}"
                return _with_key(change, self._projects[name])
            case "process":
                return _with_key(change, self._process(name, change))
            case "task":
                return _with_key(change, self._task(name, change))
            case "execution":
                instance = change.identity.split(":")[1] if ":" in change.identity else ""
                return _with_key(change, self._key_of(instance))
        return change

    def _process(self, name: str, change: Change) -> str:
        after: Mapping[str, Any] = change.after or {}
        if name not in self.processes and "businessKey" in after:
            variables = dict(after["variables"])
            self.processes[name] = Process(
                id=name,
                key=str(after["businessKey"] or ""),
                definition=str(after["processDefinitionKey"]),
                revision=int(variables.get("signoffRevision") or 0),
                started=change,
                variables=variables,
            )
        process = self.processes.get(name)
        if process is None:
            return ""
        if after.get("ended"):
            process.ended = change
        elif change is not process.started and "comment" not in after:
            process.variables.update(after)
        return process.key

    def _task(self, name: str, change: Change) -> str:
        after: Mapping[str, Any] = change.after or {}
        instance = self._tasks.setdefault(name, str(after.get("processInstanceId") or ""))
        process = self.processes.get(instance)
        if process is None:
            return ""
        if "taskDefinitionKey" in after:
            review = process.reviews.setdefault(
                name, Review(key=after["taskDefinitionKey"], category=after.get("category") or "")
            )
            if change.identity.startswith("complete:"):
                review.decided = change
        return process.key

    def _key_of(self, instance: str) -> str:
        process = self.processes.get(instance)
        return process.key if process else ""


def flat(state: object) -> dict[str, Any]:
    """An object's fields, an Aprimo object's extended attributes under `extrAttr<id>`."""
    if not isinstance(state, Mapping):
        return {}
    found = {name: value for name, value in state.items() if not name.endswith("xtendedAttributes")}
    for each in state.get("extendedAttributes") or ():
        found[f"extrAttr{each['eaId']}"] = each["eaValue"]
    return found


def _change(vendor: str, row: Row) -> Change:
    return Change(
        vendor=vendor,
        number=row["number"],
        at=moment(row["time"]),
        actor=row["actor"],
        method=row["method"],
        route=row["route"],
        object=row["object"],
        before=row["before"],
        after=row["after"],
        identity=row["identity"] or "",
        is_changed=row["changed"],
    )


def _with_key(change: Change, key: str) -> Change:
    return Change(**{**vars(change), "key": key})
