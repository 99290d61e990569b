"""The engine's figures. They depend on each other; `config.checks` refuses what would not hold."""

from __future__ import annotations

from dataclasses import dataclass

from config.declare import setting


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Limits, leases, retries and breakers of the pipeline's three steps."""

    batch_lines: int = setting(
        50, "Lines one step claims at once.", example="50", unit="lines", at_least=1, at_most=500
    )
    call_threads: int = setting(
        8, "Calls to a vendor under way at once in one worker process.", example="8", at_least=1, at_most=64
    )
    worker_concurrency: int = setting(
        2, "Processes of one worker.", example="2", unit="processes", at_least=1, at_most=64
    )
    connect_timeout_s: float = setting(3.0, "Longest wait for a connection.", example="3", unit="s", at_least=0.05)
    read_timeout_s: float = setting(
        15.0, "Longest silence while an answer is read.", example="15", unit="s", at_least=0.05
    )
    call_deadline_s: float = setting(
        25.0, "Longest time of one call in all, body included.", example="25", unit="s", at_least=0.1
    )
    no_new_call_after_s: float = setting(
        45.0, "Age of a step after which it begins no further call.", example="45", unit="s", at_least=0.1
    )
    margin_s: float = setting(
        5.0,
        "What must be left of a lease beyond a call's deadline before bytes leave.",
        example="5",
        unit="s",
        at_least=0,
    )
    hard_limit_s: float = setting(
        80.0, "Age at which a step's process is killed.", example="80", unit="s", at_least=1
    )
    lease_s: float = setting(90.0, "How long a claimed line belongs to its worker.", example="90", unit="s")
    visibility_timeout_s: float = setting(
        300.0, "After this the broker gives an unacknowledged message to another.", example="300", unit="s"
    )
    queue_mark: int = setting(
        500, "Messages the sweeper keeps each queue filled up to.", example="500", unit="messages", at_least=1
    )
    sweep_every_s: float = setting(
        5.0, "Between two sweeps for lines nobody was woken for.", example="5", unit="s", at_least=0.1
    )
    rehint_after_s: float = setting(
        30.0, "A line woken longer ago than this is woken again.", example="30", unit="s", at_least=0.1
    )
    countdown_max_s: float = setting(
        30.0, "Longer waits have no message in the broker, only a row.", example="30", unit="s", at_least=0
    )
    budget_wait_max_s: float = setting(
        1.0, "Longest wait inside a step for the rate budget.", example="1", unit="s", at_least=0
    )
    retry_tries: int = setting(
        8, "Failures after which a delivery is a dead letter.", example="8", unit="tries", at_least=1
    )
    retry_base_s: float = setting(
        2.0, "First wait after a failure; it doubles.", example="2", unit="s", at_least=0.01
    )
    retry_cap_s: float = setting(900.0, "Longest wait between two tries.", example="900", unit="s", at_least=0.01)
    late_factor: float = setting(
        1.0,
        "Scales how long an unanswered call may still take effect; below 1 only with sandboxes.",
        example="1",
        at_least=0.001,
    )
    stale_max: int = setting(3, "Plans overtaken by the target before a person is asked.", example="3", at_least=1)
    crash_max: int = setting(
        3, "Workers that one line may take down before a person is asked.", example="3", at_least=1
    )
    replays_per_s: float = setting(
        5.0,
        "Dead letters that all replay plans together bring back.",
        example="5",
        unit="letters/s",
        at_least=0.01,
        at_most=1000,
    )
    breaker_failures: int = setting(5, "Failures in a row that open a vendor's breaker.", example="5", at_least=1)
    breaker_open_s: float = setting(
        30.0, "How long a breaker stays open before one probe.", example="30", unit="s", at_least=0.1
    )
    deaf_after_s: float = setting(
        120.0,
        "How long a worker may work nothing off although it is asked to, before `signoff up` replaces it.",
        example="120",
        unit="s",
        at_least=1,
    )
    shutdown_wait_s: float = setting(
        20.0, "How long a stopping worker lets its steps finish.", example="20", unit="s", at_least=0
    )
