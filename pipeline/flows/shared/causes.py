"""Causes: why two systems differ in one thing, told by evidence, and what may be done about it.

What our own tables say comes first (what is dead or on its way explains itself), then what either system shows. The
first cause that fits is the one that is named; what nothing fits is `unexplained`, and left to people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipeline import ownership
from pipeline.differences import PROCESS, STATE, Cause, Explained, Known, Mismatch, Pair, ToldOf, Written
from pipeline.flows.agreements import Agreement, Stand
from pipeline.flows.policies import HELD, STRICTEST, cause_of_edit, policy_of
from pipeline.flows.shared import filing, unasked
from pipeline.flows.shared.case import row_of
from pipeline.flows.shared.comparing import (
    COMMENTS,
    REVIEWS,
    UNKNOWN_STEP,
    VERSION,
    expected_variable,
    is_carried,
    variable_name,
)
from pipeline.flows.shared.notes import REMARK
from pipeline.flows.shared.sides import role_of, words_of_key
from pipeline.flows.shared.values import instant, is_malformed, moment, same, text
from pipeline.flows.tenant import FlowWords, Policy
from pipeline.plan import ProcessRead, ProcessRow
from pipeline.words import Decision, EventState, JsonValue, ProcessState, Side

_SLACK = timedelta(seconds=1)
"""A system's times may be whole seconds: a notice may seem that much older than the change it tells of."""
TAKE_BACK = (
    "Take the approval back in Aprimo, and submit it anew; or let it stand. No command of ours takes one back."
)
"""Evidence, for a person, of an approval that nothing of ours gave, or that was given to something else."""
_NOTICES = (Side.APRIMO.value, Side.OPENTEXT.value)
"""How the source of a notice begins; what we or the timetable told ourselves is none."""


def explain(
    mismatch: Mismatch,
    pair: Pair,
    known: Known,
    words: FlowWords,
    agreements: Sequence[Agreement],
) -> Explained:
    """The cause of a mismatch of a pair that was read in full, with its evidence, and the policy for it."""
    view = words_of_key(pair.business_key, words, agreements)
    about = _About(
        mismatch=mismatch,
        pair=pair,
        known=known,
        words=words,
        view=view,
        agreements=agreements,
    )
    cause, evidence = _cause(about)
    explained = Explained(
        mismatch=mismatch, cause=cause, policy=policy_of(view, mismatch.field, cause), evidence=evidence
    )
    return _of_approval(explained, about.approval) if about.approval else explained


def _of_approval(explained: Explained, stands: Agreement) -> Explained:
    """Whether an approval stands is for people to say; where nothing begins again from it, they alone can act."""
    if explained.cause in HELD:
        return explained
    if not stands.begins_again:
        return replace(explained, policy=Policy.NEVER, evidence={**explained.evidence, "to_do": TAKE_BACK})
    return replace(explained, policy=max(explained.policy, Policy.PROPOSE, key=STRICTEST.index))


_Found = tuple[Cause, dict[str, JsonValue]]


@dataclass(frozen=True, kw_only=True)
class _About:
    """One mismatch with everything that is known of it. words: the flow's; view: those of the item."""

    mismatch: Mismatch
    pair: Pair
    known: Known
    words: FlowWords
    view: FlowWords
    agreements: Sequence[Agreement]

    @property
    def field(self) -> str:
        """What differs."""
        return self.mismatch.field

    @property
    def values(self) -> Mapping[str, JsonValue]:
        """The item as it was read; nothing where it is not there."""
        return self.pair.item.values if self.pair.item else {}

    @property
    def state(self) -> str:
        """Our word for the item's state."""
        return text(self.values.get(STATE))

    @property
    def version(self) -> str:
        """What orders the item's snapshots."""
        return self.pair.item.version if self.pair.item else ""

    @property
    def living(self) -> tuple[ProcessRead, ...]:
        """The processes that live."""
        return tuple(each for each in self.pair.processes if each.ended_at is None)

    @property
    def live(self) -> ProcessRow | None:
        """Our row of the process that lives, as far as we know."""
        return self.pair.link.live_process() if self.pair.link else None

    @property
    def approval(self) -> Agreement | None:
        """As what the item stands approved, where that is what is wrong: none lives, as only an approval puts it."""
        if self.field != PROCESS or self.living or self.live is not None:
            return None
        role = role_of(self.pair.business_key, self.agreements)
        approved = (each for each in self.agreements if each.role == role and each.stand is Stand.APPROVED)
        return next((each for each in approved if text(self.values.get(each.state_field)) in each.states), None)

    @property
    def edited(self) -> dict[str, JsonValue]:
        """Evidence of an edit in Aprimo: which version, and by whom as far as the flow's words say."""
        by = self.values.get("editor")
        return {"version": self.version, **({"editor": by} if by else {})}


def _cause(about: _About) -> _Found:
    """The first that fits."""
    found = _on_its_way(about) or _unknown(about) or _mapped(about)
    if found is not None:
        return found
    if about.field == VERSION:
        return Cause.VERSION_NEWER, {"agreed": about.mismatch.agreed, "latest": about.mismatch.aprimo}
    if about.field in {REVIEWS, COMMENTS} and _is_news(about):
        return _told(about, Side.OPENTEXT, _changed_there(about), {})
    if about.field == REMARK:
        return _told(about, Side.APRIMO, _changed_here(about), about.edited)
    return {PROCESS: _of_process, STATE: _of_state}.get(about.field, _of_field)(about)


# ---- what our own tables say ---------------------------------------------------------------------------------------


def _on_its_way(about: _About) -> _Found | None:
    known, live = about.known, about.live
    if known.letter:
        return Cause.DELIVERY_DEAD, {"letter": known.letter, "code": known.letter_code}
    # The next look finishes a start that nobody has seen to the end, unless it has no word for where the item stands.
    is_starting = live is not None and live.state is ProcessState.STARTING and not _is_nameless(about)
    if not known.open_events and not is_starting:
        return None
    events: list[JsonValue] = [_as_json(each) for each in known.open_events]
    starting: dict[str, JsonValue] = {"starting": live.revision} if live and is_starting else {}
    return Cause.DELIVERY_WAITING, {"events": events, **starting}


def _is_nameless(about: _About) -> bool:
    return bool(about.view.states) and bool(about.values) and not about.state


def _unknown(about: _About) -> _Found | None:
    """The item, an answer or a step has no word in the flow's file, or a value is none of its field's type."""
    if _is_nameless(about) and about.field in {STATE, PROCESS}:
        named = {name: about.values.get(name) for name in ("state_id", "state_name")}
        return Cause.WORD_UNKNOWN, {**named, "version": about.version}
    steps = about.mismatch.opentext if about.field == REVIEWS else None
    if isinstance(steps, dict) and any(step.startswith(UNKNOWN_STEP) for step in steps):
        return Cause.WORD_UNKNOWN, {"steps": _sorted(step for step in steps if step.startswith(UNKNOWN_STEP))}
    word = about.words.fields.get(about.field)
    if word is not None and ownership.owned(about.words, word.name).owner is Side.APRIMO:
        value = about.mismatch.aprimo
        if is_malformed(value, word.type):
            return Cause.WORD_UNKNOWN, {"value": value, "type": word.type.value, **about.edited}
    row = about.pair.link.processes[-1] if about.pair.link and about.pair.link.processes else None
    if about.field == PROCESS and row and not row.is_live and row.outcome == Decision.UNKNOWN and not about.living:
        rows = about.pair.link.reviews if about.pair.link else ()
        raw = sorted({each.outcome_raw for each in rows if each.revision == row.revision and each.outcome_raw})
        return Cause.WORD_UNKNOWN, {"instance_id": row.instance_id, "outcomes": [*raw]}
    return None


def _mapped(about: _About) -> _Found | None:
    """Nobody touched the item since we wrote it or looked at it, and it reads otherwise than it did."""
    known, link = about.known, about.pair.link
    if link is None or not about.values or not _reads_otherwise(about):
        return None
    write = _last_write(about)
    is_as_written = write is not None and same(_raw(about), write.fields[_wire(about)])
    is_untouched = bool(about.version) and about.version == link.seen.get(Side.APRIMO)
    is_moved = bool(known.mapping_version) and known.mapping_version != known.mapping_now
    if not is_as_written and not (is_untouched and is_moved):
        return None
    written: dict[str, JsonValue] = {"delivery": write.delivery_id} if write and is_as_written else {}
    mapping: dict[str, JsonValue] = {"mapping": [known.mapping_version, known.mapping_now]} if is_moved else {}
    return Cause.MAPPING_CHANGED, {"version": about.version, **written, **mapping}


def _reads_otherwise(about: _About) -> bool:
    """Whether it is the item that reads otherwise than both agreed. What is new in the process is none of it."""
    if about.field in {REVIEWS, COMMENTS}:
        return not _is_news(about)
    return about.field == PROCESS or about.mismatch.aprimo != about.mismatch.agreed


# ---- what the two systems show -------------------------------------------------------------------------------------


def _of_process(about: _About) -> _Found:
    """One lives that must not, more than one lives, or none where one must."""
    item, living = about.pair.item, about.living
    instances: dict[str, JsonValue] = {"instances": _sorted(each.instance_id for each in living)}
    if item is not None and item.is_absent and living:
        return Cause.ITEM_DELETED, {**instances, "item": about.pair.business_key}
    if len(living) > 1:
        return Cause.PROCESS_DOUBLED, {**instances, "ours": about.mismatch.agreed}
    if not living:
        return _not_living(about)
    row = row_of(living[0], about.pair.link) if about.pair.link else None
    if row is not None and not row.is_live:
        return Cause.NOTICE_MISSING, {**instances, "ended_by": row.ended_by}
    if row is None:
        return _told(about, Side.OPENTEXT, living[0].started_at, instances)
    return _of_state(about)


def _not_living(about: _About) -> _Found:
    """None lives: it ended and nobody told, the submission was never told, or it is missing."""
    if about.approval:
        return _not_approved(about)
    link, live = about.pair.link, about.live
    instance_id = live.instance_id if live else None
    ended = next((each for each in about.pair.processes if instance_id and each.instance_id == instance_id), None)
    if ended is not None and ended.ended_at is not None:
        end: dict[str, JsonValue] = {"instance_id": instance_id, "ended_at": instant(ended.ended_at)}
        return _told(about, Side.OPENTEXT, ended.ended_at, {**end, "delete_reason": ended.delete_reason})
    is_opentexts = ownership.state_owner(about.view, about.state) is Side.OPENTEXT
    if live is None and not is_opentexts and (link is None or link.agreed_value("submitted") is not True):
        return _told(about, Side.APRIMO, _changed_here(about), about.edited)
    last = link.processes[-1] if link and link.processes else None
    row: dict[str, JsonValue] = {"instance_id": last.instance_id, "revision": last.revision} if last else {}
    return Cause.PROCESS_MISSING, row


def _not_approved(about: _About) -> _Found:
    """The item stands approved: by no process of ours, or by one of another amount or version."""
    last = about.pair.link.processes[-1] if about.pair.link and about.pair.link.processes else None
    if last is None:
        return _not_asked(about)
    row: dict[str, JsonValue] = {"instance_id": last.instance_id, "revision": last.revision, "outcome": last.outcome}
    if about.mismatch.opentext is None:
        return Cause.PROCESS_MISSING, {**row, **about.edited}
    there: dict[str, JsonValue] = {"approved": about.mismatch.opentext, "stands": about.mismatch.aprimo}
    return Cause.VERSION_NEWER, {**row, **there, **about.edited}


def _not_asked(about: _About) -> _Found:
    """The item stands approved, and no process was ever begun: by whoever changed it last, as far as Aprimo says."""
    pair = about.pair
    known = unasked.proof(pair.item, pair.link, about.view, pair.in_use_since) if pair.item else {}
    evidence: dict[str, JsonValue] = {"process": "never begun", **known, **about.edited}
    cause = cause_of_edit(about.values.get("editor"), about.words.automations)
    return (cause if cause is Cause.EDITED_BY_AUTOMATION else Cause.PROCESS_MISSING), evidence


def _of_state(about: _About) -> _Found:
    """A state that only OpenText gives was set by hand; one of Aprimo's own was not heard of."""
    agreed = about.pair.link.agreed_value(STATE) if about.pair.link else None
    is_opentexts = ownership.state_owner(about.view, about.state) is Side.OPENTEXT
    is_back = about.state in ownership.GIVEN_BACK and _is_given_there(about, text(agreed)) and about.live is not None
    if is_opentexts or is_back:
        return _by_hand(about)
    return _told(about, Side.APRIMO, _changed_here(about), about.edited)


def _is_given_there(about: _About, state: str) -> bool:
    return ownership.state_owner(about.view, state) is Side.OPENTEXT


def _of_field(about: _About) -> _Found:
    """A field was edited on the side that does not own it, on both, or on its own and nobody heard of it."""
    field, agreed = about.field, about.mismatch.agreed
    word = about.view.fields.get(field) or about.words.fields.get(field)
    if field in filing.KINDS:
        return _by_hand(about)
    if word is None:
        return Cause.UNEXPLAINED, {}
    has_aprimo_left = not same(about.mismatch.aprimo, agreed, word.type)
    if ownership.owned(about.view, field).owner is Side.OPENTEXT:
        return _by_hand(about) if has_aprimo_left else _told(about, Side.OPENTEXT, None, {})
    variable = variable_name(field, about.words, about.agreements)
    expected = expected_variable(field, agreed, about.words)
    has_opentext_left = bool(variable) and not is_carried(word, about.mismatch.opentext, expected)
    there: dict[str, JsonValue] = {
        "instances": _sorted(each.instance_id for each in about.living),
        "variable": variable,
    }
    if has_aprimo_left and has_opentext_left:
        return Cause.EDITED_IN_BOTH, {**about.edited, **there}
    if has_opentext_left:
        return Cause.EDITED_IN_OPENTEXT, there
    return _told(about, Side.APRIMO, _changed_here(about), about.edited)


def _by_hand(about: _About) -> _Found:
    """Somebody, or something, changed in Aprimo what OpenText owns."""
    write = _last_write(about)
    written: dict[str, JsonValue] = {"delivery": write.delivery_id, "at": instant(write.at)} if write else {}
    return cause_of_edit(about.values.get("editor"), about.words.automations), {**about.edited, **written}


def _told(about: _About, side: Side, since: datetime | None, evidence: Mapping[str, JsonValue]) -> _Found:
    """Whether a change of a side, made then, was told, and what became of that. since: None where nobody can say."""
    notices = [each for each in about.known.told if each.side is side and each.source.startswith(_NOTICES)]
    told = [each for each in notices if since is not None and each.time >= since - _SLACK]
    ignored = next((each for each in told if each.state is EventState.IGNORED), None)
    when: dict[str, JsonValue] = {"changed_at": instant(since)} if since else {}
    if ignored is not None:
        return Cause.NOTICE_IGNORED, {**evidence, **when, "event": _as_json(ignored)}
    if told:
        return Cause.UNEXPLAINED, {**evidence, **when, "events": [_as_json(each) for each in told]}
    last: dict[str, JsonValue] = {"last_event": _as_json(notices[0])} if notices else {}
    return Cause.NOTICE_MISSING, {**evidence, **when, **last}


# ---- parts of evidence ---------------------------------------------------------------------------------------------


def _is_news(about: _About) -> bool:
    """Whether it is news of the process that Aprimo does not show yet, and no hand edit of what it shows."""
    agreed, opentext = about.mismatch.agreed, about.mismatch.opentext
    return isinstance(opentext, dict) if about.field == REVIEWS else opentext != agreed


def _changed_here(about: _About) -> datetime | None:
    """When the item was changed last: as its version says, else no earlier than both agreed on the field."""
    at = moment(about.version)
    link = about.pair.link
    agreed = link.agreed.get(about.field) if link else None
    return at or (agreed.at if agreed else None)


def _changed_there(about: _About) -> datetime | None:
    """When a task was decided or a comment made last; None where a task only changed hands: no time says so."""
    read, link = next(iter(about.living), None), about.pair.link
    if read is None or link is None:
        return None
    if about.field == COMMENTS:
        return max((each.at for each in read.comments), default=None)
    ended = {row.task_id for row in link.reviews if row.at is not None}
    return max((each.ended_at for each in read.tasks if each.ended_at and each.task_id not in ended), default=None)


def _sorted(texts: Iterable[str]) -> list[JsonValue]:
    return [*sorted(texts)]


def _wire(about: _About) -> str:
    """The name that what differs has in Aprimo; "" for what has none."""
    word = about.view.fields.get(about.field)
    if about.field in filing.KINDS:
        return about.field
    return about.view.state_wire if about.field == STATE else word.wire if word else ""


def _raw(about: _About) -> JsonValue:
    """What stands in Aprimo as Aprimo renders it."""
    if about.field == STATE:
        return about.values.get("state_id")
    return about.pair.item.wire.get(_wire(about)) if about.pair.item else None


def _last_write(about: _About) -> Written | None:
    """Our newest write of what differs."""
    wire = _wire(about)
    return next((each for each in about.known.written if wire and wire in each.fields), None)


def _as_json(told: ToldOf) -> JsonValue:
    return {
        "id": told.event_id,
        "source": told.source,
        "state": told.state.value,
        "reason": told.reason,
        "time": instant(told.time),
    }
