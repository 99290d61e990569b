"""How far uploads and orders have come, for the adapters: the store's rows, one transaction a call."""

from __future__ import annotations

from pipeline.ports import Store, Tx, UploadRow
from pipeline.words import EffectKey


class StoredProgress:
    """The port `Progress` on a store. Thread-safe. Each call raises StoreAwayError when SQL is away."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def upload(self, key: EffectKey) -> UploadRow | None:
        """How far an upload has come; None before it began."""
        return self._store.run(lambda tx: tx.progress.upload(key))

    def save_upload(self, row: UploadRow) -> None:
        """Insert or update."""

        def save(tx: Tx) -> None:
            tx.progress.save_upload(row)

        self._store.run(save)

    def spend_token(self, key: EffectKey, token: str) -> bool:
        """Take the token out of its row; False when somebody else took it."""
        return self._store.run(lambda tx: tx.progress.spend_token(key, token))

    def order(self, key: EffectKey) -> str:
        """The vendor's id of the order that was placed; "" before."""
        return self._store.run(lambda tx: tx.progress.order(key))

    def save_order(self, key: EffectKey, order_id: str) -> None:
        """Insert or update; "" lets another order be placed."""

        def save(tx: Tx) -> None:
            tx.progress.save_order(key, order_id)

        self._store.run(save)
