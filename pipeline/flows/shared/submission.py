"""What is submitted: the fields Aprimo owns, what is missing of them, what changed, and how they travel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipeline import ownership
from pipeline.flows.shared.values import is_empty, is_malformed, plain, same, text
from pipeline.flows.tenant import FieldType, FieldWord, FlowWords
from pipeline.keys import digest
from pipeline.ownership import Writer
from pipeline.people import label, opentext_user
from pipeline.plan import Link
from pipeline.words import JsonValue, Side

Values = Mapping[str, JsonValue]


def carried(words: FlowWords) -> tuple[FieldWord, ...]:
    """The fields that the main line carries from Aprimo."""
    return tuple(
        words.fields[name]
        for name in ownership.names_of(words, Side.APRIMO)
        if ownership.owned(words, name).writer is Writer.MAIN
    )


def missing(words: FlowWords, values: Values) -> tuple[str, ...]:
    """The required fields that hold nothing."""
    return tuple(word.name for word in carried(words) if word.is_required and is_empty(values.get(word.name)))


def malformed(words: FlowWords, values: Values) -> tuple[str, ...]:
    """The fields whose value cannot be one of their type."""
    return tuple(word.name for word in carried(words) if is_malformed(values.get(word.name), word.type))


def submitted_as(words: FlowWords, values: Values) -> str:
    """A short name of what is submitted: equal for two submissions whose material fields mean the same."""
    return digest({word.name: plain(values.get(word.name), word.type) for word in carried(words) if word.is_material})


def changes(words: FlowWords, values: Values, link: Link) -> tuple[FieldWord, ...]:
    """The carried fields that differ from what both systems last agreed on."""
    return tuple(
        word
        for word in carried(words)
        if word.name in values and not same(values[word.name], link.agreed_value(word.name), word.type)
    )


def variables(fields: Iterable[FieldWord], values: Values, words: FlowWords) -> dict[str, JsonValue]:
    """The process variables that carry fields: text, but a list where the model repeats a review over it."""
    repeated = {each.each for each in words.stakeholders}
    return {
        word.variable: _carried_value(word, values.get(word.name), words, is_list=word.name in repeated)
        for word in fields
        if word.variable
    }


def lists(words: FlowWords, values: Values) -> dict[str, JsonValue]:
    """The lists that reviews are repeated over, as the process gets them."""
    repeated = [words.fields[each.each] for each in words.stakeholders if each.each]
    return {word.name: _carried_value(word, values.get(word.name), words, is_list=True) for word in repeated}


def unmatched(words: FlowWords, values: Values) -> tuple[str, ...]:
    """Users that a process variable should carry and who are nobody in OpenText, e.g. `owner: Ghost`."""
    return tuple(
        f"{names([word])}: {label(values.get(word.name))}"
        for word in carried(words)
        if word.type is FieldType.USER and word.variable and _is_unmatched(values.get(word.name), words)
    )


def _is_unmatched(value: JsonValue, words: FlowWords) -> bool:
    return bool(label(value)) and not opentext_user(value, words.people)


def names(fields: Iterable[FieldWord | str]) -> str:
    """Fields as people read them, e.g. `budget, begin`."""
    return ", ".join((each if isinstance(each, str) else each.name).replace("_", " ") for each in fields)


def _carried_value(word: FieldWord, value: JsonValue, words: FlowWords, *, is_list: bool) -> JsonValue:
    if word.type is FieldType.USER:
        return opentext_user(value, words.people)
    if is_list:
        items = value if isinstance(value, list) else []
        return list(dict.fromkeys(text(item).strip() for item in items if not is_empty(item)))
    return text(value)
