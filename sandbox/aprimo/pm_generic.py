"""Generic objects alpha to echo, the tenant's own kinds (aprimo.md §6.6)."""

from typing import Any

from sandbox.aprimo import attributes, pm_fields, pm_search, seeds
from sandbox.aprimo.pm_fields import Kind
from sandbox.aprimo.pm_objects import Objects, Shape, Tenant


def shape(name: str) -> Shape:
    """Give the shape of one generic object, such as `alpha`."""
    resource = f"generic-object-{name}"
    statuses = pm_fields.one_of(seeds.GENERIC_STATUSES[name])

    def status(value: Any, field: str) -> int:  # noqa: ANN401 -- What the wire holds.
        is_text = isinstance(value, str) and value.isdecimal()
        return int(statuses(int(value) if is_text else value, field))

    return Shape(
        table=resource,
        subject=resource,
        resource=resource,
        id_key="id",
        page_key=resource,
        kind=Kind(
            readers={
                "name": pm_fields.filled_text,
                "description": pm_fields.text,
                "relatedObjectId": pm_fields.number,
                "status": status,
            },
            answered_only=frozenset({"id", "createdBy", "createdDate", "modifiedBy", "modifiedDate", "_links"}),
            required=frozenset({"name"}),
            is_marked=False,
            attributes=attributes.of(resource),
        ),
        searchable={
            "id": pm_search.NUMBER,
            "name": pm_search.TEXT,
            "description": pm_search.TEXT,
            "relatedObjectId": pm_search.NUMBER,
            "status": pm_search.NUMBER,
            "createdBy": pm_search.NUMBER,
            "modifiedBy": pm_search.NUMBER,
            "createdDate": pm_search.TIME,
            "modifiedDate": pm_search.TIME,
        },
        defaults={"status": 1, "description": ""},
        modified_by="modifiedBy",
        created_by="createdBy",
    )


SHAPES = {name: shape(name) for name in seeds.GENERIC_OBJECTS}


def objects(tenant: Tenant) -> list[Objects]:
    """Make all five."""
    return [Objects(tenant, each) for each in SHAPES.values()]
