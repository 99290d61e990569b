"""The upload service: `/uploads`, in one piece and in segments (aprimo.md §4.7). Its tokens are for a single use."""

from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.aprimo import dam_ids
from sandbox.aprimo.blobs import Blobs
from sandbox.aprimo.pm_bodies import read_object
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.state import SEGMENTED, UPLOAD, Row, State
from sandbox.kit.history import History

FORBIDDEN = frozenset('<>:"/\\|?*')


class Uploads:
    """What was uploaded and waits for a record."""

    def __init__(self, state: State, history: History, blobs: Blobs, *, max_bytes: int) -> None:
        self._state = state
        self._history = history
        self._blobs = blobs
        self._max_bytes = max_bytes

    def routes(self) -> list[Route]:
        """List the routes of the upload service."""
        one = "/uploads/segments/{id}"
        return [
            Route("/uploads", self.upload, methods=["POST"]),
            Route("/uploads/segments", self.open, methods=["POST"]),
            Route(one, self.add_segment, methods=["POST"]),
            Route(one, self.abandon, methods=["DELETE"]),
            Route(f"{one}/commit", self.commit, methods=["POST"]),
        ]

    async def upload(self, request: Request) -> Response:
        """Take one file whole; answers its token."""
        name, content = await self._file(request)
        return self._answer(self._made(dam_ids.new(), _checked(name), content))

    async def open(self, request: Request) -> Response:
        """Begin an upload in segments; answers where they go."""
        body = await read_object(request)
        name = _checked(body.get("filename"))
        token = dam_ids.new()
        self._state.put(SEGMENTED, token, {"token": token, "fileName": name, "segments": {}})
        return JSONResponse({"uri": f"{str(request.base_url).rstrip('/')}/uploads/segments/{token}", "token": token})

    async def add_segment(self, request: Request) -> Response:
        """Take one segment; sent again, it takes the place of the first."""
        index = request.query_params.get("index", "")
        if not index.isdecimal():
            raise Refusal(400, "A segment needs its 'index', counted from 0.")
        _, content = await self._file(request)
        open_ = self._open(request)
        segments = {**open_["segments"], index: self._blobs.put(content)}
        self._state.put(SEGMENTED, open_["token"], {**open_, "segments": segments})
        return Response(status_code=202)

    async def commit(self, request: Request) -> Response:
        """Put the segments together; answers the token."""
        body = await read_object(request)
        open_ = self._open(request)
        count = body.get("segmentcount")
        if not isinstance(count, int) or set(open_["segments"]) != {str(index) for index in range(count)}:
            raise Refusal(400, f"There are {len(open_['segments'])} segments, not the {count} of the commit.")
        content = b"".join(self._blobs.get(open_["segments"][str(index)]) for index in range(count))
        name = _checked(body.get("filename", open_["fileName"]))
        with self._state.command():
            self._state.put(SEGMENTED, open_["token"], None)
            row = self._made(open_["token"], name, content)
        return self._answer(row)

    async def abandon(self, request: Request) -> Response:
        """Forget an upload that was begun."""
        self._state.put(SEGMENTED, self._open(request)["token"], None)
        return Response(status_code=204)

    def spend(self, token: object) -> Row:
        """Give an upload to whoever brings its token; a second time it is refused."""
        row = self._state.get(UPLOAD, str(token))
        if row is None or row["isSpent"]:
            raise Refusal(400, f"The upload token '{token}' is unknown or was used before.")
        self._state.put(UPLOAD, row["token"], {**row, "isSpent": True})
        return row

    async def _file(self, request: Request) -> tuple[str, bytes]:
        """Read the one file of a multipart form."""
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            raise Refusal(400, "An upload is a multipart form.")
        async with request.form() as form:
            files = [part for _, part in form.multi_items() if isinstance(part, UploadFile)]
            if len(files) != 1:
                raise Refusal(400, "An upload holds one file.")
            content = await files[0].read()
        if len(content) > self._max_bytes:
            raise Refusal(413, f"More than {self._max_bytes} bytes go in segments.")
        return files[0].filename or "", content

    def _made(self, token: str, name: str, content: bytes) -> Row:
        row = {"token": token, "fileName": name, "blob": self._blobs.put(content), "isSpent": False}
        with self._state.command():
            self._state.put(UPLOAD, token, row)
            self._history.add(f"upload:{token}", before=None, after=row)
        return row

    def _open(self, request: Request) -> Row:
        row = self._state.get(SEGMENTED, request.path_params["id"])
        if row is None:
            raise Refusal(404, "There is no such upload, or it was committed.")
        return row

    @staticmethod
    def _answer(row: Row) -> Response:
        token = row["token"]
        return JSONResponse({"token": token, "sasUrl": f"https://blobs.aprimo.example.test/{token}?sig=0"})


def _checked(name: Any) -> str:  # noqa: ANN401 -- JSON.
    """Give a file name back; refuses characters the vendor's file system may not hold."""
    if not isinstance(name, str) or not name.strip() or FORBIDDEN & set(name):
        raise Refusal(400, f"'{name}' is not a file name.")
    return name
