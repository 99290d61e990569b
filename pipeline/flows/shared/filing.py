"""What a record has beside its fields, its classifications and its status: compared and put right as fields are.

A flow that files a record remembers what both systems agree on from then on: under `CLASSIFICATIONS` the paths under
which the record stands, under `STATUS` its status. Of a record's classifications only those say anything that the
flow gives or takes away; where else people file it is theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pipeline.commands import SetRecord
from pipeline.flows.shared import versions
from pipeline.flows.shared.values import is_empty, text
from pipeline.flows.tenant import FieldType, FilingTerms, FlowWords
from pipeline.ownership import CLASSIFICATIONS, STATUS
from pipeline.plan import Link, Snapshot
from pipeline.words import JsonValue

KINDS: Mapping[str, FieldType] = {STATUS: FieldType.TEXT, CLASSIFICATIONS: FieldType.LIST}
"""What may be agreed on of a record beside its fields, and how two values of it are told apart."""
FILE = "published_file"
"""Agreed: the version of a record's file that its status was given to, or another that was told of; "" for none."""
_ARCHIVED = "archived"


@dataclass(frozen=True, kw_only=True)
class Filing:
    """What changes of a record beside its fields: paths of classifications, and its status ("" leaves it)."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    status: str = ""

    def changes(self, name: str) -> bool:
        """Whether it changes this of a record."""
        return bool(self.status if name == STATUS else self.add or self.remove)

    def beside(self, other: Filing) -> Filing:
        """Both at once, where each changes something else."""
        return Filing(add=self.add + other.add, remove=self.remove + other.remove, status=self.status or other.status)


UNFILED = Filing()
"""Nothing changes."""


def filed(item: Snapshot | None) -> set[str]:
    """The paths of the classifications under which a record was read."""
    rows = item.values.get(CLASSIFICATIONS) if item else None
    return {text(row.get("path")) for row in rows if isinstance(row, dict)} if isinstance(rows, list) else set()


def shown(item: Snapshot | None, name: str, agreed: JsonValue, words: FlowWords) -> JsonValue:
    """What a record shows of what was agreed on; None where it does not say, or nothing was.

    Its status, where nobody has archived it, which ends its life; or those of its classifications that were agreed
    on or are the flow's, sorted. A row of a list does not say them. words: those of the record.
    """
    if item is None or name not in item.values or agreed is None:
        return None
    if name == STATUS:
        status = item.values[STATUS]
        return None if is_empty(agreed) or (status == _ARCHIVED and status != agreed) else status
    known = {text(each) for each in agreed} if isinstance(agreed, list) else set[str]()
    known |= words.terms.files() if isinstance(words.terms, FilingTerms) else frozenset()
    return [*sorted(known & filed(item))]


def towards(name: str, current: JsonValue, wanted: JsonValue) -> Filing:
    """What makes one value of it the other."""
    if name == STATUS:
        return Filing(status=text(wanted))
    now, then = _paths(current), _paths(wanted)
    return Filing(add=tuple(sorted(then - now)), remove=tuple(sorted(now - then)))


def of(made: SetRecord, filing: Filing) -> SetRecord:
    """A write of a record that changes this as well."""
    return replace(made, status=filing.status, add_classifications=filing.add, remove_classifications=filing.remove)


def is_of_another(item: Snapshot | None, name: str, link: Link) -> bool:
    """Whether what was agreed on was said of another file than the record has now."""
    known = text(link.agreed_value(FILE)) if name == STATUS else ""
    return bool(known) and known != versions.latest_id(item)


def expected(item: Snapshot | None, name: str) -> dict[str, JsonValue]:
    """What must still hold when it is put right: the file that has the status is the one that was read."""
    latest = versions.latest_id(item) if name == STATUS else ""
    return versions.expected(latest) if latest else {}


def _paths(value: JsonValue) -> set[str]:
    return {text(each) for each in value} if isinstance(value, list) else set()
