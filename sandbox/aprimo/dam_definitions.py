"""What the DAM's words mean: definitions, classifications, languages, people (aprimo.md §4.6)."""

from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.aprimo import dam_ids, dam_pages, dam_render, dam_seeds, dam_times, dam_views
from sandbox.aprimo.dam_render import CORE, Node
from sandbox.aprimo.dam_seeds import BORN_ON, Field
from sandbox.aprimo.dam_store import USERS, Dam
from sandbox.aprimo.pm_bodies import read_object
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.state import CLASSIFICATION, Row


class Definitions:
    """Everything a name is resolved with. Only classifications can be made."""

    def __init__(self, dam: Dam) -> None:
        self._dam = dam

    def routes(self) -> list[Route]:
        """List the routes of definitions: a plural for all, a singular for one."""
        shelves: list[tuple[str, Callable[[], Sequence[Node]]]] = [
            ("fielddefinition", lambda: [_field(each) for each in dam_seeds.FIELDS.values()]),
            ("fieldgroup", lambda: _named("fieldgroup", dam_seeds.GROUPS)),
            ("contenttype", lambda: _named("contenttype", dam_seeds.CONTENT_TYPES)),
            ("language", _languages),
            ("usergroup", lambda: _named("usergroup", dam_seeds.USER_GROUPS)),
            ("user", lambda: [node for each in USERS if (node := dam_views.user(each))]),
            ("classification", self._classifications),
        ]
        routes = [route for kind, nodes in shelves for route in _routes(kind, nodes)]
        return [
            *routes,
            Route(f"{CORE}/classifications", self.create_classification, methods=["POST"]),
            Route(f"{CORE}/classification/{{id}}/{{related}}", self.read_related, methods=["GET"]),
        ]

    async def create_classification(self, request: Request) -> Response:
        """Make a classification; records may use it when some seconds have passed."""
        body = await read_object(request)
        name, parent_id = body.get("name"), body.get("parentId")
        known = self._dam.classifications()
        if not isinstance(name, str) or not name or "/" in name:
            raise Refusal(400, "A classification needs a 'name' without a slash.")
        if parent_id is not None and parent_id not in known:
            raise Refusal(400, f"There is no classification '{parent_id}'.")
        path = f"{known[parent_id]['namePath'] if parent_id else ''}/{name}"
        if any(each["namePath"] == path for each in known.values()):
            raise Refusal(400, f"There is a classification '{path}' already.")
        now = dam_times.stamp()
        new_id = dam_ids.new()
        row = {
            "id": new_id,
            "name": name,
            "namePath": path,
            "parentId": parent_id,
            "createdOn": now,
            "modifiedOn": now,
        }
        with self._dam.state.command():
            self._dam.state.put(CLASSIFICATION, new_id, row)
            self._dam.history.add(
                f"classification:{new_id}", before=None, after=row, identity=f"classification:{path}"
            )
        return dam_render.made(request, new_id, location=f"/classification/{new_id}")

    async def read_related(self, request: Request) -> Response:
        """Answer the parent or the children of a classification."""
        row = self._dam.classifications().get(dam_ids.demand_form(request.path_params["id"]))
        node = dam_views.classification(self._dam, row) if row else None
        make = node.related.get(request.path_params["related"].casefold()) if node else None
        return dam_render.answer(request, make(dam_render.view_of(request)) if make else None)

    def _classifications(self) -> list[Node]:
        return [dam_views.classification(self._dam, row) for row in self._dam.classifications().values()]


def _routes(kind: str, nodes: Callable[[], Sequence[Node]]) -> list[Route]:
    """Make the two routes of a kind of definition."""

    async def list_all(request: Request) -> Response:
        return dam_pages.listing(request, nodes(), lambda node: node)

    async def read(request: Request) -> Response:
        wanted = dam_ids.demand_form(request.path_params["id"])
        found = next((node for node in nodes() if node.scalars["id"] == wanted), None)
        return dam_render.answer(request, found)

    return [
        Route(f"{CORE}/{kind}s", list_all, methods=["GET"]),
        Route(f"{CORE}/{kind}/{{id}}", read, methods=["GET"]),
    ]


def _field(definition: Field) -> Node:
    english = dam_ids.fixed("language", "English")
    scalars: dict[str, Any] = {
        "id": definition.id,
        "name": definition.name,
        "label": definition.label,
        "labels": [{"languageId": english, "value": definition.label}],
        "dataType": definition.type,
        "languageMode": "Multiple" if definition.is_per_language else "Single",
        "isRequired": False,
        "isReadOnly": False,
        "createdOn": BORN_ON,
        "modifiedOn": BORN_ON,
    }
    if definition.type == dam_seeds.OPTIONS:
        options = list(definition.option_ids.items())
        scalars["acceptMultipleOptions"] = definition.is_multiple
        scalars["items"] = [_option(english, *option, index) for index, option in enumerate(options)]
    if definition.type == dam_seeds.LINK:
        scalars["linkType"] = "OneParentManyChildren"
    return Node(kind="fielddefinition", href=f"{CORE}/fielddefinition/{definition.id}", scalars=scalars)


def _option(language: str, option_id: str, name: str, index: int) -> Row:
    labels = [{"languageId": language, "value": name}]
    return {"id": option_id, "name": name, "label": name, "labels": labels, "sortIndex": index}


def _named(kind: str, names: Sequence[str]) -> list[Node]:
    return [_one_named(kind, name) for name in names]


def _one_named(kind: str, name: str) -> Node:
    key = dam_ids.fixed(kind, name)
    return Node(kind=kind, href=f"{CORE}/{kind}/{key}", scalars={"id": key, "name": name, "label": name})


def _languages() -> list[Node]:
    neutral = {"id": dam_ids.NEUTRAL, "name": "Language neutral", "culture": ""}
    spoken = [
        {"id": dam_ids.fixed("language", name), "name": name, "culture": culture}
        for name, culture in dam_seeds.LANGUAGES.items()
    ]
    return [Node(kind="language", href=f"{CORE}/language/{each['id']}", scalars=each) for each in (neutral, *spoken)]
