"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pipeline.store.types import Json, UtcTime, Word

revision = "0001"
down_revision = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table."""
    _work()
    _links()
    _operation()
    _progress()


def downgrade() -> None:
    """Drop every table."""
    for table in (
        "orders",
        "uploads",
        "people",
        "anchors",
        "audit",
        "gates",
        "ticks",
        "seen_rows",
        "checkpoints",
        "runs",
        "differences",
        "notices",
        "comments",
        "reviews",
        "processes",
        "links",
        "holds",
        "replay_items",
        "replay_plans",
        "dead_letters",
        "attempts",
        "deliveries",
        "events",
        "lines",
        "receipts",
    ):
        op.drop_table(table)


def _partial(name: str, table: str, columns: list[str], *, where: str, is_unique: bool = False) -> None:
    predicate = sa.text(where)
    op.create_index(name, table, columns, unique=is_unique, sqlite_where=predicate, postgresql_where=predicate)


def _work() -> None:
    """What came in, and what became of it."""
    op.create_table(
        "receipts",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("source", Word(), nullable=False),
        sa.Column("received_at", UtcTime(), nullable=False),
        sa.Column("verdict", Word(), nullable=False),
        sa.Column("reason", Word(), nullable=False),
        sa.Column("headers", Json(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("body_sha256", Word(), nullable=False),
        sa.Column("event_id", Word(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="receipts_pk"),
    )
    op.create_index("receipts_event_id_idx", "receipts", ["event_id"])
    op.create_index("receipts_source_idx", "receipts", ["source", "id"])
    _partial("receipts_refused_idx", "receipts", ["id"], where="verdict = 'refused'")
    _partial("receipts_body_idx", "receipts", ["verdict", "received_at"], where="body is not null")
    op.create_table(
        "lines",
        sa.Column("key", Word(), nullable=False),
        sa.Column("flow", Word(), nullable=False),
        sa.Column("lane", Word(), nullable=False),
        sa.Column("tail", BIG, nullable=False),
        sa.Column("head", BIG, nullable=False),
        sa.Column("step", Word(), nullable=False),
        sa.Column("vendor", Word(), nullable=False),
        sa.Column("route", Word(), nullable=False),
        sa.Column("ready_at", UtcTime(), nullable=True),
        sa.Column("wait_reason", Word(), nullable=True),
        sa.Column("wanted", Json(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("leased_by", Word(), nullable=True),
        sa.Column("leased_until", UtcTime(), nullable=True),
        sa.Column("token", BIG, nullable=False),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.Column("hinted_at", UtcTime(), nullable=True),
        sa.Column("kicked_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("key", name="lines_pk"),
    )
    _partial("lines_ready_idx", "lines", ["step", "lane", "ready_at"], where="ready_at is not null")
    _partial("lines_wait_for_holds_idx", "lines", ["key"], where="wait_reason = 'held'")
    op.create_table(
        "events",
        sa.Column("id", Word(), nullable=False),
        sa.Column("flow", Word(), nullable=False),
        sa.Column("source", Word(), nullable=False),
        sa.Column("type", Word(), nullable=False),
        sa.Column("kind", Word(), nullable=False),
        sa.Column("side", Word(), nullable=False),
        sa.Column("subject", Word(), nullable=False),
        sa.Column("line_key", Word(), nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("dedupe_key", Word(), nullable=False),
        sa.Column("state", Word(), nullable=False),
        sa.Column("reason", Word(), nullable=False),
        sa.Column("superseded_by", Word(), nullable=True),
        sa.Column("time", UtcTime(), nullable=False),
        sa.Column("data", Json(), nullable=False),
        sa.Column("urgency", Word(), nullable=False),
        sa.Column("trace_id", Word(), nullable=False),
        sa.Column("accepted_at", UtcTime(), nullable=False),
        sa.Column("planned_at", UtcTime(), nullable=True),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("plan_number", sa.Integer(), nullable=False),
        sa.Column("stale_count", sa.Integer(), nullable=False),
        sa.Column("plan", Json(), nullable=True),
        sa.Column("pin", Json(), nullable=True),
        sa.ForeignKeyConstraint(["line_key"], ["lines.key"], name="events_line_key_fk"),
        sa.PrimaryKeyConstraint("id", name="events_pk"),
        sa.UniqueConstraint("dedupe_key", "flow", name="events_dedupe_key_flow_key"),
        sa.UniqueConstraint("line_key", "position", name="events_line_key_position_key"),
    )
    op.create_index("events_accepted_at_idx", "events", ["accepted_at"])
    _partial(
        "events_payload_idx",
        "events",
        ["ended_at"],
        where="ended_at is not null and (plan is not null or data <> '{}')",
    )
    _partial(
        "events_open_idx",
        "events",
        ["line_key", "position"],
        where="state in ('accepted', 'planned', 'carried', 'dead')",
    )
    op.create_index("events_subject_idx", "events", ["subject"])
    op.create_table(
        "deliveries",
        sa.Column("id", Word(), nullable=False),
        sa.Column("event_id", Word(), nullable=False),
        sa.Column("plan_number", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("kind", Word(), nullable=False),
        sa.Column("target", Word(), nullable=False),
        sa.Column("values", Json(), nullable=False),
        sa.Column("expects", Json(), nullable=False),
        sa.Column("undoes", Word(), nullable=False),
        sa.Column("effect_key", Word(), nullable=False),
        sa.Column("state", Word(), nullable=False),
        sa.Column("settled_after", UtcTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("vendor_ref", Word(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="deliveries_event_id_fk"),
        sa.PrimaryKeyConstraint("id", name="deliveries_pk"),
        sa.UniqueConstraint("event_id", "plan_number", "ordinal", name="deliveries_event_id_plan_number_ordinal_key"),
    )
    _partial("deliveries_effect_key_key", "deliveries", ["effect_key"], where="state <> 'dropped'", is_unique=True)
    op.create_table(
        "attempts",
        sa.Column("delivery_id", Word(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("token", BIG, nullable=False),
        sa.Column("purpose", Word(), nullable=False),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("outcome", Word(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("code", Word(), nullable=False),
        sa.Column("detail", Word(), nullable=False),
        sa.Column("wait_s", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name="attempts_delivery_id_fk"),
        sa.PrimaryKeyConstraint("delivery_id", "number", name="attempts_pk"),
    )
    _partial("attempts_detail_idx", "attempts", ["ended_at"], where="detail <> ''")
    op.create_table(
        "dead_letters",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("event_id", Word(), nullable=False),
        sa.Column("delivery_id", Word(), nullable=True),
        sa.Column("code", Word(), nullable=False),
        sa.Column("hint", Word(), nullable=False),
        sa.Column("state", Word(), nullable=False),
        sa.Column("opened_at", UtcTime(), nullable=False),
        sa.Column("closed_at", UtcTime(), nullable=True),
        sa.Column("closed_by", Word(), nullable=False),
        sa.Column("note", Word(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="dead_letters_event_id_fk"),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name="dead_letters_delivery_id_fk"),
        sa.PrimaryKeyConstraint("id", name="dead_letters_pk"),
    )
    _partial("dead_letters_code_idx", "dead_letters", ["code"], where="state = 'open'")
    _partial("dead_letters_hint_idx", "dead_letters", ["closed_at"], where="closed_at is not null and hint <> ''")
    _partial("dead_letters_one_open_key", "dead_letters", ["event_id"], where="state = 'open'", is_unique=True)
    op.create_table(
        "replay_plans",
        sa.Column("hash", Word(), nullable=False),
        sa.Column("is_resume", sa.Boolean(), nullable=False),
        sa.Column("by", Word(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("state", Word(), nullable=False),
        sa.Column("done_to", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("hash", name="replay_plans_pk"),
    )
    op.create_table(
        "replay_items",
        sa.Column("plan_hash", Word(), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("item", Json(), nullable=False),
        sa.Column("refused", Word(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["plan_hash"], ["replay_plans.hash"], name="replay_items_plan_hash_fk"),
        sa.PrimaryKeyConstraint("plan_hash", "place", name="replay_items_pk"),
    )
    op.create_index("replay_items_at_idx", "replay_items", ["at"])


def _links() -> None:
    """What both systems last agreed on."""
    op.create_table(
        "links",
        sa.Column("id", Word(), nullable=False),
        sa.Column("flow", Word(), nullable=False),
        sa.Column("business_key", Word(), nullable=False),
        sa.Column("state", Word(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("agreed", Json(), nullable=False),
        sa.Column("seen", Json(), nullable=False),
        sa.Column("wake_at", UtcTime(), nullable=True),
        sa.Column("wake_reason", Word(), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("item", Word(), nullable=False),
        sa.Column("loops", Json(), nullable=False),
        sa.Column("stopped", sa.Integer(), nullable=False),
        sa.Column("mapping_version", Word(), nullable=True),
        sa.Column("item_run", Word(), nullable=True),
        sa.Column("process_run", Word(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="links_pk"),
        sa.UniqueConstraint("flow", "business_key", name="links_flow_business_key_key"),
    )
    _partial("links_item_key", "links", ["flow", "item"], where="item <> ''", is_unique=True)
    _partial("links_stopped_idx", "links", ["id"], where="stopped > 0")
    _partial("links_wake_idx", "links", ["wake_reason", "wake_at"], where="wake_at is not null")
    op.create_table(
        "processes",
        sa.Column("link_id", Word(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("process_key", Word(), nullable=False),
        sa.Column("state", Word(), nullable=False),
        sa.Column("instance_id", Word(), nullable=True),
        sa.Column("item_version", Word(), nullable=False),
        sa.Column("seen_hash", Word(), nullable=False),
        sa.Column("ended_by", Word(), nullable=True),
        sa.Column("outcome", Word(), nullable=False),
        sa.Column("started_effect", Word(), nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["links.id"], name="processes_link_id_fk"),
        sa.PrimaryKeyConstraint("link_id", "revision", name="processes_pk"),
        sa.UniqueConstraint("instance_id", name="processes_instance_id_key"),
    )
    _partial("processes_one_live_key", "processes", ["link_id"], where="state <> 'ended'", is_unique=True)
    op.create_table(
        "reviews",
        sa.Column("link_id", Word(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stakeholder", Word(), nullable=False),
        sa.Column("task_id", Word(), nullable=False),
        sa.Column("state", Word(), nullable=False),
        sa.Column("opened_at", UtcTime(), nullable=True),
        sa.Column("assignee", Word(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=True),
        sa.Column("escalated_at", UtcTime(), nullable=True),
        sa.Column("decision", Word(), nullable=True),
        sa.Column("outcome_raw", Word(), nullable=False),
        sa.Column("by", Word(), nullable=False),
        sa.Column("at", UtcTime(), nullable=True),
        sa.Column("comment", Word(), nullable=False),
        sa.Column("item_version", Word(), nullable=False),
        sa.Column("evidence", Word(), nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["links.id"], name="reviews_link_id_fk"),
        sa.PrimaryKeyConstraint("link_id", "revision", "stakeholder", "task_id", name="reviews_pk"),
    )
    op.create_table(
        "comments",
        sa.Column("link_id", Word(), nullable=False),
        sa.Column("origin", Word(), nullable=False),
        sa.Column("origin_id", Word(), nullable=False),
        sa.Column("author", Word(), nullable=False),
        sa.Column("text", Word(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("target_id", Word(), nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["links.id"], name="comments_link_id_fk"),
        sa.PrimaryKeyConstraint("link_id", "origin", "origin_id", name="comments_pk"),
    )
    op.create_table(
        "notices",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("link_id", Word(), nullable=True),
        sa.Column("about", Word(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("person", Word(), nullable=False),
        sa.Column("code", Word(), nullable=False),
        sa.Column("text", Word(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["link_id"], ["links.id"], name="notices_link_id_fk"),
        sa.PrimaryKeyConstraint("id", name="notices_pk"),
        sa.UniqueConstraint("link_id", "code", "revision", "person", name="notices_link_id_code_revision_person_key"),
    )
    _partial("notices_about_key", "notices", ["about", "code", "revision"], where="about <> ''", is_unique=True)
    _partial("notices_unseen_idx", "notices", ["at"], where="seen_at is null")
    _partial("notices_text_idx", "notices", ["seen_at"], where="seen_at is not null and text <> ''")
    op.create_table(
        "differences",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("flow", Word(), nullable=False),
        sa.Column("business_key", Word(), nullable=False),
        sa.Column("field", Word(), nullable=False),
        sa.Column("run_id", Word(), nullable=True),
        sa.Column("agreed", Json(), nullable=True),
        sa.Column("aprimo", Json(), nullable=True),
        sa.Column("opentext", Json(), nullable=True),
        sa.Column("cause", Word(), nullable=False),
        sa.Column("evidence", Json(), nullable=True),
        sa.Column("policy", Word(), nullable=False),
        sa.Column("state", Word(), nullable=False),
        sa.Column("heal_event_id", Word(), nullable=True),
        sa.Column("undo_event_id", Word(), nullable=True),
        sa.Column("former", Json(), nullable=True),
        sa.Column("undone_at", UtcTime(), nullable=True),
        sa.Column("closed_by", Word(), nullable=False),
        sa.Column("first_seen", UtcTime(), nullable=False),
        sa.Column("last_seen", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="differences_pk"),
    )
    _partial(
        "differences_one_open_key",
        "differences",
        ["flow", "business_key", "field"],
        where="state <> 'closed'",
        is_unique=True,
    )
    _partial("differences_undone_idx", "differences", ["flow", "business_key"], where="undone_at is not null")
    _partial("differences_closed_idx", "differences", ["last_seen"], where="state = 'closed' and undone_at is null")
    op.create_table(
        "runs",
        sa.Column("id", Word(), nullable=False),
        sa.Column("flow", Word(), nullable=False),
        sa.Column("mode", Word(), nullable=False),
        sa.Column("phase", Word(), nullable=False),
        sa.Column("cursor", Word(), nullable=False),
        sa.Column("suspects", Json(), nullable=False),
        sa.Column("since", UtcTime(), nullable=True),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("counts", Json(), nullable=False),
        sa.Column("report", Json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="runs_pk"),
    )
    op.create_index("runs_flow_idx", "runs", ["flow", "mode", "started_at"])
    op.create_index("runs_ended_at_idx", "runs", ["ended_at"])
    op.create_table(
        "holds",
        sa.Column("object", Word(), nullable=False),
        sa.Column("field_set", Word(), nullable=False),
        sa.Column("link_id", Word(), nullable=False),
        sa.Column("event_id", Word(), nullable=True),
        sa.Column("since", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("object", "field_set", name="holds_pk"),
    )
    op.create_index("holds_event_id_idx", "holds", ["event_id"])
    _partial("holds_free_idx", "holds", ["since"], where="event_id is null")


def _operation() -> None:
    """What keeps the house running."""
    op.create_table(
        "checkpoints",
        sa.Column("feed", Word(), nullable=False),
        sa.Column("watermark", UtcTime(), nullable=False),
        sa.Column("window_until", UtcTime(), nullable=True),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("feed", name="checkpoints_pk"),
    )
    op.create_table(
        "seen_rows",
        sa.Column("feed", Word(), nullable=False),
        sa.Column("object_id", Word(), nullable=False),
        sa.Column("hash", Word(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "object_id", name="seen_rows_pk"),
    )
    op.create_table(
        "ticks",
        sa.Column("job", Word(), nullable=False),
        sa.Column("slot", UtcTime(), nullable=False),
        sa.Column("claimed_by", Word(), nullable=False),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("error", Word(), nullable=False),
        sa.PrimaryKeyConstraint("job", "slot", name="ticks_pk"),
    )
    op.create_index("ticks_slot_idx", "ticks", ["slot"])
    _partial("ticks_open_idx", "ticks", ["job", "slot"], where="ended_at is null")
    _partial("ticks_failed_idx", "ticks", ["job", "slot"], where="error <> ''")
    op.create_table(
        "gates",
        sa.Column("scope", Word(), nullable=False),
        sa.Column("kind", Word(), nullable=False),
        sa.Column("until", UtcTime(), nullable=True),
        sa.Column("reason", Word(), nullable=False),
        sa.Column("by", Word(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "kind", name="gates_pk"),
    )
    op.create_table(
        "audit",
        sa.Column("number", BIG, autoincrement=False, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("actor", Word(), nullable=False),
        sa.Column("act", Word(), nullable=False),
        sa.Column("object", Word(), nullable=False),
        sa.Column("before_hash", Word(), nullable=False),
        sa.Column("after_hash", Word(), nullable=False),
        sa.Column("salts", Json(), nullable=False),
        sa.Column("previous_hash", Word(), nullable=False),
        sa.Column("hash", Word(), nullable=False),
        sa.Column("erased", Json(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="audit_pk"),
    )
    op.create_table(
        "anchors",
        sa.Column("number", BIG, autoincrement=False, nullable=False),
        sa.Column("hash", Word(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="anchors_pk"),
    )
    op.create_table(
        "people",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("aprimo_user", Word(), nullable=True),
        sa.Column("opentext_user", Word(), nullable=True),
        sa.Column("how", Word(), nullable=False),
        sa.Column("unresolved_since", UtcTime(), nullable=True),
        sa.Column("name", Word(), nullable=False),
        sa.Column("checked_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="people_pk"),
        sa.UniqueConstraint("aprimo_user", name="people_aprimo_user_key"),
        sa.UniqueConstraint("opentext_user", name="people_opentext_user_key"),
    )


def _progress() -> None:
    """How far uploads and orders have come, by the key of their effect."""
    op.create_table(
        "uploads",
        sa.Column("key", Word(), nullable=False),
        sa.Column("source", Word(), nullable=False),
        sa.Column("file_name", Word(), nullable=False),
        sa.Column("sha256", Word(), nullable=False),
        sa.Column("size_bytes", BIG, nullable=False),
        sa.Column("segment_bytes", sa.Integer(), nullable=False),
        sa.Column("uri", Word(), nullable=False),
        sa.Column("next_segment", sa.Integer(), nullable=False),
        sa.Column("token", Word(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="uploads_pk"),
    )
    op.create_index("uploads_updated_at_idx", "uploads", ["updated_at"])
    op.create_table(
        "orders",
        sa.Column("key", Word(), nullable=False),
        sa.Column("order_id", Word(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="orders_pk"),
    )
    op.create_index("orders_updated_at_idx", "orders", ["updated_at"])
