"""`signoff reconcile`: compare both systems now, say why they differ, and heal what may be healed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from console import installation
from console.compared import Compared
from console.difference_tables import acted_sentence
from console.exits import Exit
from console.filters import EXAMPLES, demand_flow
from console.letters import EVERY
from console.shown import as_json, by_option, fail, print_json, print_tables, reachable
from console.tables import printable
from pipeline.errors import PipelineError, StoreAwayError

if TYPE_CHECKING:
    from pipeline.heal import Acted
    from pipeline.ports import Difference
    from pipeline.reconcile import Step
    from pipeline.walk import Terms
    from pipeline.words import BusinessKey
    from tasks.wiring import Wiring

SAFE, ALL = "safe", "all"
EXIT_CODES = (
    "Exit codes: 0 both systems agree · 1 failed · 2 wrong usage, or something remains, is being healed, was not"
    " healed or not compared · 3 settings refused · 4 database unreachable"
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
    help="Heal: `safe` what heals by itself, `all` what is proposed too, or differences by ID. May be repeated;"
    " IDs alone compare only the items they are of.",
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
    named = _named(made, apply)
    is_whole = bool(flow or item or full) or len(named) < len(set(apply)) or not apply
    terms = _terms(made, apply, is_kept=not dry_run, by=by)
    try:
        if item:
            steps = _item_steps(made, _keys(made, flow, item), terms)
        else:
            steps = (
                _steps(made, flow, terms, is_full=full) if is_whole else _item_steps(made, _homes(made, named), terms)
            )
        compared = _compared(made, list(steps), named, terms)
    except StoreAwayError:
        raise
    except PipelineError as err:
        fail(f"It cannot be read: {err}. What was found until then is kept, and the next run goes on from there.")
    if as_json:
        print_json(compared.to_json())
    else:
        print_tables(*compared.tables())
    _say_unhealed(compared.acted)
    sys.exit(Exit.OK if compared.does_agree else Exit.DIFFERENT)


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


def _item_steps(made: Wiring, keys: Iterable[tuple[str, BusinessKey]], terms: Terms) -> Iterator[Step]:
    """Items by themselves, each in its flow."""
    from pipeline.reconcile import compare_item  # noqa: PLC0415 - as above

    for name, key in keys:
        yield compare_item(name, key, terms, made.ports)


def _keys(made: Wiring, flow: str, item: str) -> list[tuple[str, BusinessKey]]:
    """One item, in each flow that works on such."""
    from pipeline.preview import key_of  # noqa: PLC0415 - as above

    found = [(name, key_of(item, words)) for name, words in made.words.items() if flow in {"", name}]
    keys = [(name, key) for name, key in found if key is not None]
    if not keys:
        fail(f"{item} is no business key, and no id of an item, of {flow or 'any flow'}.")
    return keys


def _homes(made: Wiring, named: Iterable[Difference]) -> list[tuple[str, BusinessKey]]:
    """The items that differences are of, each with its flow; none of a flow whose file is gone."""
    return list(dict.fromkeys((each.flow, each.business_key) for each in named if each.flow in made.flows))


def _named(made: Wiring, apply: Sequence[str]) -> list[Difference]:
    """The differences that are to be healed by id. Raises BadParameter for a word that names none of them."""
    ids = list(dict.fromkeys(each for each in apply if each not in {SAFE, ALL}))
    found = made.store.run(lambda tx: tx.differences.find(ids=ids, is_open=None)) if ids else []
    unknown = ", ".join(repr(each) for each in ids if each not in {known.id for known in found})
    if unknown:
        stand = made.store.run(lambda tx: tx.differences.find(limit=EXAMPLES))
        such = ", ".join(each.id for each in stand) or "none"
        raise click.BadParameter(
            f"{unknown} is neither {SAFE} nor {ALL}, and no difference; those that stand are, for example: {such}.",
            param_hint="--apply",
        )
    return found


def _compared(made: Wiring, steps: Sequence[Step], named: Sequence[Difference], terms: Terms) -> Compared:
    """Heal what was named, and see what stands then of the differences that these runs saw."""
    from pipeline.heal import heal  # noqa: PLC0415 - as above
    from pipeline.ports import DifferenceState  # noqa: PLC0415 - as above

    acted = heal([each.id for each in named], by=terms.by, ports=made.ports)
    stand = _standing(made, steps) if terms.is_kept else []
    return Compared(
        steps=tuple(steps),
        is_kept=terms.is_kept,
        open_=tuple(each for each in stand if each.state is DifferenceState.OPEN),
        healing=tuple(each for each in stand if each.state is not DifferenceState.OPEN),
        acted=tuple(acted),
    )


def _standing(made: Wiring, steps: Sequence[Step]) -> list[Difference]:
    """What is not closed of the differences that these runs saw."""
    ids = {step.run.id for step in steps}
    seen = {found.kept.id for step in steps for found in step.found if found.kept}
    flows = {step.run.flow for step in steps}
    stand = [
        each
        for flow in sorted(flows)
        for each in made.store.run(lambda tx, flow=flow: tx.differences.find(flow=flow, limit=EVERY))  # type: ignore[misc]  # A lambda with a default is a lambda still.
    ]
    return [each for each in stand if each.run_id in ids or each.id in seen]


def _say_unhealed(acted: Iterable[Acted]) -> None:
    for each in acted:
        if not each.is_done:
            click.echo(printable(acted_sentence(each.difference_id, "is being healed", each.reason)), err=True)
