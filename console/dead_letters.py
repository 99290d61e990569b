"""`signoff dead-letters`: work that needs a person, and what a person may do with it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from console import installation, replays
from console.exits import Exit
from console.filters import demand_code, demand_flow
from console.letters import EVERY, LIMIT, STATES, find, group_table
from console.shown import EXIT_CODES, as_json, by_option, fail, print_json, print_tables, reachable
from console.tables import attempt_table, letter_facts, letter_table, printable
from pipeline.codes import cure
from pipeline.ports import Letter

if TYPE_CHECKING:
    from pipeline.replay import Closed


@click.group(name="dead-letters", epilog=EXIT_CODES)
def dead_letters() -> None:
    """List, group, show, replay or discard dead letters.

    A dead letter holds the line of its item until it is replayed, discarded, or mended by a newer look at the item.
    """


@dead_letters.command(name="list", epilog=EXIT_CODES)
@click.option("--flow", default="", help="Only of this flow.")
@click.option("--code", default="", help="Only with this reason code.")
@click.option("--state", type=click.Choice(STATES), default="open", show_default=True, help="Only in this state.")
@click.option("--limit", type=click.IntRange(1, LIMIT), default=100, show_default=True, help="At most so many.")
@as_json
@reachable
def list_letters(*, flow: str, code: str, state: str, limit: int, as_json: bool) -> None:
    """List dead letters, oldest first."""
    demand_flow(flow)
    demand_code(code)
    letters = find(installation.store(), flow=flow, code=code, state=state, limit=limit)
    if as_json:
        print_json({"dead_letters": [_json(letter) for letter in letters]})
        return
    print_tables(letter_table(letters))


@dead_letters.command(epilog=EXIT_CODES)
@as_json
@reachable
def groups(*, as_json: bool) -> None:
    """Group open dead letters by cause, each group with its cure; the largest first."""
    found = installation.pages().letter_groups()
    if as_json:
        print_json({"groups": [{**vars(group), "cure": cure(group.code)} for group in found]})
        return
    print_tables(group_table(found))


@dead_letters.command(epilog=EXIT_CODES)
@click.argument("letter_id", metavar="ID")
@as_json
@reachable
def show(letter_id: str, *, as_json: bool) -> None:
    """Show one dead letter: what died, why, what cures it, and every attempt at its event's deliveries."""
    letters = find(installation.store(), ids=[letter_id], state="any")
    if not letters:
        fail(f"There is no dead letter {letter_id}.")
    timeline = installation.pages().event_timeline(letters[0].event_id)
    deliveries = timeline.deliveries if timeline else ()
    if as_json:
        print_json({**_json(letters[0]), "deliveries": [delivery.to_json() for delivery in deliveries]})
        return
    print_tables(letter_facts(letters[0]), attempt_table(deliveries))


def _selection(command: Callable[..., None]) -> Callable[..., None]:
    """IDs or a filter, and what every act on letters is told."""
    for option in (
        as_json,
        click.option("--dry-run", is_flag=True, help="Only say which letters it would be."),
        by_option,
        click.option("--code", default="", help="All open ones with this reason code."),
        click.option("--flow", default="", help="All open ones of this flow."),
        click.argument("ids", nargs=-1, metavar="[ID]..."),
    ):
        command = option(command)
    return command


@dead_letters.command(epilog=EXIT_CODES)
@_selection
@click.option(
    "--from-start/--resume",
    "from_start",
    default=True,
    help="Read and plan again with today's mapping (default), or go on with the call that failed.",
)
@click.option("--note", default="", help="Why; kept with the letter.")
@click.option("--plan", "is_plan", is_flag=True, help="Read the targets now and show every call; send nothing.")
@click.option("--apply", "plan_hash", default="", metavar="HASH", help="Do exactly what a plan has shown.")
@reachable
def replay(*, from_start: bool, note: str, is_plan: bool, plan_hash: str, by: str, **selection: Any) -> None:  # noqa: ANN401 - handed on as click gives them
    """Bring dead events back, by ID or by filter; or as a plan has shown it."""
    if plan_hash:
        _demand_nothing_else(from_start=from_start, note=note, is_plan=is_plan, **selection)
        replays.apply(plan_hash, by=by, as_json=selection["as_json"])
    if is_plan:
        if selection["dry_run"] or note:
            raise click.UsageError("A plan sends nothing anyway, and is kept without a note.")
        letters, missed = _meant(selection["ids"], selection["flow"], selection["code"])
        replays.plan(letters, missed, is_resume=not from_start, by=by, as_json=selection["as_json"])
    from pipeline.replay import replay_at_pace  # noqa: PLC0415 - `--help` needs no use case

    at_pace = partial(replay_at_pace, is_resume=not from_start, by=by, note=note, pause=time.sleep)
    _act("replayed", at_pace, **selection)


@dead_letters.command(epilog=EXIT_CODES)
@click.argument("plan_hash", metavar="HASH")
@by_option
@as_json
@reachable
def stop(*, plan_hash: str, by: str, as_json: bool) -> None:
    """Let no further letter of a replay plan go; applying it again goes on where it stood."""
    replays.stop(plan_hash, by=by, as_json=as_json)


@dead_letters.command(epilog=EXIT_CODES)
@_selection
@click.option("--note", required=True, help="Why it may go; kept with the letter.")
@reachable
def discard(*, note: str, by: str, **selection: Any) -> None:  # noqa: ANN401 - handed on as click gives them
    """Let dead events go for good, by ID or by filter; their lines go on."""
    from pipeline.replay import discard as let_go  # noqa: PLC0415 - as above

    _act("discarded", partial(let_go, by=by, note=note), **selection)


def _act(
    done_word: str,
    act: Callable[..., list[Closed]],
    *,
    ids: tuple[str, ...],
    flow: str,
    code: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Do it to every open letter meant; what was meant by ID and is not open any more is named."""
    letters, missed = _meant(ids, flow, code)
    done = [letter.id for letter in letters]
    if not dry_run and letters:
        closed = act(done, ports=installation.wiring().ports)
        done = [each.letter_id for each in closed if each.is_done]
        missed += [each.letter_id for each in closed if not each.is_done]
    if as_json:
        print_json({done_word: done, "missed": missed, "dry_run": dry_run})
    else:
        _tell(done_word, [letter for letter in letters if letter.id in set(done)], missed, dry_run=dry_run)
    sys.exit(Exit.FAILED if missed else Exit.OK)


def _meant(ids: tuple[str, ...], flow: str, code: str) -> tuple[list[Letter], list[str]]:
    """The open letters that are meant, and the IDs that are of none. Raises UsageError for both ways, or neither."""
    if bool(ids) == bool(flow or code):
        raise click.UsageError("Name the letters by ID, or by --flow and --code: one or the other.")
    demand_flow(flow)
    demand_code(code)
    letters = find(installation.store(), ids=ids, flow=flow, code=code, state="open", limit=EVERY)
    return letters, [letter_id for letter_id in ids if letter_id not in {letter.id for letter in letters}]


def _demand_nothing_else(
    *,
    from_start: bool,
    note: str,
    is_plan: bool,
    ids: tuple[str, ...],
    flow: str,
    code: str,
    dry_run: bool,
    **_: Any,  # noqa: ANN401 - how it is shown
) -> None:
    """Raises UsageError for anything beside --apply: the plan says what is done."""
    if not from_start or any((note, is_plan, ids, flow, code, dry_run)):
        raise click.UsageError("A plan is applied as it is: name its hash, and nothing else.")


def _tell(done_word: str, done: Sequence[Letter], missed: Sequence[str], *, dry_run: bool) -> None:
    title = f"Would be {done_word}" if dry_run else done_word.capitalize()
    print_tables(letter_table(done, title))
    for letter_id in missed:
        click.echo(f"{printable(letter_id)} is no open dead letter.", err=True)


def _json(letter: Letter) -> dict[str, object]:
    return {**asdict(letter), "cure": cure(letter.code)}
