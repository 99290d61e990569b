"""Many processes or threads on one database at once; each test has it, and the machine, for itself."""

from __future__ import annotations

from tests.support.databases import any_database_url, postgres, postgres_url, sql_store, sqlite_template, sqlite_url

__all__ = ["any_database_url", "postgres", "postgres_url", "sql_store", "sqlite_template", "sqlite_url"]
