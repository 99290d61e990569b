"""Every Celery option that is not left at its default, each with its reason.

Truth lives in SQL and messages only wake workers, so these options keep messages cheap, late to be acknowledged and
quick to come back; none of them has to be right for an effect to happen once.
"""

from __future__ import annotations

from kombu import Exchange, Queue

from config.problems import Problem, SettingsError
from config.settings import Settings

URGENCIES = ("express", "standard", "bulk")
TARGETS = ("aprimo", "opentext")
TIMETABLE_QUEUES = ("timetable", "dead_letters")
# Retries and waits beyond this are rows, never messages: an ETA message sits in a worker's memory.
_LONGEST_POLL_OF_BEAT_S = 5


def queues_of(role: str) -> tuple[str, ...]:
    """The queues a worker reads, most urgent first; role is a target system, or `timetable`."""
    if role == "timetable":
        return TIMETABLE_QUEUES
    return tuple(f"{urgency}.{role}" for urgency in URGENCIES)


def all_queues() -> tuple[str, ...]:
    """Every queue there is."""
    return tuple(name for role in (*TARGETS, "timetable") for name in queues_of(role))


def own_queue(name: str) -> Queue:
    """A queue of ours, declared by whoever reads it or writes to it."""
    return Queue(name, Exchange("signoff", type="direct"), routing_key=name)


def celery_options(settings: Settings) -> dict[str, object]:
    """What the Celery app is configured with. Raises SettingsError without a broker."""
    if settings.broker_url is None:
        raise SettingsError((_NO_BROKER,))
    return {**_broker(settings), **_tasks(settings), **_worker(settings), **_beat()}


def _broker(settings: Settings) -> dict[str, object]:
    return {
        "broker_url": settings.broker_url,
        # A worker that starts before its broker waits for it, and one whose broker is away for long never gives up
        # (the default ends it after 100 tries).
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            # Longer than a countdown and a step together, or messages run twice; `config.checks` holds it so.
            "visibility_timeout": settings.engine.visibility_timeout_s,
            # Abandoned messages are looked for every 10 s; the default is every 100 s.
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 1,
            # Express before standard before bulk: queues are read in the order the worker names them. The default
            # takes turns.
            "queue_order_strategy": "priority",
            # A frozen broker blocks a publisher for ever without these; must exceed the 1 s a blocking read takes.
            "socket_timeout": 5,
            "socket_connect_timeout": 2,
            # Notices a half-open connection within some 20 s.
            "health_check_interval": 10,
            "socket_keepalive": True,
        },
        # JSON only: a message must not be able to carry code.
        "accept_content": ["json"],
        "task_serializer": "json",
    }


def _tasks(settings: Settings) -> dict[str, object]:
    return {
        "task_queues": [own_queue(name) for name in all_queues()],
        # A misspelt queue name fails at the sender instead of becoming a queue that nobody reads.
        "task_create_missing_queues": False,
        "task_default_queue": "timetable",
        "task_default_exchange": "signoff",
        "task_default_routing_key": "timetable",
        # Outcomes are rows; nobody reads Celery's results.
        "task_ignore_result": True,
        # A message is gone only when its step has ended, so a killed worker's message comes back.
        "task_acks_late": True,
        # A killed child's task is tried again with a limit; rejecting instead would repeat without end.
        "task_retry_on_worker_lost": True,
        "task_annotations": {"*": {"max_retries": 3, "default_retry_delay": 10}},
        # The kill is the last resort against a hanging step. There is no soft limit: an exception in the middle of
        # a commit helps nobody, and every call has a deadline of its own.
        "task_time_limit": settings.engine.hard_limit_s,
        # A publisher that fails leaves it to the sweeper; it must not hold a request or a step.
        "task_publish_retry_policy": {
            "max_retries": 1,
            "interval_start": 0,
            "interval_step": 0.2,
            "interval_max": 0.2,
        },
        # Flower shows what is sent, also before a worker has seen it.
        "task_send_sent_event": True,
    }


def _worker(settings: Settings) -> dict[str, object]:
    return {
        # Processes, because only they have hard time limits and die alone; calls run in threads inside them.
        "worker_pool": "prefork",
        "worker_concurrency": settings.engine.worker_concurrency,
        # A message is fetched only when a process is free for it: nothing waits behind a slow step, and nothing
        # that waits counts as unacknowledged.
        "worker_disable_prefetch": True,
        "worker_prefetch_multiplier": 1,
        # Celery 5.7.0 ends a worker whose broker connection breaks while a step runs; the class keeps it alive.
        "worker_consumer": "tasks.consumer:KeepBrokenConnection",
        # Memory that libraries leak goes with the process.
        "worker_max_tasks_per_child": 1000,
        # The default of 4 s is too short for a new process on a busy small machine.
        "worker_proc_alive_timeout": 30,
        # On SIGTERM (remapped to SIGQUIT) steps get this long to finish before they are cut and handed back.
        "worker_soft_shutdown_timeout": settings.engine.shutdown_wait_s,
        "worker_send_task_events": True,
        # Log set-up is ours; a print is a defect that should be seen as it is.
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        # Quorum queues are RabbitMQ's; looking for them only costs a warning.
        "worker_detect_quorum_queues": False,
    }


def _beat() -> dict[str, object]:
    return {
        # A new entry or a clock change is seen within this; also how often a health check finds beat alive.
        "beat_max_loop_interval": _LONGEST_POLL_OF_BEAT_S,
        "beat_enable_remote_control": True,
        # What was done is known in SQL; the default scheduler keeps a file of its own besides.
        "beat_scheduler": "celery.beat:Scheduler",
        "timezone": "UTC",
        "enable_utc": True,
    }


_NO_BROKER = Problem(
    names=("SIGNOFF_BROKER_URL",),
    reason="is missing, and no running `signoff up` was found in the data folder.",
    example="SIGNOFF_BROKER_URL=redis://localhost:6379/0",
)
