"""What the tenant's words mean: lookups, system types, metadata, labels (aprimo.md §5).

The shapes of the items follow the public SDK; `name` on a system type's item and the field rows of metadata
are assumptions (see README.md).
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.aprimo import (
    pm_activities,
    pm_assets,
    pm_commitments,
    pm_funding,
    pm_generic,
    pm_projects,
    pm_tasks,
    seeds,
)
from sandbox.aprimo.pm_pages import page
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.state import Row

SYSTEM_TYPES = {
    "activityType": seeds.ACTIVITY_TYPES,
    "activityState": seeds.ACTIVITY_STATES,
    "currencyCode": seeds.CURRENCIES,
    "projectStatus": seeds.PROJECT_STATUSES,
    "commitmentStatus": seeds.COMMITMENT_STATUSES,
    **{f"genericObject{name.capitalize()}Status": each for name, each in seeds.GENERIC_STATUSES.items()},
}
_INACTIVE = {("projectStatus", seeds.RETIRED)}

_SHAPES = (
    pm_tasks.SHAPE,
    pm_commitments.SHAPE,
    pm_funding.SHAPE,
    pm_assets.SHAPE,
    *pm_generic.SHAPES.values(),
)
OBJECTS = {
    "activity": pm_activities.KIND,
    "activities": pm_activities.KIND,
    "project": pm_projects.KIND,
    "projects": pm_projects.KIND,
    **{name: each.kind for each in _SHAPES for name in (each.resource, each.resource.removesuffix("s"))},
}


def routes() -> list[Route]:
    """List the routes of definitions."""
    return [
        Route("/api/lookup/{id:int}", lookup, methods=["GET"]),
        Route("/api/system-types", list_types, methods=["GET"]),
        Route("/api/system-types/{name}", list_items, methods=["GET"]),
        Route("/api/system-types/{name}/active", list_active_items, methods=["GET"]),
        Route("/api/metadata/{object}", metadata, methods=["GET"]),
    ]


async def lookup(request: Request) -> Response:
    """Answer lookup 2974, the names of project and task statuses."""
    if request.path_params["id"] != seeds.STATUS_LOOKUP:
        raise Refusal(404, f"There is no lookup {request.path_params['id']}.")
    items = [
        {"key": key, "value": value, "active": key != seeds.RETIRED} for key, value in seeds.PROJECT_STATUSES.items()
    ]
    return JSONResponse({"description": "Project and task status", "count": len(items), "items": items})


async def list_types(_: Request) -> Response:
    """Answer the names of all system types."""
    refs = [{"type": {"systemTypeName": name, "uri": f"/api/system-types/{name}"}} for name in SYSTEM_TYPES]
    return JSONResponse({"systemtypes": refs})


async def list_items(request: Request) -> Response:
    """Answer all items of a system type."""
    return page(request, _items(request.path_params["name"]), key="items")


async def list_active_items(request: Request) -> Response:
    """Answer the items of a system type that may be used."""
    items = [item for item in _items(request.path_params["name"]) if item["activeFlag"]]
    return page(request, items, key="items")


async def metadata(request: Request) -> Response:
    """Answer the fields of a kind of object, extended attributes among them."""
    name = request.path_params["object"]
    kind = OBJECTS.get(name)
    if kind is None:
        raise Refusal(404, f"There is no object '{name}'.")
    own: list[Row] = [{"fieldName": each} for each in sorted({*kind.readers, *kind.answered_only} - {"_links"})]
    extended = [
        {"fieldName": f"extrAttr{ea_id}", "eaId": ea_id, "label": each.label, "dataType": each.type}
        for ea_id, each in kind.attributes.items()
    ]
    return JSONResponse({"objectName": name, "fields": own + extended})


def _items(name: str) -> list[Row]:
    if name not in SYSTEM_TYPES:
        raise Refusal(404, f"There is no system type '{name}'.")
    return [
        {
            "systemTypeId": key,
            "name": label,
            "resourceId": f"mo-replacement-strings-{name}-{key}",
            "activeFlag": 0 if (name, key) in _INACTIVE else 1,
        }
        for key, label in SYSTEM_TYPES[name].items()
    ]
