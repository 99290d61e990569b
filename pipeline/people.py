"""People in both systems: matched by the override table, then by e-mail, else not at all.

An Aprimo user is, with us, `{"id": …, "email": …, "name": …}`; an OpenText user is an e-mail address.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.words import JsonValue


def opentext_user(value: JsonValue, overrides: Mapping[str, str]) -> str:
    """The OpenText user of an Aprimo user; "" where nobody matches. An override names the user by id or e-mail."""
    known = _names(value)
    for key in ("id", "email"):
        if known[key] in overrides and known[key]:
            return overrides[known[key]]
    return known["email"]


def label(value: JsonValue) -> str:
    """What a person is shown for a user: the e-mail, else the name, else the id; "" for nobody."""
    known = _names(value)
    return known["email"] or known["name"] or known["id"]


def _names(value: JsonValue) -> dict[str, str]:
    given = value if isinstance(value, dict) else {"name": value}
    return {key: "" if given.get(key) is None else str(given[key]) for key in ("id", "email", "name")}
