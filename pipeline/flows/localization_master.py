"""Flow 4, the master's line: which markets a record is distributed to, and how all of them stand.

It begins no process. It leaves facts on the lines of the markets, and is the only one that writes the master.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipeline.events import Event
from pipeline.flows import facts, localization_parts, localization_standing
from pipeline.flows.localization_parts import ADDED, EDITED, REMOVED, REPLACED, market_key
from pipeline.flows.localization_standing import STANDS
from pipeline.flows.localization_terms import terms_of
from pipeline.flows.shared import follow_ups, looking, notes, starting, submission, versions, writing
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import text
from pipeline.flows.shared.writing import Draft, finish, ours
from pipeline.flows.tenant import FlowWords
from pipeline.plan import FollowUp, Link, LinkChanges, Notice, Plan, Snapshots, Want, ignore, refuse
from pipeline.words import JsonValue, Side

_DISTRIBUTED, _VERSION = "distributed", "version_seen"
"""Agreed: the markets that were told of the master, and the version that they were told of."""
_STANDING = "market:"
"""Agreed, with a market's name: how it stands."""
_MASTER_GONE = "master_gone"


def wants(event: Event, link: Link | None, words: FlowWords) -> tuple[Want, ...]:
    """The record; nothing for what a market tells, which is shown as it is told."""
    is_told = event.type == STANDS and not event.stale_count
    return () if is_told else looking.item_wanted(event, link, words)


def plan(event: Event, snapshots: Snapshots, link: Link, words: FlowWords) -> Plan:
    """What is to be done about a record that may be distributed to markets."""
    case = looking.gather(event, snapshots, link, words)
    if case.why_not_item in {looking.GONE, looking.NOT_OURS}:
        return _not_there(case)
    if event.type == STANDS:
        return _stands(case)
    return ignore(case.why_not_item) if case.item is None else _distributed(case)


# ---- situations --------------------------------------------------------------------------------------------------


def _distributed(case: Case) -> Plan:
    """Markets that came are told to begin, those that went to end, the others that the master has changed."""
    now, known = _listed(case), _known(case)
    if not now and _DISTRIBUTED not in case.link.agreed:
        return ignore("not_distributed")
    added = [each for each in now if each in terms_of(case.words).markets and each not in known]
    removed = [each for each in known if each not in now]
    if added:
        refused = _refusal(case)
        if refused is not None and not removed:
            return refused
        added = [] if refused else added
    stay = [each for each in known if each in now]
    version = versions.latest(case.item)
    remembered: dict[str, JsonValue] = {
        _DISTRIBUTED: [*stay, *added],
        **({_VERSION: version.id} if version else {}),
    }
    # What is not complete yet is looked at again once those that went are on their way out.
    again = () if set(added) | set(stay) >= _ours(case) else (_again(case),)
    return finish(
        case,
        Draft(
            shown=_shown(case, now),
            changes=LinkChanges(
                agreed={
                    **writing.agreed_fields(case, submission.changes(case.words, _values(case), case.link)),
                    **ours(case, remembered),
                    **notes.typed(case)[1],
                },
                notices=_unknown(case, now),
            ),
            follow_ups=(
                *_facts(case, ADDED, added),
                *_facts(case, REMOVED, removed),
                *_facts(case, _news(case), stay),
                *again,
            ),
            quiet="told" if added or removed else "unchanged",
        ),
    )


def _stands(case: Case) -> Plan:
    """A market tells how it stands: the master shows it."""
    if case.link.agreed_value(_MASTER_GONE) is True:
        return ignore(looking.GONE)
    told = case.event.data
    market = text(told.get("market"))
    standings = {**_standings(case.link), market: told}
    message = text(told.get("message"))
    shown: dict[str, JsonValue] = {
        "matrix": localization_standing.render(standings, _listed(case), case.words),
        **(
            {"comments": comments}
            if (comments := localization_standing.render_comments(standings, case.words))
            else {}
        ),
        **({"message": f"{market}: {message}"} if message else {}),
    }
    agreed = ours(case, {f"{_STANDING}{market}": dict(told)})
    return finish(case, Draft(shown=shown, changes=LinkChanges(agreed=agreed)))


def _not_there(case: Case) -> Plan:
    """The record is gone, hidden, or no master any more: its markets end, where that is sure."""
    known = _known(case)
    is_gone = case.why_not_item == looking.GONE
    if not known:
        return ignore(case.why_not_item)
    if is_gone and not facts.is_deleted(case.event):
        return refuse("item_hidden_or_deleted", f"Aprimo does not show us {case.link.business_key} any more.")
    agreed = ours(case, {_DISTRIBUTED: [], **({_MASTER_GONE: True} if is_gone else {})})
    return ignore(case.why_not_item, changes=LinkChanges(agreed=agreed), follow_ups=_facts(case, REMOVED, known))


# ---- parts of plans ----------------------------------------------------------------------------------------------


def _listed(case: Case) -> tuple[str, ...]:
    """The markets as they were read, else those that we know of."""
    return localization_parts.listed(case.item, case.words) if case.item else _known(case)


def _ours(case: Case) -> set[str]:
    return set(_listed(case)) & set(terms_of(case.words).markets)


def _known(case: Case) -> tuple[str, ...]:
    known = case.link.agreed_value(_DISTRIBUTED)
    return tuple(text(each) for each in known) if isinstance(known, list) else ()


def _values(case: Case) -> Mapping[str, JsonValue]:
    return case.item.values if case.item else {}


def _refusal(case: Case) -> Plan | None:
    has_file = versions.latest(case.item) is not None
    return starting.refusal(case.words, _values(case), also=() if has_file else ("master file",))


def _news(case: Case) -> str:
    """What those that stay must look at the master for; "" for nothing."""
    version, before = versions.latest(case.item), case.link.agreed_value(_VERSION)
    if case.event.type == facts.RESTART:
        return facts.RESTART
    if version is not None and before and version.id != before:
        return REPLACED
    is_edited = any(word.variable for word in submission.changes(case.words, _values(case), case.link))
    return EDITED if is_edited or notes.typed(case)[1] else ""


def _facts(case: Case, kind: str, markets: Iterable[str]) -> tuple[FollowUp, ...]:
    if not kind:
        return ()
    key = case.link.business_key
    return tuple(
        follow_ups.to_item(case.words.flow, market_key(key, each), kind, side=Side.APRIMO) for each in markets
    )


def _again(case: Case) -> FollowUp:
    return follow_ups.to_self(case, facts.LOOK_AGAIN, side=Side.APRIMO)


def _shown(case: Case, now: tuple[str, ...]) -> dict[str, JsonValue]:
    return {"matrix": localization_standing.render(_standings(case.link), now, case.words)}


def _standings(link: Link) -> dict[str, Mapping[str, JsonValue]]:
    return {
        name.removeprefix(_STANDING): known.value
        for name, known in link.agreed.items()
        if name.startswith(_STANDING) and isinstance(known.value, dict)
    }


def _unknown(case: Case, now: Iterable[str]) -> tuple[Notice, ...]:
    """To the operators: the record names markets that the file does not."""
    return tuple(
        Notice(
            code=f"unknown_market:{each}",
            text=f"{case.link.business_key} is distributed to {each!r}, which the flow's file does not name.",
        )
        for each in now
        if each not in terms_of(case.words).markets
    )
