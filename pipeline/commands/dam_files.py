"""What a plan may want done with files in Aprimo's DAM: brought in, added as a version, published."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pipeline.commands.base import Cause, Command, register
from pipeline.words import BusinessKey, EffectKey, Side


@register
@dataclass(frozen=True, kw_only=True)
class Upload(Command):
    """Bring a file from an allowed host to Aprimo, where a later `CreateRecord` or `AddVersion` names it by its key.

    source: its https address. sha256: of its content, in hex, "" where nobody said; another content is refused.
    """

    KIND: ClassVar[str] = "dam.upload"
    SIDE: ClassVar[Side] = Side.APRIMO
    ROUTE: ClassVar[str] = "uploads"
    LATE_S: ClassVar[float] = 0.0

    business_key: BusinessKey
    revision: int
    source: str
    file_name: str
    sha256: str = ""

    def target(self) -> str:
        """The file's name: nothing exists yet."""
        return f"upload:{self.file_name}"

    def key(self) -> EffectKey:
        """What a later command names this upload by; the address stands in for a content nobody vouched for."""
        content = self.sha256 or hashlib.sha256(self.source.encode()).hexdigest()
        return EffectKey(f"upload:{self.business_key}:{self.revision}:{content}")

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """None: a file that was only brought in is in no list."""
        del vendor_ref
        return ()

    def effect_key(self, cause: Cause) -> EffectKey:
        """One upload per item, revision and content."""
        del cause
        return self.key()


@register
@dataclass(frozen=True, kw_only=True)
class AddVersion(Command):
    """Add a version to a record's file; its label is a marker made of the effect key. upload: the `Upload`'s key."""

    KIND: ClassVar[str] = "dam.add_version"
    SIDE: ClassVar[Side] = Side.APRIMO
    ROUTE: ClassVar[str] = "records"
    LATE_S: ClassVar[float] = 180.0

    record_id: str
    file_id: str
    business_key: BusinessKey
    revision: int
    upload: str
    comment: str = ""

    def target(self) -> str:
        """The record's file."""
        return f"record:{self.record_id}/file:{self.file_id}"

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """The record."""
        del vendor_ref
        return (self.record_id,)

    def effect_key(self, cause: Cause) -> EffectKey:
        """One version per file, item and revision."""
        del cause
        return EffectKey(f"version:{self.file_id}:{self.business_key}:{self.revision}")


@register
@dataclass(frozen=True, kw_only=True)
class OrderLinks(Command):
    """Order public links for the latest versions of records; done when they are delivered.

    versions: record id to the id of the file version that is meant, which must still be the latest one.
    """

    KIND: ClassVar[str] = "dam.order"
    SIDE: ClassVar[Side] = Side.APRIMO
    ROUTE: ClassVar[str] = "orders"
    LATE_S: ClassVar[float] = 180.0

    versions: Mapping[str, str]
    business_key: BusinessKey
    revision: int

    def target(self) -> str:
        """The file versions."""
        return f"public-links:{','.join(sorted(self.versions.values()))}"

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """The records whose versions get links."""
        del vendor_ref
        return tuple(self.versions)

    def effect_key(self, cause: Cause) -> EffectKey:
        """One order per item and revision."""
        del cause
        return EffectKey(f"order:{self.business_key}:{self.revision}")


@register
@dataclass(frozen=True, kw_only=True)
class RegisterPublicLink(Command):
    """Tell Aprimo of a rendition that is published elsewhere; what Aprimo itself is to publish is ordered.

    uri and provider: where it is, and with whom. The link's id comes back as the delivery's vendor_ref.
    """

    KIND: ClassVar[str] = "dam.public_link"
    SIDE: ClassVar[Side] = Side.APRIMO
    ROUTE: ClassVar[str] = "publiclinks"
    LATE_S: ClassVar[float] = 180.0

    record_id: str
    file_version_id: str
    rendition: str
    uri: str
    provider: str
    business_key: BusinessKey
    revision: int

    def target(self) -> str:
        """The rendition."""
        return f"file-version:{self.file_version_id}/{self.rendition}"

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """The record."""
        del vendor_ref
        return (self.record_id,)

    def effect_key(self, cause: Cause) -> EffectKey:
        """One link per version, rendition, item and revision."""
        del cause
        return EffectKey(f"public-link:{self.file_version_id}:{self.rendition}:{self.business_key}:{self.revision}")


@register
@dataclass(frozen=True, kw_only=True)
class DropPublicLink(Command):
    """Take a public link back. record_id: whose link it is."""

    KIND: ClassVar[str] = "dam.drop_public_link"
    SIDE: ClassVar[Side] = Side.APRIMO
    ROUTE: ClassVar[str] = "publiclinks"
    LATE_S: ClassVar[float] = 60.0

    record_id: str
    public_link_id: str

    def target(self) -> str:
        """The link."""
        return f"public-link:{self.public_link_id}"

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """The record: lists show no links."""
        del vendor_ref
        return (self.record_id,)

    def effect_key(self, cause: Cause) -> EffectKey:
        """A link goes once."""
        del cause
        return EffectKey(f"drop-public-link:{self.public_link_id}")
