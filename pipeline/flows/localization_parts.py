"""Flow 4's own words: what its file says beside what every flow's file says, and what its two kinds of lines tell.

A master has a line, and each of its markets has one. Markets never write the master: they tell the master's line how
they stand, and that alone shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pipeline.events import Event
from pipeline.flows.shared import follow_ups, looking, matrix, remarks, reviews, versions, writing
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import minute, text
from pipeline.flows.tenant import RECORD, FlowWords
from pipeline.flows.toml_table import Table
from pipeline.keys import aprimo_key, split_aprimo_key
from pipeline.plan import Agreed, FollowUp, Link, ReviewRow, Snapshot, Snapshots, Want
from pipeline.words import BusinessKey, JsonValue, ReviewState, Side, Urgency

ADDED = "signoff.market_added"
REMOVED = "signoff.market_removed"
REPLACED = "signoff.master_replaced"
EDITED = "signoff.master_edited"
"""On a market's line: look at the master, whose list of markets, file or words have changed."""
STANDS = "signoff.market_state"
"""On the master's line: how a market stands. data: what `Standing` holds."""

LOCALIZED = "localized"
"""The role of the records that are published."""
TRANSLATION = "translation"
"""The role whose answer is work done; all others review."""
DISTRIBUTED, VERSION = "distributed", "version_seen"
"""Agreed on the master's line: the markets that were told of it, and the version that they were told of."""
STANDING = "market:"
"""Agreed on the master's line, with a market's name: how it stands."""
TOLD = "told"
"""Agreed on a market's line: how it stands, as the master's line was told last."""
GONE = "record_gone"
"""Agreed: the record was deleted in Aprimo."""
_FORBIDDEN = frozenset("#~/")
_BETWEEN = " · "


@dataclass(frozen=True, kw_only=True)
class LocalizationTerms:
    """The flow's own tables.

    markets: name -> language. classification: under which path a master's classifications name markets, "" for none.
    content_type and classifications: of the records that are made; `{market}` in a path becomes the market.
    record_variable, file_variable: where a process names the localized version. approval: our word -> the option.
    older, current: the options that say whether a record is based on an older master.
    """

    markets: Mapping[str, str]
    classification: str
    content_type: str
    classifications: tuple[str, ...]
    record_variable: str
    file_variable: str
    approval: Mapping[str, str]
    older: str
    current: str

    def named(self) -> tuple[tuple[str, str], ...]:
        """The markets, and what a market's record is made of and shows."""
        under = self.classification
        paths = {path.replace("{market}", market) for path in self.classifications for market in self.markets}
        paths |= {f"{under}/{market}" for market in self.markets if under}
        return (
            *(("option:markets", market) for market in self.markets if not under),
            ("content type", self.content_type),
            *(("classification", path) for path in sorted(paths)),
            *(("option:approval", option) for option in self.approval.values()),
            *(("option:older_master", option) for option in (self.older, self.current)),
        )


APPROVAL_WORDS = ("approved", "approved_older", "rejected")
"""What the field `approval` of a localized record can say."""


def read_terms(root: Table) -> LocalizationTerms:
    """The tables `[distribution]`, `[[markets]]`, `[published]`, `[approval]` and `[older_master]`."""
    distribution, published = root.table("distribution", is_optional=True), root.table("published")
    approval, older = root.table("approval"), root.table("older_master")
    classification = distribution.text("classification", example='"/Markets"', default="")
    if not classification and "markets" not in root.table("fields").names():
        distribution.fault("classification", "is missing, and there is no fields.markets", example='"/Markets"')
    terms = LocalizationTerms(
        markets=_read_markets(root),
        classification=classification.rstrip("/"),
        content_type=published.text("content_type", example='"LocalizedAsset"'),
        classifications=published.texts("classifications", example='["/Assets/Localized"]'),
        record_variable=published.text("record_variable", example='"localizedRecordId"'),
        file_variable=published.text("file_variable", example='"localizedFile"'),
        approval={word: approval.text(word, example='"Approved"') for word in APPROVAL_WORDS},
        older=older.text("yes", example='"Yes"'),
        current=older.text("no", example='"No"'),
    )
    for table in (distribution, published, approval, older):
        table.done()
    return terms


def _read_markets(root: Table) -> dict[str, str]:
    markets: dict[str, str] = {}
    for table in root.tables("markets"):
        name = table.text("name", example='"DACH"')
        if name in markets or _FORBIDDEN & set(name):
            table.fault("name", f"stands there twice, or holds one of {' '.join(sorted(_FORBIDDEN))}: {name!r}")
        markets[name] = table.text("language", example='"German"')
        table.done()
    return markets


def terms_of(words: FlowWords) -> LocalizationTerms:
    """What the file says of the flow's own."""
    return words.terms_of(LocalizationTerms)


# ---- lines and words ---------------------------------------------------------------------------------------------


def market_of(key: BusinessKey) -> str:
    """The market that a line is about; "" for the master's."""
    return split_aprimo_key(key)[2]


def master_id(key: BusinessKey) -> str:
    """The id of the master's record."""
    return split_aprimo_key(key)[1]


def market_key(master: BusinessKey, market: str) -> BusinessKey:
    """The business key of one of a master's markets."""
    return aprimo_key(RECORD, master_id(master), market)


def for_market(words: FlowWords, market: str) -> FlowWords:
    """The words with the groups of a market: `{part}` in a group's name is the market."""
    roles = tuple(
        replace(each, group=each.group.replace("{part}", market), lead=each.lead.replace("{part}", market))
        for each in words.stakeholders
    )
    return replace(words, stakeholders=roles)


def has_record(link: Link) -> bool:
    """Whether the market has a record of its own."""
    return bool(link.item) and link.agreed_value(GONE) is not True


def gather(event: Event, snapshots: Snapshots, link: Link, words: FlowWords) -> Case:
    """The case of a market's line, whose item is its localized record.

    words: the master's. While there is no such record the case's words name no field, so nothing can be written.
    """
    localized = for_market(words.as_role(LOCALIZED), market_of(link.business_key))
    known = localized if has_record(link) else replace(localized, fields={})
    own = {replace(want, role=""): each for want, each in snapshots.items() if _is_own(want)}
    case = looking.gather(event, own, link, known)
    now = max((each.read_at for each in snapshots.values()), default=event.time)
    return replace(case, snapshots=snapshots, now=now)


def _is_own(want: Want) -> bool:
    return want.side is Side.OPENTEXT or want.role == LOCALIZED


def want_record(flow: str, record_id: str) -> Want:
    """A localized record."""
    return Want(flow=flow, side=Side.APRIMO, kind=RECORD, object_id=record_id, role=LOCALIZED)


def want_master(event: Event, words: FlowWords) -> Want:
    """The master of a line."""
    return Want(flow=words.flow, side=Side.APRIMO, kind=RECORD, object_id=master_id(event.subject))


# ---- markets of a master -----------------------------------------------------------------------------------------


def listed(master: Snapshot, words: FlowWords) -> tuple[str, ...]:
    """The markets that a record is distributed to, by its field or by its classifications, each once."""
    value = master.values.get("markets")
    named = [text(each).strip() for each in (value if isinstance(value, list) else [])]
    under = f"{terms_of(words).classification}/"
    rows = master.values.get("classifications")
    paths = [text(each.get("path")) for each in (rows if isinstance(rows, list) else []) if isinstance(each, dict)]
    if under != "/":
        named += [path.removeprefix(under) for path in paths if path.startswith(under)]
    return tuple(dict.fromkeys(each for each in named if each))


# ---- how a market stands -----------------------------------------------------------------------------------------


def reviewing(rows: tuple[ReviewRow, ...]) -> tuple[ReviewRow, ...]:
    """The rows of those who decide; without the work that they decide about."""
    return tuple(row for row in rows if row.stakeholder != TRANSLATION)


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


# ---- what the master shows ---------------------------------------------------------------------------------------


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
