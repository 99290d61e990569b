"""Of a flow's words those by which both systems are read: when they change, what agreed may read otherwise."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.flows.tenant import FieldWord, FlowWords
from pipeline.keys import digest


def mapping_version(words: FlowWords) -> str:
    """A short name of where a flow's words find things and what they call them: equal as long as none moves."""
    return digest(
        {
            "process": words.process_key,
            "item": _item(words),
            "also": {role: _item(words.as_role(role)) for role in sorted(words.also)},
            "outcomes": dict(words.outcomes),
            "currencies": {str(number): code for number, code in words.currencies.items()},
            "roles": sorted([each.key, each.task, each.lead_task, each.each] for each in words.stakeholders),
        }
    )


def _item(words: FlowWords) -> Mapping[str, object]:
    return {
        "kind": words.object_kind,
        "types": sorted(str(each) for each in words.type_ids),
        "state": [words.state_wire, dict(words.states)],
        "fields": {name: _field(word) for name, word in words.fields.items()},
    }


def _field(word: FieldWord) -> list[str]:
    return [word.wire, word.type.value, word.variable, word.separator]
