"""What an operator's command works on: the installation that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.running import current

if TYPE_CHECKING:  # Both bring Celery or SQLAlchemy, which `--help` needs not.
    from pipeline.ports import Store
    from tasks.wiring import Wiring


def store() -> Store:
    """The truth, and nothing else. Raises SettingsError."""
    from pipeline.store import SqlStore  # noqa: PLC0415 - as above

    return SqlStore(current().database_url)


def wiring() -> Wiring:
    """Everything, for commands that act. Raises SettingsError."""
    from tasks import app, wiring  # noqa: PLC0415 - as above

    app.create(current())
    return wiring.current()
