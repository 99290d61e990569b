"""The two sides of an item, sorted for whoever compares them, and as which of the flow's objects each is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.differences import PROCESS, STATE, Mismatch, Pair
from pipeline.flows.agreements import Agreement, Stand
from pipeline.flows.shared.case import row_of
from pipeline.flows.shared.values import text
from pipeline.flows.tenant import FlowWords
from pipeline.keys import kind_of, split_aprimo_key
from pipeline.plan import Link, ProcessRead, ProcessRow, Snapshot
from pipeline.words import BusinessKey, JsonValue


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Both sides of a pair, sorted. words: the flow's; view: those of the item, and agreements: what is said of it.

    item: what is there and ours. is_gone: whether it was asked for and is not. living: the processes that live; None
    where nobody asked. live: our row of the one that lives, as far as we know, and read: that process as it was read.
    is_full: whether both sides were read, not only a page's row.
    """

    pair: Pair
    words: FlowWords
    view: FlowWords
    agreements: tuple[Agreement, ...]
    item: Snapshot | None
    is_gone: bool
    living: tuple[ProcessRead, ...] | None
    live: ProcessRow | None
    read: ProcessRead | None
    is_full: bool

    @property
    def state(self) -> str:
        """Our word for the item's state; "" where it has none of ours, or was not read."""
        return text(self.item.values.get(STATE)) if self.item else ""

    @property
    def has_live(self) -> bool:
        """Whether a process lives: as it was read, else as we know."""
        return bool(self.living) if self.living is not None else self.live is not None

    @property
    def applying(self) -> tuple[Agreement, ...]:
        """What is said of the item where it stands now."""
        return tuple(each for each in self.agreements if self._applies(each))

    @property
    def processes(self) -> tuple[ProcessRow, ...]:
        """What we ever began for it, in the order of their revisions."""
        return self.pair.link.processes if self.pair.link else ()

    @property
    def approved(self) -> tuple[Agreement, ...]:
        """What is said of it because it stands approved, if it does."""
        return tuple(each for each in self.applying if each.stand is Stand.APPROVED and each.states)

    def agreed(self, name: str) -> JsonValue:
        """What both last agreed on."""
        return self.pair.link.agreed_value(name) if self.pair.link else None

    def process(self, living: JsonValue) -> Mismatch:
        """That the process is not as it must be. living: the instances that live, None for none."""
        known = self.live.instance_id if self.live else None
        return Mismatch(field=PROCESS, agreed=known, aprimo=self.state or None, opentext=living)

    def _applies(self, each: Agreement) -> bool:
        state = text(self.item.values.get(each.state_field)) if self.item else ""
        if each.states and state not in each.states:
            return False
        return each.concerns is None or (
            self.item is not None and each.concerns(self.item, self.pair.link, self.view)
        )


def sides_of(pair: Pair, words: FlowWords, agreements: Sequence[Agreement], *, is_full: bool) -> Sides:
    """A pair, sorted. agreements: what the flow says must agree; is_full: whether both sides were read in full."""
    role, link = role_of(pair.business_key, agreements), pair.link
    view = words_of_key(pair.business_key, words, agreements)
    living = tuple(each for each in pair.processes if each.ended_at is None)
    live = link.live_process() if link else None
    is_ours = pair.item is not None and not pair.item.is_absent and _is_of_type(pair.item, view)
    return Sides(
        pair=pair,
        words=words,
        view=view,
        agreements=tuple(each for each in agreements if each.role == role),
        item=pair.item if is_ours else None,
        is_gone=pair.item is not None and not is_ours,
        living=living if is_full or pair.processes else None,
        live=live,
        read=next((each for each in living if link and live and _is_of(each, live, link)), None),
        is_full=is_full,
    )


def words_of_key(key: BusinessKey, words: FlowWords, agreements: Sequence[Agreement]) -> FlowWords:
    """The words of the object that a business key is about: one of a flow's parts has its own."""
    role = role_of(key, agreements)
    return words.as_role(role) if role else words.as_kind(kind_of(key) or words.object_kind)


def role_of(key: BusinessKey, agreements: Sequence[Agreement]) -> str:
    """As which of the flow's objects the item of a part is read; "" for an item of the flow's own."""
    has_part = bool(kind_of(key)) and bool(split_aprimo_key(key)[2])
    return next((each.role for each in agreements if has_part and each.role), "")


def _is_of_type(item: Snapshot, view: FlowWords) -> bool:
    """Whether an item is one of the flow's types; a page's row that does not say so is one."""
    return not view.type_ids or item.values.get("type_id") in {*view.type_ids, None}


def _is_of(process: ProcessRead, live: ProcessRow, link: Link) -> bool:
    row = row_of(process, link)
    return row is not None and row.revision == live.revision
