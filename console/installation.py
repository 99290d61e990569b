"""What an operator's command works on: the installation that the settings name.

Everything is imported when it is asked for: the command line must start fast, and much of it needs little.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from config.running import current

if TYPE_CHECKING:
    from pipeline.flows.tenant import FlowWords
    from pipeline.ports import Store
    from pipeline.store.pages import SqlPages
    from tasks.wiring import Wiring


def store() -> Store:
    """The truth, and nothing else. Raises SettingsError."""
    from pipeline.store import SqlStore  # noqa: PLC0415 - see above

    return SqlStore(current().database_url)


def pages() -> SqlPages:
    """What operators see. Raises SettingsError."""
    from pipeline.store.pages import SqlPages  # noqa: PLC0415 - see above

    return SqlPages(current().database_url)


def wiring() -> Wiring:
    """Everything, for commands that act. Raises SettingsError."""
    from tasks import app, wiring  # noqa: PLC0415 - see above

    app.create(current())
    return wiring.current()


def wiring_if_broker() -> Wiring | None:
    """Everything, where there is a broker to ask; None while no installation runs and none is named."""
    return wiring() if current().broker_url else None


def words() -> Mapping[str, FlowWords]:
    """Each flow's words, from its file alone. Raises SettingsError, and WordsError for a faulty file."""
    from pipeline.flows.reading import read_words  # noqa: PLC0415 - see above

    files = sorted(current().flows_dir.glob("*.toml"))
    return {path.stem: read_words(path.stem, tomllib.loads(path.read_text(encoding="utf-8"))) for path in files}
