"""Files on their way to Aprimo: fetched, sent whole or in segments, and kept as a token until a record takes it.

How far a file has come is remembered after every call, so that after a crash the next segment is sent and not the
first. A token is for a single use: it is taken out of its row before the call that uses it, and where that call
failed the file is sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace

from pipeline.aprimo import upload_wire
from pipeline.aprimo.upload_wire import UploadWire
from pipeline.commands import Upload
from pipeline.errors import LeaseLostError, PermanentError, TransientError
from pipeline.ports import Bounds, Progress, UploadRow
from pipeline.transport.messages import Answer, Request
from pipeline.transport.reading import reading
from pipeline.transport.session import Sender
from pipeline.transport.sources import Fetched
from pipeline.words import EffectKey

Fetch = Callable[[str, Bounds], AbstractContextManager[Fetched]]
NOT_FOUND = 404
TOO_MANY = 429


@dataclass(frozen=True, kw_only=True)
class UploadOptions:
    """url: the upload service's base. whole_max_bytes: what goes in one piece; longer files go in segments."""

    url: str
    whole_max_bytes: int = 20_000_000
    segment_bytes: int = 10_000_000


class Uploads:
    """Carries files into one tenant. Thread-safe."""

    def __init__(self, sender: Sender, options: UploadOptions, *, progress: Progress, fetch: Fetch) -> None:
        self._sender = sender
        self._options = options
        self._wire = UploadWire(options.url)
        self._progress = progress
        self._fetch = fetch

    def has_token(self, key: EffectKey) -> bool:
        """Whether the file is there and waits for its record."""
        row = self._progress.upload(key)
        return row is not None and row.token != ""

    def carry(self, command: Upload, bounds: Bounds) -> None:
        """Bring the file in, or go on where it was left.

        Raises PermanentError (`file_differs`, and those of the source), TransientError and the session's errors.
        """
        key = command.key()
        row = self._progress.upload(key) or UploadRow(
            key=key,
            source=command.source,
            file_name=upload_wire.file_name(command.file_name),
            sha256=command.sha256.lower(),
        )
        if not row.token:
            self._send(row, bounds)

    @contextmanager
    def token(self, key: str, bounds: Bounds) -> Iterator[UploadRow]:
        """The row of an upload, with a token that nobody else gets. The block makes the one call that uses it.

        A token that was used before is replaced: the file is sent again. Where the block's call certainly did not
        reach the vendor the token is kept. Raises as `carry`, and PermanentError (`upload_missing`).
        """
        row = self._progress.upload(EffectKey(key))
        if row is None:
            raise PermanentError("upload_missing", f"No file was brought in as {key}.")
        if not row.token:
            row = self._send(row, bounds)
        if not self._progress.spend_token(row.key, row.token):
            raise TransientError(f"The file {row.file_name} was taken by somebody else a moment ago.")
        try:
            yield row
        except LeaseLostError:
            self._progress.save_upload(row)
            raise
        except TransientError as error:
            if error.status in {None, TOO_MANY}:
                self._progress.save_upload(row)
            raise

    def _send(self, row: UploadRow, bounds: Bounds) -> UploadRow:
        with self._fetch(row.source, bounds) as fetched:
            row = self._begun(row, fetched)
            if row.segment_bytes:
                token = self._in_segments(row, fetched, bounds)
            else:
                token = self._whole(row, fetched, bounds)
        # A used token's segments are gone with it: another go begins at the first.
        done = replace(row, token=token, uri="", next_segment=0)
        self._progress.save_upload(done)
        return done

    def _begun(self, row: UploadRow, fetched: Fetched) -> UploadRow:
        """The row as it fits what was fetched: begun anew for another file, refused where one was announced."""
        is_another = row.sha256 != fetched.sha256
        if is_another and row.sha256 and row.key.endswith(row.sha256):
            hint = f"{row.file_name} has the SHA-256 {fetched.sha256}, not the {row.sha256} that was announced."
            raise PermanentError("file_differs", hint)
        if row.uri and not is_another:
            return row
        in_one = fetched.size_bytes <= self._options.whole_max_bytes
        return replace(
            row,
            sha256=fetched.sha256,
            size_bytes=fetched.size_bytes,
            segment_bytes=0 if in_one else self._options.segment_bytes,
            uri="",
            next_segment=0,
        )

    def _whole(self, row: UploadRow, fetched: Fetched, bounds: Bounds) -> str:
        fetched.file.seek(0)
        answer = self._sender.send(self._wire.post_whole(row.file_name, fetched.file.read()), bounds)
        with reading("Aprimo's answer to an upload"):
            return upload_wire.read_token(answer)

    def _in_segments(self, row: UploadRow, fetched: Fetched, bounds: Bounds) -> str:
        if not row.uri:
            answer = self._sender.send(self._wire.open(row.file_name), bounds)
            with reading("Aprimo's answer to an upload in segments"):
                row = replace(row, uri=upload_wire.read_path(answer))
            self._progress.save_upload(row)
        count = -(-row.size_bytes // row.segment_bytes)
        for index in range(row.next_segment, count):
            fetched.file.seek(index * row.segment_bytes)
            part = fetched.file.read(row.segment_bytes)
            self._demand(row, self._wire.post_segment(row.uri, index, row.file_name, part), bounds)
            row = replace(row, next_segment=index + 1)
            self._progress.save_upload(row)
        answer = self._demand(row, self._wire.commit(row.uri, row.file_name, count), bounds)
        with reading("Aprimo's answer to the commit of an upload"):
            return upload_wire.read_token(answer)

    def _demand(self, row: UploadRow, request: Request, bounds: Bounds) -> Answer:
        """The answer of an upload that is still known; else it is forgotten here too, and begins again."""
        answer = self._sender.send(request, bounds)
        if answer.status == NOT_FOUND:
            self._progress.save_upload(replace(row, uri="", next_segment=0))
            raise TransientError(f"Aprimo knows the upload of {row.file_name} no more: it begins again.")
        return answer
