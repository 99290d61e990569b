"""Suspects: how the item of a part is read, and that what its own record shows is compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pipeline.errors import PipelineError
from pipeline.plan import LinkChanges, Snapshot, Want
from pipeline.ports import Bounds
from pipeline.suspects import Suspect, look_at
from pipeline.words import Side, Urgency
from tests.support.fakes import FakeVendor, make_world
from tests.support.localization_world import FLOW, KEY, MARKET, World
from tests.support.memory.store import MemoryStore
from tests.support.store_rows import Clock

BOUNDS = Bounds(no_call_after=9e9, lease_until=9e9, urgency=Urgency.BULK)
FILE = {"localizedFile": "https://files.example.test/hero-dach.psd"}


@dataclass
class Showing(FakeVendor):
    """A vendor that shows what stands in a market's life."""

    market: World = field(default_factory=World)
    wants: list[Want] = field(default_factory=list)

    def read(self, wants: Sequence[Want], bounds: Bounds) -> dict[Want, Snapshot | PipelineError]:
        self.wants += wants
        return {want: self.market.read(want) for want in wants}


def test_the_record_of_a_market_is_read_in_its_own_role_and_compared_as_such() -> None:
    market = World()
    market.distribute(MARKET)
    market.all_approve(**FILE)
    market.look(Side.OPENTEXT)
    (record,) = market.released()
    market.records[record]["master_version"] = "somebody's"
    known = market.link
    changes = LinkChanges(
        item=known.item_key,
        state=known.state,
        revision=known.revision,
        agreed=known.agreed,
        processes=known.processes,
        reviews=known.reviews,
    )
    store = MemoryStore(Clock())
    store.run(lambda tx: tx.links.apply([(FLOW, KEY, changes)]))
    vendors = {side: Showing(side=side, market=market) for side in Side}
    ports = replace(make_world(store).ports, vendors=vendors, flows={FLOW: market.flow})

    looked = look_at(FLOW, [Suspect(key=KEY)], run_id="rc-1", is_kept=False, bounds=BOUNDS, ports=ports)

    assert [want.role for want in vendors[Side.APRIMO].wants if want.object_id == record] == ["localized"]
    assert [each.explained.mismatch.field for each in looked.found] == ["master_version"]
