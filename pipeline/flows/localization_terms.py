"""Flow 4's own tables: the markets, what is published in each, and what a market's record says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.flows.tenant import FlowWords
from pipeline.flows.toml_table import Table

APPROVAL_WORDS = ("approved", "approved_older", "rejected")
"""What the field `approval` of a localized record can say."""
_FORBIDDEN = frozenset("#~/")


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

    def reads_classifications(self) -> bool:
        """Where markets stand among a master's classifications."""
        return bool(self.classification)

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
