"""Digital assets of Productivity Management and remarks on their versions (aprimo.md §6.5)."""

import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.aprimo import pm_fields, pm_times
from sandbox.aprimo.pm_bodies import read_object
from sandbox.aprimo.pm_fields import Kind
from sandbox.aprimo.pm_objects import Objects, Shape, Tenant
from sandbox.aprimo.pm_pages import page
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.state import ANNOTATION, DIGITAL_ASSET, Row
from sandbox.aprimo.webhooks import Moment

TYPES = ("rectangle", "highlight", "strikeout")
_MARKER = re.compile(r"\[sg-[^\]]+\]")

SHAPE = Shape(
    table=DIGITAL_ASSET,
    subject="digitalasset",
    resource="digital-assets",
    id_key="digitalAssetId",
    page_key="digital-asset",
    kind=Kind(
        readers={"title": pm_fields.filled_text, "activityId": pm_fields.number, "ownerId": pm_fields.user},
        answered_only=frozenset(
            {"digitalAssetId", "latestVersion", "createdDate", "modifiedDate", "modifiedUser", "_links"}
        ),
        required=frozenset({"title"}),
        is_marked=True,
        attributes={},
    ),
    defaults={"latestVersion": 1},
)


class Assets(Objects):
    """Assets by title and version number only; their files are not here."""

    def __init__(self, tenant: Tenant) -> None:
        super().__init__(tenant, SHAPE)

    def routes(self) -> list[Route]:
        """List the routes of assets and annotations."""
        path = "/api/assets/{id:int}/versions/{version:int}/annotations-data"
        return [
            *(each for each in super().routes() if not each.path.endswith("/search")),
            Route("/api/digital-assets/{id:int}/versions", self.add_version, methods=["POST"]),
            Route(path, self.annotations, methods=["GET"]),
            Route(path, self.annotate, methods=["POST"]),
            Route(f"{path}/{{annotation:int}}", self.drop_annotation, methods=["DELETE"]),
        ]

    async def add_version(self, request: Request) -> Response:
        """Count one version more."""
        before = self.demand(request.path_params["id"])
        user_id: int = request.scope["user_id"]
        after = self.stamped({**before, "latestVersion": before["latestVersion"] + 1}, user_id)
        self.keep(before, after, Moment.UPDATED, user_id=user_id)
        return JSONResponse({"versionId": after["latestVersion"]}, status_code=201)

    async def annotations(self, request: Request) -> Response:
        """Answer the remarks on a version."""
        return page(request, [_shown(row) for row in self._annotations(request)], key="annotation")

    async def annotate(self, request: Request) -> Response:
        """Add a remark."""
        body = await read_object(request)
        self._annotations(request)
        if body.get("type") not in TYPES or not isinstance(body.get("page"), int):
            raise Refusal(400, f"An annotation needs a 'page' and a 'type' of {', '.join(TYPES)}.")
        pm_fields.user(body.get("authorId"), "authorId")
        annotation_id = self.tenant.state.next_id(ANNOTATION)
        row = {
            "geometry": None,
            "style": None,
            "content": {"comment": "", "quotedText": None},
            **body,
            "annotationId": annotation_id,
            "replyCount": 0,
            "createdDate": pm_times.stamp(),
            "assetId": request.path_params["id"],
            "version": request.path_params["version"],
        }
        marker = _MARKER.search(str(row["content"].get("comment", "")))
        self._keep(annotation_id, None, row, identity=f"annotation:{row['assetId']}:{marker[0]}" if marker else None)
        return JSONResponse(_shown(row), status_code=201)

    async def drop_annotation(self, request: Request) -> Response:
        """Take a remark away."""
        wanted = request.path_params["annotation"]
        before = next((row for row in self._annotations(request) if row["annotationId"] == wanted), None)
        if before is None:
            raise Refusal(404, f"There is no annotation {wanted} on this version.")
        self._keep(wanted, before, None)
        return Response(status_code=204)

    def _annotations(self, request: Request) -> list[Row]:
        asset, version = self.demand(request.path_params["id"]), request.path_params["version"]
        if not 1 <= version <= asset["latestVersion"]:
            raise Refusal(404, f"The asset has no version {version}.")
        key = (asset["digitalAssetId"], version)
        return [row for row in self.tenant.state.rows(ANNOTATION) if (row["assetId"], row["version"]) == key]

    def _keep(self, key: int, before: Row | None, after: Row | None, *, identity: str | None = None) -> None:
        with self.tenant.state.command():
            self.tenant.state.put(ANNOTATION, key, after)
            self.tenant.history.add(f"pmannotation:{key}", before=before, after=after, identity=identity)


def _shown(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in ("assetId", "version")}
