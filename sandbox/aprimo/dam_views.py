"""How records, fields, files and versions look from outside (aprimo.md §4.1, §4.3)."""

from sandbox.aprimo import dam_changes, dam_ids, dam_seeds, dam_times, dam_values
from sandbox.aprimo.dam_render import CORE, Listing, Node, View
from sandbox.aprimo.dam_seeds import Field
from sandbox.aprimo.dam_store import USERS, Dam
from sandbox.aprimo.state import FILE, FILE_VERSION, LOCK, PUBLIC_LINK, Row

PROCESSING, AVAILABLE = "Processing", "Available"
_RECORD_SCALARS = ("id", "status", "contentType", "createdOn", "modifiedOn")
_VERSION_HIDDEN = ("availableOn", "blob", "annotations", "recordId", "createdBy")


def user(user_id: str) -> Node | None:
    """Show a user of the DAM."""
    row = USERS.get(user_id)
    if row is None:
        return None
    scalars = {
        "id": user_id,
        "name": row["loginId"],
        "email": row["email"],
        "firstName": row["firstName"],
        "lastName": row["lastName"],
        "isActive": True,
    }
    return Node(kind="user", href=f"{CORE}/user/{user_id}", scalars=scalars)


def classification(dam: Dam, row: Row) -> Node:
    """Show a classification with its parent and children."""
    rows = dam.classifications()
    children = [each for each in rows.values() if each["parentId"] == row["id"]]
    href = f"{CORE}/classification/{row['id']}"
    scalars = {
        **row,
        "identifier": row["namePath"],
        "labels": [{"languageId": dam_ids.fixed("language", "English"), "value": row["name"]}],
        "isRoot": row["parentId"] is None,
        "hasChildren": bool(children),
    }
    return Node(
        kind="classification",
        href=href,
        scalars=scalars,
        related={
            "parent": lambda _: classification(dam, rows[row["parentId"]]) if row["parentId"] else None,
            "children": lambda _: Listing(
                href=f"{href}/children", items=[classification(dam, each) for each in children]
            ),
        },
    )


def field_value(dam: Dam, record: Row, definition: Field, view: View) -> Node:
    """Show a field of a record with its values in the languages that were asked for."""
    stored = record["fields"].get(definition.id) or {dam_ids.NEUTRAL: None}
    values = [
        dam_values.show(definition, language, value)
        for language, value in stored.items()
        if view.languages is None or language in view.languages or language == dam_ids.NEUTRAL
    ]
    if definition.type == dam_seeds.LINK:
        values = [{**value, "children": _children(dam, record["id"], definition)} for value in values]
    return Node(
        kind="field",
        href=f"{CORE}/record/{record['id']}/field/{definition.id}",
        scalars={
            "id": definition.id,
            "fieldName": definition.name,
            "label": definition.label,
            "dataType": definition.type,
            "inheritable": False,
            "inheritanceState": "none",
            "localizedValues": values,
        },
    )


def _children(dam: Dam, record_id: str, definition: Field) -> list[Row]:
    """List the records that name this one as their parent."""
    return [{"recordId": each} for each in dam.children(record_id, definition.name)]


def fields(dam: Dam, record: Row, view: View) -> Listing:
    """Show the fields of a record: all of them, or those that were asked for."""
    wanted = [each for each in dam_seeds.FIELDS.values() if _is_wanted(each, view)]
    href = f"{CORE}/record/{record['id']}/fields"
    return Listing(href=href, items=[field_value(dam, record, each, view) for each in wanted])


def _is_wanted(definition: Field, view: View) -> bool:
    if view.fields is None and view.groups is None:
        return True
    is_named = bool({definition.id, definition.name.casefold()} & (view.fields or frozenset()))
    group = {dam_ids.fixed("fieldgroup", definition.group), definition.group.casefold()}
    return is_named or bool(group & (view.groups or frozenset()))


def record(dam: Dam, row: Row) -> Node:
    """Show a record."""
    href = f"{CORE}/record/{row['id']}"
    master = dam.state.get(FILE, row["masterFile"]) if row["masterFile"] else None
    latest = dam.state.get(FILE_VERSION, master["versions"][-1]) if master else None
    of_files = [dam.state.get(FILE, each) for each in row["files"]]
    known = dam.classifications()
    locks = [lock for lock in dam.state.rows(LOCK) if lock["recordId"] == row["id"]]
    scalars = {
        **{name: row[name] for name in _RECORD_SCALARS},
        "hasImageOverlay": False,
        "aiInfluenced": "Unknown",
    }
    return Node(
        kind="record",
        href=href,
        scalars=scalars,
        optional={
            "title": dam_changes.value_of(row, "Title") or (latest["fileName"] if latest else None),
            "tag": row["tag"],
            "textContent": None,
        },
        related={
            "fields": lambda view: fields(dam, row, view),
            "classifications": lambda _: Listing(
                href=f"{href}/classifications",
                items=[classification(dam, known[each]) for each in row["classifications"]],
            ),
            "files": lambda _: Listing(
                href=f"{href}/files", items=[file(dam, each) for each in of_files if each is not None]
            ),
            "masterfile": lambda _: file(dam, master) if master else None,
            "masterfilelatestversion": lambda _: file_version(dam, latest) if latest else None,
            "masterfilelatestpublishedversion": lambda _: _published(dam, row, latest),
            "preview": lambda _: _preview(latest, "preview"),
            "thumbnail": lambda _: _preview(latest, "thumbnail"),
            "locks": lambda _: Listing(href=f"{href}/locks", items=[lock_node(each) for each in locks]),
            "createdby": lambda _: user(row["createdBy"]),
            "modifiedby": lambda _: user(row["modifiedBy"]),
        },
    )


def _published(dam: Dam, row: Row, latest: Row | None) -> Node | None:
    return file_version(dam, latest) if latest and row["status"] == "released" else None


def lock_node(row: Row) -> Node:
    """Show a record's lock."""
    href = f"{CORE}/record/{row['recordId']}/lock/{row['lockId']}"
    scalars = {name: value for name, value in row.items() if name != "recordId"}
    return Node(kind="lock", href=href, scalars=scalars)


def file(dam: Dam, row: Row) -> Node:
    """Show a file with its versions."""
    href = f"{CORE}/file/{row['id']}"
    versions = [dam.state.get(FILE_VERSION, each) for each in row["versions"]]
    shown = [file_version(dam, each) for each in versions if each is not None]
    return Node(
        kind="file",
        href=href,
        scalars={
            "id": row["id"],
            "isCheckedOut": row["checkedOutBy"] is not None,
            "checkedOutBy": row["checkedOutBy"],
        },
        related={
            "versions": lambda _: Listing(href=f"{href}/versions", items=shown),
            "latestversion": lambda _: shown[-1],
        },
    )


def file_version(dam: Dam, row: Row) -> Node:
    """Show one version of a file; its state comes with the time."""
    href = f"{CORE}/fileversion/{row['id']}"
    is_available = dam_times.has_come(row["availableOn"])
    owner = dam.state.get(FILE, row["fileId"])
    scalars = {
        **{name: value for name, value in row.items() if name not in _VERSION_HIDDEN},
        "isLatest": owner is not None and owner["versions"][-1] == row["id"],
        "fileState": AVAILABLE if is_available else PROCESSING,
        "fileProcessingState": "Finished" if is_available else "InProgress",
        "preventDownload": False,
        "publications": [],
    }
    notes = row["annotations"]
    info = {
        "annotationCount": sum(1 for each in notes if each["parentAnnotationId"] is None),
        "totalCount": len(notes),
        "hasUnreadAnnotations": bool(notes),
        "annotations": notes,
    }
    return Node(
        kind="fileversion",
        href=href,
        scalars=scalars,
        optional={"annotationinfo": info},
        related={
            "preview": lambda _: _preview(row, "preview"),
            "thumbnail": lambda _: _preview(row, "thumbnail"),
            "publiclinks": lambda _: public_links(dam, row),
            "createdby": lambda _: user(row["createdBy"]),
        },
    )


def public_links(dam: Dam, version: Row) -> Listing:
    """Show the public links of a file version."""
    rows = [row for row in dam.state.rows(PUBLIC_LINK) if row["fileVersionId"] == version["id"]]
    return Listing(href=f"{CORE}/fileversion/{version['id']}/publiclinks", items=[public_link(each) for each in rows])


def public_link(row: Row) -> Node:
    """Show a public link, which is published as soon as its order has ended."""
    scalars = {name: value for name, value in row.items() if name != "publishedOn"}
    scalars["status"] = "Published" if dam_times.has_come(row["publishedOn"]) else "Pending"
    return Node(kind="publiclink", href=f"{CORE}/publiclink/{row['id']}", scalars=scalars)


def _preview(version: Row | None, size: str) -> Node | None:
    """Show a preview, which is there as soon as its version is available. Its address is signed and expires."""
    if version is None or not dam_times.has_come(version["availableOn"]):
        return None
    href = f"{CORE}/fileversion/{version['id']}/{size}"
    uri = f"https://previews.aprimo.example.test/{version['id']}/{size}.jpg?se={dam_times.in_future(30 * 3600)}&sig=0"
    return Node(kind="image", href=href, scalars={"uri": uri, "width": 640, "height": 480})
