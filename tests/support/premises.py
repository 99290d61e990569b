"""What one installation after another is opened on: a database whose statements are known, a broker, a web server.

Making them costs more than most tests do: SQLAlchemy compiles each statement once for each engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from anyio.from_thread import start_blocking_portal
from redis import Redis
from sqlalchemy import Engine
from starlette.applications import Starlette

from pipeline.store import SqlPages, SqlStore, engine
from tests.support.databases import restore
from tests.support.valkey_server import running_valkey
from tests.support.web_server import Stage, served


@dataclass(kw_only=True)
class Premises:
    """base: address of the web server. looking: a look behind the store. redis: a Valkey of our own."""

    template: Path
    path: Path
    store: SqlStore
    pages: SqlPages
    looking: Engine
    redis: Redis
    base: str
    stage: Stage

    @classmethod
    @contextmanager
    def built(cls, folder: Path, template: Path) -> Iterator[Self]:
        """Premises in a folder. template: a migrated SQLite file."""
        path, stage = folder / "signoff.sqlite3", Stage()
        url = f"sqlite:///{path}"
        store, pages, looking = SqlStore(url), SqlPages(url), engine.writer(url)
        with running_valkey(folder / "broker") as broker, Redis.from_url(broker) as redis, served(stage) as base:
            yield cls(
                template=template,
                path=path,
                store=store,
                pages=pages,
                looking=looking,
                redis=redis,
                base=base,
                stage=stage,
            )
        for each in (store, pages, looking):
            each.dispose()

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.path}"

    def clear(self) -> None:
        """Bring the database back to what the migrations made, and empty the broker."""
        restore(self.template, self.path)
        self.redis.flushall()

    @contextmanager
    def showing(self, app: Starlette) -> Iterator[None]:
        """Serve an app, within its lifespan."""
        with ExitStack() as held:
            portal = held.enter_context(start_blocking_portal())
            held.enter_context(portal.wrap_async_context_manager(app.router.lifespan_context(app)))
            self.stage.app = app
            yield
