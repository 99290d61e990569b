"""Flow 4 on the stage: masters that are localized for their markets, one more or one fewer of them midway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from console.casts.dam import OWNER, Dam
from console.casts.drama import (
    Act,
    Drama,
    Sight,
    Story,
    answering,
    answers,
    is_open,
    wrong_comments,
    wrong_fields,
    wrong_matrix,
)
from console.casts.play import Company
from console.demo_reading import Process

_MASTER = {"matrix": "MarketMatrix", "comments": "MarketComments"}
_LOCALIZED = ("Market", "ApprovalState", "MasterRecord", "MasterVersion", "BasedOnOlderMaster")
_PLAIN, _ADDED, _REMOVED = "L1 Hero banner", "L2 Store poster", "L3 Trade leaflet"
_OUTCOMES = {_PLAIN: "approved_in_both_markets", _ADDED: "a_market_added", _REMOVED: "a_market_removed"}
_MARKETS: Mapping[str, tuple[str, str]] = {
    _PLAIN: ("DACH", "UK"),
    _ADDED: ("Nordics", "UK"),
    _REMOVED: ("UK", "Iberia"),
}
"""Of a story that adds or removes a market it is the second one."""


class Localizations:
    """Three masters; translators put each localized version into the DAM, and name its record in the process."""

    flow = "localization"
    process_key = "localization"

    def __init__(self, company: Company) -> None:
        self._dam = Dam(company.marketers.any)
        self._reviewers = company.reviewers
        self._localized: dict[str, dict[str, str]] = {}
        acts = {_ADDED: (self._add(), self._answer()), _REMOVED: (self._remove(),)}
        self.stories: tuple[Story, ...] = tuple(
            Story(name=name, outcome=outcome, acts=acts.get(name, ())) for name, outcome in _OUTCOMES.items()
        )

    def write(self, story: Story) -> str:
        """A master that is distributed at once, after the localized versions that its translators come to."""
        records = {market: self._translated(story.name, market) for market in _MARKETS[story.name]}
        markets = list(_MARKETS[story.name][:1] if story.name == _ADDED else _MARKETS[story.name])
        item = self._dam.make(story.name.encode(), Title=story.name, ContentOwner=[OWNER], Markets=markets)
        self._localized[item] = records
        return item

    def key(self, item: str) -> str:
        """The master's business key; those of its markets begin with it."""
        return f"aprimo:record:{item}"

    def look(self, item: str) -> dict[str, str]:
        """What the master shows, and by market what its localized record shows."""
        values = self._dam.values(item, *_MASTER.values())
        records = {market: self._shown(record) for market, record in self._localized[item].items()}
        return {**{name: values[wire] for name, wire in _MASTER.items()}, **records}

    def rules(self) -> list[dict[str, Any]]:
        """Translators name their records and reviewers approve, but for a market that waits and one that goes."""
        translated = [
            self._translates(f"{self.key(item)}#{market}", record)
            for item, records in self._localized.items()
            for market, record in records.items()
        ]
        return [
            {"when": {"task": "market_legal", "name_contains": _ADDED, "business_key": "*#Nordics"}, "never": True},
            {"when": {"task": "translation", "name_contains": _REMOVED, "business_key": "*#Iberia"}, "never": True},
            *translated,
            *answers("approved", "market_legal", comment="Fits the law."),
            *answers("approved", "regional_brand", comment="Fits the brand."),
        ]

    def wrong(self, story: Story, sight: Sight) -> Iterator[str]:
        """One released record for each approved market, of the version that was approved; none for one that went."""
        wanted = _MARKETS[story.name]
        by_market = {str(each.variables.get("market")): each for each in sight.processes}
        if sorted(str(each.variables.get("market")) for each in sight.processes) != sorted(wanted):
            yield f"OpenText has processes for {', '.join(by_market) or 'no market'}, not for {', '.join(wanted)}"
            return
        for market, process in by_market.items():
            is_removed = story.name == _REMOVED and market == wanted[1]
            yield from _wrong_market(market, process, sight, is_removed=is_removed)
        yield from wrong_comments(sight, "")

    def _translated(self, title: str, market: str) -> str:
        """A translator's own record; its id."""
        name = f"{title} ({market})"
        return self._dam.make(name.encode(), place="/Assets/Localized", content_type="LocalizedAsset", Title=name)

    def _translates(self, key: str, record: str) -> dict[str, Any]:
        (rule,) = answers("done", "translation")
        named = {"variables": {"localizedRecordId": record}}
        return {**rule, **named, "when": {**rule["when"], "business_key": key}}

    def _shown(self, record: str) -> str:
        values = self._dam.values(record, *_LOCALIZED)
        return " · ".join((*values.values(), self._dam.status(record)))

    def _add(self) -> Act:
        return Act(
            when=is_open("market_legal"),
            does=lambda item, _: self._dam.write(item, Markets=list(_MARKETS[_ADDED])),
            says="distributed to one market more",
        )

    def _answer(self) -> Act:
        return answering(
            self._reviewers,
            "market_legal",
            "approved",
            when=lambda sight: len(sight.processes) == len(_MARKETS[_ADDED]),
            comment="Fits our law.",
            says="the other market has begun, the first one's lawyer has approved",
        )

    def _remove(self) -> Act:
        return Act(
            when=lambda sight: len(sight.processes) == len(_MARKETS[_REMOVED]),
            does=lambda item, _: self._dam.write(item, Markets=list(_MARKETS[_REMOVED][:1])),
            says="distributed to one market fewer",
        )


def play(company: Company) -> Drama:
    """The flow's play."""
    return Drama(Localizations(company), company)


def _wrong_market(market: str, process: Process, sight: Sight, *, is_removed: bool) -> Iterator[str]:
    if process.is_live:
        yield f"the process of {market} is still live"
    if bool(process.delete_reason) is not is_removed:
        yield f"the process of {market} ended with the reason {process.delete_reason!r}"
    told = [str(process.variables.get(name)) for name in ("masterRecordId", "masterVersionId")]
    approved = " · ".join((market, "Approved", *told, "No", "released"))
    nothing = " · ".join((*("" for _ in _LOCALIZED), "draft"))
    yield from wrong_fields(sight, **{market: nothing if is_removed else approved})
    start = f"{market} · {'withdrawn' if is_removed else 'approved'}"
    if not any(line.startswith(start) for line in sight.shown["matrix"].splitlines()):
        yield f"the matrix has no line {start!r}"
    yield from wrong_matrix(Sight(shown=sight.shown, processes=(process,)))
