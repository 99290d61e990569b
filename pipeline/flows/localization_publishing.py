"""Flow 4: an approved localized version becomes a released record of its own, once, linked to its master.

The process names it: by the id of a record that is in Aprimo already, or by an address from which it is fetched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from pipeline.commands import AddVersion, Command, CreateRecord, SetRecord, Upload
from pipeline.flows import localization_named, localization_parts
from pipeline.flows.localization_named import record_in
from pipeline.flows.localization_parts import LOCALIZED, has_record, market_of, master_id
from pipeline.flows.localization_terms import terms_of
from pipeline.flows.shared import matrix, remarks, reviews, versions, writing
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.filing import FILE
from pipeline.flows.shared.values import instant, text
from pipeline.flows.tenant import RECORD, FlowWords
from pipeline.keys import aprimo_key
from pipeline.ownership import CLASSIFICATIONS, STATUS
from pipeline.plan import Agreed, MadeItem, ProcessRead, ProcessRow, ReviewRow
from pipeline.words import BusinessKey, Decision, JsonValue

RELEASED, TAKEN_BACK = "released", "draft"
"""A record's status while its market is approved, and once that approval counts no more. The DAM's own words."""
PUBLISHED = "published_version"
"""Agreed: the version of the master that the published record was approved for."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """What publishes, and what becomes true of the link. trouble: why nothing can be published, "" where it can."""

    commands: tuple[Command, ...] = ()
    item: BusinessKey | None = None
    made: MadeItem | None = None
    agreed: Mapping[str, Agreed] = field(default_factory=dict)
    trouble: str = ""


def publish(
    case: Case, live: ProcessRow, process: ProcessRead, rows: tuple[ReviewRow, ...], *, is_older: bool
) -> Published:
    """The one record of the market, released with its metadata. is_older: the master has another version by now."""
    words = case.words if case.words.fields else _localized(case)
    values = _metadata(case, live, process, rows, words)
    if is_older:
        values["older_master"] = terms_of(words).older
    record_id, address = localization_named.named(process, words)
    if record_id:
        return _named(case, live, words, values, record_id)
    if address:
        return _from_file(case, live, words, values, address)
    return Published(trouble="Nobody named the localized version.")


def shown(case: Case, rows: tuple[ReviewRow, ...], *, revision: int, phase: str) -> dict[str, JsonValue]:
    """What the market's record shows of a revision: who decided what, and what was said."""
    return {
        "matrix": matrix.render(case.link, case.words, rows, revision=revision, phase=phase),
        **({"comments": remarks.render(case.comments)} if case.comments else {}),
    }


def _localized(case: Case) -> FlowWords:
    """The words of a record that there is not yet."""
    return localization_parts.for_market(case.words.as_role(LOCALIZED), market_of(case.link.business_key))


def _metadata(
    case: Case, live: ProcessRow, process: ProcessRead, rows: tuple[ReviewRow, ...], words: FlowWords
) -> dict[str, JsonValue]:
    """Our fields of the record, and what they are to hold."""
    terms, market = terms_of(words), market_of(case.link.business_key)
    people = [row.by for row in reviews.latest(rows).values() if row.decision is Decision.APPROVED and row.by]
    told: dict[str, JsonValue] = {
        "master": master_id(case.link.business_key),
        "master_version": live.item_version,
        "master_number": text(case.link.agreed_value(versions.NUMBER)),
        "market": market,
        "language": terms.markets.get(market, ""),
        "reference": _reference(case, live),
        "approval": terms.approval["approved"],
        "approvers": "; ".join(dict.fromkeys(people)),
        "approved_on": instant(process.ended_at) if process.ended_at else "",
        "older_master": terms.current,
        "message": f"Approved for {market}, revision {live.revision}",
        **shown(case, rows, revision=live.revision, phase="approved"),
    }
    return {name: value for name, value in told.items() if name in words.fields}


def _reference(case: Case, live: ProcessRow) -> str:
    """By what the record is found: another one only after somebody deleted the one before."""
    key, known = case.link.business_key, text(case.link.agreed_value("reference"))
    is_gone = case.link.agreed_value(localization_parts.GONE) is True
    return f"{key}/{live.revision}" if is_gone else known or key


def _wire(values: Mapping[str, JsonValue], words: FlowWords) -> dict[str, JsonValue]:
    return {
        words.fields[name].wire: writing.as_wire(words.fields[name], each, words) for name, each in values.items()
    }


def _agreed(case: Case, live: ProcessRow, values: Mapping[str, JsonValue], file_version: str) -> dict[str, Agreed]:
    kept: dict[str, JsonValue] = {
        PUBLISHED: live.item_version,
        FILE: file_version,
        localization_parts.GONE: False,
        STATUS: RELEASED,
        CLASSIFICATIONS: [*sorted(_classifications(case, case.words))],
    }
    return writing.ours(case, {**values, **kept})


# ---- a record that is in Aprimo already --------------------------------------------------------------------------


def _named(case: Case, live: ProcessRow, words: FlowWords, values: dict[str, JsonValue], record_id: str) -> Published:
    record = record_in(case, record_id)
    trouble = localization_named.trouble(case, words, record, record_id)
    if trouble or record is None:
        return Published(trouble=trouble)
    version_id, reference = versions.latest_id(record), words.fields["reference"].wire
    release = SetRecord(
        record_id=record_id,
        status=RELEASED,
        fields=_wire(values, words),
        add_classifications=_classifications(case, words),
        # Another market, or another master, may name the same record at the same moment.
        expects={**versions.expected(version_id), reference: record.values.get("reference")},
    )
    return Published(
        commands=(*_take_former_back(case, words, record_id), release),
        item=aprimo_key(RECORD, record_id),
        agreed=_agreed(case, live, values, version_id),
    )


def _take_former_back(case: Case, words: FlowWords, record_id: str) -> tuple[SetRecord, ...]:
    """A market has one released record: another one that it had before is a draft again."""
    former = master_id(BusinessKey(case.link.item)) if case.words.fields else record_id
    if former == record_id:
        return ()
    fields = _wire({"older_master": terms_of(words).older, "reference": ""}, words)
    return (SetRecord(record_id=former, status=TAKEN_BACK, fields=fields),)


# ---- a file that is fetched --------------------------------------------------------------------------------------


def _from_file(
    case: Case, live: ProcessRow, words: FlowWords, values: dict[str, JsonValue], address: str
) -> Published:
    upload = Upload(
        business_key=case.link.business_key,
        revision=live.revision,
        source=address,
        file_name=_file_name(case, address),
    )
    agreed = _agreed(case, live, values, "")
    if has_record(case.link):
        return _next_version(case, live, words, values, upload)
    reference, title = text(values["reference"]), text(case.link.agreed_value("name"))
    create = CreateRecord(
        reference_field=words.fields["reference"].wire,
        reference=reference,
        content_type=terms_of(words).content_type,
        status=RELEASED,
        classifications=_classifications(case, words),
        fields=_wire({**values, "name": f"{title} ({market_of(case.link.business_key)})"}, words),
        upload=upload.key(),
    )
    made = MadeItem(kind=RECORD, effect=f"create-record:{reference}")
    return Published(commands=(upload, create), made=made, agreed=agreed)


def _next_version(
    case: Case, live: ProcessRow, words: FlowWords, values: dict[str, JsonValue], upload: Upload
) -> Published:
    """The market's record gets another version of its file."""
    record_id = master_id(BusinessKey(case.link.item))
    record = record_in(case, record_id)
    if record is None or record.is_absent:
        return Published(trouble=f"Aprimo shows no record {record_id}, which is the market's.")
    add = AddVersion(
        record_id=record_id,
        file_id=text(record.values.get("file_id")),
        business_key=case.link.business_key,
        revision=live.revision,
        upload=upload.key(),
        comment=f"Revision {live.revision}",
    )
    release = SetRecord(
        record_id=record_id,
        status=RELEASED,
        fields=_wire(values, words),
        add_classifications=_classifications(case, words),
    )
    return Published(commands=(upload, add, release), agreed=_agreed(case, live, values, ""))


def _file_name(case: Case, address: str) -> str:
    """The last part of an address, else a name of the market's own."""
    try:
        last = unquote(urlsplit(address).path).rpartition("/")[2]
    except ValueError:
        last = ""
    return last or f"{market_of(case.link.business_key)}-{master_id(case.link.business_key)}"


def _classifications(case: Case, words: FlowWords) -> tuple[str, ...]:
    market = market_of(case.link.business_key)
    return tuple(path.replace("{market}", market) for path in terms_of(words).classifications)
