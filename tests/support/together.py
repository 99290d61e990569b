"""Which tests stay together where several processes share them: they use what was made once for all of them."""

from __future__ import annotations

import re

from xdist.scheduler import LoadScopeScheduling

_DAYS = re.compile(r"(?P<folder>tests/faults)/.*\[(?P<database>sqlite|postgresql)\]")


class Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist publishes no types.
    """A file's tests, and all bad days of one installation."""

    def _split_scope(self, nodeid: str) -> str:
        days = _DAYS.fullmatch(nodeid)
        return f"{days['folder']} on {days['database']}" if days else nodeid.partition("::")[0]
