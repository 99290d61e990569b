"""`signoff certificate`: what the sources say has changed, who told of it, and how that ended."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING

import click

from console import installation
from console.exits import Exit
from console.shown import as_json, fail, print_json, print_tables, reachable
from console.tables import Table
from pipeline.errors import PipelineError, StoreAwayError

if TYPE_CHECKING:
    from pipeline.certificate import Certificate, Learning
    from pipeline.ports import Bounds

EXIT_CODES = (
    "Exit codes: 0 every change was told of · 1 failed · 2 wrong usage, or a gap · 3 settings refused"
    " · 4 database unreachable"
)
A_DAY = timedelta(days=1)
SKEW = timedelta(hours=1)
"""The sources' clocks are not ours."""
READING_S = 3600.0
"""How long the sources' lists may be read; a command has no lease."""


class Moment(click.ParamType[datetime]):
    """A moment as ISO 8601; without an offset it is UTC."""

    name = "TIME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Raises BadParameter for what is no moment."""
        if isinstance(value, datetime):
            return value
        try:
            read = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value} is no moment like 2026-02-03T10:00:00Z.", param, ctx)
        return read if read.tzinfo else read.replace(tzinfo=UTC)


@click.command(epilog=EXIT_CODES)
@click.option("--from", "since", type=Moment(), help="From when on; default: a day before the end.")
@click.option("--to", "until", type=Moment(), help="Until when, itself left out; default: now.")
@as_json
@reachable
def certificate(*, since: datetime | None, until: datetime | None, as_json: bool) -> None:
    """Ask both sources what changed in a time, and name every change that no notice told of.

    Aprimo's lists show the last change of each object, OpenText's audit log shows each one. A change that nothing
    told of, that no write of ours made and that no comparison has read since is a gap: see it with
    `signoff reconcile`.
    """
    until = until or datetime.now(UTC)
    since = since or until - A_DAY
    if since >= until:
        raise click.BadParameter("it must lie before --to", param_hint="--from")
    try:
        found = _certified(since, until)
    except StoreAwayError:
        raise
    except PipelineError as err:
        fail(f"A source cannot be read: {err}.")
    if as_json:
        print_json(to_json(found))
    else:
        print_tables(*tables(found))
    sys.exit(Exit.DIFFERENT if found.gaps else Exit.OK)


def _certified(since: datetime, until: datetime) -> Certificate:
    from pipeline.certificate import LEARNED_FROM, WRITE, certify  # noqa: PLC0415 - `--help` needs no use case
    from pipeline.comparisons import Comparisons  # noqa: PLC0415 - as above

    made = installation.wiring_on_database()
    pages = installation.pages()
    told = chain(pages.told_since(since - SKEW, LEARNED_FROM), pages.written_since(since - SKEW, WRITE))
    return certify(
        since,
        until,
        told,
        routes=made.routes,
        aprimo=made.aprimo.feed,
        opentext=made.opentext.feed,
        compared=Comparisons.since(since, words=made.words, ports=made.ports).ends,
        bounds=_bounds(),
    )


def _bounds() -> Bounds:
    import time  # noqa: PLC0415 - as above

    from pipeline.ports import Bounds, Errand  # noqa: PLC0415 - as above
    from pipeline.words import CallPurpose, Urgency  # noqa: PLC0415 - as above

    ends = time.monotonic() + READING_S
    return Bounds(
        no_call_after=ends, lease_until=ends, urgency=Urgency.BULK, errand=Errand(purpose=CallPurpose.RECONCILE)
    )


def to_json(found: Certificate) -> dict[str, object]:
    """A certificate for programs."""
    return {
        "from": found.since,
        "to": found.until,
        "changes": [
            {"side": side, "what": what, "learned": learned, "count": count}
            for (side, what, learned), count in sorted(found.changes.items())
        ],
        "ended": dict(sorted(found.ended.items())),
        "untold": [_json(each) for each in found.untold],
        "gaps": [_json(each) for each in found.gaps],
        "unasked": list(found.unasked),
        "left_out": dict(sorted(found.left_out.items())),
    }


def _json(each: Learning) -> dict[str, object]:
    change = each.change
    return {
        "side": change.side,
        "what": change.what,
        "id": change.object_id,
        "at": change.at,
        "learned": each.learned,
        "events": [told.event_id for told in each.told],
        "ended": list(each.ends),
    }


def tables(found: Certificate) -> list[Table]:
    """A certificate for people."""
    counts = tuple((side, what, learned, count) for (side, what, learned), count in sorted(found.changes.items()))
    made = [
        Table(title="Completeness certificate", rows=(("from", found.since), ("to", found.until))),
        Table(title="Changes", columns=("source", "what", "learned by", "changes"), rows=counts),
        Table(title="How they ended", columns=("events", "how"), rows=_ends(found)),
        Table(
            title="Changes that no notice told of",
            columns=("source", "what", "id", "at", "learned by", "ended"),
            rows=tuple(_row(each) for each in found.untold if each not in found.gaps),
        ),
        Table(
            title="Gaps: nothing told of these",
            columns=("source", "what", "id", "at", "learned by", "ended"),
            rows=tuple(_row(each) for each in found.gaps),
        ),
    ]
    if found.unasked:
        kinds = tuple((kind, "its lists do not say when an object was changed") for kind in found.unasked)
        made.append(Table(title="Not asked", columns=("kind", "why"), rows=kinds))
    if found.left_out:
        models = tuple(
            (count, key or "(none named)", "no flow runs this process model")
            for key, count in sorted(found.left_out.items())
        )
        made.append(Table(title="Left out", columns=("audit rows", "model", "why"), rows=models))
    return made


def _ends(found: Certificate) -> tuple[tuple[object, ...], ...]:
    return tuple((count, how) for how, count in sorted(found.ended.items()))


def _row(each: Learning) -> tuple[object, ...]:
    change = each.change
    return (change.side, change.what, change.object_id, change.at, each.learned, " · ".join(each.ends))
