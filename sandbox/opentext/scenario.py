"""The scenario of those who approve: rules, tried in order, from what a task is to what somebody does with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Self

from sandbox.opentext.errors import bad_request
from sandbox.opentext.rows import InstanceRow, TaskRow

_PATTERNS = ("process", "business_key", "task", "category", "group")
_CONDITIONS = {*_PATTERNS, "name_contains", "variables", "revision"}
_ACTIONS = {"who", "after_s", "outcome", "comment", "never"}


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
    """What somebody does. `{category}` in who becomes the task's category in lower case."""

    who: str = ""
    after_s: tuple[float, float] = (0.0, 0.0)
    outcome: str | None = None
    comment: str | None = None
    is_never: bool = False


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

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Read a scenario: `{"rules": [{"when": {...}, "who": ..., "then": [...]}]}`. Raises Refusal 400."""
        unknown = set(given) - {"rules", "pace"}
        if unknown:
            raise bad_request(f"unknown keys of a scenario: {sorted(unknown)}")
        return cls(rules=tuple(_rule(each) for each in given.get("rules", ())))

    def rule_for(self, case: Case) -> int | None:
        """The number of the first rule that matches."""
        return next((number for number, rule in enumerate(self.rules) if rule.matches(case)), None)


def _rule(given: Mapping[str, Any]) -> Rule:
    first = {name: value for name, value in given.items() if name not in {"when", "then"}}
    unknown = (set(first) - _ACTIONS) | (set(given.get("when", {})) - _CONDITIONS)
    if unknown:
        raise bad_request(f"unknown keys of a rule: {sorted(unknown)}")
    later = [{**first, **each} for each in given.get("then", ())]
    return Rule(when=given.get("when", {}), acts=tuple(_act(each) for each in (first, *later)))


def _act(given: Mapping[str, Any]) -> Act:
    after = given.get("after_s", 0.0)
    least, most = after if isinstance(after, list) else (after, after)
    is_never = given.get("never") is True
    if not is_never and not given.get("who"):
        raise bad_request("a rule says who acts, or never")
    return Act(
        who=given.get("who", ""),
        after_s=(float(least), float(most)),
        outcome=given.get("outcome"),
        comment=given.get("comment"),
        is_never=is_never,
    )
