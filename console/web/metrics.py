"""Figures for Prometheus, read from SQL and the broker at scrape time: no process keeps counts to lose.

Names and labels are part of what installations rely on: dashboards and alert rules use them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from console.web.strangers import Strangers
from pipeline.errors import StoreAwayError
from pipeline.store.pages import SqlPages
from pipeline.store.status import Part, Status
from pipeline.transport.tally import Counted

Queues = Callable[[], Mapping[str, int]]
Calls = Callable[[], Sequence[Counted]]


def metrics(pages: SqlPages, queues: Queues, calls: Calls, strangers: Strangers) -> Callable[[Request], Response]:
    """An endpoint that always answers: `signoff_database_up` and `signoff_broker_up` say what could not be asked."""

    def endpoint(_: Request) -> Response:
        registry = CollectorRegistry()
        registry.register(_Scrape(pages, queues, calls, strangers))
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return endpoint


class _Scrape(Collector):
    """Everything, read once."""

    def __init__(self, pages: SqlPages, queues: Queues, calls: Calls, strangers: Strangers) -> None:
        self._pages = pages
        self._queues = queues
        self._calls = calls
        self._strangers = strangers

    def describe(self) -> Iterable[Metric]:
        """Nothing is asked when the scrape is registered."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """The figures of this moment."""
        try:
            status = self._pages.status()
        except StoreAwayError:
            yield GaugeMetricFamily("signoff_database_up", "Whether SQL answers.", value=0)
        else:
            yield GaugeMetricFamily("signoff_database_up", "Whether SQL answers.", value=1)
            yield from _of_status(status)
        yield from _of_queues(self._queues())
        yield _of_calls(self._calls())
        yield from _of_strangers(self._strangers)


def _of_status(status: Status) -> Iterator[Metric]:
    for kind, parts in (("flow", status.flows), ("vendor", status.vendors)):
        yield from _of_parts(kind, parts)
    gates = GaugeMetricFamily("signoff_gate_closed", "Gates that hold lines.", labels=["scope", "kind"])
    for gate in status.gates:
        gates.add_metric([gate.scope, gate.kind], 1)
    yield gates
    yield GaugeMetricFamily(
        "signoff_notices_unseen", "What people were told and have not seen.", status.notices_unseen
    )
    alarms = GaugeMetricFamily(
        "signoff_alarm", "What is wrong with a source or with the whole.", labels=["about", "code"]
    )
    for alarm in {(alarm.subject, alarm.code) for alarm in status.alarms}:
        alarms.add_metric(alarm, 1)
    yield alarms
    stopped = len(status.stopped)
    yield GaugeMetricFamily("signoff_fields_stopped", "Fields that are not written any more after a loop.", stopped)
    yield GaugeMetricFamily(
        "signoff_differences_open", "Where both systems differ, as last compared.", status.differences_open
    )
    yield GaugeMetricFamily("signoff_people_unresolved", "People nobody could match.", len(status.unresolved_people))


def _of_parts(kind: str, parts: Iterable[Part]) -> Iterator[Metric]:
    opened = GaugeMetricFamily(f"signoff_{kind}_events_open", "Events that are not through.", labels=[kind])
    dead = GaugeMetricFamily(f"signoff_{kind}_dead_letters_open", "Dead letters that are open.", labels=[kind])
    oldest = GaugeMetricFamily(f"signoff_{kind}_oldest_open_seconds", "Age of the oldest open event.", labels=[kind])
    lines = GaugeMetricFamily(
        f"signoff_{kind}_lines", "Lines with open events, by how they stand.", labels=[kind, "stand", "reason"]
    )
    for part in parts:
        opened.add_metric([part.name], part.open)
        dead.add_metric([part.name], part.dead)
        oldest.add_metric([part.name], part.oldest_open_s or 0)
        stands = {"ready": part.ready, "running": part.running, "gated": part.gated, "held": part.held}
        for stand, count in stands.items():
            lines.add_metric([part.name, stand, ""], count)
        for waiting in part.waiting:
            lines.add_metric([part.name, "waiting", waiting.reason], waiting.lines)
    yield from (opened, dead, oldest, lines)


def _of_strangers(strangers: Strangers) -> Iterator[Metric]:
    unproved = CounterMetricFamily(
        "signoff_hooks_unauthorized", "Calls with a bad or missing proof, by this process.", labels=["door"]
    )
    for door, count in sorted(strangers.seen.items()):
        unproved.add_metric([door], count)
    refused = CounterMetricFamily(
        "signoff_hooks_refused", "Signed bodies that cannot be used, by this process.", labels=["door", "reason"]
    )
    for (door, reason), count in sorted(strangers.refused.items()):
        refused.add_metric([door, reason], count)
    yield from (unproved, refused)


def _of_queues(lengths: Mapping[str, int]) -> Iterator[Metric]:
    yield GaugeMetricFamily("signoff_broker_up", "Whether the broker answers.", value=1 if lengths else 0)
    queues = GaugeMetricFamily("signoff_queue_messages", "Messages waiting in a queue.", labels=["queue"])
    for name, length in lengths.items():
        queues.add_metric([name], length)
    yield queues


def _of_calls(counted: Iterable[Counted]) -> Metric:
    """Counted on the broker by all processes: where it is emptied they begin at nothing, as counters may."""
    calls = CounterMetricFamily(
        "signoff_vendor_calls",
        "Calls to a vendor, by what they were made for.",
        labels=["vendor", "flow", "purpose"],
    )
    for each in counted:
        calls.add_metric([each.vendor, each.flow, each.purpose], each.calls)
    return calls
