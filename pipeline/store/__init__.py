"""The truth in SQL: every fact the pipeline relies on is a row here before anyone is told of it."""

from pipeline.store.migrate import migrate
from pipeline.store.pages import SqlPages
from pipeline.store.store import SqlStore, SqlTx

__all__ = ["SqlPages", "SqlStore", "SqlTx", "migrate"]
