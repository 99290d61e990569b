"""How far uploads and orders have come."""

from __future__ import annotations

from dataclasses import replace

from pipeline.ports import UploadRow
from pipeline.store import SqlStore
from pipeline.words import EffectKey
from tasks.progress import StoredProgress

KEY = EffectKey("upload:aprimo:record:1#DACH:1:ab")
ROW = UploadRow(
    key=KEY,
    source="https://files.agency.example/a",
    file_name="a.psd",
    sha256="ab",
    size_bytes=5_000_000_000,
    segment_bytes=10_000_000,
    uri="/uploads/segments/1",
    next_segment=3,
    token="",
)


def test_an_upload_is_as_it_was_saved_last(store: SqlStore) -> None:
    progress = StoredProgress(store)
    assert progress.upload(KEY) is None

    progress.save_upload(ROW)
    progress.save_upload(replace(ROW, key=EffectKey("another"), next_segment=9))
    assert progress.upload(KEY) == ROW
    progress.save_upload(replace(ROW, next_segment=4, token="t-1"))

    assert progress.upload(KEY) == replace(ROW, next_segment=4, token="t-1")


def test_a_token_is_spent_once_and_only_by_who_read_it(store: SqlStore) -> None:
    progress = StoredProgress(store)
    progress.save_upload(replace(ROW, token="t-2"))

    assert [progress.spend_token(KEY, each) for each in ("t-1", "t-2", "t-2")] == [False, True, False]
    assert progress.upload(KEY) == ROW


def test_an_order_is_known_until_it_is_given_up(store: SqlStore) -> None:
    progress = StoredProgress(store)
    key = EffectKey("order:aprimo:activity:1:1")

    seen = [progress.order(key)]
    for order_id in ("o1", "o2", ""):
        progress.save_order(key, order_id)
        seen.append(progress.order(key))

    assert seen == ["", "o1", "o2", ""]
