"""`signoff events`: what came in, and what became of it."""

from __future__ import annotations

import click

from console import installation
from console.filters import demand_flow
from console.shown import EXIT_CODES, as_json, fail, print_json, print_tables, reachable
from console.tables import event_table, timeline_tables
from pipeline.words import EventId, EventState

STATES = ("open", *(str(state) for state in EventState))
LIMIT = 1000


@click.group(epilog=EXIT_CODES)
def events() -> None:
    """List events, or show one event's timeline."""


@events.command(name="list", epilog=EXIT_CODES)
@click.option("--flow", default="", help="Only of this flow.")
@click.option("--state", type=click.Choice(STATES), default=None, help="Only in this state; `open`: not through yet.")
@click.option("--subject", default="", help="Only of this item, e.g. aprimo:activity:5012.")
@click.option("--limit", type=click.IntRange(1, LIMIT), default=50, show_default=True, help="At most so many.")
@as_json
@reachable
def list_events(*, flow: str, state: str | None, subject: str, limit: int, as_json: bool) -> None:
    """List events, newest first."""
    demand_flow(flow)
    found = installation.pages().event_list(flow=flow, state=state or "", subject=subject, limit=limit)
    if as_json:
        print_json({"events": [event.to_json() for event in found]})
        return
    print_tables(event_table(found))


@events.command(epilog=EXIT_CODES)
@click.argument("event_id", metavar="ID")
@as_json
@reachable
def show(event_id: str, *, as_json: bool) -> None:
    """Show one event's timeline: received, verified, planned, each attempt, next try, settled."""
    timeline = installation.pages().event_timeline(EventId(event_id))
    if timeline is None:
        fail(f"There is no event {event_id}.{_listed(event_id)}")
    if as_json:
        print_json(timeline.to_json())
        return
    print_tables(*timeline_tables(timeline))


def _listed(said: str) -> str:
    """What whoever named an item is told: events have ids of their own."""
    return f" For an item's events: signoff events list --subject {said}" if ":" in said else ""
