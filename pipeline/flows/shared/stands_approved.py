"""What stands approved in Aprimo: whether a process of ours approved it, and just that."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline import ownership
from pipeline.differences import PROCESS, Mismatch
from pipeline.flows.agreements import Agreement, Stand
from pipeline.flows.shared import unasked
from pipeline.flows.shared.sides import Sides
from pipeline.flows.shared.values import text
from pipeline.plan import ProcessRow


def mismatches(sides: Sides) -> Iterator[Mismatch]:
    """The item stands approved, and its newest process approved nothing, or something else; or it never had one.

    Where none was ever begun the approval may be older than we are: nothing is said of it unless we know better. Not
    to be asked where the state itself was not agreed on.
    """
    item = sides.item
    if item is None or sides.has_live:
        return
    for each in sides.approved:
        newest = _deciding(sides, each)
        standing = each.approves(item, sides.view) if each.approves else ""
        shown = standing or text(item.values.get(each.state_field))
        if newest is None:
            if unasked.proof(item, sides.pair.link, sides.view, sides.pair.in_use_since):
                yield Mismatch(field=PROCESS, agreed=None, aprimo=shown, opentext=None)
        elif newest.outcome not in each.outcomes or (standing and standing != newest.item_version):
            yield Mismatch(
                field=PROCESS,
                agreed=newest.instance_id,
                aprimo=shown,
                opentext=newest.item_version if newest.outcome in each.outcomes else None,
            )


def is_below(sides: Sides) -> bool:
    """Whether nobody need be asked about the item, wherever it stands: Aprimo alone says where."""
    asked = [each.concerns for each in sides.agreements if each.stand is Stand.APPROVED and each.concerns]
    if sides.item is None or sides.live is not None or not asked:
        return False
    return not any(concerns(sides.item, sides.pair.link, sides.view) for concerns in asked)


def is_of_process(sides: Sides) -> bool:
    """Whether it stands approved and never had a process, and no write takes that back: the process is what lacks."""
    is_by_verb = sides.view.object_kind in ownership.BY_VERB
    return is_by_verb and bool(sides.approved) and not sides.has_live and not sides.processes


def _deciding(sides: Sides, stands: Agreement) -> ProcessRow | None:
    """The process that says whether an approval stands: the newest, or the newest that gave one that lasts."""
    gave = (row for row in reversed(sides.processes) if stands.lasts and row.outcome in stands.outcomes)
    return next(gave, sides.processes[-1] if sides.processes else None)
