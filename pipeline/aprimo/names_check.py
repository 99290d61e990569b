"""Whether the names and numbers in a flow's TOML exist in the tenant, asked by documented routes only.

Where no route is documented, or the tenant does not let us use it, the answer says so: nothing is guessed.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from pipeline.aprimo import system_lists
from pipeline.aprimo.client import Client
from pipeline.aprimo.dam_translate import MODIFIED_BY
from pipeline.aprimo.system_lists import Listed
from pipeline.aprimo.wire import EA_PREFIX, OBJECT_KINDS
from pipeline.errors import PermanentError
from pipeline.flows.tenant import RECORD, FlowWords, NamingTerms
from pipeline.ports import Bounds

CLOSEST_MAX = 3
ACTIVITY_TYPES = "activityType"
_NUMBERED = frozenset({"task", "project"})
"""Kinds whose states are numbers of lookup 2974."""


class Existence(StrEnum):
    """What the tenant says of a name."""

    FOUND = "found"
    MISSING = "missing"
    AMBIGUOUS = "ambiguous"
    NOT_CHECKABLE = "not_checkable"


@dataclass(frozen=True, kw_only=True)
class NameCheck:
    """What became of one name. what: the kind of name, e.g. `field of the DAM`; id: the tenant's own, where found.

    closest: what is there instead, the best first. reason: why it cannot be checked, or what is wrong.
    """

    what: str
    name: str
    existence: Existence
    id: str = ""
    closest: tuple[str, ...] = ()
    reason: str = ""


class NamesCheck:
    """Checks names against one tenant. Lists are read once each; errors but refusals of one list are raised."""

    def __init__(self, client: Client, bounds: Bounds) -> None:
        self._client = client
        self._bounds = bounds
        self._lists: dict[str, tuple[Listed, ...] | NameCheck] = {}

    def flow(self, words: FlowWords) -> tuple[NameCheck, ...]:
        """Every name of a flow's file that stands for something in Aprimo, its item's first; each once."""
        parts = [words, *(words.as_role(role) for role in words.also)]
        checks = [check for part in parts for check in self._part(part)]
        checks += [self.user(each) for each in words.people]
        checks += [self._of_terms(words, what, name) for what, name in _named_in(words.terms)]
        return tuple(dict.fromkeys(checks))

    def _of_terms(self, words: FlowWords, what: str, name: str) -> NameCheck:
        """A name that a flow's own tables give."""
        kind, _, field = what.partition(":")
        if kind == "option":
            views = [words, *(words.as_role(role) for role in words.also)]
            return self.option(next(view.fields[field].wire for view in views if field in view.fields), name)
        checks: dict[str, Callable[[str], NameCheck]] = {
            "check": self.check,
            "classification": self.classification,
            "collection": self.collection,
            "content type": self.content_type,
            "record status": partial(self.state, RECORD),
        }
        return checks[kind](name)

    # ---- the DAM ---------------------------------------------------------------------------------------------------

    def field(self, name: str) -> NameCheck:
        """A field of records."""
        return self._named("field of the DAM", "fielddefinitions", name)

    def option(self, field: str, name: str) -> NameCheck:
        """An option of a field."""
        what = f"option of {field}"
        known = self.field(field)
        if known.existence is not Existence.FOUND:
            return NameCheck(
                what=what, name=name, existence=known.existence, reason=f"its field is {known.existence}"
            )
        definition = self._client.dam.names.find("fielddefinitions", known.id, self._bounds)
        options = [Listed(id=each, name=text, is_by_name=True) for each, text in definition.options.items()]
        return _among(what, name, options)

    def classification(self, path: str) -> NameCheck:
        """A classification, by its path."""
        return self._named("classification", "classifications", path)

    def check(self, name: str) -> NameCheck:
        """A check."""
        return self._named("check", "checks", name)

    def collection(self, name: str) -> NameCheck:
        """A collection."""
        return self._named("collection", "collections", name)

    def content_type(self, name: str) -> NameCheck:
        """A content type."""
        return self._named("content type", "contenttypes", name)

    def language(self, name: str) -> NameCheck:
        """A language."""
        return self._named("language", "languages", name)

    # ---- Productivity Management -----------------------------------------------------------------------------------

    def activity_type(self, type_id: int | str) -> NameCheck:
        """An activity type, by its number."""
        return self._listed("activity type", type_id, ACTIVITY_TYPES, self._activity_types)

    def status(self, number: int | str) -> NameCheck:
        """A status of tasks and projects, by its number or its name."""
        return self._listed("status", number, "statuses", lambda: system_lists.statuses(self._client, self._bounds))

    def state(self, kind: str, number: int | str) -> NameCheck:
        """A state of an object; only those of tasks and projects can be read."""
        if kind in _NUMBERED:
            return self.status(number)
        return _not_checkable(f"state of a {kind}", number, "Aprimo documents no list of them")

    def generic_object(self, kind: str) -> NameCheck:
        """A kind of generic object, e.g. `generic_object_alpha`."""
        known = [Listed(id=each, name=each) for each in OBJECT_KINDS if each.startswith("generic_object_")]
        found = _among("generic object", kind, known)
        if found.existence is not Existence.FOUND:
            return found
        try:
            self._client.list_objects(OBJECT_KINDS[kind], limit=1, offset=0, bounds=self._bounds)
        except PermanentError as refusal:
            return _not_checkable("generic object", kind, refusal.hint)
        return found

    def attribute(self, kind: str, name: str) -> NameCheck:
        """A field of a kind of object, by its wire name: a top-level one, or `extrAttr<id>`."""
        key = f"metadata of {kind}"
        return self._listed(
            f"field of a {kind}", name, key, lambda: system_lists.fields(self._client, kind, self._bounds)
        )

    def pick_list_item(self, ea_id: int, item: int | str) -> NameCheck:
        """An item of an extended attribute's list, by its number or its text."""
        what = f"item of {EA_PREFIX}{ea_id}"
        return self._listed(what, item, what, lambda: system_lists.items(self._client, ea_id, self._bounds))

    def user(self, user: str) -> NameCheck:
        """A user, by number or e-mail."""
        found = system_lists.users(self._client, user, self._bounds)
        existence = {0: Existence.MISSING, 1: Existence.FOUND}.get(len(found), Existence.AMBIGUOUS)
        known = found[0].id if len(found) == 1 else ""
        return NameCheck(what="user", name=user, existence=existence, id=known)

    # ---- a flow's file ---------------------------------------------------------------------------------------------

    def _part(self, words: FlowWords) -> Iterator[NameCheck]:
        kind = words.object_kind
        if kind == RECORD:
            yield from self._record_names(words)
        elif kind in OBJECT_KINDS:
            yield from self._object_names(words, kind)
        else:
            kinds = [Listed(id=each, name=each) for each in (RECORD, *OBJECT_KINDS)]
            yield _among("kind of object", kind, kinds)

    def _record_names(self, words: FlowWords) -> Iterator[NameCheck]:
        yield from (self.content_type(str(each)) for each in sorted(words.type_ids, key=str))
        yield from (self.field(wire) for wire in words.wire_names() if wire != MODIFIED_BY)
        if words.state_wire:
            yield from (self.option(words.state_wire, str(state)) for state in words.states.values())

    def _object_names(self, words: FlowWords, kind: str) -> Iterator[NameCheck]:
        if kind.startswith("generic_object_"):
            yield self.generic_object(kind)
        if kind == "activity":
            yield from (self.activity_type(each) for each in sorted(words.type_ids, key=str))
        yield from (self.attribute(kind, wire) for wire in words.wire_names())
        yield from (self.state(kind, state) for state in words.states.values())

    # ---- lists -----------------------------------------------------------------------------------------------------

    def _activity_types(self) -> Iterable[Listed] | None:
        return system_lists.of_type(self._client, ACTIVITY_TYPES, self._bounds)

    def _named(self, what: str, plural: str, name: str) -> NameCheck:
        return self._listed(what, name, plural, lambda: self._definitions(plural))

    def _definitions(self, plural: str) -> Iterable[Listed]:
        rows = self._client.dam.names.all(plural, self._bounds)
        return [Listed(id=each.id, name=each.name, is_by_name=True) for each in rows]

    def _listed(self, what: str, name: int | str, key: str, read: Callable[[], Iterable[Listed] | None]) -> NameCheck:
        if key not in self._lists:
            self._lists[key] = _read(what, name, read)
        known = self._lists[key]
        if isinstance(known, NameCheck):
            return _not_checkable(what, name, known.reason)
        return _among(what, str(name), known)


def _read(what: str, name: int | str, read: Callable[[], Iterable[Listed] | None]) -> tuple[Listed, ...] | NameCheck:
    try:
        found = read()
    except PermanentError as refusal:
        return _not_checkable(what, name, refusal.hint)
    if found is None:
        return _not_checkable(what, name, "the tenant does not show its list")
    return tuple(found)


def _among(what: str, name: str, known: Sequence[Listed]) -> NameCheck:
    """By id, else by name without regard to case; closest: by name, or by number where names are numbers."""
    wanted = name.casefold()
    by_id = [each for each in known if each.id == name]
    found = by_id or [each for each in known if each.name.casefold() == wanted]
    if len(found) == 1:
        return NameCheck(what=what, name=name, existence=Existence.FOUND, id=found[0].id)
    if found:
        ids = ", ".join(each.id for each in found)
        reason = f"{len(found)} have that name: name one by its id ({ids})"
        return NameCheck(what=what, name=name, existence=Existence.AMBIGUOUS, reason=reason)
    return NameCheck(what=what, name=name, existence=Existence.MISSING, closest=_closest(name, known))


def _closest(name: str, known: Sequence[Listed]) -> tuple[str, ...]:
    shown = {text.casefold(): each.shown for each in known for text in (each.id, each.name) if text}
    found = difflib.get_close_matches(name.casefold(), shown, n=CLOSEST_MAX, cutoff=0.4)
    return tuple(dict.fromkeys(shown[each] for each in found))


def _named_in(terms: object) -> Iterable[tuple[str, str]]:
    return terms.named() if isinstance(terms, NamingTerms) else ()


def _not_checkable(what: str, name: int | str, reason: str) -> NameCheck:
    return NameCheck(what=what, name=str(name), existence=Existence.NOT_CHECKABLE, reason=reason)
