"""Every table, with the uniques and partial indexes that hold the promises.

Predicates of partial indexes are written with literal values: both databases use such an index only for a
query that holds the very same constants.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
    literal_column,
)
from sqlalchemy.sql.elements import ColumnElement

from pipeline.store.types import BigInt, Json, UtcTime, Word

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pk",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fk",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)

LINE_WAITS_FOR_HOLDS = "wait_reason = 'held'"
EVENT_IS_OPEN = "state in ('accepted', 'planned', 'carried', 'dead')"
DELIVERY_IS_OPEN = "state not in ('done', 'dropped')"
DIFFERENCE_IS_CLOSED = "state = 'closed' and undone_at is null"
TICK_IS_OPEN = "ended_at is null"
TICK_HAS_FAILED = "error <> ''"
DELIVERY_HOLDS_ITS_KEY = "state <> 'dropped'"
# What is over and still has something that goes in time (`retention`): rows leave these indexes when it has gone.
RECEIPT_HAS_BODY = "body is not null"
EVENT_HAS_PAYLOAD = "ended_at is not null and (plan is not null or data <> '{}')"
ATTEMPT_HAS_DETAIL = "detail <> ''"
LETTER_HAS_HINT = "closed_at is not null and hint <> ''"
NOTICE_HAS_TEXT = "seen_at is not null and text <> ''"


def _text(name: str, default: str | None = None, *args: Any, primary_key: bool = False) -> Column[str]:  # noqa: ANN401 - Schema items.
    return Column(name, Word, *args, primary_key=primary_key, nullable=False, default=default)


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, default=0)


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    predicate: ColumnElement[bool] = literal_column(where, Boolean)
    return Index(name, *columns, unique=unique, sqlite_where=predicate, postgresql_where=predicate)


def holds(table: str, predicate: str) -> ColumnElement[bool]:
    """A partial index's own predicate as a condition on the table (or alias) of that name.

    It has no type: of a Boolean one SQLite would be asked whether it is 1, and know no index for that.
    """
    return literal_column(f"({table}.{predicate})")


receipts = Table(
    "receipts",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=True),
    _text("source"),
    Column("received_at", UtcTime, nullable=False),
    _text("verdict"),
    _text("reason"),
    Column("headers", Json, nullable=False),
    Column("body", LargeBinary),
    _text("body_sha256"),
    Column("event_id", Word),
    Index("receipts_event_id_idx", "event_id"),
    Index("receipts_source_idx", "source", "id"),
    _partial("receipts_refused_idx", "id", where="verdict = 'refused'"),
    _partial("receipts_body_idx", "verdict", "received_at", where=RECEIPT_HAS_BODY),
)

lines = Table(
    "lines",
    metadata,
    _text("key", primary_key=True),
    _text("flow"),
    _text("lane"),
    Column("tail", BigInt, nullable=False),
    Column("head", BigInt, nullable=False),
    _text("step"),
    _text("vendor"),
    _text("route"),
    Column("ready_at", UtcTime),
    Column("wait_reason", Word),
    Column("wanted", Json),
    _count("failures"),
    Column("leased_by", Word),
    Column("leased_until", UtcTime),
    Column("token", BigInt, nullable=False),
    _count("crashes"),
    Column("hinted_at", UtcTime),
    Column("kicked_at", UtcTime),
    _partial("lines_ready_idx", "step", "lane", "ready_at", where="ready_at is not null"),
    _partial("lines_wait_for_holds_idx", "key", where=LINE_WAITS_FOR_HOLDS),
)

events = Table(
    "events",
    metadata,
    _text("id", primary_key=True),
    _text("flow"),
    _text("source"),
    _text("type"),
    _text("kind"),
    _text("side"),
    _text("subject"),
    _text("line_key", None, ForeignKey("lines.key")),
    Column("position", BigInt, nullable=False),
    _text("dedupe_key"),
    _text("state"),
    _text("reason", ""),
    Column("superseded_by", Word),
    Column("time", UtcTime, nullable=False),
    Column("data", Json, nullable=False),
    _text("urgency"),
    _text("trace_id"),
    Column("accepted_at", UtcTime, nullable=False),
    Column("planned_at", UtcTime),
    Column("ended_at", UtcTime),
    _count("plan_number"),
    _count("stale_count"),
    Column("plan", Json),
    Column("pin", Json),
    UniqueConstraint("dedupe_key", "flow"),
    UniqueConstraint("line_key", "position"),
    Index("events_accepted_at_idx", "accepted_at"),
    Index("events_subject_idx", "subject"),
    _partial("events_open_idx", "line_key", "position", where=EVENT_IS_OPEN),
    _partial("events_payload_idx", "ended_at", where=EVENT_HAS_PAYLOAD),
)

deliveries = Table(
    "deliveries",
    metadata,
    _text("id", primary_key=True),
    _text("event_id", None, ForeignKey("events.id")),
    Column("plan_number", Integer, nullable=False),
    Column("ordinal", Integer, nullable=False),
    _text("kind"),
    _text("target"),
    Column("values", Json, nullable=False),
    Column("expects", Json, nullable=False),
    _text("undoes"),
    _text("effect_key"),
    _text("state"),
    Column("settled_after", UtcTime),
    _count("failures"),
    _text("vendor_ref", ""),
    UniqueConstraint("event_id", "plan_number", "ordinal"),  # Serves the look-up of an event's deliveries too.
    _partial("deliveries_effect_key_key", "effect_key", where=DELIVERY_HOLDS_ITS_KEY, unique=True),
)

attempts = Table(
    "attempts",
    metadata,
    _text("delivery_id", None, ForeignKey("deliveries.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("token", BigInt, nullable=False),
    _text("purpose"),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    _text("outcome", ""),
    Column("status", Integer),
    _text("code", ""),
    _text("detail", ""),
    Column("wait_s", Float),
    _partial("attempts_detail_idx", "ended_at", where=ATTEMPT_HAS_DETAIL),
)

links = Table(
    "links",
    metadata,
    _text("id", primary_key=True),
    _text("flow"),
    _text("business_key"),
    _text("state", ""),
    _count("revision"),
    Column("agreed", Json, nullable=False),
    Column("seen", Json, nullable=False),
    Column("wake_at", UtcTime),
    Column("wake_reason", Word),
    _count("row_version"),
    _text("item", ""),
    Column("loops", Json, nullable=False),
    _count("stopped"),
    Column("mapping_version", Word),  # Of the words by which it was written last.
    Column("item_run", Word),  # The newest run of reconciliation that met its item, and its process.
    Column("process_run", Word),
    UniqueConstraint("flow", "business_key"),
    _partial("links_item_key", "flow", "item", where="item <> ''", unique=True),
    _partial("links_stopped_idx", "id", where="stopped > 0"),
    _partial("links_wake_idx", "wake_reason", "wake_at", where="wake_at is not null"),
)

processes = Table(
    "processes",
    metadata,
    _text("link_id", None, ForeignKey("links.id"), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    _text("process_key"),
    _text("state"),
    Column("instance_id", Word, unique=True),
    _text("item_version"),
    _text("seen_hash"),
    Column("ended_by", Word),
    _text("outcome"),
    _text("started_effect"),
    _partial("processes_one_live_key", "link_id", where="state <> 'ended'", unique=True),
)

reviews = Table(
    "reviews",
    metadata,
    _text("link_id", None, ForeignKey("links.id"), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    _text("stakeholder", primary_key=True),
    _text("task_id", primary_key=True),
    _text("state"),
    Column("opened_at", UtcTime),
    _text("assignee"),
    Column("due_at", UtcTime),
    Column("escalated_at", UtcTime),
    Column("decision", Word),
    _text("outcome_raw"),
    _text("by"),
    Column("at", UtcTime),
    _text("comment"),
    _text("item_version"),
    _text("evidence"),
)

comments = Table(
    "comments",
    metadata,
    _text("link_id", None, ForeignKey("links.id"), primary_key=True),
    _text("origin", primary_key=True),
    _text("origin_id", primary_key=True),
    _text("author"),
    _text("text"),
    Column("at", UtcTime, nullable=False),
    _text("target_id"),
)

held_objects = Table(
    "holds",
    metadata,
    _text("object", primary_key=True),
    _text("field_set", primary_key=True),
    _text("link_id"),
    Column("event_id", Word),  # None: it is free, and `since` says from when on.
    Column("since", UtcTime, nullable=False),
    Index("holds_event_id_idx", "event_id"),
    _partial("holds_free_idx", "since", where="event_id is null"),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=True),
    _text("event_id", None, ForeignKey("events.id")),
    Column("delivery_id", Word, ForeignKey("deliveries.id")),
    _text("code"),
    _text("hint"),
    _text("state"),
    Column("opened_at", UtcTime, nullable=False),
    Column("closed_at", UtcTime),
    _text("closed_by", ""),
    _text("note", ""),
    _partial("dead_letters_one_open_key", "event_id", where="state = 'open'", unique=True),
    _partial("dead_letters_code_idx", "code", where="state = 'open'"),
    _partial("dead_letters_hint_idx", "closed_at", where=LETTER_HAS_HINT),
)

replay_plans = Table(
    "replay_plans",
    metadata,
    _text("hash", primary_key=True),
    Column("is_resume", Boolean, nullable=False),
    _text("by"),
    Column("at", UtcTime, nullable=False),
    _text("state"),
    _count("done_to"),
    Column("next_at", UtcTime),
)

replay_items = Table(
    "replay_items",
    metadata,
    _text("plan_hash", None, ForeignKey("replay_plans.hash"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("item", Json, nullable=False),
    _text("refused", ""),
    Column("at", UtcTime, nullable=False),
    Index("replay_items_at_idx", "at"),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    _text("feed", primary_key=True),
    Column("watermark", UtcTime, nullable=False),
    Column("window_until", UtcTime),
    Column("updated_at", UtcTime, nullable=False),
)

seen_rows = Table(
    "seen_rows",
    metadata,
    _text("feed", primary_key=True),
    _text("object_id", primary_key=True),
    _text("hash"),
    Column("changes", Integer, nullable=False),
)

differences = Table(
    "differences",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=True),
    _text("flow"),
    _text("business_key"),
    _text("field"),
    Column("run_id", Word),  # The last run that saw it; None: a flow found it when it was told of something.
    Column("agreed", Json),
    Column("aprimo", Json),
    Column("opentext", Json),
    _text("cause"),
    Column("evidence", Json),
    _text("policy"),
    _text("state"),
    Column("heal_event_id", Word),
    Column("undo_event_id", Word),
    Column("former", Json),
    Column("undone_at", UtcTime),
    _text("closed_by", ""),
    Column("first_seen", UtcTime, nullable=False),
    Column("last_seen", UtcTime, nullable=False),
    _partial("differences_one_open_key", "flow", "business_key", "field", where="state <> 'closed'", unique=True),
    _partial("differences_undone_idx", "flow", "business_key", where="undone_at is not null"),
    _partial("differences_closed_idx", "last_seen", where=DIFFERENCE_IS_CLOSED),
)

runs = Table(
    "runs",
    metadata,
    _text("id", primary_key=True),
    _text("flow"),
    _text("mode"),
    _text("phase"),
    _text("cursor"),
    Column("suspects", Json, nullable=False),
    Column("since", UtcTime),  # None: everything.
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("counts", Json, nullable=False),
    Column("report", Json, nullable=False),
    Index("runs_flow_idx", "flow", "mode", "started_at"),
    Index("runs_ended_at_idx", "ended_at"),
)

notices = Table(
    "notices",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=True),
    Column("link_id", Word, ForeignKey("links.id")),  # None: it is about no item, but about what `about` names.
    _text("about", ""),
    Column("revision", Integer, nullable=False),
    _text("person"),
    _text("code"),
    _text("text"),
    Column("at", UtcTime, nullable=False),
    Column("seen_at", UtcTime),
    UniqueConstraint("link_id", "code", "revision", "person"),
    _partial("notices_about_key", "about", "code", "revision", where="about <> ''", unique=True),
    _partial("notices_unseen_idx", "at", where="seen_at is null"),
    _partial("notices_text_idx", "seen_at", where=NOTICE_HAS_TEXT),
)

ticks = Table(
    "ticks",
    metadata,
    _text("job", primary_key=True),
    Column("slot", UtcTime, primary_key=True),
    _text("claimed_by"),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    _text("error", ""),
    Index("ticks_slot_idx", "slot"),
    _partial("ticks_open_idx", "job", "slot", where=TICK_IS_OPEN),
    _partial("ticks_failed_idx", "job", "slot", where=TICK_HAS_FAILED),
)

gates = Table(
    "gates",
    metadata,
    _text("scope", primary_key=True),
    _text("kind", primary_key=True),
    Column("until", UtcTime),
    _text("reason"),
    _text("by"),
)

audit = Table(
    "audit",
    metadata,
    Column("number", BigInt, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    _text("actor"),
    _text("act"),
    _text("object"),
    _text("before_hash"),
    _text("after_hash"),
    Column("salts", Json, nullable=False),
    _text("previous_hash"),
    _text("hash"),
    Column("erased", Json, nullable=False),
)

anchors = Table(
    "anchors",
    metadata,
    Column("number", BigInt, primary_key=True, autoincrement=False),
    _text("hash"),
    Column("at", UtcTime, nullable=False),
)

people = Table(
    "people",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=True),
    Column("aprimo_user", Word, unique=True),
    Column("opentext_user", Word, unique=True),
    _text("how"),
    Column("unresolved_since", UtcTime),
    _text("name"),
    Column("checked_at", UtcTime),
)

uploads = Table(
    "uploads",
    metadata,
    _text("key", primary_key=True),
    _text("source"),
    _text("file_name"),
    _text("sha256"),
    Column("size_bytes", BigInt, nullable=False),
    Column("segment_bytes", Integer, nullable=False),
    _text("uri"),
    Column("next_segment", Integer, nullable=False),
    _text("token"),
    Column("updated_at", UtcTime, nullable=False),
    Index("uploads_updated_at_idx", "updated_at"),
)

orders = Table(
    "orders",
    metadata,
    _text("key", primary_key=True),
    _text("order_id"),
    Column("updated_at", UtcTime, nullable=False),
    Index("orders_updated_at_idx", "updated_at"),
)
