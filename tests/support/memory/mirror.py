"""What a memory store holds, as a real database: for pages, for a look behind the ports, for checkers that read SQL.

Writing it there is a test by itself: SQLite takes only rows that keep every type, foreign key and unique.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, select
from sqlalchemy.engine import Engine

from pipeline.store import SqlPages
from pipeline.store.engine import PerProcess, readers, writers
from pipeline.store.store import Clock
from pipeline.store.tables import metadata
from tests.support.memory.rows import Tables


class Mirror:
    """An engine over a migrated SQLite file that shows what the memory store holds at each connection."""

    def __init__(self, tables: Tables, engine: Engine) -> None:
        self._tables = tables
        self._engine = engine

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection that reads what is in memory now."""
        with self._engine.begin() as conn:
            write(self._tables, conn)
            yield conn

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A connection whose writes are in memory afterwards."""
        with self.connect() as conn:
            yield conn
            read(self._tables, conn)

    def dispose(self) -> None:
        """Close the connections."""
        self._engine.dispose()


class MirroredPages(SqlPages):
    """Operators' pages over a memory store: each reading is of what it holds at that moment."""

    def __init__(self, tables: Tables, database_url: str, *, clock: Clock) -> None:
        super().__init__(database_url, clock=clock)
        self._mirror = Mirror(tables, writers(database_url).engine())
        self._engines = _Renewed(lambda: readers(database_url).engine(), self._mirror)

    def dispose(self) -> None:
        """Close the connections."""
        self._mirror.dispose()
        super().dispose()


class _Renewed(PerProcess):
    """An engine whose database is brought up to date whenever it is asked for."""

    def __init__(self, make: Callable[[], Engine], mirror: Mirror) -> None:
        super().__init__(make)
        self._mirror = mirror

    def engine(self) -> Engine:
        with self._mirror.connect():
            pass
        return super().engine()


def write(tables: Tables, conn: Connection) -> None:
    """Make the database hold what is in memory, and nothing else."""
    for table in reversed(metadata.sorted_tables):
        conn.execute(table.delete())
    for table in metadata.sorted_tables:
        rows = list(tables[table.name])
        if rows:
            conn.execute(table.insert(), rows)


def read(tables: Tables, conn: Connection) -> None:
    """Make memory hold what is in the database."""
    for table in metadata.sorted_tables:
        ordered = select(table).order_by(*table.primary_key)
        tables[table.name].fill(dict(row) for row in conn.execute(ordered).mappings())
