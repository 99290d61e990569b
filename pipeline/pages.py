"""Pages of both systems' lists, each row beside its link: which give reason to look, and which no page showed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from pipeline.differences import Pair
from pipeline.keys import aprimo_key, process_key, whole_of
from pipeline.ownership import CLASSIFICATIONS
from pipeline.plan import Link, ProcessRead, Snapshot
from pipeline.ports import Difference, FlowPort, Mode, Run, Tx
from pipeline.ports.inventory import ItemPage, ProcessPage
from pipeline.words import BusinessKey, Side

PARTS = 500
"""Links that are asked for at once while no call is made."""
EVERY = 1_000_000


@dataclass(kw_only=True)
class Met:
    """What a run has met that keeps nothing; one that is kept marks the links."""

    items: set[BusinessKey] = field(default_factory=set)
    processes: set[BusinessKey] = field(default_factory=set)


def item_pairs(tx: Tx, flow: str, page: ItemPage) -> list[Pair]:
    """The items of a page, each beside its link, once for each where it has several."""
    rows = {aprimo_key(each.want.kind, each.want.object_id): each for each in page.items}
    links = tx.differences.links_of(flow, list(rows))
    undated = [key for key, item in rows.items() if item.created_at is None and not _is_begun(links.get(key, ()))]
    made = tx.differences.told_made(flow, undated)
    since = tx.differences.in_use_since(flow)
    return [
        Pair(
            flow=flow,
            business_key=link.business_key if link else key,
            link=link,
            item=dated(item, made.get(key)),
            at=tx.now,
            in_use_since=since,
        )
        for key, item in rows.items()
        for link in links.get(key, (None,))
    ]


def _is_begun(links: Sequence[Link]) -> bool:
    """Whether a process was ever begun for an item: then nobody asks when it was made."""
    return any(link.processes for link in links)


def dated(item: Snapshot, made: datetime | None) -> Snapshot:
    """An item that does not say itself when it was made, and what a notice said of that."""
    return item if item.created_at is not None or made is None else replace(item, created_at=made)


def is_suspect(flow: FlowPort, pair: Pair, *, is_whole: bool) -> bool:
    """Whether an item is read in full. A row that does not carry everything can clear only what nobody touched."""
    if flow.suspects(pair):
        return True
    if pair.link is None or pair.item is None:
        return False
    is_touched = pair.item.version != pair.link.seen.get(Side.APRIMO)
    if is_whole:
        return is_touched and _is_filed_unseen(pair.link, pair.item)
    return is_touched or pair.link.live_process() is not None


def _is_filed_unseen(link: Link, item: Snapshot) -> bool:
    """Whether both agreed under which classifications a record stands, and its row does not say them."""
    return CLASSIFICATIONS in link.agreed and CLASSIFICATIONS not in item.values


def process_pairs(tx: Tx, flow: str, page: ProcessPage) -> list[Pair]:
    """The processes of a page by the item that each is of, each beside its link."""
    homes = tx.differences.links_of_instances(flow, [each.instance_id for each in page.processes])
    by_key: dict[BusinessKey, list[ProcessRead]] = {}
    for each in page.processes:
        home = homes.get(each.instance_id)
        by_key.setdefault(home.business_key if home else _key_of(each), []).append(each)
    links = tx.links.of([(flow, key) for key in by_key])
    return [
        Pair(flow=flow, business_key=key, link=links.get((flow, key)), processes=tuple(processes), at=tx.now)
        for key, processes in by_key.items()
    ]


def _key_of(process: ProcessRead) -> BusinessKey:
    """The item that a process names, else the process itself."""
    is_named = process.business_key.startswith(("aprimo:", "signoff:"))
    return process.business_key if is_named else process_key(process.instance_id)


def shows_live(pair: Pair) -> bool:
    """Whether the process that we hold for alive is among those that were listed."""
    live = pair.link.live_process() if pair.link else None
    return live is not None and live.instance_id in {each.instance_id for each in pair.processes}


def still_open(tx: Tx, run: Run, limit: int) -> list[Difference]:
    """The flow's next open differences behind the cursor."""
    return tx.differences.find(flow=run.flow, after=run.cursor, limit=limit)


def not_met(tx: Tx, run: Run, limit: int) -> list[Link]:
    """Links of which no list showed the process; in a full run also those whose item none showed."""
    unmet = tx.differences.unseen_processes(run.flow, run.id, limit=limit)
    if unmet or run.mode is not Mode.FULL:
        return unmet
    while parts := _shown_with_whole(tx, run, unmet := tx.differences.unseen_items(run.flow, run.id, limit=PARTS)):
        tx.differences.mark(run.id, items=parts)
    return unmet[:limit]


def not_met_here(tx: Tx, run: Run, met: Met) -> list[Link]:
    """As `not_met`, all at once, for a run that keeps nothing."""
    living = tx.differences.unseen_processes(run.flow, run.id, limit=EVERY)
    unmet = [link for link in living if link.business_key not in met.processes]
    if run.mode is Mode.FULL:
        items = tx.differences.unseen_items(run.flow, run.id, limit=EVERY)
        unmet += [link for link in items if not met.items & {link.business_key, whole_of(link.business_key)}]
    return list({link.business_key: link for link in unmet}.values())


def _shown_with_whole(tx: Tx, run: Run, links: Sequence[Link]) -> list[Link]:
    """Those of these links that are parts of an item which a list showed: a part is on no list by itself."""
    wholes = {link.id: whole for link in links if (whole := whole_of(link.business_key)) != link.business_key}
    met = tx.differences.met_items(run.flow, run.id, sorted(set(wholes.values())))
    return [link for link in links if wholes.get(link.id) in met]
