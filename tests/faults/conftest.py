"""One installation for each kind of database; the bad days come over it one after another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.bad_days_office import Office, opened
from tests.support.databases import BOTH, Postgres, postgres

__all__ = ["office", "postgres"]

TIMEOUT_S = 480
ON_SQLITE = frozenset({"test_paused.py", "test_twice.py"})
"""Days on which nothing of ours dies: the ordinary suite has them on one database, the long one on both."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each day has its time."""
    for item in items:
        if item.path.parent.name == "faults":
            item.add_marker(pytest.mark.timeout(TIMEOUT_S))
            database = item.callspec.params.get("office") if hasattr(item, "callspec") else None
            if database == "postgresql" and item.path.name in ON_SQLITE:
                item.add_marker(pytest.mark.long)


@pytest.fixture(scope="session", params=BOTH)
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp(f"office-{request.param}")
    url = None
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.empty_database().replace("postgresql://", "postgresql+psycopg://", 1)
    with opened(folder, url) as running:
        yield running
