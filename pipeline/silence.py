"""Silence: a source that tells nothing, while others tell of changes that it should have told of first.

Aprimo switches a subscription off after a few failed deliveries, and then says nothing more; a client that lost its
rights sees lists that stay empty. Nothing fails then, so silence itself must be heard.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from pipeline.plan import Notice
from pipeline.ports import Store, ToldAlone, Tx

SILENT = "source_silent"
REPEATED = "deliveries_repeated"
REPEATED_MIN = 3
"""Fewer than these may be a restart of ours."""
DELIVERIES_MAX = 500
LOOK_BACK = timedelta(days=7)
"""How far back changes count that another source told of alone."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Something that tells us of changes.

    alike: further names under which it tells. others: what tells of the same changes besides. expected_s: how often
    it tells of something, in ordinary times. cure: what a person can do when it is silent.
    """

    name: str
    others: tuple[str, ...]
    expected_s: float
    cure: str
    alike: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long silence lasts before people are told: times the expected interval, and changes that others told of."""

    factor: float
    changes: int


def listen(sources: Sequence[Source], patience: Patience, store: Store) -> list[str]:
    """Tell people of sources that have fallen silent, once; take it back of those that speak again.

    Returns the names of the sources that people were told of now.
    """
    return [source.name for source in sources if store.run(partial(_listen, source=source, patience=patience))]


def watch_deliveries(source: str, repeats: Callable[[bytes], int], store: Store, *, within_s: float) -> int:
    """Tell people once a day that a source had to deliver again, before it gives up; returns how many notices were.

    repeats: how often the source had tried to deliver a body before.
    """
    return store.run(partial(_watch_deliveries, source=source, repeats=repeats, within_s=within_s))


def _watch_deliveries(tx: Tx, *, source: str, repeats: Callable[[bytes], int], within_s: float) -> int:
    bodies = tx.ledger.newest_bodies(source, since=tx.now - timedelta(seconds=within_s), limit=DELIVERIES_MAX)
    again = sum(repeats(body) > 0 for body in bodies)
    if again == 0:
        tx.ledger.see_about(source, REPEATED)
    elif again >= REPEATED_MIN:
        text = (
            f"{again} of the last {len(bodies)} notices of {source} came again: our first answer was late or no 2xx."
            " After a few failures the subscription is switched off. See what the web app logged, and how slow it is."
        )
        tx.ledger.tell_about(source, Notice(code=REPEATED, text=text), revision=tx.now.toordinal())
    return again


def _listen(tx: Tx, *, source: Source, patience: Patience) -> bool:
    told = [tx.ledger.last_heard(name) for name in (source.name, *source.alike)]
    heard = max((at for at in told if at is not None), default=None)
    bound = timedelta(seconds=patience.factor * source.expected_s)
    if heard is not None and tx.now - heard < bound:
        tx.ledger.see_about(source.name, SILENT)
        return False
    since = max(heard or tx.now - LOOK_BACK, tx.now - LOOK_BACK)
    alone = tx.ledger.told_alone(source.others, since=since, limit=patience.changes)
    if alone is None or alone.events < patience.changes or (heard is None and tx.now - alone.first_at < bound):
        return False
    notice = Notice(code=SILENT, text=_text(source, heard, alone))
    # One notice for each silence: it began when the source was heard last.
    return tx.ledger.tell_about(source.name, notice, revision=int(heard.timestamp()) if heard else 0)


def _text(source: Source, heard: datetime | None, alone: ToldAlone) -> str:
    last = f"has told nothing since {heard:%Y-%m-%d %H:%M} UTC" if heard else "has never told anything"
    return f"{source.name} {last}, while {alone.source} told of changes. {source.cure}"
