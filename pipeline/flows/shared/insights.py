"""Results of performance reviews: reading them, comparing their periods, and what a verdict means for an asset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta

from pipeline.commands import CreateTask
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.filing import Filing, filed
from pipeline.flows.shared.spending import decimal
from pipeline.flows.shared.values import instant, moment, text
from pipeline.flows.shared.writing import Draft, finish, ours
from pipeline.flows.toml_table import Table
from pipeline.keys import split_aprimo_key
from pipeline.ownership import CLASSIFICATIONS
from pipeline.plan import LinkChanges, Plan, ProcessRead
from pipeline.words import JsonValue

ASSET = "asset"
"""The role of what is reviewed."""
VERDICT = "signoff.verdict"
"""On an asset's line: what a review found of it. data: as `Result.as_json`. Also agreed: what is shown last."""
REUSE, REVISE, RETIRE = "reuse", "revise", "retire"
VERDICTS = (REUSE, REVISE, RETIRE)
_YES, _NO = "Yes", "No"
_ARCHIVED = "archived"
_TO = " to "


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The flow's own tables.

    after_end: from a campaign's end to its review; until: for how long after that one is still begun. archives:
    whether a retired asset is archived. task_project: where revision tasks are made, 0 for nowhere. paths: verdict ->
    classification.
    """

    after_end: timedelta
    until: timedelta
    archives: bool
    task_project: int
    paths: Mapping[str, str]

    def named(self) -> tuple[tuple[str, str], ...]:
        """The classifications of the verdicts."""
        return tuple(("classification", path) for path in self.paths.values())

    def lines_of(self) -> tuple[str, ...]:
        """The assets: what a review found of one is worked on its own line."""
        return (ASSET,)

    def files(self) -> frozenset[str]:
        """The same, of which an asset has one at most: its newest verdict's."""
        return frozenset(self.paths.values())


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a review found of one asset; times as the review wrote them."""

    record_id: str
    score: str
    verdict: str
    findings: str
    begin: str
    end: str
    at: str

    def as_json(self) -> dict[str, JsonValue]:
        """As it stands in a fact."""
        return dict(vars(self))

    @classmethod
    def from_json(cls, data: Mapping[str, JsonValue]) -> Result:
        """The result of a fact."""
        return cls(**{name: text(data.get(name)) for name in cls.__dataclass_fields__})


@dataclass(frozen=True, kw_only=True)
class Found:
    """All results of a review, or why they cannot be used."""

    results: tuple[Result, ...] = ()
    faults: tuple[str, ...] = ()
    period: str = ""


def read_terms(root: Table) -> Terms:
    """The tables `[reviews]` and `[classifications]`."""
    reviews, paths = root.table("reviews"), root.table("classifications")
    terms = Terms(
        after_end=reviews.duration("after_end", example='"P14D"'),
        until=reviews.duration("until", example='"P60D"'),
        archives=reviews.truth("archives"),
        task_project=reviews.integer("task_project", example="6100", default=0),
        paths={verdict: paths.text(verdict, example='"/Reuse/Recommended"') for verdict in VERDICTS},
    )
    for table in (reviews, paths):
        table.done()
    return terms


# ---- the review's side ---------------------------------------------------------------------------------------------


def period_of(case: Case) -> str:
    """The campaign's own time, as people read it."""
    return _period(text(case.value("begin")), text(case.value("end")))


def variables(case: Case) -> dict[str, JsonValue]:
    """What the reviewers are given beside what the file's fields carry."""
    assets = case.value("assets")
    return {
        "periodBegin": text(case.value("begin")),
        "periodEnd": text(case.value("end")),
        "assets": list(assets) if isinstance(assets, list) else [],
        "results": [],
    }


def read(process: ProcessRead) -> Found:
    """The results as the process holds them: each usable, each of another asset, or a fault that names the asset."""
    begin, end = (text(process.variables.get(name)) for name in ("periodBegin", "periodEnd"))
    given = process.variables.get("results")
    rows = given if isinstance(given, list) else []
    faults = [] if rows else ["The review has no results."]
    faults += [] if moment(end) else [f"Its period has no end: {end!r}."]
    faults += [fault for number, row in enumerate(rows, start=1) if (fault := _fault(number, row))]
    ids = Counter(_normal(row.get("recordId")) for row in rows if isinstance(row, dict))
    faults += [f"Asset {record_id} has {count} results." for record_id, count in ids.items() if count > 1]
    at = instant(process.ended_at) if process.ended_at else ""
    results = () if faults else tuple(_result(row, begin, end, at) for row in rows if isinstance(row, dict))
    return Found(results=results, faults=tuple(faults), period=_period(begin, end))


def summary(results: Iterable[Result]) -> str:
    """One line per asset: its verdict and its score."""
    return "\n".join(f"{each.record_id} · {each.verdict} · {each.score}" for each in results)


def _fault(number: int, row: JsonValue) -> str:
    if not isinstance(row, dict):
        return f"Result {number} is no table of values."
    record_id = _normal(row.get("recordId"))
    name = record_id or f"of result {number}"
    wrong = [
        *([] if record_id else ["has no recordId"]),
        *([] if row.get("verdict") in VERDICTS else [f"has the verdict {row.get('verdict')!r}, which is none"]),
        *(
            []
            if decimal(row.get("score")) is not None
            else [f"has the score {row.get('score')!r}, which is no number"]
        ),
    ]
    return f"Asset {name} {' and '.join(wrong)}." if wrong else ""


def _result(row: Mapping[str, JsonValue], begin: str, end: str, at: str) -> Result:
    return Result(
        record_id=_normal(row.get("recordId")),
        score=text(row.get("score")),
        verdict=text(row.get("verdict")),
        findings=text(row.get("findings")).strip(),
        begin=begin,
        end=end,
        at=at,
    )


def _normal(value: JsonValue) -> str:
    return text(value).replace("-", "").strip().lower()


def _period(begin: str, end: str) -> str:
    return _TO.join(part[:10] for part in (begin, end) if part)


# ---- the asset's side ----------------------------------------------------------------------------------------------


def is_older(case: Case, result: Result) -> bool:
    """Whether the asset shows a newer period already, by what we wrote, else by what it says itself."""
    known = case.link.agreed_value(VERDICT)
    if isinstance(known, dict):
        shown = Result.from_json(known)
        return _order(shown.end, shown.at) > _order(result.end, result.at)
    _, _, shown_end = text(case.value("insight_period")).rpartition(_TO)
    end, other = moment(shown_end), moment(result.end[:10])
    return end is not None and other is not None and end > other


def show(case: Case, result: Result) -> Plan:
    """The result on the asset: fields, the verdict's classification instead of another one's, and what follows."""
    terms = case.words.terms_of(Terms)
    is_retired = result.verdict == RETIRE and terms.archives
    shown: dict[str, JsonValue] = {
        "score": result.score,
        "verdict": result.verdict.capitalize(),
        "findings": result.findings,
        "insight_period": _period(result.begin, result.end),
        "insight_on": result.at[:10],  # A day: a field of the DAM may keep no time of it.
        "needs_revision": _YES if result.verdict == REVISE else _NO,
        "retire_proposal": _YES if result.verdict == RETIRE and not terms.archives else _NO,
    }
    wanted = {terms.paths[result.verdict]} if result.verdict != RETIRE or is_retired else set[str]()
    agreed = ours(case, {VERDICT: result.as_json(), CLASSIFICATIONS: [*sorted(wanted)]})
    draft = Draft(
        shown=shown,
        filing=_filing(case, wanted, terms, is_retired=is_retired),
        last=_task(case, terms, result),
        changes=LinkChanges(state=result.verdict, agreed=agreed),
    )
    return finish(case, draft)


def _filing(case: Case, wanted: AbstractSet[str], terms: Terms, *, is_retired: bool) -> Filing:
    others = terms.files() - wanted
    now = filed(case.item)
    is_archived = case.value("record_status") == _ARCHIVED
    return Filing(
        add=tuple(sorted(wanted - now)),
        remove=tuple(sorted(others & now)),
        status=_ARCHIVED if is_retired and not is_archived else "",
    )


def _task(case: Case, terms: Terms, result: Result) -> tuple[CreateTask, ...]:
    """A task to revise the asset, where a project for such tasks is configured."""
    if result.verdict != REVISE or not terms.task_project:
        return ()
    title = text(case.value("title")) or result.record_id
    _, record_id, _ = split_aprimo_key(case.link.item_key)
    return (
        CreateTask(
            project_id=terms.task_project,
            name=f"Revise {title}",
            description=result.findings,
            business_key=case.link.business_key,
            revision=case.link.revision,
            purpose=f"revise:{record_id}:{result.end}",
        ),
    )


def _order(end: str, at: str) -> tuple[str, str]:
    """What periods are compared by: their end, then when the review was over."""
    found = moment(end)
    return (instant(found) if found else end, at)
