"""Keeps some processes of a worker free while others wait for the vendor that is not the worker's own.

A step reads both systems; where one answers slowly, all processes of the other's worker would soon wait for it. So
only a few of them may at once. Places are byte ranges of one file that the worker's main process opens before it
forks, each locked by the process that has the place: the kernel gives a dead process's place back by itself.
"""

from __future__ import annotations

import fcntl
import os
import struct
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE_S = 0.25
"""So long one waits for a place; whoever has kept one longer is waiting for a slow vendor."""
_LOOK_EVERY_S = 0.01
_SINCE = struct.Struct("d")


class Bulkhead:
    """Places for the processes of one worker; made before they are forked."""

    def __init__(self, places: int, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - It is open as long as the worker runs.
        weakref.finalize(self, self._file.close)
        self._offsets = tuple(place * _SINCE.size for place in range(places))
        self._monotonic = monotonic

    @contextmanager
    def place(self) -> Iterator[bool]:
        """A place while this is entered; False where none is to be had soon."""
        offset = self._taken()
        if offset is None:
            yield False
            return
        try:
            yield True
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, _SINCE.size, offset)

    def _taken(self) -> int | None:
        began = self._monotonic()
        while True:
            for offset in self._offsets:
                if self._is_locked(offset):
                    return offset
            now = self._monotonic()
            if now - began >= PATIENCE_S or all(now - self._since(each) >= PATIENCE_S for each in self._offsets):
                return None
            time.sleep(_LOOK_EVERY_S)

    def _is_locked(self, offset: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, _SINCE.size, offset)
        except BlockingIOError:
            return False
        os.pwrite(self._file.fileno(), _SINCE.pack(self._monotonic()), offset)
        return True

    def _since(self, offset: int) -> float:
        """When the place was taken last; seconds of the clock that all processes of a machine share."""
        told = os.pread(self._file.fileno(), _SINCE.size, offset)
        return float(_SINCE.unpack(told)[0]) if len(told) == _SINCE.size else self._monotonic()
