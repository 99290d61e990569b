"""Bulk reads for reconciliation: everything that a flow could concern, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pipeline.plan import ProcessRead, Snapshot
from pipeline.ports.vendors import Bounds
from pipeline.words import BusinessKey


@dataclass(frozen=True, kw_only=True)
class ItemPage:
    """A page of a flow's items; cursor: where the next page begins, "" after the last one.

    is_whole: these rows carry what a read of each would; False: an item that matters is read by itself. lacks: what
    rows were found to lack of it, in the vendor's words; such values are left out of their snapshots. unread: the
    items whose rows cannot be read; nameless: how many such rows do not say whose they are, and one for rows that no
    search shows. has_moved: the list did not stand still since an earlier page of this reading, and rows may have
    slipped between the two.
    """

    items: tuple[Snapshot, ...]
    cursor: str
    is_whole: bool = True
    lacks: tuple[str, ...] = ()
    unread: tuple[BusinessKey, ...] = ()
    nameless: int = 0
    has_moved: bool = False


@dataclass(frozen=True, kw_only=True)
class ProcessPage:
    """A page of living processes of a model, with variables and open tasks; the rest as of items."""

    processes: tuple[ProcessRead, ...]
    cursor: str
    is_whole: bool = True
    lacks: tuple[str, ...] = ()


class Items(Protocol):
    """Aprimo's side."""

    def items(self, flow: str, since: datetime | None, cursor: str, bounds: Bounds) -> Iterator[ItemPage]:
        """Pages of the flow's own items from a cursor on ("" for the first), all or those changed since then.

        Other objects that the flow works on come with them where they stand on the same list, each in its role.
        An item may come twice, and one that moves while it is paged through may not come at all. Raises the vendor's
        errors; the pages given until then stand.
        """


class Processes(Protocol):
    """OpenText's side."""

    def processes(self, flow: str, cursor: str, bounds: Bounds) -> Iterator[ProcessPage]:
        """Pages of the living processes of the flow's model from a cursor on. Raises the vendor's errors."""


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """Both systems' lists."""

    items: Items
    processes: Processes
