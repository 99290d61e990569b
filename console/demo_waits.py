"""What each item waits for, from Signoff's own read model: shown live, never part of the verdict."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.store.pages import LinkPage, SqlPages
from pipeline.words import Side, Step, WaitReason

_WORDS: Mapping[str, str] = {
    WaitReason.BACKOFF: "the next try",
    WaitReason.VENDOR_WAIT: "the call budget",
    WaitReason.LOOKUP: "a look-up",
    WaitReason.HELD: "what another item holds",
}
_STEPS: Mapping[str, str] = {Step.TRANSFORM: "a look at", Step.CARRY: "a call to", Step.SETTLE: "settling"}
_NAMES: Mapping[str, str] = {Side.APRIMO: "Aprimo", Side.OPENTEXT: "OpenText"}
_DEAD = "a person: dead letter"


class Waits:
    """Reads where the lines of a flow stand."""

    def __init__(self, pages: SqlPages, flow: str) -> None:
        self._pages = pages
        self._flow = flow

    def now(self) -> dict[str, str]:
        """By business key what a line waits for, "" for nothing."""
        return {page.business_key: _words(page) for page in self._pages.links(self._flow)}


def _words(page: LinkPage) -> str:
    if page.is_held:
        return _DEAD
    if not page.waiting:
        return ""
    if page.wait_reason:
        return _WORDS.get(page.wait_reason, page.wait_reason)
    return f"{_STEPS.get(page.step, page.step)} {_NAMES.get(page.vendor, page.vendor)}"
