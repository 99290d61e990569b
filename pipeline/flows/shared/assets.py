"""Assets that somebody names in a process variable: records of the DAM by id, or links."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from pipeline.flows.shared import looking
from pipeline.flows.shared.values import text
from pipeline.flows.tenant import RECORD
from pipeline.words import JsonValue

_BETWEEN = re.compile(r"[\s;,]+")


@dataclass(frozen=True, kw_only=True)
class Named:
    """What was named: links that people can follow, each once, and what is neither a record's id nor a link."""

    links: tuple[str, ...]
    unclear: tuple[str, ...]


def read(value: JsonValue, template: str) -> Named:
    """What a variable names: a list, or text with blanks, commas or semicolons between.

    template: the address of a record for a person, with `{id}`.
    """
    given = [text(item).strip() for item in value] if isinstance(value, list) else _BETWEEN.split(text(value))
    names = dict.fromkeys(name for name in given if name)
    links = {name: _link(name, template) for name in names}
    found = dict.fromkeys(link for link in links.values() if link)
    return Named(links=tuple(found), unclear=tuple(name for name, link in links.items() if not link))


def render(links: Sequence[str]) -> str:
    """Links as one text, one a line."""
    return "\n".join(links)


def _link(name: str, template: str) -> str:
    record_id = name.replace("-", "").lower()
    if looking.is_id(RECORD, record_id):
        return template.replace("{id}", record_id)
    return name if _is_address(name) else ""


def _is_address(name: str) -> bool:
    try:
        parts = urlsplit(name)
    except ValueError:
        return False
    return parts.scheme in {"https", "http"} and bool(parts.netloc) and name.isprintable() and " " not in name
