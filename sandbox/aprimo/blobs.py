"""The bytes of uploads, kept by their hash: in memory, or in a folder beside the journal where there is one."""

import hashlib
from pathlib import Path


class Blobs:
    """Contents by SHA-256. A blob is written whole before its name is known to anybody."""

    def __init__(self, data_dir: str | None) -> None:
        self._folder = Path(data_dir) / "blobs" if data_dir else None
        self._kept: dict[str, bytes] = {}
        if self._folder:
            self._folder.mkdir(parents=True, exist_ok=True)

    def put(self, content: bytes) -> str:
        """Keep a content and give its hash."""
        name = hashlib.sha256(content).hexdigest()
        if self._folder is None:
            self._kept[name] = content
            return name
        unfinished = self._folder / f"{name}.part"
        unfinished.write_bytes(content)
        unfinished.replace(self._folder / name)
        return name

    def get(self, name: str) -> bytes:
        """Give a content that was kept."""
        return (self._folder / name).read_bytes() if self._folder else self._kept[name]
