"""Shows the DAM's resources in both of its media types (aprimo.md §3.1, §3.2).

HAL: scalars, `_links` with the key that would embed each related resource, `_embedded` for what was selected.
Flat: the same inline, where null means that it was not selected (or is not there).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.aprimo.refusals import Refusal

HAL, FLAT = "application/hal+json", "application/json"
CORE = "/api/core"
ON_COLLECTIONS = frozenset({"fields", "masterfilelatestversion", "createdby", "modifiedby"})
"""What a record shows inside a page; the rest needs one GET per record."""

SAME_KIND_MAX = 2
"""A kind occurs at most twice on one path of embedding."""


@dataclass(frozen=True, kw_only=True)
class View:
    """How a request wants to see things."""

    base: str
    """Scheme and host, to make links absolute."""

    is_hal: bool = True
    selected: Mapping[str, frozenset[str]] = field(default_factory=dict)
    fields: frozenset[str] | None = None
    """Names and ids of the record fields wanted, in lower case; None for all."""
    groups: frozenset[str] | None = None
    languages: frozenset[str] | None = None

    def wants(self, kind: str, key: str) -> bool:
        """Whether a related resource of a kind was selected."""
        return key.casefold() in self.selected.get(kind, frozenset())

    def on_collection(self) -> "View":
        """Give the view as it applies to the records of a page."""
        of_record = self.selected.get("record", frozenset()) & ON_COLLECTIONS
        return replace(self, selected={**self.selected, "record": of_record})


@dataclass(frozen=True, kw_only=True)
class Node:
    """One resource. `optional` are scalars shown only where selected; `related` makes a resource when asked."""

    kind: str
    href: str
    scalars: Mapping[str, Any]
    optional: Mapping[str, Any] = field(default_factory=dict)
    related: Mapping[str, Callable[[View], "Node | Listing | None"]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A list of resources, as it is embedded or answered whole; `extra` are its other keys."""

    href: str
    items: Sequence[Node]
    extra: Mapping[str, Any] = field(default_factory=dict)
    links: Mapping[str, Any] = field(default_factory=dict)


def view_of(request: Request) -> View:
    """Read the headers that say what is wanted and in which form."""
    headers = request.headers
    prefix = "select-"
    selected = {
        name.removeprefix(prefix): frozenset(key.casefold() for key in _list(value))
        for name, value in headers.items()
        if name.startswith(prefix)
    }
    return View(
        base=str(request.base_url).rstrip("/"),
        is_hal=_is_hal(headers),
        selected=selected,
        fields=_names(headers, "select-record-fields"),
        groups=_names(headers, "select-record-fieldgroups"),
        languages=_languages(headers),
    )


def answer(request: Request, thing: Node | Listing | None, *, status: int = 200) -> Response:
    """Answer one resource; a related one that is not there is a 404."""
    if thing is None:
        raise Refusal(404, "There is no such resource.")
    return respond(request, show(thing, view_of(request)), status=status)


def respond(request: Request, body: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer JSON in the media type that was asked for."""
    media_type = HAL if _is_hal(request.headers) else FLAT
    return JSONResponse(body, status_code=status, media_type=media_type, headers=headers)


def made(request: Request, new_id: str, *, location: str = "") -> Response:
    """Answer the creation of something."""
    headers = {"location": f"{str(request.base_url).rstrip('/')}{CORE}{location}"} if location else None
    return respond(request, {"id": new_id}, status=201, headers=headers)


def show(thing: Node | Listing, view: View, path: tuple[str, ...] = ()) -> dict[str, Any]:
    """Give the JSON of a resource or a list of them."""
    if isinstance(thing, Listing):
        shown: dict[str, Any] = {**thing.extra, "items": [show(each, view, path) for each in thing.items]}
        links = thing.links or ({"self": {"href": view.base + thing.href}} if view.is_hal else {})
        return {**shown, "_links": links} if links else shown
    inner = (*path, thing.kind)
    optional = {key: value for key, value in thing.optional.items() if view.wants(thing.kind, key)}
    embedded = {key: _embedded(thing, key, view, inner) for key in thing.related if view.wants(thing.kind, key)}
    if not view.is_hal:
        nothing = dict.fromkeys([*thing.optional, *thing.related])
        return {**thing.scalars, **nothing, **optional, **embedded}
    here = view.base + thing.href
    links = {key: {"href": f"{here}/{key}", "select-key": key} for key in thing.related}
    shown = {**thing.scalars, **optional, "_links": {"self": {"href": here}, **links}}
    return {**shown, "_embedded": embedded} if embedded else shown


def _embedded(thing: Node, key: str, view: View, path: tuple[str, ...]) -> dict[str, Any] | None:
    related = thing.related[key](view)
    if related is None:
        return None
    kinds = {each.kind for each in related.items} if isinstance(related, Listing) else {related.kind}
    if any(path.count(kind) >= SAME_KIND_MAX for kind in kinds):
        return None
    return show(related, view, path)


def _is_hal(headers: Headers) -> bool:
    accept = headers.get("accept", "")
    return FLAT not in accept or HAL in accept


def _list(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _names(headers: Headers, name: str) -> frozenset[str] | None:
    if name not in headers:
        return None
    return frozenset(unquote(each).casefold() for each in _list(headers[name]))


def _languages(headers: Headers) -> frozenset[str] | None:
    given = _list(headers.get("languages", "*"))
    return None if "*" in given else frozenset(given)
