"""Comparing: what of an item stands otherwise in the two systems than both last agreed on.

Every flow is compared by the same rules; where they differ its agreements say so (`AGREES`). A page's row is compared
for what it says and no more: it only gives reason to look. What both sides show in full is what counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pipeline import ownership
from pipeline.differences import STATE, Mismatch, Pair
from pipeline.flows.agreements import Agreement, Stand
from pipeline.flows.shared import filing, remarks, reviews, stands_approved, submission
from pipeline.flows.shared.looking import DECISION_WAITS
from pipeline.flows.shared.notes import REMARK
from pipeline.flows.shared.sides import Sides, sides_of
from pipeline.flows.shared.values import is_empty, same, text
from pipeline.flows.shared.versions import latest_id
from pipeline.flows.tenant import FieldType, FieldWord, FlowWords
from pipeline.plan import ProcessRead, ReviewRow, Snapshot
from pipeline.words import JsonValue, ProcessState, ReviewState, Side, WakeReason

UNKNOWN_STEP = "unknown step: "
"""How a task is named among reviews that stands for no role of the flow's file."""
VERSION = "version"
"""What may differ beside fields, state and process: the file version that is latest from the one that was agreed."""
REVIEWS, COMMENTS = "matrix", "comments"
"""Fields that show what is read of a process: a review or comment that Aprimo does not show yet differs there."""


def suspects(pair: Pair, words: FlowWords, agreements: Sequence[Agreement]) -> tuple[Mismatch, ...]:
    """What a page's row gives reason to read in full: an item beside its link, or a living process beside it.

    No process in the pair means that none was asked for; a field that the row does not carry is taken to agree.
    """
    return _found(sides_of(pair, words, agreements, is_full=False))


def mismatches(pair: Pair, words: FlowWords, agreements: Sequence[Agreement]) -> tuple[Mismatch, ...]:
    """In what the two sides differ, each field once. Both were read in full: no process in the pair means none lives.

    words: the flow's; agreements: its module's `AGREES`.
    """
    return _found(sides_of(pair, words, agreements, is_full=True))


def variable_name(field: str, words: FlowWords, agreements: Sequence[Agreement]) -> str:
    """The process variable that holds a field of Aprimo's; "" for none."""
    word = words.fields.get(field)
    equal = (each.equal[field] for each in agreements if each.stand is Stand.LIVE and field in each.equal)
    return (word.variable if word else "") or next(equal, "")


def expected_variable(field: str, value: JsonValue, words: FlowWords) -> JsonValue:
    """What that variable holds where the field has this value."""
    word = words.fields.get(field)
    return variable_of(word, value, words) if word and word.variable else text(value)


def shown_state(item: Snapshot) -> JsonValue:
    """Our word for where an item stands; where there is none, what Aprimo calls it."""
    values = item.values
    return values.get(STATE) or values.get("state_name") or values.get("state_id")


def _found(sides: Sides) -> tuple[Mismatch, ...]:
    """Each field once, in the order in which they matter."""
    if sides.live is not None and sides.live.state is ProcessState.STARTING:
        return (sides.process(_instances(sides)),)
    state = tuple(_state(sides))
    every = [*_process(sides), *state, *_version(sides), *_reviews(sides), *_comments(sides)]
    every += [*_parts(sides), *_shown(sides), *_filed(sides), *_carried(sides), *_equal(sides), *_remark(sides)]
    every += () if state else stands_approved.mismatches(sides)
    return tuple({each.field: each for each in reversed(every)}.values())[::-1]


# ---- the process -------------------------------------------------------------------------------------------------


def _process(sides: Sides) -> Iterator[Mismatch]:
    """More than one lives, or one that must not, or none where one must."""
    living, link = sides.living or (), sides.pair.link
    if link is not None and link.wake_reason is WakeReason.HISTORY and not living:
        return  # It has just ended, and the timetable asks its history again in a moment.
    is_strange = bool(living) and sides.read is None
    is_over = sides.is_full and sides.live is not None and sides.read is None
    is_orphan = sides.is_gone and sides.has_live
    if len(living) > 1 or is_strange or is_over or is_orphan or _is_misplaced(sides):
        yield sides.process(_instances(sides))


def _instances(sides: Sides) -> JsonValue:
    """The instances that live, as far as is known: none, the one, or a list."""
    known = [each.instance_id for each in sides.living or ()]
    if sides.living is None and sides.live is not None and sides.live.instance_id:
        known = [sides.live.instance_id]
    every: list[JsonValue] = [*sorted(known)]
    return every if len(every) > 1 else next(iter(every), None)


def _is_misplaced(sides: Sides) -> bool:
    """Whether the item stands where a process must live and none does, or the other way round."""
    if sides.item is None:
        return False
    if not sides.has_live:
        return any(each.stand is Stand.LIVE and each.states for each in sides.applying) and _is_begun(sides)
    lives = [each for each in sides.agreements if each.stand is Stand.LIVE and each.states]
    if not lives or not sides.state or any(sides.state in each.states for each in lives):
        return False
    if ownership.state_owner(sides.view, sides.state) is Side.APRIMO:
        return True
    # What stands by hand where only OpenText puts it is told of the state, and of nothing else.
    return any(each.is_mutual for each in lives) and sides.state == text(sides.agreed(STATE))


def _is_begun(sides: Sides) -> bool:
    """Whether something begins, or began, where the item stands.

    A state of Aprimo's begins it. Into any other a process must have taken it; what stands there by hand where both
    agreed on another differs in its state, and is put back or told as that.
    """
    is_agreed = text(sides.agreed(STATE)) in {"", sides.state}
    is_aprimos = ownership.state_owner(sides.view, sides.state) is Side.APRIMO and not _is_astray(sides)
    return is_aprimos or (sides.pair.link is not None and is_agreed)


def _is_astray(sides: Sides) -> bool:
    """Whether the item stands where Aprimo may put it, and where that begins nothing."""
    return any(sides.state in each.strays for each in sides.applying)


# ---- where the item stands ---------------------------------------------------------------------------------------


def _state(sides: Sides) -> Iterator[Mismatch]:
    """The item stands where neither both agreed nor Aprimo alone may put it."""
    agreed, item, link = text(sides.agreed(STATE)), sides.item, sides.pair.link
    if not agreed or item is None or link is None or STATE not in item.values or _is_misplaced(sides):
        return
    if stands_approved.is_below(sides) or stands_approved.is_of_process(sides):
        return
    is_nameless = not sides.state
    is_followed = sides.live is not None or (is_nameless and link.state == DECISION_WAITS)
    is_opentexts = ownership.state_owner(sides.view, sides.state) is Side.OPENTEXT
    if sides.state != agreed and (is_followed or is_opentexts or _is_astray(sides)):
        yield Mismatch(field=STATE, agreed=agreed, aprimo=shown_state(item), opentext=None)


def _version(sides: Sides) -> Iterator[Mismatch]:
    """Another file version is the latest than the one that was agreed on; elsewhere than agreed the state tells."""
    latest = latest_id(sides.item) if sides.state == text(sides.agreed(STATE)) else ""
    for each in sides.applying:
        known = text(sides.agreed(each.version)) if each.version else ""
        if known and latest and known != latest:
            yield Mismatch(field=VERSION, agreed=known, aprimo=latest, opentext=known)


# ---- fields --------------------------------------------------------------------------------------------------------


def _shown(sides: Sides) -> Iterator[Mismatch]:
    """What we show in Aprimo stands otherwise there."""
    values = sides.item.values if sides.item and not _has_left(sides) else {}
    for name in ownership.names_of(sides.view, Side.OPENTEXT):
        agreed = sides.agreed(name)
        if (
            _is_agreed(sides, name)
            and name in values
            and not same(values[name], agreed, sides.view.fields[name].type)
        ):
            yield Mismatch(field=name, agreed=agreed, aprimo=values[name], opentext=agreed)


def _filed(sides: Sides) -> Iterator[Mismatch]:
    """A record stands elsewhere than where we filed it, as far as it says so."""
    link = sides.pair.link
    for name, kind in filing.KINDS.items() if link else ():
        agreed = sides.agreed(name)
        shown = filing.shown(sides.item, name, agreed, sides.view)
        is_said = shown is not None and link is not None and not filing.is_of_another(sides.item, name, link)
        if is_said and not same(shown, agreed, kind):
            yield Mismatch(field=name, agreed=agreed, aprimo=shown, opentext=agreed)


def _has_left(sides: Sides) -> bool:
    """Whether the item stands where the flow has no word for and no process lives: nobody follows it any more."""
    return bool(sides.view.states) and not sides.state and sides.live is None


def _parts(sides: Sides) -> Iterator[Mismatch]:
    """The item names parts, and neither of us has agreed on any: nobody has heard that it does."""
    named = {name: each.parts[name] for each in sides.agreements for name in each.parts}
    for name, parts in named.items():
        if sides.item is not None and parts(sides.item, sides.words) and not _is_agreed(sides, name):
            yield Mismatch(field=name, agreed=None, aprimo=[*parts(sides.item, sides.words)], opentext=None)


def _carried(sides: Sides) -> Iterator[Mismatch]:
    """What Aprimo owns was edited there and did not travel, or stands otherwise in the process."""
    if not any(each.carries and _follows(each, sides) for each in sides.agreements):
        return
    values = sides.item.values if sides.item and sides.view.fields is sides.words.fields else {}
    for word in submission.carried(sides.words):
        if not _is_agreed(sides, word.name):
            continue
        agreed = sides.agreed(word.name)
        aprimo = values.get(word.name, agreed)
        expected = variable_of(word, agreed, sides.words)
        has_variable = sides.read is not None and word.variable in sides.read.variables and _is_said(sides, agreed)
        opentext = sides.read.variables[word.variable] if sides.read and has_variable else expected
        if not same(aprimo, agreed, word.type) or not is_carried(word, opentext, expected):
            yield Mismatch(field=word.name, agreed=agreed, aprimo=aprimo, opentext=opentext)


def _is_said(sides: Sides, agreed: JsonValue) -> bool:
    """Whether Aprimo says anything of a field; where nothing, who began the process in OpenText may have said it."""
    is_begun_by_us = sides.read is not None and not is_empty(sides.read.variables.get("signoffEffect"))
    return is_begun_by_us or not is_empty(agreed)


def _follows(each: Agreement, sides: Sides) -> bool:
    """Whether edits of an item travel now: into the process that lives, or to its parts whenever they are made."""
    return each.stand is Stand.NONE and not each.states if sides.live is None else True


def variable_of(word: FieldWord, value: JsonValue, words: FlowWords) -> JsonValue:
    """What the process variable of a field holds where it has this value; None for a field without one."""
    return submission.variables([word], {word.name: value}, words).get(word.variable)


def is_carried(word: FieldWord, held: JsonValue, expected: JsonValue) -> bool:
    """Whether a process variable holds what a field of Aprimo's was carried as."""
    kind = FieldType.LIST if isinstance(expected, list) else word.type
    is_number = kind in {FieldType.MONEY, FieldType.DATE, FieldType.LIST} and isinstance(expected, list | str)
    is_text_of_list = kind is FieldType.LIST and not isinstance(expected, list)
    return same(held, expected, kind if is_number and not is_text_of_list else FieldType.TEXT)


def _equal(sides: Sides) -> Iterator[Mismatch]:
    """A field in Aprimo and the variable with the same value differ, while the process lives."""
    item, read = sides.item, sides.read
    for each in sides.applying if item and read else ():
        for name, variable in each.equal.items() if each.stand is Stand.LIVE else ():
            word, held = sides.view.fields.get(name), read.variables.get(variable) if read else None
            value = item.values.get(name) if item else None
            if word is not None and not is_empty(held) and not same(value, held, word.type):
                yield Mismatch(field=name, agreed=sides.agreed(name), aprimo=value, opentext=held)


def _remark(sides: Sides) -> Iterator[Mismatch]:
    """A remark was typed, and the reviewers were not told."""
    values = sides.item.values if sides.item and sides.live else {}
    if REMARK in sides.view.fields and not same(values.get(REMARK), sides.agreed(REMARK)) and REMARK in values:
        yield Mismatch(field=REMARK, agreed=sides.agreed(REMARK), aprimo=values[REMARK], opentext=None)


def _is_agreed(sides: Sides, name: str) -> bool:
    return sides.pair.link is not None and name in sides.pair.link.agreed


# ---- what was read of the process --------------------------------------------------------------------------------


def _reviews(sides: Sides) -> Iterator[Mismatch]:
    """Reviews that were opened, moved or decided, and are not shown yet."""
    link, live, read = sides.pair.link, sides.live, sides.read
    if link is None or live is None or read is None:
        return
    known = tuple(row for row in link.reviews if row.revision == live.revision)
    rows = reviews.read_rows(read, live, known, sides.words)
    changed = reviews.changed(rows, known) if sides.is_full else _moved(read, known, rows)
    strange = _unknown_steps(read, sides.words)
    if changed or strange:
        keys = {row.stakeholder for row in changed}
        value = sides.item.values.get(REVIEWS) if sides.item else None
        before = _as_json(row for row in known if row.stakeholder in keys)
        yield Mismatch(field=REVIEWS, agreed=before, aprimo=value, opentext={**_as_json(changed), **strange})


def _unknown_steps(read: ProcessRead, words: FlowWords) -> dict[str, JsonValue]:
    """Open tasks that stand for no role of the flow's file, and who has them."""
    known = {name for each in words.stakeholders for name in (each.task, each.lead_task)}
    waiting = (task for task in read.tasks if task.ended_at is None and task.definition_key not in known)
    return {f"{UNKNOWN_STEP}{task.definition_key}": task.assignee for task in waiting}


def _moved(read: ProcessRead, known: Sequence[ReviewRow], rows: Sequence[ReviewRow]) -> tuple[ReviewRow, ...]:
    """The same as far as a page tells, which shows open tasks only: a task that is not there any more has ended."""
    shown = {task.task_id for task in read.tasks if task.ended_at is None}
    ended = [row for row in known if row.state is ReviewState.OPEN and row.task_id and row.task_id not in shown]
    return (*ended, *(row for row in reviews.changed(rows, known) if row.task_id in shown))


def _as_json(rows: Iterable[ReviewRow]) -> dict[str, JsonValue]:
    """Per role how its review stands: the decision, else the state, and who has it."""
    return {row.stakeholder: " · ".join(filter(None, [row.decision or row.state, row.assignee])) for row in rows}


def _comments(sides: Sides) -> Iterator[Mismatch]:
    """What was said in the process and is not shown yet."""
    link, read = sides.pair.link, sides.read
    if link is None or read is None or not sides.is_full:
        return
    said = remarks.changed(remarks.with_read(link.comments, read), link.comments)
    if said:
        value = sides.item.values.get(COMMENTS) if sides.item else None
        yield Mismatch(field=COMMENTS, agreed=None, aprimo=value, opentext=remarks.render(said))
