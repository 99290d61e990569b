"""How far uploads and orders have come: rows by effect key."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, update

from pipeline.ports import UploadRow
from pipeline.store.statements import insert_into
from pipeline.store.tables import orders, uploads
from pipeline.words import EffectKey


class SqlProgress:
    """The port `Progress` within one transaction."""

    def __init__(self, conn: Connection, now: datetime) -> None:
        self._conn = conn
        self._now = now

    def upload(self, key: EffectKey) -> UploadRow | None:
        """How far an upload has come; None before it began."""
        columns = [column for column in uploads.c if column.name != "updated_at"]
        row = self._conn.execute(select(*columns).where(uploads.c.key == key)).mappings().one_or_none()
        return UploadRow(**row) if row else None

    def save_upload(self, row: UploadRow) -> None:
        """Insert or update."""
        insert = insert_into(self._conn, uploads).values(**vars(row), updated_at=self._now)
        newest = {column.name: insert.excluded[column.name] for column in uploads.c if not column.primary_key}
        self._conn.execute(insert.on_conflict_do_update(index_elements=["key"], set_=newest))

    def spend_token(self, key: EffectKey, token: str) -> bool:
        """Take the token out of its row; False when somebody else took it."""
        held = update(uploads).where(uploads.c.key == key, uploads.c.token == token)
        return self._conn.execute(held.values(token="", updated_at=self._now)).rowcount == 1

    def order(self, key: EffectKey) -> str:
        """The vendor's id of the order that was placed; "" before."""
        return self._conn.execute(select(orders.c.order_id).where(orders.c.key == key)).scalar_one_or_none() or ""

    def save_order(self, key: EffectKey, order_id: str) -> None:
        """Insert or update; "" lets another order be placed."""
        insert = insert_into(self._conn, orders).values(key=key, order_id=order_id, updated_at=self._now)
        newest = {"order_id": insert.excluded.order_id, "updated_at": insert.excluded.updated_at}
        self._conn.execute(insert.on_conflict_do_update(index_elements=["key"], set_=newest))
