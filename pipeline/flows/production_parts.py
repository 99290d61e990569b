"""Flow 3's own tables, and what Aprimo shows of a production: where it stands, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline.calendar import Calendar
from pipeline.flows.calendar_table import read_calendar
from pipeline.flows.shared import assets, rescheduling, schedule, showing, work
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import instant
from pipeline.flows.toml_table import Table
from pipeline.plan import ReviewRow
from pipeline.words import Decision, JsonValue

IN_PRODUCTION = "in production"


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The flow's own tables.

    assets_variable: where the last step names what was produced. asset_link: a record's address, with `{id}`.
    """

    calendar: Calendar
    assets_variable: str
    asset_link: str


def read_terms(root: Table) -> Terms:
    """The tables `[calendar]` and `[produced]`."""
    produced = root.table("produced")
    terms = Terms(
        calendar=read_calendar(root),
        assets_variable=produced.text("variable", example='"producedAssets"'),
        asset_link=produced.text("link", example='"https://example.dam.aprimo.com/assets/{id}"'),
    )
    produced.done()
    return terms


def shown(
    case: Case, rows: Sequence[ReviewRow], dues: Mapping[str, datetime], *, revision: int
) -> dict[str, JsonValue]:
    """The steps and where they stand; between two steps only the steps."""
    standing = work.stand(rows, case.words, dues, deadline=deadline(case))
    if standing is None:
        return showing.shown(case, rows, revision=revision, phase=IN_PRODUCTION)
    return {
        **showing.shown(case, standing.rows, revision=revision, phase=IN_PRODUCTION),
        **work.shown(standing, case.words, now=case.now),
    }


def deadline(case: Case) -> datetime | None:
    """When all is wanted; None where no date can be reckoned with."""
    return schedule.deadline(case.value(rescheduling.WANTED), case.words.terms_of(Terms).calendar)


def made(case: Case) -> assets.Named:
    """What the last step named as produced."""
    terms = case.words.terms_of(Terms)
    value = case.process.variables.get(terms.assets_variable) if case.process else None
    return assets.read(value, terms.asset_link)


def produced(at: datetime, named: assets.Named) -> dict[str, JsonValue]:
    """What is shown of a production that is over."""
    return {"percent": work.DONE, "produced_on": instant(at), "assets": assets.render(named.links)}


def end_message(decision: Decision, revision: int, named: assets.Named, *, why: str) -> str:
    """What the item's message field tells its requester of the end."""
    match decision:
        case Decision.APPROVED:
            none_named = "" if named.links else " No produced assets were named."
            return f"Produced, revision {revision}.{none_named}"
        case Decision.CANCELLED:
            reason = f" ({why})" if why else ""
            return f"Cancelled in OpenText{reason}, revision {revision}. Nothing was produced."
        case _:
            return f"How revision {revision} ended is not clear, an operator was told. It does not count as produced."
