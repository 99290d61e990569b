"""Ids of the DAM: 32 lower-case hex digits without dashes (aprimo.md §3.4)."""

import functools
import hashlib
import re
import uuid

from sandbox.aprimo.refusals import Refusal

NEUTRAL = "0" * 32
"""The language of a value that is the same in all languages."""

_FORM = re.compile(r"[0-9a-f]{32}")


@functools.cache
def fixed(kind: str, name: str) -> str:
    """Give the id of something the tenant is born with: the same in every run, whatever else is seeded."""
    return hashlib.sha256(f"{kind}:{name}".encode()).hexdigest()[:32]


def new() -> str:
    """Give an id nobody has."""
    return uuid.uuid4().hex


def is_id(value: object) -> bool:
    """Whether this has the form of an id; a hyphenated GUID has not."""
    return isinstance(value, str) and _FORM.fullmatch(value) is not None


def demand_form(value: str) -> str:
    """Give the id back; one of another form is as unknown as one nobody has: 404."""
    if not is_id(value):
        raise Refusal(404, f"There is nothing with the id '{value}'.")
    return value
