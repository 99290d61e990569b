"""What reconciling thousands of items costs that agree: the pages of both systems' lists, and hardly a read."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from pipeline import reconcile
from pipeline.ports import Bounds, Mode, Run
from pipeline.ports.inventory import Inventory, ItemPage, Items
from tests.acceptance import test_asset_review as assets
from tests.acceptance import test_budget_exception as budgets
from tests.acceptance import test_campaign_brief as briefs
from tests.acceptance.conftest import OpenDesk
from tests.support import findings
from tests.support.acceptance import Desk
from tests.support.localizations import distributed
from tests.support.many_items import Original, multiply
from tests.support.reports import REPORTS, renew

FLOWS = ("campaign_brief", "asset_review", "localization", "budget_exception")
LISTS = {
    "/api/activities/search",
    "/api/commitments",
    "/api/core/search/records",
    "/workflow/v1/process-instances",
    "/workflow/v1/tasks",
}
REPORT = REPORTS / "reconciliation.md"
ABOUT = (
    "Items of flows 1, 2, 4 and 5 that agree, each copied from one that was really carried, read whole: every page "
    "of both systems' lists, and what was read besides. Pages and reads together are at most 1 % more than the pages "
    "that show everything once: where a search of records begins anew, because it can be paged through no further, "
    "it shows those of one time again. Memory is that of the process while pages were read. Renewed by "
    "`./run test --long`."
)
MEGABYTE = 2**20
PAGE_BYTES = 4096


@dataclass(kw_only=True)
class Watched:
    """The `Items` port that notes how much memory the process holds at each page."""

    items_: Items
    held: list[int] = field(default_factory=list)

    def items(self, flow: str, since: datetime | None, cursor: str, bounds: Bounds) -> Iterator[ItemPage]:
        for page in self.items_.items(flow, since, cursor, bounds):
            self.held.append(resident_bytes())
            yield page

    @property
    def growth(self) -> int:
        """By how much the last pages hold more than the first tenth of them did, in bytes."""
        early = self.held[: max(1, len(self.held) // 10)]
        return max(self.held) - max(early)


def resident_bytes() -> int:
    """What this process holds of the machine's memory."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE_BYTES


@pytest.mark.parametrize(
    "wanted", [pytest.param(2_000), pytest.param(50_000, marks=[pytest.mark.long, pytest.mark.timeout(2400)])]
)
def test_items_that_agree_cost_the_pages_of_both_lists_in_flat_memory(open_desk: OpenDesk, wanted: int) -> None:
    desk = open_desk()
    originals = carried(desk)
    began = time.monotonic()
    each = math.ceil(wanted / len(originals))
    for original in originals:
        multiply(desk, original, each - 1)
    loaded_s = time.monotonic() - began
    before = asked(desk)
    watched = Watched(items_=desk.made.inventory.items)
    inventory = Inventory(items=watched, processes=desk.made.inventory.processes)

    began = time.monotonic()
    runs = [whole(desk, flow, inventory) for flow in FLOWS]
    took_s = time.monotonic() - began

    calls = {route: count - before.get(route, 0) for route, count in asked(desk).items()}
    pages = sum(count for route, count in calls.items() if route in LISTS)
    reads = sum(calls.values()) - pages
    figures = {
        "items": each * len(originals),
        "processes": sum(run.counts["processes"] for run in runs),
        "list pages": pages,
        "reads besides": reads,
        "rows": ", ".join(sorted({str(run.report[name]) for run in runs for name in ("item_rows", "process_rows")})),
        "memory at the first pages": f"{watched.held[0] // MEGABYTE} MB",
        "growth": f"{watched.growth / MEGABYTE:.1f} MB",
        "loaded in": f"{loaded_s:.0f} s",
        "read in": f"{took_s:.0f} s",
    }
    findings.note("reconciling what agrees", ", ".join(f"{name} {value}" for name, value in figures.items()))
    if wanted > 2_000:
        renew(REPORT, title="Reconciling what agrees", about=ABOUT, row=str(wanted), figures=figures)
    assert [run.counts.get("differences", 0) for run in runs] == [0] * len(FLOWS)
    least = least_pages(desk, each)
    assert least <= pages
    assert pages + reads <= least + least // 100, {route: count for route, count in calls.items() if count}
    assert watched.growth < 32 * MEGABYTE


def carried(desk: Desk) -> list[Original]:
    """Items of four flows that were really carried: some in approval, some decided."""
    brief, done_brief = briefs.submitted(desk), briefs.submitted(desk)
    asset, done_asset = assets.for_review(desk), assets.for_review(desk)
    campaign = budgets.campaign(desk)
    spend, done_spend = (budgets.commitment(desk, 15000.0, activity=campaign) for _ in range(2))
    desk.rest()
    master = distributed(desk, "DACH", "Nordics")
    briefs.decide_all(desk, done_brief)
    assets.decide(desk, done_asset)
    budgets.approve(
        desk, budgets.by_commitment(desk, done_spend), budgets.tier_of(desk, budgets.by_commitment(desk, done_spend))
    )
    desk.poll()
    return [
        *(Original(flow="campaign_brief", kind="activity", object_id=str(each)) for each in (brief, done_brief)),
        *(Original(flow="asset_review", kind="record", object_id=each) for each in (asset, done_asset)),
        *(Original(flow="budget_exception", kind="commitment", object_id=str(each)) for each in (spend, done_spend)),
        Original(flow="localization", kind="record", object_id=master.id),
    ]


def whole(desk: Desk, flow: str, inventory: Inventory) -> Run:
    """A full run of a flow to its end."""
    ports, terms = desk.made.ports, desk.made.reconciling
    run = reconcile.begin(flow, Mode.FULL, terms, ports)
    while True:
        step = reconcile.step(run, inventory, terms, ports)
        if step.is_over:
            return step.run
        run = step.run


def asked(desk: Desk) -> Mapping[str, int]:
    """How often each route of either system was asked; a new token is no call."""
    rows = [
        row
        for each in (desk.aprimo_sandbox, desk.opentext_sandbox)
        for row in each.admin("GET", "requests")["routes"]
    ]
    counts: dict[str, int] = {}
    for row in rows:
        if "token" not in row["route"]:
            counts[row["route"]] = counts.get(row["route"], 0) + row["count"]
    return counts


def least_pages(desk: Desk, each: int) -> int:
    """The pages of lists that show everything once: items per flow, processes per flow, and their open tasks."""
    size, other = desk.made.settings.aprimo.page_size, desk.made.settings.opentext.page_size
    activities, records, commitments = 2 * each + 1, 3 * each, 2 * each
    items = [activities, records, records, commitments]
    desk.opentext.sign_in()  # The token is older than the many pages.
    living = {"campaignBrief": each, "assetReview": each, "localization": 2 * each, "budgetException": each}
    opened = {key: len(desk.opentext.tasks(str(desk.running(key)[0]["id"]))) for key in living}
    pages = [math.ceil(number / size) for number in items]
    pages += [math.ceil(number / other) for number in living.values()]
    pages += [math.ceil(number * opened[key] / other) for key, number in living.items()]
    return sum(pages)
