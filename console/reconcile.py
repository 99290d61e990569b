"""`signoff reconcile`: compare both systems now, say why they differ, and heal what may be healed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click

from console import installation
from console.difference_tables import difference_table, found_json, found_table, run_table
from console.exits import Exit
from console.filters import demand_flow
from console.letters import EVERY
from console.shown import as_json, by_option, fail, print_json, print_tables, reachable
from pipeline.errors import PipelineError, StoreAwayError

if TYPE_CHECKING:
    from pipeline.ports import Difference
    from pipeline.reconcile import Step
    from pipeline.walk import Terms
    from pipeline.words import BusinessKey
    from tasks.wiring import Wiring

SAFE, ALL = "safe", "all"
EXIT_CODES = (
    "Exit codes: 0 both systems agree · 1 failed · 2 wrong usage, or differences remain · 3 settings refused"
    " · 4 database unreachable"
)


@click.command(epilog=EXIT_CODES)
@click.option("--flow", default="", help="Only this flow.")
@click.option("--item", default="", metavar="KEY", help="Only this item: the vendor's id, or its business key.")
@click.option("--full", is_flag=True, help="Compare everything; default: what changed since the last run, or lives.")
@click.option("--dry-run", is_flag=True, help="Compare and explain only: nothing is kept, and nothing healed.")
@click.option(
    "--apply",
    "apply",
    multiple=True,
    metavar="[safe|all|ID]",
    help="Heal: `safe` what heals by itself, `all` what is proposed too, or differences by ID. May be repeated.",
)
@by_option
@as_json
@reachable
def reconcile(
    *, flow: str, item: str, full: bool, dry_run: bool, apply: tuple[str, ...], by: str, as_json: bool
) -> None:
    """Compare both systems with what they last agreed on, and say why they differ.

    A run that was cut off goes on where it was. Healing goes through the items' own lines: `signoff status` shows it
    on its way, and the next run says whether it has helped.
    """
    demand_flow(flow)
    if dry_run and apply:
        raise click.UsageError("--dry-run heals nothing: name either it or --apply.")
    made = installation.wiring_on_database()
    terms = _terms(made, apply, is_kept=not dry_run, by=by)
    try:
        steps = list(_item_steps(made, flow, item, terms) if item else _steps(made, flow, terms, is_full=full))
        _heal_named(made, [each for each in apply if each not in {SAFE, ALL}], by)
    except StoreAwayError:
        raise
    except PipelineError as err:
        fail(f"It cannot be read: {err}. What was found until then is kept, and the next run goes on from there.")
    remaining = [] if dry_run else _remaining(made, steps)
    _show(steps, remaining, is_kept=not dry_run, as_json=as_json)
    is_different = bool(remaining) or any(each.found for each in steps if dry_run)
    sys.exit(Exit.DIFFERENT if is_different else Exit.OK)


def _terms(made: Wiring, apply: Sequence[str], *, is_kept: bool, by: str) -> Terms:
    from pipeline.flows.tenant import Policy  # noqa: PLC0415 - `--help` needs no use case

    heals = {Policy.AUTOMATIC} if SAFE in apply else set()
    heals |= {Policy.AUTOMATIC, Policy.PROPOSE} if ALL in apply else set()
    return replace(made.reconciling, calls=0, heals=frozenset(heals), is_kept=is_kept, by=by)


def _steps(made: Wiring, flow: str, terms: Terms, *, is_full: bool) -> Iterator[Step]:
    """A whole run of each flow."""
    from pipeline import reconcile as reconciling  # noqa: PLC0415 - as above
    from pipeline.ports import Mode  # noqa: PLC0415 - as above

    mode = Mode.FULL if is_full else Mode.RECENT
    for name in [flow] if flow else made.flows:
        step = reconciling.Step(run=reconciling.begin(name, mode, terms, made.ports))
        found = step.found
        while not step.is_over:
            step = reconciling.step(step.run, made.inventory, terms, made.ports)
            found += step.found
        yield replace(step, found=found)


def _item_steps(made: Wiring, flow: str, item: str, terms: Terms) -> Iterator[Step]:
    """One item, in each flow that works on such."""
    from pipeline.reconcile import compare_item  # noqa: PLC0415 - as above

    keys = _keys(made, flow, item)
    if not keys:
        fail(f"{item} is no business key, and no id of an item, of {flow or 'any flow'}.")
    for name, key in keys:
        yield compare_item(name, key, terms, made.ports)


def _keys(made: Wiring, flow: str, item: str) -> list[tuple[str, BusinessKey]]:
    from pipeline.preview import key_of  # noqa: PLC0415 - as above

    found = [(name, key_of(item, words)) for name, words in made.words.items() if flow in {"", name}]
    return [(name, key) for name, key in found if key is not None]


def _heal_named(made: Wiring, ids: Sequence[str], by: str) -> None:
    from pipeline.heal import heal  # noqa: PLC0415 - as above

    for each in heal(ids, by=by, ports=made.ports):
        if not each.is_done:
            click.echo(f"Difference {each.difference_id} is not healed: {each.reason}.", err=True)


def _remaining(made: Wiring, steps: Sequence[Step]) -> list[Difference]:
    """What stands of the differences that these runs saw, except what is being healed."""
    from pipeline.ports import DifferenceState  # noqa: PLC0415 - as above

    ids = {step.run.id for step in steps}
    seen = {found.kept.id for step in steps for found in step.found if found.kept}
    flows = {step.run.flow for step in steps}
    stand = [
        each
        for flow in sorted(flows)
        for each in made.store.run(lambda tx, flow=flow: tx.differences.find(flow=flow, limit=EVERY))  # type: ignore[misc]  # A lambda with a default is a lambda still.
    ]
    met = [each for each in stand if each.run_id in ids or each.id in seen]
    return [each for each in met if each.state is DifferenceState.OPEN]


def _show(steps: Sequence[Step], remaining: Sequence[Difference], *, is_kept: bool, as_json: bool) -> None:
    found = [] if is_kept else [(step.run.flow, step.found) for step in steps if step.found]
    if as_json:
        kept = [asdict(each) for each in remaining]
        seen = [row for flow, every in found for row in found_json(flow, every)]
        print_json({"runs": [asdict(step.run) for step in steps], "differences": kept if is_kept else seen})
        return
    print_tables(run_table(step.run for step in steps))
    if is_kept:
        print_tables(difference_table(remaining, "Differences that remain"))
    for flow, every in found:
        print_tables(found_table(flow, every))
