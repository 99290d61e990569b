"""How far uploads and orders have come, in memory."""

from __future__ import annotations

from datetime import datetime

from pipeline.ports import UploadRow
from pipeline.words import EffectKey
from tests.support.memory.rows import Row, Tables


class MemoryProgress:
    """The port `Progress` within one transaction."""

    def __init__(self, tables: Tables, now: datetime) -> None:
        self._tables = tables
        self._now = now

    def upload(self, key: EffectKey) -> UploadRow | None:
        """How far an upload has come; None before it began."""
        row = self._tables["uploads"].get(key)
        return UploadRow(**{name: value for name, value in row.items() if name != "updated_at"}) if row else None

    def save_upload(self, row: UploadRow) -> None:
        """Insert or update."""
        self._put("uploads", vars(row))

    def spend_token(self, key: EffectKey, token: str) -> bool:
        """Take the token out of its row; False when somebody else took it."""
        row = self._tables["uploads"].get(key)
        if row is None or row["token"] != token:
            return False
        self._tables["uploads"].change(row, token="", updated_at=self._now)
        return True

    def order(self, key: EffectKey) -> str:
        """The vendor's id of the order that was placed; "" before."""
        row = self._tables["orders"].get(key)
        return str(row["order_id"]) if row else ""

    def save_order(self, key: EffectKey, order_id: str) -> None:
        """Insert or update; "" lets another order be placed."""
        self._put("orders", {"key": key, "order_id": order_id})

    def _put(self, table: str, values: Row) -> None:
        values = {**values, "updated_at": self._now}
        known = self._tables[table].known(values)
        if known is None:
            self._tables[table].insert(values)
        else:
            self._tables[table].change(known, **values)
