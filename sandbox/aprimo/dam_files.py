"""Files of records and their versions (aprimo.md §4.1, §4.3): made from upload tokens, ready some time later."""

import zlib
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.aprimo import dam_changes, dam_ids, dam_render, dam_times, dam_views
from sandbox.aprimo.blobs import Blobs
from sandbox.aprimo.dam_render import CORE
from sandbox.aprimo.dam_store import Dam, dam_user
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.state import FILE, FILE_VERSION, Row
from sandbox.aprimo.uploads import Uploads


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One version a request adds; file_id is None for a file of its own."""

    file_id: str | None
    token: str
    entry: Row
    upload: Row


class Files:
    """Adds versions to records and shows them."""

    def __init__(self, dam: Dam, uploads: Uploads, blobs: Blobs, *, processing_s: float) -> None:
        self._dam = dam
        self._uploads = uploads
        self._blobs = blobs
        self._processing_s = processing_s

    def routes(self) -> list[Route]:
        """List the routes of files and their versions."""
        return [
            Route(f"{CORE}/file/{{id}}", self.read_file, methods=["GET"]),
            Route(f"{CORE}/file/{{id}}/checkouts", self.check_out, methods=["POST"]),
            Route(f"{CORE}/file/{{id}}/checkouts", self.check_in, methods=["DELETE"]),
            Route(f"{CORE}/fileversion/{{id}}", self.read_version, methods=["GET"]),
        ]

    async def read_file(self, request: Request) -> Response:
        """Answer a file."""
        row = self._dam.demand(FILE, request.path_params["id"])
        return dam_render.answer(request, dam_views.file(self._dam, row))

    async def read_version(self, request: Request) -> Response:
        """Answer a file version."""
        row = self._dam.demand(FILE_VERSION, request.path_params["id"])
        return dam_render.answer(request, dam_views.file_version(self._dam, row))

    async def check_out(self, request: Request) -> Response:
        """Keep others from adding a version."""
        row = self._dam.demand(FILE, request.path_params["id"])
        if row["checkedOutBy"] is not None:
            raise Refusal(409, "The file is checked out already.")
        self._keep_checkout(row, request.scope["user_id"])
        return dam_render.made(request, row["id"])

    async def check_in(self, request: Request) -> Response:
        """Let others add versions again."""
        row = self._dam.demand(FILE, request.path_params["id"])
        if row["checkedOutBy"] is None:
            raise Refusal(404, "The file is not checked out.")
        self._keep_checkout(row, None)
        return Response(status_code=204)

    def take(self, record: Row, given: Any) -> tuple[list[Planned], object]:  # noqa: ANN401 -- JSON.
        """Read the `files` of a write; its tokens are spent whatever becomes of it. Gives versions and master."""
        if given is None:
            return [], None
        if not isinstance(given, dict) or set(given) - {"master", "addOrUpdate"}:
            raise Refusal(400, "'files' takes 'master' and 'addOrUpdate'.")
        added, _ = dam_changes.actions({"addOrUpdate": given.get("addOrUpdate") or []}, "files")
        planned = []
        for file in added:
            file_id = file.get("id") if isinstance(file, dict) else None
            if not isinstance(file, dict) or (file_id is not None and file_id not in record["files"]):
                raise Refusal(400, f"The record has no file '{file_id}'.")
            versions, _ = dam_changes.actions(file.get("versions"), "versions")
            for entry in versions:
                upload = self._uploads.spend(entry.get("id"))
                planned.append(Planned(file_id=file_id, token=str(entry["id"]), entry=entry, upload=upload))
        return planned, given.get("master")

    def attach(self, record: Row, planned: list[Planned], master: object, user_id: str) -> Row:
        """Give the record with the planned versions; without a word, the first file is the master."""
        known = {*record["files"], *(each.token for each in planned)}
        if master is not None and master not in known:
            raise Refusal(400, f"The record has no file '{master}' to be its master.")
        files = [self._file(each.file_id, user_id) for each in planned]
        after = dict(record)
        by_token = {}
        for each, file in zip(planned, files, strict=True):
            by_token[each.token] = file["id"]
            self._add_version(record["id"], file, each, user_id)
            after["files"] = list(dict.fromkeys([*after["files"], file["id"]]))
        if master is not None:
            after["masterFile"] = by_token.get(str(master), master)
        elif after["masterFile"] is None and after["files"]:
            after["masterFile"] = after["files"][0]
        return after

    def annotate(self, version_id: str, body: Row, user_id: str) -> Row:
        """Add an annotation, as somebody does in the vendor's pages; the API has no route for it."""
        version = self._dam.demand(FILE_VERSION, version_id)
        now = dam_times.stamp()
        note = {
            "id": dam_ids.new(),
            "fileVersionId": version_id,
            "parentAnnotationId": body.get("parentAnnotationId"),
            "pageNumber": body.get("pageNumber", 1),
            "comments": body.get("comments", ""),
            "xfdfString": "",
            "createdBy": user_id,
            "createdOn": now,
            "modifiedBy": user_id,
            "modifiedOn": now,
        }
        with self._dam.state.command():
            self._dam.state.put(FILE_VERSION, version_id, {**version, "annotations": [*version["annotations"], note]})
            self._dam.history.add(f"annotation:{note['id']}", before=None, after=note)
        return note

    def _file(self, file_id: str | None, user_id: str) -> Row:
        if file_id is None:
            return {"id": dam_ids.new(), "versions": [], "checkedOutBy": None}
        file = self._dam.demand(FILE, file_id)
        if file["checkedOutBy"] not in (None, user_id):
            raise Refusal(409, "The file is checked out by somebody else.")
        return file

    def _add_version(self, record_id: str, file: Row, planned: Planned, user_id: str) -> None:
        content = self._blobs.get(planned.upload["blob"])
        name = str(planned.entry.get("fileName") or planned.upload["fileName"])
        version = {
            "id": dam_ids.new(),
            "recordId": record_id,
            "fileId": file["id"],
            "versionNumber": len(file["versions"]) + 1,
            "versionLabel": planned.entry.get("versionLabel") or str(len(file["versions"]) + 1),
            "fileName": name,
            "fileExtension": name.rpartition(".")[2] if "." in name else "",
            "fileSize": len(content),
            "crc32": zlib.crc32(content),
            "sha256": planned.upload["blob"],
            "comment": planned.entry.get("comment"),
            "createdOn": dam_times.stamp(),
            "createdBy": user_id,
            "availableOn": dam_times.in_future(self._processing_s),
            "blob": planned.upload["blob"],
            "annotations": [],
        }
        self._dam.state.put(FILE_VERSION, version["id"], version)
        self._dam.state.put(FILE, file["id"], {**file, "versions": [*file["versions"], version["id"]]})
        self._dam.history.add(f"fileversion:{version['id']}", before=None, after=version)

    def _keep_checkout(self, row: Row, user_id: int | None) -> None:
        owner = None if user_id is None else dam_user(user_id)
        after = {**row, "checkedOutBy": owner}
        with self._dam.state.command():
            self._dam.state.put(FILE, row["id"], after)
            self._dam.history.add(f"file:{row['id']}", before=row, after=after)
