"""All items of a flow in bulk, for reconciliation: pages of lists and searches, each row translated as a read is.

Rows may carry less than a read of the item. Collections of the DAM never carry classifications; searches of
Productivity Management need not carry extended attributes. What a row lacks is left out of its snapshot, and the page
says so. A row that cannot be read at all fails no other: the page says whose it is, or that it does not say so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict

from pipeline.aprimo import dam_schemas, dam_translate, pm_objects, schemas, translate, wire
from pipeline.aprimo.client import Client
from pipeline.aprimo.dam_wire import part
from pipeline.aprimo.options import AprimoOptions
from pipeline.aprimo.reads import AnyRow, Reads
from pipeline.aprimo.schemas import ObjectRow
from pipeline.aprimo.wire import EA_PREFIX, OBJECT_KINDS
from pipeline.errors import PermanentError
from pipeline.flows.tenant import RECORD, FlowWords
from pipeline.keys import aprimo_key
from pipeline.ownership import FILED
from pipeline.plan import Snapshot, Want
from pipeline.ports import Bounds
from pipeline.ports.inventory import ItemPage
from pipeline.transport.reading import reading
from pipeline.transport.times import Instant, instant, iso
from pipeline.words import BusinessKey, Side

ACTIVITY, TYPE_KEY = "activity", "activityTypeId"
FIELDS, ATTRIBUTES, CLASSIFICATIONS = "fields", "extended attributes", "classifications"
"""What rows may lack of an item."""
NEVER_LISTED = frozenset({"classifications", "file_id", "preview_link"})
"""What no row of a collection carries of a record, by the names that a read gives it."""
BESIDE = "records "
"""How a cursor begins that is one of records which follow the flow's own items."""
_STATES = frozenset({"state", "state_id", "state_name"})
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_NEXT_MOMENT = timedelta(milliseconds=1)


class Items:
    """The `Items` port for Aprimo. Thread-safe."""

    def __init__(self, client: Client, words: Mapping[str, FlowWords], now: Callable[[], datetime]) -> None:
        """words: each flow's. now: the clock that says when a page was read."""
        self._client = client
        self._words = words
        self._now = now
        self._reads = Reads(client, words, now)

    def items(self, flow: str, since: datetime | None, cursor: str, bounds: Bounds) -> Iterator[ItemPage]:
        """Pages of the flow's own items from a cursor on, all or those changed since then.

        Of records also those of the flow's roles, each in its role: they stand on the same list. Records that have
        lines of their own beside items of another kind follow these, as pages of another list. Kinds whose rows do
        not say when they changed are listed whole. Raises the vendor's errors.
        """
        words = self._words[flow]
        has_records, is_beside = bool(words.listed_beside()), cursor.startswith(BESIDE)
        if not is_beside:
            for page in self._own(words, since, cursor, bounds):
                yield page if page.cursor or not has_records else replace(page, cursor=BESIDE)
        if has_records:
            place = cursor.removeprefix(BESIDE) if is_beside else ""
            for page in self._records(words, since, place, bounds):
                yield replace(page, cursor=f"{BESIDE}{page.cursor}") if page.cursor else page

    def _own(self, words: FlowWords, since: datetime | None, cursor: str, bounds: Bounds) -> Iterator[ItemPage]:
        read = self._records if words.object_kind == RECORD else self._objects
        return read(words, since, cursor, bounds)

    # ---- Productivity Management -----------------------------------------------------------------------------------

    def _objects(self, words: FlowWords, since: datetime | None, cursor: str, bounds: Bounds) -> Iterator[ItemPage]:
        """By offset, for no sort is documented."""
        read = self._pages_of(words, since, bounds)
        offset, has_more, watch = int(cursor or 0), True, _Watch()
        while has_more:
            read_at = self._now()
            page = read(offset)
            offset += len(page.rows)
            has_more = bool(page.rows) and (page.has_next or (page.total is not None and offset < page.total))
            listed = self._object_page(words, page.rows, str(offset) if has_more else "", read_at, bounds)
            ids = [row.get(OBJECT_KINDS[words.object_kind].id_key) for row in page.rows]
            yield replace(listed, has_moved=watch.sees_it_move(page.total, ids))

    def _pages_of(self, words: FlowWords, since: datetime | None, bounds: Bounds) -> Callable[[int], wire.Page]:
        kind, size = OBJECT_KINDS[words.object_kind], self._client.options.page_size
        nodes: list[dict[str, Any]] = []
        if since is not None and words.object_kind not in self._client.options.undated_kinds:
            nodes.append(wire.changed_since(since))
        if words.object_kind == ACTIVITY and words.type_ids:
            nodes.append(wire.any_of(TYPE_KEY, sorted(words.type_ids, key=str)))
        if not nodes or not kind.can_search:
            return lambda offset: self._client.list_objects(kind, limit=size, offset=offset, bounds=bounds)
        tree = {"and": nodes}
        return lambda offset: self._client.search(kind, tree, limit=size, offset=offset, bounds=bounds)

    def _object_page(
        self, words: FlowWords, bodies: Sequence[Mapping[str, Any]], cursor: str, read_at: datetime, bounds: Bounds
    ) -> ItemPage:
        kind = words.object_kind
        loaded = [self._object_row(kind, body) for body in bodies]
        rows = [row for row in loaded if row is not None]
        bad = [body for body, row in zip(bodies, loaded, strict=True) if row is None]
        self._client.meet({each for row in rows for each in _people_of(row, words)}, bounds)
        lacks_attributes = any(not translate.has_attributes(row.raw, words) for row in rows)
        read = (self._reads.of_row(_want(words, str(row.object_id)), row, read_at, bounds) for row in rows)
        items = tuple(_as_listed(each, row, words) for row, each in zip(rows, read, strict=True))
        return ItemPage(
            items=items,
            cursor=cursor,
            is_whole=self._client.options.are_lists_whole and not lacks_attributes,
            lacks=(ATTRIBUTES,) if lacks_attributes else (),
            **_told(kind, [body.get(OBJECT_KINDS[kind].id_key) for body in bad]),
        )

    def _object_row(self, kind: str, body: Mapping[str, Any]) -> AnyRow | None:
        key = self._client.options.ea_value_key
        try:
            with reading(f"A row of Aprimo's list of {kind}"):
                if kind == ACTIVITY:
                    return schemas.load_activity(body, ea_value_key=key)
                return pm_objects.load_row(body, OBJECT_KINDS[kind], ea_value_key=key)
        except PermanentError:
            return None  # One bad row must not fail its neighbours.

    # ---- the DAM ---------------------------------------------------------------------------------------------------

    def _records(self, words: FlowWords, since: datetime | None, cursor: str, bounds: Bounds) -> Iterator[ItemPage]:
        """By when they were made, which stays under way; by when they changed where only those are asked for.

        A search can be paged through to so many hits: what follows them is searched from the last one's time on.
        """
        place = _Place.read(cursor) if cursor else _Place(since=iso(since or _BEGINNING))
        word, key = ("ModifiedOn", "modifiedOn") if since else ("CreatedOn", "createdOn")
        names = _listed_names(words)
        has_more, watch = True, _Watch()
        while has_more:
            read_at = self._now()
            page = self._client.dam.listed(
                f"{word} >= @from", place.since, sort=word, page=place.page, field_names=names, bounds=bounds
            )
            has_more, before = page.has_next, place.since
            has_moved = watch.sees_it_move(page.about, [row.get("id") for row in page.rows])
            place = place.after(page.rows, key, self._client.options)
            watch = watch if place.since == before else _Watch()
            listed = self._record_page(words, page.rows, place.text if has_more else "", read_at, bounds)
            skipped = int(has_more and place.skips)
            yield replace(listed, has_moved=has_moved, nameless=listed.nameless + skipped)

    def _record_page(
        self, words: FlowWords, bodies: Sequence[Mapping[str, Any]], cursor: str, read_at: datetime, bounds: Bounds
    ) -> ItemPage:
        listed = [(body, words.listed_as(RECORD, body.get("contentType"))) for body in bodies]
        ours = [(body, role) for body, role in listed if role is not None]
        read = [self._record(words, role, body, read_at, bounds) for body, role in ours]
        bad = [body for (body, _), each in zip(ours, read, strict=True) if each is None]
        bad += [body for body, role in listed if role is None and not isinstance(body.get("contentType"), str)]
        lacks_fields = any(part(body, FIELDS) is None for body, _ in ours)
        is_placed = words.reads_classifications()
        is_filed = CLASSIFICATIONS in FILED.get(words.flow, ())
        return ItemPage(
            items=tuple(each for each in read if each is not None),
            cursor=cursor,
            is_whole=self._client.options.are_lists_whole and not lacks_fields and not is_placed,
            lacks=((FIELDS,) if lacks_fields else ()) + ((CLASSIFICATIONS,) if is_placed or is_filed else ()),
            **_told(RECORD, [body.get("id") for body in bad]),
        )

    def _record(
        self, words: FlowWords, role: str, body: Mapping[str, Any], read_at: datetime, bounds: Bounds
    ) -> Snapshot | None:
        try:
            with reading("A row of Aprimo's list of records"):
                row = dam_schemas.load_record(body)
        except PermanentError:
            return None  # One bad row must not fail its neighbours.
        want = Want(flow=words.flow, side=Side.APRIMO, kind=RECORD, object_id=row.record_id, role=role)
        read = self._reads.of_record(want, row, read_at, bounds)
        own = words.as_role(role) if role else words
        is_bare = part(body, FIELDS) is None
        return _without(read, {*NEVER_LISTED, *own.fields, *_STATES} if is_bare else NEVER_LISTED)


class _Watch:
    """Whether a list stands still while it is paged through, by what polls go by: its total, and no row twice."""

    def __init__(self) -> None:
        self._totals = set[int]()
        self._ids = set[str]()

    def sees_it_move(self, total: int | None, ids: Sequence[object]) -> bool:
        """Whether the next page, of a list of so many rows, gives that away."""
        shown = [str(each) for each in ids if each]
        is_again = len(set(shown)) < len(shown) or not self._ids.isdisjoint(shown)
        self._totals |= set() if total is None else {total}
        self._ids.update(shown)
        return is_again or len(self._totals) > 1


@dataclass(frozen=True, kw_only=True)
class _Place:
    """How far a search has come: from which time on it is searched, and which page of that comes next."""

    since: str
    page: int = 1
    skips: bool = False
    """Whether rows of one moment were passed over on the way here."""

    @property
    def text(self) -> str:
        """As a cursor."""
        return f"{self.since} {self.page}"

    @classmethod
    def read(cls, cursor: str) -> _Place:
        """Of a cursor."""
        since, _, page = cursor.partition(" ")
        return cls(since=since, page=int(page))

    def after(self, rows: Sequence[Mapping[str, Any]], key: str, options: AprimoOptions) -> _Place:
        """What comes next: another page, or where no more can be paged through a search from the last row's time on.

        More rows of one moment than can be paged through are passed over, which the place says: no search would show
        them. Raises PermanentError for a row that does not say when it was made.
        """
        if not rows or (self.page + 1) * options.page_size <= options.max_hits:
            return replace(self, page=self.page + 1, skips=False)
        with reading("The last row of a page of Aprimo's records"):
            last = Instant().deserialize(str(rows[-1].get(key)))
        before = instant(self.since)
        if last > before:
            return _Place(since=iso(last))
        return _Place(since=iso(before + _NEXT_MOMENT), skips=True)


class _Told(TypedDict):
    """What a page says of rows that cannot be read."""

    unread: tuple[BusinessKey, ...]
    nameless: int


def _told(kind: str, bad: Sequence[object]) -> _Told:
    """By what stands for the id in each; some say none, or no such thing as an id."""
    ids = [each for each in bad if each and type(each) is (str if kind == RECORD else int)]
    return {"unread": tuple(aprimo_key(kind, str(each)) for each in ids), "nameless": len(bad) - len(ids)}


def _want(words: FlowWords, object_id: str) -> Want:
    return Want(flow=words.flow, side=Side.APRIMO, kind=words.object_kind, object_id=object_id)


def _listed_names(words: FlowWords) -> tuple[str, ...]:
    """Which fields rows of records are asked for: those of every record that the flow works on."""
    others = (role for role, other in words.also.items() if other.kind == RECORD)
    views = (*([words] if words.object_kind == RECORD else []), *map(words.as_role, others))
    return tuple(dict.fromkeys(name for each in views for name in dam_translate.field_names(_want(each, ""), each)))


def _people_of(row: AnyRow, words: FlowWords) -> frozenset[int]:
    if isinstance(row, ObjectRow):
        return translate.people_of(row, words)
    return pm_objects.people_in(row, _want(words, str(row.object_id)), words)


def _as_listed(read: Snapshot, row: AnyRow, words: FlowWords) -> Snapshot:
    """A row's snapshot without the extended attributes that the row does not have."""
    if translate.has_attributes(row.raw, words):
        return read
    missing = {name for name, word in words.fields.items() if word.wire.startswith(EA_PREFIX)}
    missing |= _STATES if words.state_wire.startswith(EA_PREFIX) else set()
    return _without(read, missing)


def _without(read: Snapshot, missing: Collection[str]) -> Snapshot:
    return replace(read, values={name: value for name, value in read.values.items() if name not in missing})
