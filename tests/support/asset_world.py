"""Both systems and the engine in one small value, so that whole lives of an asset can be played on the rules alone.

Aprimo holds a record with versions of its file and what was said of each; OpenText holds processes that go on as the
model does. A look reads what the flow wants, in rounds, plans, carries and settles, as the engine does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pipeline.commands import (
    AddCheck,
    AddComment,
    Cause,
    Command,
    EndProcess,
    SendMessage,
    SetRecord,
    SetVariables,
    StartProcess,
    UpdateTask,
)
from pipeline.events import Event
from pipeline.flows import facts
from pipeline.flows.registry import bind
from pipeline.flows.shared import versions
from pipeline.keys import comment_marker
from pipeline.plan import CommentRead, FollowUp, Link, Plan, ProcessRead, Snapshot, TaskRead, Want
from pipeline.words import EventId, InstanceId, JsonValue, ProcessState, Side, WakeReason
from tests.support.assets import ROLES, asset, event, no_link, version, words
from tests.support.briefs import NOW, applied

STALE_MAX = 3
ROUNDS = 4
FINAL = ("consolidate", "creative_revision")


class StaleWriteError(Exception):
    """What a write expected is not there."""


@dataclass
class World:
    """One record's life.

    unfounded: what was written of an approval although the latest version was not approved by everybody as it is.
    passes: check results that pass although nobody approved that version.
    """

    link: Link = field(default_factory=no_link)
    values: dict[str, JsonValue] = field(default_factory=lambda: dict(asset("draft", latest="1" * 32).values))
    said: dict[str, list[CommentRead]] = field(default_factory=dict)
    results: list[AddCheck] = field(default_factory=list)
    processes: dict[str, ProcessRead] = field(default_factory=dict)
    now: datetime = NOW
    done: set[str] = field(default_factory=set)
    sent: list[Command] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    unfounded: list[str] = field(default_factory=list)
    _events: int = 0
    _versions: int = 1

    def __post_init__(self) -> None:
        self._words = words()
        self._flow = bind("asset_review", self._words)

    # ---- what people do --------------------------------------------------------------------------------------------

    @property
    def latest(self) -> str:
        """The id of the latest version."""
        found = self.values["file_version"]
        return str(found["id"]) if isinstance(found, dict) else ""

    def edit(self, **values: JsonValue) -> None:
        """Somebody edits the record."""
        self.now += timedelta(minutes=1)
        self.values |= values

    def put(self, state: str) -> None:
        """Somebody puts the record into a state; "" is one nobody named."""
        name = self._words.states.get(state, "On hold")
        self.edit(state=state, state_id=name, state_name=name)

    def upload(self) -> None:
        """Somebody puts a new version up."""
        self._versions += 1
        self.edit(file_version={**version(), "id": f"{self._versions:032d}", "number": self._versions})

    def annotate(self, text: str) -> None:
        """Somebody annotates the latest version."""
        notes = self.said.setdefault(self.latest, [])
        number = sum(len(each) for each in self.said.values())
        notes.append(CommentRead(origin_id=f"annotation:{number}", author="Owner One", text=text, at=self.now))

    def live(self) -> ProcessRead | None:
        """The process that runs."""
        return next((each for each in self.processes.values() if each.ended_at is None), None)

    def waiting(self) -> tuple[TaskRead, ...]:
        """Tasks that wait for somebody."""
        live = self.live()
        return tuple(each for each in live.tasks if each.ended_at is None) if live else ()

    def decide(self, task: TaskRead, outcome: str, comment: str = "") -> None:
        """Somebody answers, and the process goes on as the model does."""
        self.now += timedelta(minutes=1)
        live = self.live()
        if live is None:
            return
        by = f"{task.definition_key}@example.test"
        decided = replace(task, outcome=outcome, comment=comment, ended_at=self.now, assignee=by)
        self._keep(replace(live, tasks=tuple(decided if each == task else each for each in live.tasks)))
        if not self.waiting():
            self._goes_on()

    def all_approve(self) -> None:
        """Everybody who is asked approves."""
        for task in self.waiting():
            self.decide(task, "approved")

    def delete_process(self) -> None:
        """Somebody deletes the live process in OpenText."""
        live = self.live()
        if live:
            self._end(live, "cleaned up")

    def comment(self, text: str) -> None:
        """A reviewer comments on the live process."""
        live = self.live()
        if live:
            self._add_comment(live, "reviewer@example.test", text)

    # ---- what the engine does --------------------------------------------------------------------------------------

    def look(self, side: Side, kind: str = "", **changes: object) -> None:
        """An event is worked, and then every follow-up it causes."""
        self._work(event(side, kind, **changes))

    def listen(self) -> None:
        """The timetable looks for remarks."""
        self.look(Side.OPENTEXT, facts.DUE, data={"reason": WakeReason.REMARKS})

    def look_and_die(self, side: Side, *, after: int) -> None:
        """An event is planned and carried in part; then it is given up by a person, and nothing of it is settled."""
        self._events += 1
        head = event(side, id=EventId(f"ev-{self._events}"), time=self.now)
        plan = self._plan(head)
        with suppress(StaleWriteError):
            self._carry(replace(plan, commands=plan.commands[:after]), head)
        rows = {row.revision: row for row in self.link.processes}
        for row in plan.changes.processes:
            if row.state is ProcessState.STARTING and row.started_effect in self.done:
                # As the store shows it: a done start's instance is known before settle; one never sent is not shown.
                rows[row.revision] = replace(row, instance_id=InstanceId(self._last_instance()))
        self.link = replace(self.link, processes=tuple(rows[key] for key in sorted(rows)))

    def settle_down(self, most: int = 8) -> None:
        """Looks at both sides until a round sends nothing. Fails when they never stop."""
        for _ in range(most):
            before = len(self.sent)
            self.look(Side.APRIMO)
            self.look(Side.OPENTEXT)
            if len(self.sent) == before:
                return
        raise AssertionError(f"still writing after {most} rounds: {self.sent[-2:]}")

    def _work(self, head: Event) -> None:
        for stale_count in range(STALE_MAX):
            self._events += 1
            now = replace(head, id=EventId(f"ev-{self._events}"), time=self.now, stale_count=stale_count)
            try:
                plan = self._plan(now)
                self._carry(plan, now)
            except StaleWriteError:
                continue
            self.link = applied(self.link, plan.changes, self._last_instance())
            for follow_up in plan.follow_ups:
                self._work(_event_of(follow_up))
            return
        raise AssertionError("stale three times")

    def _plan(self, head: Event) -> Plan:
        snapshots: dict[Want, Snapshot] = {}
        for _ in range(ROUNDS):
            wanted = [want for want in self._flow.wants(head, snapshots, self.link) if want not in snapshots]
            if not wanted:
                break
            snapshots |= {want: self._read(want) for want in wanted}
        plan = self._flow.plan(head, snapshots, self.link)
        self.plans.append(plan)
        return plan

    def _read(self, want: Want) -> Snapshot:
        if want.kind == versions.KIND:
            said = tuple(self.said.get(want.object_id, ()))
            return Snapshot(want=want, read_at=self.now, version=want.object_id, comments=said)
        if want.side is Side.APRIMO:
            wire = {word.wire: self.values[name] for name, word in self._words.fields.items()}
            at = self.now.isoformat()
            return Snapshot(want=want, read_at=self.now, version=at, values=dict(self.values), wire=wire)
        known = self.processes.get(want.object_id)
        return Snapshot(want=want, read_at=self.now, process=known, is_absent=known is None)

    def _carry(self, plan: Plan, head: Event) -> None:
        for command in plan.commands:
            key = command.effect_key(Cause(event_id=head.id, plan_number=1))
            if key in self.done:
                continue
            _DOES[type(command)](self, command)
            self.done.add(key)
            self.sent.append(command)

    # ---- what commands do ------------------------------------------------------------------------------------------

    def _start(self, command: StartProcess) -> None:
        instance = f"instance-{len(self.processes) + 1}"
        self._keep(
            ProcessRead(
                instance_id=InstanceId(instance),
                process_key=command.process_key,
                business_key=command.business_key,
                started_at=self.now,
                variables=command.variables,
                tasks=tuple(self._task(instance, role) for role in ROLES),
            )
        )

    def _task(self, instance: str, key: str, description: str = "") -> TaskRead:
        return TaskRead(
            task_id=f"{instance}/{key}",
            definition_key=key,
            opened_at=self.now,
            due_at=self.now + timedelta(days=3),
            description=description,
        )

    def _goes_on(self) -> None:
        """As the model does, once nobody is asked any more: it ends, or asks the next."""
        live = self.live()
        if live is None:
            return
        said = {task.definition_key: task.outcome for task in live.tasks}
        asked = "" if all(said[role] == "approved" for role in ROLES) else "consolidate"
        if "consolidate" in said:
            asked = "creative_revision" if said["consolidate"] == "changes_requested" else ""
        if not asked or asked in said:
            self._keep(replace(live, ended_at=self.now))
            return
        description = f"Feedback: {live.variables['feedback']}" if asked == "creative_revision" else ""
        self._keep(replace(live, tasks=(*live.tasks, self._task(live.instance_id, asked, description))))

    def _end_process(self, command: EndProcess) -> None:
        known = self.processes[command.instance_id]
        if known.ended_at is None:
            self._end(known, command.reason)

    def _set_variables(self, command: SetVariables) -> None:
        known = self._running(command.instance_id)
        self._keep(replace(known, variables={**known.variables, **command.variables}))

    def _send_message(self, command: SendMessage) -> None:
        known = self._running(command.instance_id)
        self._keep(replace(known, variables={**known.variables, command.marker: "sent"}))

    def _update_task(self, command: UpdateTask) -> None:
        live = self.live()
        if live is None or command.task_id not in {each.task_id for each in self.waiting()}:
            raise StaleWriteError
        self._keep(
            replace(live, tasks=tuple(_changed(each, command) for each in live.tasks)),
        )

    def _add_remark(self, command: AddComment) -> None:
        marker = comment_marker(command.effect_key(Cause(event_id=EventId("any"), plan_number=1)))
        self._add_comment(self.processes[command.instance_id], "signoff@example.test", f"{command.text} {marker}")

    def _add_check(self, command: AddCheck) -> None:
        self.results.append(command)

    def _set_record(self, command: SetRecord) -> None:
        names = {word.wire: name for name, word in self._words.fields.items()}
        for wire, expected in command.expects.items():
            current = self.latest if wire == versions.EXPECTED else self._standing(wire, names)
            if current != expected:
                raise StaleWriteError
        stood = str(self.values["state"])
        for wire, value in command.fields.items():
            if wire == self._words.state_wire:
                state = self._words.state_word(value)
                self.values |= {"state": state, "state_id": value, "state_name": value}
            else:
                self.values[names[wire]] = value
            is_news = value == "Approved" and self.link.agreed_value(names.get(wire, "state")) not in {
                value,
                "approved",
            }
            if is_news and not self._is_approved(stood):
                self.unfounded.append(f"{wire} in revision {self.link.revision}")
        self.now += timedelta(seconds=1)

    def _standing(self, wire: str, names: dict[str, str]) -> JsonValue:
        return self.values["state_id"] if wire == self._words.state_wire else self.values[names[wire]]

    def _is_approved(self, stood: str) -> bool:
        """Whether everybody approved the latest version with its claims, while it was not taken back."""
        row = self.link.live_process()
        process = self.processes.get(row.instance_id or "") if row else None
        if (
            process is None
            or process.ended_at is None
            or process.delete_reason
            or stood in {"draft", "withdrawn", ""}
        ):
            return False
        is_same = (process.variables["fileVersionId"], process.variables["claims"]) == (
            self.latest,
            self.values["claims"],
        )
        return is_same and [task.outcome for task in process.tasks] == ["approved"] * len(ROLES)

    def unfounded_passes(self) -> list[AddCheck]:
        """Results that pass although nobody approved that version under that task."""
        approved = {
            (process.variables["fileVersionId"], f"task:{task.task_id}")
            for process in self.processes.values()
            for task in process.tasks
            if task.outcome == "approved"
        }
        passed = [each for each in self.results if each.outcome == "pass"]
        return [each for each in passed if (each.file_version_id, each.origin) not in approved]

    def _running(self, instance_id: str) -> ProcessRead:
        known = self.processes[instance_id]
        if known.ended_at is not None:
            raise StaleWriteError
        return known

    def _keep(self, process: ProcessRead) -> None:
        self.processes[process.instance_id] = process

    def _end(self, process: ProcessRead, reason: str) -> None:
        self.now += timedelta(minutes=1)
        tasks = tuple(_taken(process.tasks, reason, self.now))
        self._keep(replace(process, tasks=tasks, ended_at=self.now, delete_reason=reason))

    def _add_comment(self, process: ProcessRead, author: str, text: str) -> None:
        origin_id = f"{process.instance_id}/c-{len(process.comments)}"
        said = CommentRead(origin_id=origin_id, author=author, text=text, at=self.now)
        self._keep(replace(process, comments=(*process.comments, said)))

    def _last_instance(self) -> str:
        return next(reversed(self.processes), "")


def _event_of(follow_up: FollowUp) -> Event:
    return event(
        follow_up.side,
        follow_up.type,
        subject=follow_up.subject,
        line_key=follow_up.line_key,
        data=follow_up.data,
    )


def _taken(tasks: Iterable[TaskRead], reason: str, at: datetime) -> Iterable[TaskRead]:
    return (each if each.ended_at else replace(each, ended_at=at, delete_reason=reason) for each in tasks)


def _changed(task: TaskRead, command: UpdateTask) -> TaskRead:
    if task.task_id != command.task_id:
        return task
    if "dueDate" in command.fields:
        return replace(task, due_at=datetime.fromisoformat(str(command.fields["dueDate"])))
    return replace(task, description=str(command.fields["description"]))


_DOES: dict[type[Command], Callable[..., None]] = {
    StartProcess: World._start,
    EndProcess: World._end_process,
    SetVariables: World._set_variables,
    SendMessage: World._send_message,
    UpdateTask: World._update_task,
    AddComment: World._add_remark,
    SetRecord: World._set_record,
    AddCheck: World._add_check,
}
