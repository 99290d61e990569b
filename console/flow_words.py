"""What `signoff flows show` prints of a flow: what starts it, its stages, its mapping, and who owns what."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from console.tables import Table, age
from pipeline import ownership
from pipeline.differences import Cause
from pipeline.flows.agreements import Agreement
from pipeline.flows.policies import policy_of
from pipeline.flows.registry import FLOWS
from pipeline.flows.tenant import FieldWord, FlowWords, Stakeholder

_AGREES = ("of", "in state", "its process", "the other way", "equal", "follows", "version")


def tables(words: FlowWords) -> tuple[Table, ...]:
    """A flow for people. Further objects stand under their roles, the item under none."""
    roles = _roles(words)
    return (
        Table(title=f"Flow {words.flow}", rows=_facts(words)),
        Table(
            title="Stages",
            columns=("stage", "title", "task", "group", "lead", "due in"),
            rows=tuple(map(_who, words.stakeholders)),
        ),
        Table(
            title="Fields",
            columns=("of", "field", "in Aprimo", "type", "rules", "variable", "owner", "written by"),
            rows=tuple((role, *_field(word, view)) for role, view in roles for word in view.fields.values()),
        ),
        Table(
            title="States",
            columns=("of", "state", "in Aprimo", "owner"),
            rows=tuple(
                (role, state, stored, ownership.state_owner(words, state))
                for role, view in roles
                for state, stored in view.states.items()
            ),
        ),
        Table(
            title="What agrees at rest",
            columns=_AGREES,
            rows=tuple(map(_agreement, FLOWS[words.flow].AGREES)),
        ),
        Table(title="Terms of its own", columns=("term", "value"), rows=tuple(_flat("", words.terms))),
    )


def as_json(words: FlowWords) -> dict[str, Any]:
    """A flow for programs."""
    return {
        "flow": words.flow,
        "starts": FLOWS[words.flow].STARTS,
        **_object(words, words),
        "also": {role: _object(words, words.as_role(role)) for role in words.also},
        "process_key": words.process_key,
        "stakeholders": [{**vars(who), "due_in": who.due_in.total_seconds()} for who in words.stakeholders],
        "currencies": {str(key): value for key, value in words.currencies.items()},
        "outcomes": dict(words.outcomes),
        "policies": {field: str(policy) for field, policy in words.policies.items()},
        "heals": _heals(words),
        "approvals_since": words.approvals_since.isoformat() if words.approvals_since else None,
        "agrees": [dict(zip(_AGREES, row, strict=True)) for row in map(_agreement, FLOWS[words.flow].AGREES)],
        "acts": sorted(ownership.ACTS[words.flow]),
        "terms": {term: str(value) for term, value in _flat("", words.terms)},
        "call_back_url": words.call_back_url,
        "people": dict(words.people),
    }


def _roles(words: FlowWords) -> list[tuple[str, FlowWords]]:
    """The item, then each further object, with the words as it has them."""
    return [("", words), *((role, words.as_role(role)) for role in words.also)]


def _facts(words: FlowWords) -> tuple[tuple[str, object], ...]:
    also = ((f"also: {role}", _which(view)) for role, view in _roles(words) if role)
    return (
        ("starts", FLOWS[words.flow].STARTS),
        ("items", _which(words)),
        *also,
        ("process", words.process_key),
        ("state field", words.state_wire),
        ("approvals since", _since(words)),
        ("outcomes", ", ".join(f"{raw} = {ours}" for raw, ours in words.outcomes.items())),
        ("policies", ", ".join(f"{field}: {policy}" for field, policy in words.policies.items())),
        ("heals", ", ".join(f"{cause}: {policy}" for cause, policy in _heals(words).items())),
        ("beside fields", ", ".join(sorted(ownership.ACTS[words.flow])) or "writes nothing in Aprimo"),
        ("link", words.link_template),
        ("call-back", words.call_back_url or "none"),
    )


def _since(words: FlowWords) -> str:
    """From when on nothing is approved without the flow."""
    return words.approvals_since.isoformat() if words.approvals_since else "its first full comparison here"


def _heals(words: FlowWords) -> dict[str, str]:
    """What is done about each cause of a difference, where its field does not say something stricter."""
    return {cause.value: policy_of(words, "", cause).value for cause in Cause}


def _agreement(each: Agreement) -> tuple[str, ...]:
    """What must be true of both systems while an item stands in a state."""
    return (
        each.role,
        ", ".join(sorted(each.states)) or "any",
        each.stand.value,
        "yes" if each.is_mutual else "no",
        ", ".join(f"{name} = {variable}" for name, variable in each.equal.items()),
        "what Aprimo owns" if each.carries else "",
        each.version,
    )


def _which(view: FlowWords) -> str:
    types = ", ".join(map(str, sorted(view.type_ids, key=str)))
    return f"{view.object_kind} of type {types}" if types else view.object_kind


def _field(word: FieldWord, view: FlowWords) -> tuple[object, ...]:
    rules = [name for name, is_so in (("required", word.is_required), ("material", word.is_material)) if is_so]
    owned = ownership.owned(view, word.name)
    return (word.name, word.wire, word.type, ", ".join(rules), word.variable, owned.owner, owned.writer)


def _who(who: Stakeholder) -> tuple[object, ...]:
    each = f" (each of {who.each})" if who.each else ""
    later = " (not always)" if who.is_later else ""
    return (who.key, who.title, f"{who.task}{each}{later}", who.group, who.lead, age(who.due_in.total_seconds()))


def _object(words: FlowWords, view: FlowWords) -> dict[str, Any]:
    """One kind of object: which ones, where they can stand, and what travels."""
    return {
        "object_kind": view.object_kind,
        "type_ids": sorted(view.type_ids, key=str),
        "state_wire": view.state_wire,
        "states": dict(view.states),
        "state_owners": {state: ownership.state_owner(words, state) for state in view.states},
        "fields": [
            {**vars(word), "owner": owned.owner, "line": owned.writer}
            for word in view.fields.values()
            for owned in [ownership.owned(view, word.name)]
        ],
        "link_template": view.link_template,
    }


def _flat(path: str, value: object) -> Iterator[tuple[str, object]]:
    """Each single value of a flow's own tables, by the names that lead to it."""
    match value:
        case None:
            return
        case Mapping():
            parts = ((str(key), part) for key, part in value.items())
        case timedelta():
            yield path, age(value.total_seconds())
            return
        case tuple() | frozenset():
            yield path, ", ".join(map(str, sorted(value, key=str) if isinstance(value, frozenset) else value))
            return
        case _ if dataclasses.is_dataclass(value):
            parts = ((each.name, getattr(value, each.name)) for each in dataclasses.fields(value))
        case _:
            yield path, value
            return
    for name, part in parts:
        yield from _flat(f"{path}.{name}" if path else name, part)
