"""Lists that are paged through: what one came to is kept until something is written, so that pages are cheap."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")
KEPT = 4
"""Lists of as many readers as page at once."""


class Lists(Generic[T]):
    """The rows of the latest lists, by what was asked for. Used from the event loop only."""

    def __init__(self) -> None:
        self._found: OrderedDict[Hashable, tuple[int, list[T]]] = OrderedDict()

    def get(self, asked: Hashable, version: int, find: Callable[[], list[T]]) -> list[T]:
        """The rows for what was asked, found anew where the version of what is listed is another."""
        known = self._found.pop(asked, None)
        rows = known[1] if known is not None and known[0] == version else find()
        self._found[asked] = (version, rows)
        if len(self._found) > KEPT:
            self._found.popitem(last=False)
        return rows
