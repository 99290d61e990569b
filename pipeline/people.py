"""People in both systems: matched by the override table, then by e-mail, else not at all.

An Aprimo user is, with us, `{"id": …, "email": …, "name": …}`; an OpenText user is an e-mail address.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.words import JsonValue

OVERRIDE = "override"
E_MAIL = "e-mail"
"""How two users were found to be one person."""


def opentext_user(value: JsonValue, overrides: Mapping[str, str]) -> str:
    """The OpenText user of an Aprimo user; "" where nobody matches. An override names the user by id or e-mail."""
    return overridden(value, overrides) or _names(value)["email"]


def overridden(value: JsonValue, overrides: Mapping[str, str]) -> str:
    """The OpenText user whom the override table names for an Aprimo user; "" where it names none."""
    known = _names(value)
    return next((overrides[known[key]] for key in ("id", "email") if known[key] and known[key] in overrides), "")


def aprimo_user(value: JsonValue) -> str:
    """By what an Aprimo user is kept apart from others: the id, else the e-mail, else the name; "" for nobody."""
    known = _names(value)
    return known["id"] or known["email"] or known["name"]


def label(value: JsonValue) -> str:
    """What a person is shown for a user: the e-mail, else the name, else the id; "" for nobody."""
    known = _names(value)
    return known["email"] or known["name"] or known["id"]


def _names(value: JsonValue) -> dict[str, str]:
    given = value if isinstance(value, dict) else {"name": value}
    return {key: "" if given.get(key) is None else str(given[key]) for key in ("id", "email", "name")}
