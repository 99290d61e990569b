"""What effects that take several calls remember between them, as a protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pipeline.words import EffectKey


@dataclass(frozen=True, kw_only=True)
class UploadRow:
    """How far a file has come.

    segment_bytes: how long its segments are, 0 where it goes in one piece. uri: where they go, "" before it is
    opened. token: what stands for the whole file, for a single use; "" before it is there and after it was used.
    """

    key: EffectKey
    source: str
    file_name: str
    sha256: str
    size_bytes: int = 0
    segment_bytes: int = 0
    uri: str = ""
    next_segment: int = 0
    token: str = ""


class Progress(Protocol):
    """Rows by effect key. The adapters get each call as a commit of its own, outside the step's."""

    def upload(self, key: EffectKey) -> UploadRow | None:
        """How far an upload has come; None before it began."""

    def save_upload(self, row: UploadRow) -> None:
        """Insert or update."""

    def spend_token(self, key: EffectKey, token: str) -> bool:
        """Take the token out of its row; False when somebody else took it."""

    def order(self, key: EffectKey) -> str:
        """The vendor's id of the order that was placed; "" before."""

    def save_order(self, key: EffectKey, order_id: str) -> None:
        """Insert or update; "" lets another order be placed."""
