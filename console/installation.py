"""What an operator's command works on: the installation that the settings name.

Everything is imported when it is asked for: the command line must start fast, and much of it needs little.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from config.running import current
from pipeline.errors import StoreAwayError

if TYPE_CHECKING:
    from pipeline.flows.tenant import FlowWords
    from pipeline.ports import Store
    from pipeline.store.pages import SqlPages
    from tasks.wiring import Wiring


def store() -> Store:
    """The truth, until the command ends. Raises SettingsError, and StoreAwayError where there is no database."""
    from pipeline.store import SqlStore  # noqa: PLC0415 - see above

    made = SqlStore(_database_url())
    click.get_current_context().call_on_close(made.dispose)
    return made


def pages() -> SqlPages:
    """What operators see, until the command ends. Raises as `store`."""
    from pipeline.store.pages import SqlPages  # noqa: PLC0415 - see above

    made = SqlPages(_database_url())
    click.get_current_context().call_on_close(made.dispose)
    return made


def wiring() -> Wiring:
    """Everything, for commands that act; what is logged meanwhile goes to standard error. Raises SettingsError."""
    from config.logging import configure  # noqa: PLC0415 - see above
    from tasks import app, wiring  # noqa: PLC0415 - see above

    settings = current()
    configure(settings, "command")
    app.create(settings)
    made = wiring.current()
    click.get_current_context().call_on_close(made.store.dispose)
    return made


def wiring_on_database() -> Wiring:
    """Everything, for commands that ask the truth as well. Raises as `wiring` and `store`."""
    _database_url()
    return wiring()


def wiring_if_broker() -> Wiring | None:
    """Everything, where there is a broker to ask; None while no installation runs and none is named."""
    return wiring() if current().broker_url else None


def words() -> Mapping[str, FlowWords]:
    """Each flow's words, from its file alone. Raises SettingsError, and WordsError for a faulty file."""
    from pipeline.flows.reading import read_words  # noqa: PLC0415 - see above

    files = sorted(current().flows_dir.glob("*.toml"))
    return {path.stem: read_words(path.stem, tomllib.loads(path.read_text(encoding="utf-8"))) for path in files}


def _database_url() -> str:
    """The database's address. SQLite would make an empty file where there is none, and nobody asked for one."""
    url = current().database_url
    path = url.partition(":///")[2].partition("?")[0]
    if url.startswith("sqlite") and not Path(path).exists():
        raise StoreAwayError(
            f"there is none at {path}. Start `signoff up`, or run `signoff db upgrade`; for an installation that"
            " runs, call this in the folder where it was started, or set SIGNOFF_DATA_DIR to its data folder."
        )
    return url
