"""What a plan may want done with records of Aprimo's DAM.

Fields, options, classifications, checks and collections go by name; the adapter resolves them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from pipeline.commands.base import Cause, Command, register
from pipeline.words import EffectKey, JsonValue, Side


@register
@dataclass(frozen=True, kw_only=True)
class SetRecord(Command):
    """Set a record's status, fields and classifications in one write.

    status "" leaves it. expects: `fileVersion` (the latest one's id), `status`, or fields by name.
    """

    KIND: ClassVar[str] = "dam.set_record"
    SIDE: ClassVar[Side] = Side.APRIMO
    ROUTE: ClassVar[str] = "records"
    LATE_S: ClassVar[float] = 0.0
    IS_WHOLE: ClassVar[bool] = True

    record_id: str
    status: str = ""
    fields: Mapping[str, JsonValue] = field(default_factory=dict)
    add_classifications: tuple[str, ...] = ()
    remove_classifications: tuple[str, ...] = ()

    def target(self) -> str:
        """The record."""
        return f"record:{self.record_id}"

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """The record."""
        del vendor_ref
        return (self.record_id,)

    def effect_key(self, cause: Cause) -> EffectKey:
        """Per plan: the same values may rightly be set again later."""
        return EffectKey(f"record:{cause.event_id}:{cause.plan_number}:{self.record_id}")

    def lasting(self) -> SetRecord:
        """By what of it one sees later that it took effect: without what people change, as in `SetFields.lasting`."""
        left = {name: value for name, value in self.fields.items() if name not in self.expects}
        return replace(self, fields=left) if left else self


@register
@dataclass(frozen=True, kw_only=True)
class AddCheck(Command):
    """Say of exactly one file version what a review decided; a marker ends the description.

    record_id: whose version it is. origin: the review task, or where a comment comes from and its id. outcome: pass,
    fail, warning or info.
    """

    KIND: ClassVar[str] = "dam.add_check"
    SIDE: ClassVar[Side] = Side.APRIMO
    ROUTE: ClassVar[str] = "fileversions"
    LATE_S: ClassVar[float] = 60.0

    record_id: str
    file_version_id: str
    check: str
    outcome: str
    description: str
    origin: str

    def target(self) -> str:
        """The file version."""
        return f"file-version:{self.file_version_id}"

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """The record: lists show no file versions."""
        del vendor_ref
        return (self.record_id,)

    def effect_key(self, cause: Cause) -> EffectKey:
        """One result per version, check and origin."""
        del cause
        return EffectKey(f"check:{self.file_version_id}:{self.check}:{self.origin}")


@register
@dataclass(frozen=True, kw_only=True)
class CreateRecord(Command):
    """Make a record that bears our reference in a field, by which a look-up finds it.

    classifications: at least one, or the vendor may refuse. upload: the key of the `Upload` that brought its master
    file, "" for none.
    """

    KIND: ClassVar[str] = "dam.create_record"
    SIDE: ClassVar[Side] = Side.APRIMO
    ROUTE: ClassVar[str] = "records"
    LATE_S: ClassVar[float] = 180.0

    reference_field: str
    reference: str
    content_type: str
    status: str
    classifications: tuple[str, ...]
    fields: Mapping[str, JsonValue] = field(default_factory=dict)
    upload: str = ""

    def target(self) -> str:
        """The reference: the record does not exist yet."""
        return f"record:{self.reference}"

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """The record that was made."""
        return (vendor_ref,) if vendor_ref else ()

    def effect_key(self, cause: Cause) -> EffectKey:
        """One record per reference."""
        del cause
        return EffectKey(f"create-record:{self.reference}")


@register
@dataclass(frozen=True, kw_only=True)
class AddToCollection(Command):
    """Put records into a collection. Repeatable: one that is in already stays in, so again changes nothing."""

    KIND: ClassVar[str] = "dam.add_to_collection"
    SIDE: ClassVar[Side] = Side.APRIMO
    ROUTE: ClassVar[str] = "collections"
    LATE_S: ClassVar[float] = 0.0
    IS_WHOLE: ClassVar[bool] = True

    collection: str
    record_ids: tuple[str, ...]

    def target(self) -> str:
        """The collection."""
        return f"collection:{self.collection}"

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """The records; lists show no collections."""
        del vendor_ref
        return self.record_ids

    def effect_key(self, cause: Cause) -> EffectKey:
        """Per plan: they may rightly be put in again after they were taken out."""
        return EffectKey(f"collect:{self.collection}:{_of_all(self.record_ids)}:{cause.event_id}:{cause.plan_number}")


@register
@dataclass(frozen=True, kw_only=True)
class RemoveFromCollection(Command):
    """Take records out of a collection. Repeatable: one that is out stays out, so again changes nothing."""

    KIND: ClassVar[str] = "dam.remove_from_collection"
    SIDE: ClassVar[Side] = Side.APRIMO
    ROUTE: ClassVar[str] = "collections"
    LATE_S: ClassVar[float] = 0.0
    IS_WHOLE: ClassVar[bool] = True

    collection: str
    record_ids: tuple[str, ...]

    def target(self) -> str:
        """The collection."""
        return f"collection:{self.collection}"

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """The records; lists show no collections."""
        del vendor_ref
        return self.record_ids

    def effect_key(self, cause: Cause) -> EffectKey:
        """Per plan: they may rightly be taken out again after they were put in."""
        return EffectKey(
            f"uncollect:{self.collection}:{_of_all(self.record_ids)}:{cause.event_id}:{cause.plan_number}"
        )


def _of_all(record_ids: tuple[str, ...]) -> str:
    """A short name of these records, whatever their order: of one, its id."""
    return (
        record_ids[0]
        if len(record_ids) == 1
        else hashlib.sha256(",".join(sorted(record_ids)).encode()).hexdigest()[:16]
    )
