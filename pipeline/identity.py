"""Who is meant by a person's values, and how each value of theirs is replaced by a placeholder.

Some values tell whom they mean wherever they stand: an e-mail, a name of several words, a long id. Others do not: the
user 88 is nobody in `{"activityId": 88}`. Those count only in a place that is for people.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote

from pipeline.words import JsonValue

TELLING_LENGTH = 16
"""An id that is so long means one thing only."""
PERSON = frozenset({"id", "email", "name"})
"""The fields of a user of Aprimo as they stand in our values."""
FOR_PEOPLE = re.compile(
    r"(user|users|userid|userids|by|author|owner|ownerid|editor|assignee|assignees|assignedto|administratorid"
    r"|person|people|requester|approver|login)$",
    re.IGNORECASE,
)
"""Names of fields that are for people, by how they end."""
_INHERITS = frozenset({"value", "values", "former"})
"""Below a field for people these hold its value."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A person's values. users: e-mails and ids in either system; names: how the person is called."""

    users: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    @property
    def values(self) -> tuple[str, ...]:
        """All of them, in one order."""
        return tuple(sorted(self.users | self.names))

    def with_users(self, *users: str | None) -> Identity:
        """Known by further users; nothing stands for none."""
        return Identity(users=self.users | {user for user in users if user}, names=self.names)

    def with_names(self, *names: str | None) -> Identity:
        """Known by further names."""
        return Identity(users=self.users, names=self.names | {name for name in names if name})

    def joined(self, other: Identity) -> Identity:
        """Both together."""
        return Identity(users=self.users | other.users, names=self.names | other.names)

    def met_in(self, value: JsonValue) -> Identity:
        """What the users in a value tell of this person besides: whoever shares an id or an e-mail."""
        met = Identity()
        for each in _users_in(value):
            if self.is_user(each):
                met = met.with_users(_text(each.get("id")), _text(each.get("email")))
                met = met.with_names(_text(each.get("name")))
        return met

    def is_user(self, user: dict[str, JsonValue]) -> bool:
        """Whether a user of Aprimo is this person. A name alone is shared by too many."""
        known = {_text(user.get(name)).casefold() for name in ("id", "email")} - {""}
        return not known.isdisjoint(self._folded_users)

    @cached_property
    def _folded_users(self) -> frozenset[str]:
        return frozenset(user.casefold() for user in self.users)


class Eraser:
    """Puts a placeholder where values of a person stand. What names nobody comes back as it was."""

    def __init__(self, identity: Identity, placeholder: str) -> None:
        self.identity = identity
        self.placeholder = placeholder
        self._whole = frozenset(value.casefold() for value in identity.values)
        self._telling = _pattern([value for value in identity.values if is_telling(value)])

    def names(self, text: str) -> bool:
        """Whether a text is about the person."""
        return self.user(text) != text

    def text(self, text: str) -> str:
        """A text of any kind."""
        return self._telling.sub(self.placeholder, text) if self._telling else text

    def user(self, text: str) -> str:
        """What stands in a place for people."""
        return self.placeholder if text.casefold() in self._whole else self.text(text)

    def json(self, value: JsonValue, *, is_for_people: bool = False) -> JsonValue:
        """A JSON value of any depth. Other people's users stay whole, whatever their names."""
        if isinstance(value, str):
            return self.user(value) if is_for_people else self.text(value)
        if isinstance(value, list):
            return [self.json(each, is_for_people=is_for_people) for each in value]
        if isinstance(value, dict):
            return self._user_or_object(value, is_for_people=is_for_people)
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return self.placeholder if is_for_people and is_number and str(value) in self._whole else value

    def body(self, body: bytes) -> bytes:
        """What came in: JSON by its fields, anything else as a text."""
        try:
            parsed = json.loads(body)
            erased = self.json(parsed)
        except (ValueError, RecursionError):
            return self._raw(body)
        return body if erased == parsed else json.dumps(erased, ensure_ascii=False).encode()

    def _user_or_object(self, value: dict[str, JsonValue], *, is_for_people: bool) -> JsonValue:
        if _is_user(value):
            if not self.identity.is_user(value):
                return value
            return {name: self.placeholder if each else each for name, each in value.items()}
        return {
            self.text(name): self.json(
                each, is_for_people=bool(FOR_PEOPLE.search(name)) or (is_for_people and name in _INHERITS)
            )
            for name, each in value.items()
        }

    def _raw(self, body: bytes) -> bytes:
        for encoding in ("utf-8", "latin-1"):
            try:
                text = body.decode(encoding)
            except UnicodeDecodeError:
                continue
            erased = self.text(text)
            return body if erased == text else erased.encode(encoding)
        return body


def is_telling(value: str) -> bool:
    """Whether a value means one person wherever it stands."""
    return "@" in value or len(value) >= TELLING_LENGTH or re.search(r"\w\W*\s\W*\w", value) is not None


def _pattern(values: Iterable[str]) -> re.Pattern[str] | None:
    """The values as they stand in texts, in escaped JSON and in addresses, and not as parts of longer ones."""
    spelled = {form for value in values for form in (value, json.dumps(value)[1:-1], quote(value, safe=""))}
    if not spelled:
        return None
    longest_first = sorted(spelled, key=lambda form: (-len(form), form))
    return re.compile(rf"(?<![\w.+%-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w@]|[.-]\w)", re.IGNORECASE)


def _users_in(value: JsonValue) -> Iterator[dict[str, JsonValue]]:
    if isinstance(value, dict):
        if _is_user(value):
            yield value
        for each in value.values():
            yield from _users_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from _users_in(each)


def _is_user(value: dict[str, JsonValue]) -> bool:
    return "email" in value and "id" in value and value.keys() <= PERSON


def _text(value: JsonValue) -> str:
    return "" if value is None or isinstance(value, bool | list | dict) else str(value)
