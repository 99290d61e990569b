"""The wire of Aprimo's upload service, pure. It is on the host of Productivity Management, not on the DAM's.

Source: the generated reference of the DAM, "Uploads", and the names of form fields in a public SDK, read 2026.
Nothing of an upload shows anywhere before its token is used, so none of these calls counts as an effect: each may be
made again.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from urllib3.filepost import encode_multipart_formdata

from pipeline.transport.messages import Answer, Request, UnreadableAnswerError

ROUTE = "uploads"
NAME_BYTES_MAX = 200
MAY_BE_GONE = frozenset({404})
_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_HEADERS = {"API-VERSION": "1"}


class UploadWire:
    """Builds the requests of one tenant's upload service."""

    def __init__(self, base: str) -> None:
        self._base = base.rstrip("/")

    def post_whole(self, name: str, content: bytes) -> Request:
        """Send a file in one piece."""
        return self._form("/uploads", "file1", name, content)

    def open(self, name: str) -> Request:
        """Begin an upload in segments."""
        return self._json("/uploads/segments", {"filename": name})

    def post_segment(self, path: str, index: int, name: str, content: bytes) -> Request:
        """Send a segment, counted from 0; sent again it takes its own place. A 404 is an answer: it is gone."""
        return self._form(path, f"segment{index}", f"{name}.segment{index}", content, (("index", str(index)),))

    def commit(self, path: str, name: str, count: int) -> Request:
        """Have the segments put together. A 404 is an answer: it is gone, or was committed before."""
        return self._json(f"{path}/commit", {"filename": name, "segmentcount": count}, answers=MAY_BE_GONE)

    def _json(self, path: str, body: dict[str, str | int], *, answers: frozenset[int] = frozenset()) -> Request:
        return Request(
            method="POST",
            url=f"{self._base}{path}",
            route=ROUTE,
            has_effect=False,
            body=body,
            headers=_HEADERS,
            answers=answers,
        )

    def _form(
        self, path: str, field: str, name: str, content: bytes, params: tuple[tuple[str, str], ...] = ()
    ) -> Request:
        body, kind = encode_multipart_formdata({field: (name, content, "application/octet-stream")})
        return Request(
            method="POST",
            url=f"{self._base}{path}",
            route=ROUTE,
            has_effect=False,
            params=params,
            content=body,
            headers={**_HEADERS, "Content-Type": kind},
            answers=MAY_BE_GONE if params else frozenset(),
        )


def file_name(given: str) -> str:
    r"""A name the vendor takes: `< > : " / \ | ? *` and what cannot be seen become `_`, and it is cut by its front.

    Its end stays, because it says what the file is.
    """
    name = _NOT_IN_NAMES.sub("_", given).strip(" .") or "file"
    return name.encode()[-NAME_BYTES_MAX:].decode(errors="ignore")


def read_token(answer: Answer) -> str:
    """The token that stands for the file. Raises UnreadableAnswerError."""
    return _text(answer, "token")


def read_path(answer: Answer) -> str:
    """Where segments go. Only the path: our bearer token goes to no host but the configured one.

    Raises UnreadableAnswerError.
    """
    path = urlsplit(_text(answer, "uri")).path.rstrip("/")
    if not path.startswith("/"):
        raise UnreadableAnswerError("an upload without an address for its segments")
    return path


def _text(answer: Answer, key: str) -> str:
    value = answer.json_object().get(key)
    if not isinstance(value, str) or not value:
        raise UnreadableAnswerError(f"an upload without a '{key}'")
    return value
