"""What the commands for replay plans do and show: every call with its differences, and what came of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import click

from console import installation
from console.exits import Exit
from console.shown import fail, print_json, print_tables
from console.tables import Table, printable
from pipeline.changes import Change, as_text
from pipeline.errors import PipelineError, StoreAwayError
from pipeline.ports import Letter, ReplayItem, ReplayPlan, Store
from pipeline.words import ReplayState

if TYPE_CHECKING:
    from pipeline.replay_waits import Patience


def plan(letters: Sequence[Letter], missed: Sequence[str], *, is_resume: bool, by: str, as_json: bool) -> NoReturn:
    """Read now what these letters are about, keep what replaying them would come to, and show it."""
    from pipeline.replay_plans import make  # noqa: PLC0415 - `--help` needs no use case

    wired = installation.wiring_on_database()
    planned = partial(make, letters, is_resume=is_resume, by=by, at=datetime.now(UTC), words=wired.words)
    try:
        made = planned(ports=wired.ports, patience=_patience())
    except StoreAwayError:
        raise
    except PipelineError as err:
        fail(f"There is no plan, because what the letters are about cannot be read: {err}")
    if as_json:
        print_json({**asdict(made), "missed": list(missed)})
    else:
        _show(made)
        for letter_id in missed:
            click.echo(f"{printable(letter_id)} is no open dead letter.", err=True)
    sys.exit(Exit.FAILED if missed else Exit.OK)


def apply(plan_hash: str, *, by: str, as_json: bool) -> NoReturn:
    """Do what a plan says; exit code 1 where a letter was refused, somebody stopped it, or a system stays away."""
    from pipeline import replay_runs  # noqa: PLC0415 - as above

    wired = installation.wiring_on_database()
    try:
        applied = replay_runs.apply(plan_hash, by=by, words=wired.words, ports=wired.ports, patience=_patience())
    except StoreAwayError:
        raise
    except PipelineError as err:
        _tell_where(wired.store, plan_hash)
        fail(f"Apply the plan again to go on from there. The next letter cannot be read: {err}")
    if applied is None:
        fail(f"There is no replay plan {plan_hash}.")
    if not applied.items:
        fail(f"Replay plan {plan_hash} holds no letters, or none any more: make it again with --plan.")
    if as_json:
        print_json(outcome(applied))
    else:
        print_tables(*outcome_tables(applied))
    sys.exit(Exit.FAILED if applied.refused or applied.state is not ReplayState.APPLIED else Exit.OK)


def stop(plan_hash: str, *, by: str, as_json: bool) -> None:
    """Stop a plan, and say how far it came."""
    from pipeline import replay_runs  # noqa: PLC0415 - as above

    wired = installation.wiring_on_database()
    if not replay_runs.stop(plan_hash, by=by, ports=wired.ports):
        fail(f"No replay plan {plan_hash} is being applied.")
    stopped = wired.store.run(lambda tx: tx.replays.find(plan_hash))
    if stopped is not None and as_json:
        print_json(outcome(stopped))
    elif stopped is not None:
        click.echo(f"Plan {plan_hash} is stopped: {stopped.done_to} of {len(stopped.items)} letters were dealt with.")


def _patience() -> Patience:
    """Waiting that a person is told of."""
    from pipeline.replay_waits import Patience  # noqa: PLC0415 - as above

    def tell(error: PipelineError, wait_s: float) -> None:
        click.echo(printable(f"It waits, and reads again in {wait_s:.0f} s: {error}"), err=True)

    return Patience(pause=time.sleep, tell=tell)


def _tell_where(store: Store, plan_hash: str) -> None:
    found = store.run(lambda tx: tx.replays.find(plan_hash))
    if found is not None:
        click.echo(f"{found.done_to} of {len(found.items)} letters were dealt with.", err=True)


def outcome(applied: ReplayPlan) -> dict[str, Any]:
    """What came of a plan so far, for programs."""
    return {
        "plan": applied.hash,
        "state": applied.state,
        "letters": len(applied.items),
        "done_to": applied.done_to,
        "replayed": [item.letter_id for item in _replayed(applied)],
        "refused": dict(applied.refused),
    }


def outcome_tables(applied: ReplayPlan) -> tuple[Table, ...]:
    """What came of a plan so far, for people."""
    items = {item.letter_id: item for item in applied.items}
    facts = (
        ("plan", applied.hash),
        ("state", applied.state),
        ("dealt with", f"{applied.done_to} of {len(applied.items)}"),
        ("replayed", len(_replayed(applied))),
        ("left as they are", len(applied.refused)),
    )
    left = tuple((letter_id, items[letter_id].subject, why) for letter_id, why in applied.refused.items())
    return (
        Table(title="Replay plan", rows=facts),
        Table(title="Left as they are", columns=("letter", "item", "why"), rows=left),
    )


def tables(made: ReplayPlan) -> tuple[Table, ...]:
    """A plan for people: each letter, each call with its differences, and what was changed meanwhile."""
    conflicts = tuple((item.letter_id, conflict) for item in made.items for conflict in item.conflicts)
    return (
        Table(
            title=f"Replay plan {made.hash}",
            columns=("letter", "item", "from", "verdict", "why"),
            rows=tuple(map(_row, made.items)),
        ),
        Table(
            title="Would be sent",
            columns=("letter", "command", "target", "what", "name", "now", "then", "note"),
            rows=tuple(row for item in made.items if not item.left for row in _calls(item)),
        ),
        Table(title="Changed since they died", columns=("letter", "what"), rows=conflicts),
    )


def _row(item: ReplayItem) -> tuple[object, ...]:
    why = "; ".join(part for part in (item.reason, item.hint, item.left) if part)
    step = "the failed step" if item.resumes else "the first step"
    return (item.letter_id, item.subject, step, item.verdict or "left as it is", why)


def _calls(item: ReplayItem) -> Iterator[tuple[object, ...]]:
    for call in item.calls:
        for change in call.changes or (Change(what="", name="", now=None, then=None),):
            values = (change.what, change.name, as_text(change.now), as_text(change.then))
            yield (item.letter_id, call.command, call.target, *values, call.note)


def _show(made: ReplayPlan) -> None:
    if not made.items:
        click.echo("No open dead letter is chosen, so there is nothing to plan.")
        return
    print_tables(*tables(made))
    many = sum(not item.left for item in made.items)
    if many:
        click.echo(f"\nNothing was sent. To replay {many} of {len(made.items)} exactly so:")
        click.echo(f"signoff dead-letters replay --apply {made.hash}")


def _replayed(applied: ReplayPlan) -> list[ReplayItem]:
    return [item for item in applied.items[: applied.done_to] if item.letter_id not in applied.refused]
