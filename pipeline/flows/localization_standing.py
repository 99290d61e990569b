"""Flow 4: how a market stands. Its line tells that to the master's line, which alone shows it on the master."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pipeline.flows.localization_parts import LOCALIZED, has_record, market_of, master_id
from pipeline.flows.localization_terms import terms_of
from pipeline.flows.shared import follow_ups, matrix, remarks, reviews, versions, writing
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import minute, text
from pipeline.flows.tenant import RECORD, FlowWords
from pipeline.keys import aprimo_key
from pipeline.plan import Agreed, FollowUp, ReviewRow
from pipeline.words import BusinessKey, JsonValue, ReviewState, Side, Urgency

STANDS = "signoff.market_state"
"""On the master's line: how a market stands. data: what `tell` says."""
TOLD = "told"
"""Agreed on a market's line: how it stands, as the master's line was told last."""
_BETWEEN = " · "


def waiting_for(case: Case, rows: tuple[ReviewRow, ...]) -> str:
    """Whose turn it is, as the state of a market."""
    waiting = [row for row in rows if row.state is ReviewState.OPEN]
    first = next((row for row in waiting if row.task_id), next(iter(waiting), None))
    return f"waiting for {reviews.title_of(first.stakeholder, case.words)}" if first else "in localization"


def tell(
    case: Case,
    state: str,
    rows: tuple[ReviewRow, ...],
    *,
    revision: int,
    by: str = "",
    at: datetime | None = None,
    **more: JsonValue,
) -> tuple[tuple[FollowUp, ...], dict[str, Agreed]]:
    """The fact that tells the master's line how a market stands, where that is news, and what is agreed then."""
    told: dict[str, JsonValue] = {
        "market": market_of(case.link.business_key),
        "state": state,
        "by": by,
        "at": minute(at) if at else "",
        "record": master_id(BusinessKey(case.link.item)) if has_record(case.link) else "",
        "number": text(case.link.agreed_value(versions.NUMBER)),
        "older": False,
        "reviews": matrix.render(case.link, case.words, rows, revision=revision, phase=state),
        "comments": remarks.render(case.comments),
        "message": "",
        **more,
    }
    return tell_changed(case, told)


def tell_changed(case: Case, changes: Mapping[str, JsonValue]) -> tuple[tuple[FollowUp, ...], dict[str, Agreed]]:
    """The same, where only some of it may have changed."""
    before = case.link.agreed_value(TOLD)
    known = before if isinstance(before, dict) else {}
    told: dict[str, JsonValue] = {"market": market_of(case.link.business_key), **known, **changes}
    if told == known:
        return (), {}
    master = aprimo_key(RECORD, master_id(case.link.business_key))
    fact = follow_ups.to_item(case.words.flow, master, STANDS, side=Side.APRIMO, data=told, urgency=Urgency.STANDARD)
    return (fact,), writing.ours(case, {TOLD: told})


def render(standings: Mapping[str, Mapping[str, JsonValue]], now_listed: tuple[str, ...], words: FlowWords) -> str:
    """Markets and their state as one text: a line per market, under it who decided what, when, on which revision."""
    terms = terms_of(words)
    order = [*terms.markets, *sorted(set(now_listed) - set(terms.markets))]
    names = [name for name in order if name in now_listed or name in standings]
    blocks = [_block(name, standings.get(name), words) for name in names]
    return "\n".join(["Markets · times in UTC", *blocks])


def render_comments(standings: Mapping[str, Mapping[str, JsonValue]], words: FlowWords) -> str:
    """What was said in the markets' processes: market by market, newest first."""
    said = {name: text(standings[name].get("comments")) for name in terms_of(words).markets if name in standings}
    return "\n".join(f"{name}:\n{comments}" for name, comments in said.items() if comments)


def _block(name: str, standing: Mapping[str, JsonValue] | None, words: FlowWords) -> str:
    if name not in terms_of(words).markets:
        return _BETWEEN.join([name, "unknown, not started: the flow's file does not name this market"])
    if standing is None:
        return _BETWEEN.join([name, "starting"])
    number, record = text(standing.get("number")), text(standing.get("record"))
    cells = [name, text(standing.get("state")), text(standing.get("by")), text(standing.get("at"))]
    cells += [f"version {number} of the master" if number else ""]
    cells += ["based on an older master" if standing.get("older") is True else ""]
    cells += [address(record, words) if record else ""]
    head, _, rest = text(standing.get("reviews")).partition("\n")
    lines = [head.partition(_BETWEEN)[0], *rest.splitlines()] if head else []
    return "\n".join([_BETWEEN.join(cell for cell in cells if cell), *(f"  {line}" for line in lines)])


def address(record_id: str, words: FlowWords) -> str:
    """Where a person finds a localized record, else its id."""
    template = words.as_role(LOCALIZED).link_template
    return template.replace("{id}", record_id) if template else f"record {record_id}"
