"""The scenario of those who approve: rules, tried in order, from what a task is to what somebody does with it.

Besides, what somebody starts without being asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Self

from sandbox.opentext.errors import bad_request
from sandbox.opentext.rows import InstanceRow, TaskRow

_PATTERNS = ("process", "business_key", "task", "category", "group")
_CONDITIONS = {*_PATTERNS, "name_contains", "variables", "revision"}
_SAID = {"who", "after_s", "comment", "process_comment"}
_ANSWER = {*_SAID, "outcome", "variables", "never", "meanwhile"}
_CHANGE = {*_SAID, "changes", "due_moved_s"}
_START = {"who", "after_s", "process", "business_key", "name", "variables"}


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a rule looks at."""

    process: str
    business_key: str
    task: str
    category: str
    groups: Sequence[str]
    name: str
    variables: Mapping[str, Any]

    @classmethod
    def of(cls, task: TaskRow, instance: InstanceRow) -> Self:
        """The case of a task that begins."""
        return cls(
            process=instance.key,
            business_key=instance.business_key or "",
            task=task.key,
            category=task.category or "",
            groups=[link.group for link in task.links if link.group],
            name=task.name,
            variables={name: each.value for name, each in instance.variables.items()},
        )


@dataclass(frozen=True, kw_only=True)
class Act:
    """What somebody does with a task. `{category}` in who becomes the task's category in lower case.

    variables are written with the answer. changes: fields of the task, by wire name; due_moved_s: real seconds by
    which the due date moves. meanwhile: what is done while the task stays open.
    """

    who: str = ""
    after_s: tuple[float, float] = (0.0, 0.0)
    outcome: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    comment: str | None = None
    process_comment: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    due_moved_s: float = 0.0
    meanwhile: tuple["Act", ...] = ()
    is_never: bool = False


@dataclass(frozen=True, kw_only=True)
class Start:
    """What somebody starts: a process, with the variables of its start form."""

    process: str
    who: str = ""
    after_s: tuple[float, float] = (0.0, 0.0)
    business_key: str = ""
    name: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Conditions and acts: the first time, the second, ...; the last act goes for all later times."""

    when: Mapping[str, Any] = field(default_factory=dict)
    acts: tuple[Act, ...]

    def matches(self, case: Case) -> bool:
        """Whether a case is this rule's."""
        texts = {"process": [case.process], "business_key": [case.business_key], "task": [case.task]}
        texts |= {"category": [case.category], "group": list(case.groups)}
        for name in _PATTERNS:
            pattern = self.when.get(name)
            if pattern is not None and not any(fnmatchcase(text, pattern) for text in texts[name]):
                return False
        wanted = dict(self.when.get("variables", {}))
        if "revision" in self.when:
            wanted["signoffRevision"] = self.when["revision"]
        is_named = str(self.when.get("name_contains", "")) in case.name
        return is_named and all(case.variables.get(name) == value for name, value in wanted.items())

    def act(self, turn: int) -> Act:
        """What is done the n-th time, counted from 1."""
        return self.acts[min(turn, len(self.acts)) - 1]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Rules in the order in which they are tried."""

    rules: tuple[Rule, ...] = ()
    starts: tuple[Start, ...] = ()

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Read a scenario: `{"rules": [{"when": {...}, "who": ...}], "starts": [...]}`. Raises Refusal 400."""
        _refuse_unknown("a scenario", given, {"rules", "starts", "pace"})
        return cls(
            rules=tuple(_rule(each) for each in given.get("rules", ())),
            starts=tuple(read_start(each) for each in given.get("starts", ())),
        )

    def rule_for(self, case: Case) -> int | None:
        """The number of the first rule that matches."""
        return next((number for number, rule in enumerate(self.rules) if rule.matches(case)), None)


def read_answer(given: Mapping[str, Any]) -> Act:
    """How somebody answers a task. Raises Refusal 400."""
    _refuse_unknown("an answer", given, _ANSWER)
    is_never = given.get("never") is True
    if not is_never and not given.get("who"):
        raise bad_request("a rule says who acts, or never")
    return Act(
        **_said(given),
        outcome=given.get("outcome"),
        variables=given.get("variables", {}),
        meanwhile=tuple(read_change({"who": given.get("who"), **each}) for each in given.get("meanwhile", ())),
        is_never=is_never,
    )


def read_change(given: Mapping[str, Any]) -> Act:
    """What somebody does with a task that stays open. Raises Refusal 400."""
    _refuse_unknown("a change", given, _CHANGE)
    if not given.get("who"):
        raise bad_request("a change says who makes it")
    return Act(**_said(given), changes=given.get("changes", {}), due_moved_s=float(given.get("due_moved_s", 0.0)))


def read_start(given: Mapping[str, Any]) -> Start:
    """What somebody starts. Raises Refusal 400."""
    _refuse_unknown("a start", given, _START)
    if not given.get("who") or not given.get("process"):
        raise bad_request("a start says who starts which process")
    return Start(**{**given, "after_s": _span(given)})


def _rule(given: Mapping[str, Any]) -> Rule:
    first = {name: value for name, value in given.items() if name not in {"when", "then"}}
    _refuse_unknown("a condition", given.get("when", {}), _CONDITIONS)
    later = [{**first, **each} for each in given.get("then", ())]
    return Rule(when=given.get("when", {}), acts=tuple(read_answer(each) for each in (first, *later)))


def _said(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "who": given.get("who") or "",
        "after_s": _span(given),
        "comment": given.get("comment"),
        "process_comment": given.get("process_comment"),
    }


def _span(given: Mapping[str, Any]) -> tuple[float, float]:
    after = given.get("after_s", 0.0)
    least, most = after if isinstance(after, list) else (after, after)
    return float(least), float(most)


def _refuse_unknown(what: str, given: Mapping[str, Any], known: set[str]) -> None:
    unknown = set(given) - known
    if unknown:
        raise bad_request(f"unknown keys of {what}: {sorted(unknown)}")
