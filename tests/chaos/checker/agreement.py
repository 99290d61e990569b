"""What people see: both systems agree at rest (I5), and nobody ever saw more approved than was approved (I11)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.chaos.checker.evidence import Evidence, Row
from tests.chaos.checker.violation import Violation
from tests.chaos.checker.world import Change, Process, World

_APPROVED = "approved"
_MARK = "[sg-"
_OURS = frozenset({"case", "matrix", "decision", "message", "comments", "decided_on", "project", "remark", "editor"})


@dataclass(frozen=True, kw_only=True)
class Words:
    """What one flow's TOML says, as far as it is compared."""

    flow: str
    prefix: str
    types: frozenset[int]
    process: str
    state: str
    states: Mapping[str, int]
    fields: Mapping[str, Row]
    stakeholders: tuple[Row, ...]
    currencies: Mapping[str, str]

    def wire(self, name: str) -> str:
        """Where a field of ours stands in Aprimo; "" where the flow has none."""
        return str(self.fields.get(name, {}).get("wire", ""))


def words_of(evidence: Evidence) -> list[Words]:
    """The flows whose items are activities with reviews: the table by which further flows join."""
    return [
        Words(
            flow=name,
            prefix=f"aprimo:{told['item']['kind']}:",
            types=frozenset(told["item"].get("types", ())),
            process=told["process"]["key"],
            state=told["item"]["state"],
            states=told["states"],
            fields=told["fields"],
            stakeholders=tuple(told["stakeholders"]),
            currencies=told.get("currencies", {}),
        )
        for name, told in evidence.flows.items()
        if name in _JUDGED
    ]


_JUDGED = frozenset({"campaign_brief"})


def agree(evidence: Evidence, world: World) -> Iterator[Violation]:
    """I5: at rest the mapped fields of both systems are equal, but for open dead letters and open conflicts."""
    excused = {row["business_key"] for row in evidence.tables["differences"] if row["state"] != "closed"}
    excused |= {row["subject"] for row in evidence.tables["events"] if row["state"] == "dead"}
    for words in words_of(evidence):
        for name, item in world.items.items():
            kind, _, number = name.partition(":")
            key = f"{words.prefix}{number}"
            if f"aprimo:{kind}:" != words.prefix or item.get("activityTypeId") not in words.types or key in excused:
                continue
            processes = [each for each in world.of_key(key) if each.definition == words.process]
            for says in _disagreements(words, item, processes, world):
                yield Violation(invariant="I5", about=key, says=says)


def never_ahead(evidence: Evidence, world: World) -> Iterator[Violation]:
    """I11: what we show as approved was approved before, by every reviewer, and by people."""
    for change in world.changes:
        if change.is_ours and change.identity.startswith("complete:") and "Outcome" in str(change.after):
            yield Violation(invariant="I11", about=change.object, says="Signoff itself decided", shown=(str(change),))
    for words in words_of(evidence):
        for change in world.changes:
            if change.vendor == "aprimo" and change.is_ours and change.object.startswith("activity:"):
                yield from _ahead(words, change, world)


# ---- I5 ------------------------------------------------------------------------------------------------------------


def _disagreements(words: Words, item: Row, processes: list[Process], world: World) -> Iterator[str]:
    state = next((name for name, number in words.states.items() if number == item[words.state]), "")
    last = processes[-1] if processes else None
    if last is None:
        if state == "submitted":
            yield "it is submitted, and nobody reviews it"
        return
    if item.get(words.wire("case")) != last.key:
        yield f"Aprimo names the case {item.get(words.wire('case'))!r}"
    shown, decided = item.get(words.wire("decision")) or "", decision(words, last)
    if last.ended is None and state != "submitted":
        yield f"it is {state}, and revision {last.revision} is under review"
    if last.ended is not None and state == "submitted":
        yield f"it is submitted, and revision {last.revision} is over"
    if last.ended is not None and not last.was_cut_off:
        if shown != decided:
            yield f"Aprimo shows {shown!r}, the reviewers decided {decided!r}"
        if (state == "in_production") != (decided == _APPROVED):
            yield f"it is {state}, the reviewers decided {decided!r}"
    if not last.was_cut_off:
        yield from _fields(words, item, last)
        yield from _reviews(words, item, last)
    yield from _comments(words, item, processes, world)
    yield from _project(words, item, decided, world)


def decision(words: Words, process: Process) -> str:
    """What the reviewers of a process decided: the first word that is no approval, else approved by all of them."""
    outcomes = {each["task"]: each["outcome_variable"] for each in words.stakeholders}
    reviews = [each for each in process.reviews.values() if each.key in outcomes]
    decided = sorted((each for each in reviews if each.decided), key=lambda each: each.decided.number)  # type: ignore[union-attr] # decided above
    against = [said for each in decided if (said := each.outcome(outcomes[each.key])) != _APPROVED]
    if against:
        return against[0]
    return _APPROVED if len(decided) == len(reviews) == _reviews_wanted(words, process) else ""


def _reviews_wanted(words: Words, process: Process) -> int:
    """One review a stakeholder; one for each item of the field that a stakeholder's reviews are repeated over."""
    repeated = [str(each["each"]) for each in words.stakeholders if "each" in each]
    lists = [_items(process.variables.get(words.fields[name]["variable"])) for name in repeated]
    return len(words.stakeholders) - len(repeated) + sum(map(len, lists))


def _fields(words: Words, item: Row, process: Process) -> Iterator[str]:
    for name, told in words.fields.items():
        variable = told.get("variable")
        if name in _OURS or not variable or told.get("type") == "user":
            continue
        here, there = item.get(told["wire"]), process.variables.get(variable)
        if not _same(told.get("type", ""), here, there, words.currencies):
            yield f"{name} is {here!r} in Aprimo and {there!r} in OpenText"


def _same(kind: str, here: Any, there: Any, currencies: Mapping[str, str]) -> bool:  # noqa: ANN401 - JSON
    match kind:
        case "money":
            return Decimal(str(here or 0)) == Decimal(str(there or 0))
        case "currency":
            return currencies.get(str(here), "") == (there or "")
        case "list":
            return _items(here) == _items(there)
        case "date":
            return str(here or "")[:10] == str(there or "")[:10]
    return (here or "") == (there or "")


def _items(value: object) -> list[str]:
    parts = value if isinstance(value, list) else str(value or "").split(";")
    return [part.strip() for part in parts if part.strip()]


def _reviews(words: Words, item: Row, process: Process) -> Iterator[str]:
    """Aprimo says of every decided review who decided what."""
    lines = str(item.get(words.wire("matrix")) or "").splitlines()
    outcomes = {each["task"]: each["outcome_variable"] for each in words.stakeholders}
    for review in process.reviews.values():
        if review.decided is None or review.key not in outcomes:
            continue
        who, said = review.decided.actor, review.outcome(outcomes[review.key]).replace("_", " ")
        if not any(who in line and said in line for line in lines):
            yield f"Aprimo does not say that {who} decided {said!r}"


def _comments(words: Words, item: Row, processes: list[Process], world: World) -> Iterator[str]:
    """Every comment of a person in OpenText stands as often in Aprimo."""
    ours = {each.key for each in processes}
    said = Counter(
        (change.after["author"], change.after["comment"])
        for change in world.changes
        if change.vendor == "opentext"
        and change.key in ours
        and "comment" in (change.after or {})
        and _MARK not in change.after["comment"]
    )
    shown = str(item.get(words.wire("comments")) or "").splitlines()
    for (author, text), times in said.items():
        found = sum(author in line and text in line for line in shown)
        if found != times:
            yield f"the comment {text!r} of {author} stands {found} times in Aprimo, not {times}"


def _project(words: Words, item: Row, decided: str, world: World) -> Iterator[str]:
    project = world.items.get(f"project:{item.get(words.wire('project'))}")
    if project and decided == _APPROVED and project["projectStatus"] == _PLANNED:
        yield "it is approved, and its project was not started"


_PLANNED = 10


# ---- I11 -----------------------------------------------------------------------------------------------------------


def _ahead(words: Words, change: Change, world: World) -> Iterator[Violation]:
    set_to = change.fields
    decided = set_to.get(words.wire("decision"))
    is_approved = decided == _APPROVED or set_to.get(words.state) == words.states.get("in_production")
    states = {each["state_field"]: each for each in words.stakeholders if "state_field" in each}
    approved = [each for name, each in states.items() if set_to.get(words.wire(name)) == _APPROVED]
    if not (decided or is_approved or approved):
        return
    before = [each for each in world.of_key(change.key) if each.started.at < change.at]
    last = before[-1] if before else None
    if decided or is_approved:
        wanted = _APPROVED if is_approved else str(decided)
        over = last is not None and last.ended is not None and last.ended.at < change.at
        if last is None or not over or last.was_cut_off or decision(words, last) != wanted:
            says = f"Aprimo was told {wanted!r} before the reviewers had decided that"
            yield Violation(invariant="I11", about=change.key, says=says, shown=(str(change),))
    for each in approved:
        if last is None or not _has_approved(last, each, change):
            says = f"Aprimo was told that {each['title']} approved, and nobody of them had"
            yield Violation(invariant="I11", about=change.key, says=says, shown=(str(change),))


def _has_approved(process: Process, stakeholder: Row, change: Change) -> bool:
    return any(
        review.key == stakeholder["task"]
        and review.decided is not None
        and review.decided.at < change.at
        and review.outcome(stakeholder["outcome_variable"]) == _APPROVED
        for review in process.reviews.values()
    )
