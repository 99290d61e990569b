"""The settings of each part: Aprimo, OpenText, the engine, the pollers, retention, the web app and Flower.

Names end in their unit. What a vendor does not document is a setting here, with the default that is assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from config.declare import setting
from config.secret import Secret

TokenStyle = Literal["form", "form_basic", "json"]
DeployEncoding = Literal["base64", "urlencoded", "plain"]
OutcomeSource = Literal["task_variable", "task_property", "process_variable"]
IdentityForm = Literal["email", "otds_id"]


@dataclass(frozen=True, kw_only=True)
class Aprimo:
    """How one Aprimo tenant is reached, and how fast."""

    tenant: str = setting("", "Tenant name; the four addresses follow from it.", example="acme")
    auth_url: str = setting(
        "",
        "Base of the token service.",
        example="https://acme.aprimo.com",
        default_text="from the tenant",
    )
    pm_url: str = setting(
        "",
        "Base of Productivity Management.",
        example="https://acme.aprimo.com",
        default_text="from the tenant",
    )
    dam_url: str = setting(
        "",
        "Base of the asset management API.",
        example="https://acme.dam.aprimo.com",
        default_text="from the tenant",
    )
    upload_url: str = setting(
        "",
        "Base of the upload service.",
        example="https://acme.aprimo.com",
        default_text="from the tenant",
    )
    upload_sources: tuple[str, ...] = setting(
        (),
        "Hosts that files may be fetched from to be uploaded, with a port where it is not 443; https only.",
        example="files.agency.example,cdn.acme.example:8443",
    )
    upload_max_bytes: int = setting(
        500_000_000, "Longest file that is uploaded.", example="500000000", unit="bytes", at_least=1
    )
    upload_whole_max_bytes: int = setting(
        20_000_000,
        "Longest file that is uploaded in one piece; Aprimo takes no more.",
        example="20000000",
        unit="bytes",
        at_least=0,
        at_most=20_000_000,
    )
    upload_segment_bytes: int = setting(
        10_000_000,
        "Length of the segments of longer files; one must get through within a call's deadline.",
        example="10000000",
        unit="bytes",
        at_least=1,
        at_most=20_000_000,
    )
    client_id: str = setting("", "OAuth client id, registered in Aprimo for Signoff alone.", example="signoff")
    client_secret: Secret = setting(Secret(""), "OAuth client secret.", example="…")
    webhook_secrets: tuple[Secret, ...] = setting(
        (),
        "Secrets that webhooks may be signed with, newest first; two while one is being replaced.",
        example="new-secret,old-secret",
    )
    dam_signature_header: str = setting(
        "x-aprimo-hmac",
        "Header in which DAM rules put their signature; the administrator chooses it.",
        example="x-aprimo-hmac",
    )
    fallback_ttl_s: float = setting(
        540.0, "A token's life where neither answer nor token tells it.", example="540", unit="s", at_least=1
    )
    page_size: int = setting(100, "Rows asked for per page.", example="100", unit="rows", at_least=1, at_most=200)
    ea_value_key: str = setting(
        "eaValue", "Key under which an extended attribute's value is written.", example="eaValue"
    )
    cache_s: float = setting(
        600.0,
        "How long names, definitions and users are remembered; an unknown one is looked for again at once.",
        example="600",
        unit="s",
        at_least=0,
    )
    undated_kinds: tuple[str, ...] = setting(
        tuple(f"generic_object_{letter}" for letter in ("alpha", "bravo", "charlie", "delta", "echo")),
        "Kinds of objects whose rows carry no `modifiedDate`: each poll pages through all of them and compares.",
        example="generic_object_alpha,generic_object_bravo",
        default_text="generic objects",
    )
    automation_users: tuple[str, ...] = setting(
        (),
        "Users, by id or e-mail in any case, that are rules and jobs: an edit of theirs is told from one by hand.",
        example="rules@acme.example",
        default_text="none",
    )
    max_hits: int = setting(
        10_000,
        "Hits of a DAM search that can be paged through; polls split longer windows.",
        example="10000",
        unit="rows",
        at_least=100,
    )
    lists_whole: bool = setting(
        True,
        "Whether rows of lists and searches carry what a read of the item does; if not, reconciliation reads each.",
        example="false",
    )
    rate_per_s: float = setting(
        5.0,
        "Requests to the tenant, all workers together. Aprimo allows 15 to all its clients together.",
        example="5",
        unit="requests/s",
        at_least=0.1,
        at_most=12,
    )
    burst: int = setting(5, "Requests that may leave at once after a pause.", example="5", at_least=1, at_most=15)
    reserved_share: float = setting(
        0.2, "Part of the rate that only decisions may use.", example="0.2", at_least=0, at_most=0.9
    )


@dataclass(frozen=True, kw_only=True)
class OpenText:
    """How one OpenText Workflow Service tenant is reached, and what of its API is assumed."""

    url: str = setting("", "Base of the service.", example="https://na-1-dev.api.opentext.com")
    tenant_id: str = setting(
        "", "Tenant id; part of the token's address.", example="0f4c1a9e-7a1b-4a6e-9d3c-2f5b8e6a1c70"
    )
    client_id: str = setting("", "OAuth client id of the confidential client.", example="signoff")
    client_secret: Secret = setting(Secret(""), "OAuth client secret.", example="…")
    callback_secrets: tuple[Secret, ...] = setting(
        (),
        "Secrets that the call-back tokens of our process models are made from, newest first.",
        example="new-secret,old-secret",
    )
    token_style: TokenStyle = setting("form", "How a token is asked for.", example="form_basic")
    scope: str = setting("", "Scope to ask for; not sent when empty.", example="otds:roles")
    renew_ratio: float = setting(
        0.8, "Part of a token's life after which it is renewed.", example="0.8", at_least=0.1, at_most=0.95
    )
    fallback_ttl_s: float = setting(
        600.0, "A token's life where the answer does not tell it.", example="600", unit="s", at_least=1
    )
    page_size: int = setting(100, "Rows asked for per page.", example="100", unit="rows", at_least=1, at_most=1000)
    deploy_encoding: DeployEncoding = setting(
        "base64", "How a process model's XML is encoded when deployed.", example="base64"
    )
    message_action: str = setting(
        "messageEventReceived", "Action that delivers a message to an execution.", example="messageEventReceived"
    )
    send_delete_reason: bool = setting(True, "Send the reason when a process is ended.", example="true")
    outcome_source: OutcomeSource = setting(
        "task_variable", "Where the outcome of a finished task is read.", example="process_variable"
    )
    identity_form: IdentityForm = setting("email", "How people are named in answers.", example="otds_id")
    lists_whole: bool = setting(
        True,
        "Whether rows of lists carry what a read of the process does; if not, reconciliation reads each.",
        example="false",
    )
    task_sort: str = setting(
        "processInstanceId",
        "By what a list of tasks is sorted, so that a process's stand together; empty where it cannot be.",
        example="processInstanceId",
    )
    audit_overlap_s: float = setting(
        120.0,
        "How far back each audit poll reads again, because rows come late and unordered.",
        example="120",
        unit="s",
        at_least=0,
    )
    callback_settle_s: float = setting(
        1.0,
        "Wait after a call-back before reading, because the call leaves inside the caller's transaction.",
        example="1",
        unit="s",
        at_least=0,
    )
    rate_per_s: float = setting(
        5.0, "Requests to the tenant, all workers together.", example="5", unit="requests/s", at_least=0.1
    )
    burst: int = setting(5, "Requests that may leave at once after a pause.", example="5", at_least=1)
    reserved_share: float = setting(
        0.2, "Part of the rate that only decisions may use.", example="0.2", at_least=0, at_most=0.9
    )


@dataclass(frozen=True, kw_only=True)
class Polling:
    """How often the feeds are read, and how often the timetable looks for what is due."""

    enabled: bool = setting(
        True,
        "Whether the feeds are read by the clock; if not, changes come by webhooks, call-backs and reconciliation.",
        example="false",
    )
    aprimo_every_s: float = setting(
        60.0, "Between two searches for changed objects.", example="60", unit="s", at_least=0.1
    )
    aprimo_overlap_s: float = setting(
        300.0, "How far back each search reads again.", example="300", unit="s", at_least=0
    )
    opentext_every_s: float = setting(
        60.0, "Between two reads of the audit logs.", example="60", unit="s", at_least=0.1
    )
    opentext_list_every_s: float = setting(
        300.0,
        "Between two list reads, which find what audit rows do not tell.",
        example="300",
        unit="s",
        at_least=0.1,
    )
    overdue_every_s: float = setting(
        60.0, "Between two looks for reviews past their due time.", example="60", unit="s", at_least=0.1
    )
    silence_every_s: float = setting(
        60.0, "Between two looks for sources that have fallen silent.", example="60", unit="s", at_least=0.1
    )
    silence_factor: float = setting(
        1.5,
        "A source is silent after so many times the interval it is expected to tell something in.",
        example="1.5",
        at_least=1,
    )
    silence_changes: int = setting(
        3, "And when so many changes were told by others alone meanwhile.", example="3", at_least=1
    )
    webhooks_expected_s: float = setting(
        1800.0,
        "Aprimo's webhooks and rules are expected to tell something so often.",
        example="1800",
        unit="s",
        at_least=0.1,
    )
    callbacks_expected_s: float = setting(
        14_400.0,
        "OpenText's call-backs are expected so often.",
        example="14400",
        unit="s",
        at_least=0.1,
    )
    feeds_expected_s: float = setting(
        3600.0,
        "A feed is expected to find something so often, where webhooks or call-backs tell of changes.",
        example="3600",
        unit="s",
        at_least=0.1,
    )
    subscription_every_s: float = setting(
        300.0, "Between two looks for webhooks that had to be delivered again.", example="300", unit="s", at_least=0.1
    )
    audit_root_every_s: float = setting(
        86_400.0,
        "Between two anchors of the audit chain, which are also logged (`audit_anchored`).",
        example="86400",
        unit="s",
        at_least=0.1,
    )
    gates_every_s: float = setting(
        60.0, "Between two log lines for each gate that is closed.", example="60", unit="s", at_least=0.1
    )
    history_every_s: float = setting(
        10.0,
        "Between two looks for ended processes whose history was not whole yet.",
        example="10",
        unit="s",
        at_least=0.1,
    )
    spend_every_s: float = setting(
        60.0, "Between two looks for budgets whose spend is to be compared.", example="60", unit="s", at_least=0.1
    )
    embargo_every_s: float = setting(
        30.0, "Between two looks for embargoes that have ended.", example="30", unit="s", at_least=0.1
    )
    reviews_due_every_s: float = setting(
        300.0, "Between two looks for performance reviews that are to begin.", example="300", unit="s", at_least=0.1
    )
    late_cases_every_s: float = setting(
        60.0,
        "Between two looks for reviews so late that they become a case.",
        example="60",
        unit="s",
        at_least=0.1,
    )
    people_every_s: float = setting(
        300.0, "Between two looks for people who have no match.", example="300", unit="s", at_least=0.1
    )
    remarks_every_s: float = setting(
        30.0,
        "Between two looks for files whose remarks are to be read.",
        example="30",
        unit="s",
        at_least=0.1,
    )


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long what is over keeps its payload. Keys, hashes, decisions and the audit log are kept for ever."""

    handled_days: int = setting(
        90, "Bodies and headers of what came in, after its events ended.", example="90", unit="days", at_least=1
    )
    ignored_days: int = setting(14, "Those of what was none of our business.", example="14", unit="days", at_least=1)
    refused_days: int = setting(
        30, "Those of what was refused; the newest thousand at most.", example="30", unit="days", at_least=1
    )
    events_days: int = setting(
        180,
        "What an event carried, its plan, and what its deliveries wrote, after it ended.",
        example="180",
        unit="days",
        at_least=1,
    )
    attempts_days: int = setting(
        90, "What a vendor said to an attempt, after its event ended.", example="90", unit="days", at_least=1
    )
    letters_days: int = setting(
        365, "Hints of dead letters, after they were closed.", example="365", unit="days", at_least=1
    )
    notices_days: int = setting(90, "Texts of notices, after they were seen.", example="90", unit="days", at_least=1)
    ticks_days: int = setting(
        14, "Runs of the timetable's jobs, but for each job's newest.", example="14", unit="days", at_least=1
    )
    transfers_days: int = setting(
        30, "How far uploads came, after what they were for was delivered.", example="30", unit="days", at_least=1
    )
    orders_days: int = setting(
        30, "Orders, after what they were for was delivered.", example="30", unit="days", at_least=1
    )
    replays_days: int = setting(
        90, "What replay plans have shown of their letters.", example="90", unit="days", at_least=1
    )
    runs_days: int = setting(
        30,
        "Comparisons of both systems, but for the first and the newest of each flow and kind.",
        example="30",
        unit="days",
        at_least=1,
    )
    differences_days: int = setting(
        180, "Differences that are closed, but for those a person took back.", example="180", unit="days", at_least=1
    )
    every_s: float = setting(
        86_400.0, "Between two runs that let go of what is older.", example="86400", unit="s", at_least=0.1
    )
    batch_rows: int = setting(
        200, "Rows that are let go in one commit.", example="200", unit="rows", at_least=1, at_most=5000
    )


@dataclass(frozen=True, kw_only=True)
class Web:
    """The web app: intake of webhooks, and the operators' pages."""

    host: str = setting("127.0.0.1", "Address to listen on.", example="0.0.0.0")  # noqa: S104 - an example
    port: int = setting(8080, "Port to listen on.", example="8080", at_least=0, at_most=65535)
    public_url: str | None = setting(
        None,
        "Where OpenText reaches this installation; without it processes call nobody back.",
        example="https://signoff.acme.example",
    )
    user: str = setting("operator", "Name to log in with.", example="operator")
    password: Secret | None = setting(
        None,
        "Password to log in with.",
        example="…",
        default_text="made once by `signoff up`",
    )
    body_max_bytes: int = setting(
        1_000_000, "Longest webhook body taken.", example="1000000", unit="bytes", at_least=1000
    )


@dataclass(frozen=True, kw_only=True)
class Flower:
    """Celery's own dashboard, read-only."""

    host: str = setting("127.0.0.1", "Address to listen on.", example="0.0.0.0")  # noqa: S104 - an example
    port: int = setting(5555, "Port to listen on.", example="5555", at_least=0, at_most=65535)
    user: str = setting("operator", "Name to log in with.", example="operator")
    password: Secret | None = setting(
        None,
        "Password to log in with.",
        example="…",
        default_text="made once by `signoff up`",
    )
