"""Orders, which go on by themselves, and public links (aprimo.md §4.5)."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.aprimo import dam_ids, dam_render, dam_times, dam_views
from sandbox.aprimo.dam_render import CORE, Node
from sandbox.aprimo.dam_store import Dam, dam_user
from sandbox.aprimo.pm_bodies import read_object
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.state import FILE, FILE_VERSION, ORDER, PUBLIC_LINK, RECORD, Row

TYPES = ("download", "email", "ftpResort", "publicCdn")
STEPS = ("Pending", "Executing")
"""What an order is before it ends, each for the same part of its time."""

CDN = "https://cdn.aprimo.example.test"
_LINK_KEYS = frozenset({"renditionName", "uri", "provider", "recordId", "fileVersionId", "fileSize"})
_HIDDEN = ("endsOn", "versions", "createdBy")


class Orders:
    """Deliveries of files; an order of type publicCdn makes a public link for each of its records."""

    def __init__(self, dam: Dam, *, order_s: float) -> None:
        self._dam = dam
        self._order_s = order_s

    def routes(self) -> list[Route]:
        """List the routes of orders and public links."""
        return [
            Route(f"{CORE}/orders", self.order, methods=["POST"]),
            Route(f"{CORE}/order/{{id}}", self.read_order, methods=["GET"]),
            Route(f"{CORE}/publiclinks", self.add_link, methods=["POST"]),
            Route(f"{CORE}/publiclink/{{id}}", self.read_link, methods=["GET"]),
            Route(f"{CORE}/publiclink/{{id}}", self.change_link, methods=["PUT"]),
            Route(f"{CORE}/publiclink/{{id}}", self.drop_link, methods=["DELETE"]),
            Route(f"{CORE}/fileversion/{{id}}/publiclinks", self.links_of_version, methods=["GET"]),
        ]

    async def order(self, request: Request) -> Response:
        """Place an order."""
        body = await read_object(request)
        targets = body.get("targets")
        if body.get("type") not in TYPES or not isinstance(targets, list) or not targets:
            raise Refusal(400, f"An order needs 'targets' and a 'type' of {', '.join(TYPES)}.")
        versions = [self._latest(each) for each in targets]
        order_id = dam_ids.new()
        row = {
            "id": order_id,
            "type": body["type"],
            "disableNotification": bool(body.get("disableNotification", False)),
            "createdOn": dam_times.stamp(),
            "createdBy": dam_user(request.scope["user_id"]),
            "endsOn": dam_times.in_future(self._order_s),
            "targets": targets,
            "versions": [version["id"] if version else None for version in versions],
        }
        with self._dam.state.command():
            self._dam.state.put(ORDER, order_id, row)
            self._dam.history.add(f"order:{order_id}", before=None, after=row)
            if row["type"] == "publicCdn":
                for version in versions:
                    self._publish(version, row)
        return dam_render.made(request, order_id, location=f"/order/{order_id}")

    async def read_order(self, request: Request) -> Response:
        """Answer an order as far as it has come."""
        row = self._dam.demand(ORDER, request.path_params["id"])
        scalars = {name: value for name, value in row.items() if name not in _HIDDEN}
        status = self._status(row)
        delivered = self._delivered(row) if status not in STEPS else []
        failed = row["versions"].count(None)
        scalars |= {"status": status, "deliveredFiles": delivered, "failedTargetsCount": failed}
        return dam_render.answer(request, Node(kind="order", href=f"{CORE}/order/{row['id']}", scalars=scalars))

    async def add_link(self, request: Request) -> Response:
        """Make a public link that is published already, elsewhere."""
        body = await read_object(request)
        _check_link(body)
        if not body.get("uri") or not body.get("provider"):
            raise Refusal(400, "A public link needs its 'uri' and 'provider'.")
        version = self._dam.demand(FILE_VERSION, str(body.get("fileVersionId")))
        made = self._add_link(version, {**body, "origin": "Api"}, published_on=dam_times.stamp())
        return dam_render.made(request, made["id"])

    async def read_link(self, request: Request) -> Response:
        """Answer a public link."""
        return dam_render.answer(request, dam_views.public_link(self._link(request)))

    async def links_of_version(self, request: Request) -> Response:
        """Answer the public links of a file version."""
        version = self._dam.demand(FILE_VERSION, request.path_params["id"])
        return dam_render.answer(request, dam_views.public_links(self._dam, version))

    async def change_link(self, request: Request) -> Response:
        """Change where a public link leads."""
        before = self._link(request)
        body = await read_object(request)
        _check_link(body)
        self._keep_link(before["id"], before, {**before, **body, "modifiedOn": dam_times.stamp()})
        return Response(status_code=204)

    async def drop_link(self, request: Request) -> Response:
        """Take a public link back."""
        before = self._link(request)
        self._keep_link(before["id"], before, None)
        return Response(status_code=204)

    def _latest(self, target: object) -> Row | None:
        """Give the version a target means, None where its record has no file."""
        if not isinstance(target, dict):
            raise Refusal(400, "A target is an object with a 'recordId'.")
        record = self._dam.demand(RECORD, str(target.get("recordId")))
        file = self._dam.state.get(FILE, record["masterFile"]) if record["masterFile"] else None
        return self._dam.state.get(FILE_VERSION, file["versions"][-1]) if file else None

    def _publish(self, version: Row | None, order: Row) -> None:
        if version is None:
            return
        said = {
            "renditionName": "Original",
            "uri": f"{CDN}/{version['id']}/{version['fileName']}",
            "provider": "cdn",
            "origin": "Order",
        }
        self._add_link(version, said, published_on=order["endsOn"])

    def _add_link(self, version: Row, said: Row, *, published_on: str) -> Row:
        now = dam_times.stamp()
        row = {
            "id": dam_ids.new(),
            "renditionName": None,
            "fileSize": version["fileSize"],
            **said,
            "recordId": version["recordId"],
            "fileVersionId": version["id"],
            "createdOn": now,
            "modifiedOn": now,
            "publishedOn": published_on,
        }
        identity = f"publiclink:{version['id']}:{row['renditionName']}:{row['provider']}"
        self._keep_link(row["id"], None, row, identity=identity)
        return row

    def _delivered(self, order: Row) -> list[object]:
        """List what an order brought: texts, or objects for public links."""
        versions = [self._dam.state.get(FILE_VERSION, each) for each in order["versions"] if each]
        there = [each for each in versions if each is not None]
        if order["type"] == "publicCdn":
            return [{"recordId": each["recordId"], "uri": f"{CDN}/{each['id']}/{each['fileName']}"} for each in there]
        expires = dam_times.in_future(3600)
        return [f"https://blobs.aprimo.example.test/{each['id']}/{each['fileName']}?se={expires}" for each in there]

    def _status(self, order: Row) -> str:
        if not dam_times.has_come(order["endsOn"]):
            passed = dam_times.seconds_since(order["createdOn"]) / max(self._order_s, 0.001)
            return STEPS[min(int(passed * len(STEPS)), len(STEPS) - 1)]
        failed = order["versions"].count(None)
        if failed:
            return "Failed" if failed == len(order["versions"]) else "PartiallyFailed"
        return "Success"

    def _link(self, request: Request) -> Row:
        return self._dam.demand(PUBLIC_LINK, request.path_params["id"])

    def _keep_link(self, key: str, before: Row | None, after: Row | None, *, identity: str | None = None) -> None:
        with self._dam.state.command():
            self._dam.state.put(PUBLIC_LINK, key, after)
            self._dam.history.add(f"publiclink:{key}", before=before, after=after, identity=identity)


def _check_link(body: Row) -> None:
    unknown = sorted(set(body) - _LINK_KEYS)
    if unknown:
        raise Refusal(400, f"A public link has no '{unknown[0]}'.")
