"""Replay and discard: what a person may do with a dead letter, each once, each on the record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from pipeline import failpoints, holds
from pipeline.events import Pin
from pipeline.failpoints import Point
from pipeline.ports import AuditEntry, EventMove, HeldWake, Hint, Letter, Ports, Tx
from pipeline.words import EventState, LetterState, Side, Step, Urgency, lane


@dataclass(frozen=True, kw_only=True)
class Closed:
    """What became of one letter. is_done False: somebody else was first."""

    letter_id: str
    is_done: bool


def replay(letter_ids: Sequence[str], *, is_resume: bool, by: str, note: str, ports: Ports) -> list[Closed]:
    """Bring dead events back: from the first step with today's mapping, or from the step that failed."""
    return _each(
        letter_ids, lambda tx, letter_id: bring_back(tx, letter_id, is_resume=is_resume, by=by, note=note), ports
    )


def replay_at_pace(
    letter_ids: Sequence[str], *, is_resume: bool, by: str, note: str, ports: Ports, pause: Callable[[float], None]
) -> list[Closed]:
    """As `replay`, no faster than replay plans go. pause: sleeps so many seconds."""
    closed: list[Closed] = []
    for letter_id in letter_ids:
        if closed:
            pause(1 / ports.limits.replays_per_s)
        closed += replay([letter_id], is_resume=is_resume, by=by, note=note, ports=ports)
    return closed


def discard(letter_ids: Sequence[str], *, by: str, note: str, ports: Ports) -> list[Closed]:
    """Let dead events go for good; their lines go on with what waits behind them."""
    return _each(letter_ids, partial(_discard, by=by, note=note), ports)


def _each(letter_ids: Sequence[str], act: Callable[..., list[Hint] | None], ports: Ports) -> list[Closed]:
    closed = []
    for letter_id in letter_ids:
        hints = ports.store.run(partial(act, letter_id=letter_id))
        failpoints.hit(Point.REPLAY_AFTER_COMMIT)
        ports.waker.wake(hints or [])
        closed.append(Closed(letter_id=letter_id, is_done=hints is not None))
    return closed


def bring_back(
    tx: Tx, letter_id: str, *, is_resume: bool, by: str, note: str, pin: Pin | None = None
) -> list[Hint] | None:
    """Replay one letter in the caller's transaction: what wakes its line, None when somebody else was first.

    pin: what a person was shown of it; other calls are refused when it is planned.
    """
    letter = _close(tx, letter_id, LetterState.REPLAYED, by, note)
    if letter is None:
        return None
    deliveries = tx.deliveries.open_of([letter.event_id]).get(letter.event_id, ())
    tx.deliveries.forgive([letter.event_id])
    # Nothing was planned yet, or a person wants today's mapping: the first step.
    resumes = is_resume and bool(deliveries)
    if resumes:
        tx.deliveries.resume([letter.event_id])
    else:
        tx.deliveries.drop_open([letter.event_id])
    after = EventState.PLANNED if resumes else EventState.ACCEPTED
    tx.events.move([EventMove(id=letter.event_id, before=EventState.DEAD, after=after, reason="replayed")])
    tx.events.pin(letter.event_id, pin)
    _audit(tx, letter, "dead_letter.replayed", by, note)
    side = deliveries[0].command.SIDE if resumes else None
    return _wake(tx, letter, Step.CARRY if resumes else Step.TRANSFORM, side)


def _discard(tx: Tx, letter_id: str, *, by: str, note: str) -> list[Hint] | None:
    """What wakes its line, and who waited for what it held; None when somebody else was first."""
    letter = _close(tx, letter_id, LetterState.DISCARDED, by, note)
    if letter is None:
        return None
    tx.deliveries.drop_open([letter.event_id])
    tx.events.move(
        [EventMove(id=letter.event_id, before=EventState.DEAD, after=EventState.IGNORED, reason="discarded")]
    )
    freed = tx.holds.give_back([letter.event_id])
    hints = [*_wake(tx, letter, Step.TRANSFORM, None), *holds.pass_on(tx, freed)]
    _audit(tx, letter, "dead_letter.discarded", by, note)
    return hints


def _close(tx: Tx, letter_id: str, to: LetterState, by: str, note: str) -> Letter | None:
    """Close an open letter, its line locked first, as everybody does who changes both."""
    found = tx.letters.find(ids=[letter_id])
    if not found:
        return None
    tx.lines.touch({found[0].line_key: found[0].flow})
    return tx.letters.close(letter_id, to=to, by=by, note=note)


def _wake(tx: Tx, letter: Letter, step: Step, side: Side | None) -> list[Hint]:
    """The line goes on with its lowest open event; a line with none rests."""
    line = tx.lines.touch({letter.line_key: letter.flow})[letter.line_key]
    first = tx.events.next_open([letter.line_key]).get(letter.line_key)
    target = side or (first.side if first else Side.APRIMO)
    goes_to = lane(line.urgency if first else Urgency.STANDARD, target)
    tx.lines.wake_held(
        [
            HeldWake(
                key=letter.line_key,
                step=step,
                lane=goes_to,
                vendor=target,
                head=first.position if first else line.tail + 1,
                is_ready=first is not None,
            )
        ]
    )
    return [Hint(step=step, lane=goes_to, event_ids=(first.id,))] if first else []


def _audit(tx: Tx, letter: Letter, act: str, by: str, note: str) -> None:
    tx.ledger.audit([AuditEntry(actor=by, act=act, object=letter.id, before=letter.code, after=note)])
    failpoints.hit(Point.REPLAY_IN_COMMIT)
