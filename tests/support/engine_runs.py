"""Working messages off as Celery would, for tests of the steps: accept, run the chains, take what they publish."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.backoff import RetryPolicy
from pipeline.carry import carry
from pipeline.commands import Command, EndProcess, SetFields
from pipeline.intake import accept
from pipeline.plan import Plan, deliver
from pipeline.ports import Hint, Limits
from pipeline.settle import settle
from pipeline.transform import transform
from pipeline.words import Step
from tests.support.fakes import World, reading

FAST = Limits(late_factor=0.0, bulkhead_wait_s=0.0, retry=RetryPolicy(tries=3, base_s=0.0, cap_s=0.0))


def end_process(number: int | str = 1) -> EndProcess:
    """A command for OpenText."""
    return EndProcess(instance_id=f"i-{number}", reason="withdrawn")


def set_fields(number: int = 1) -> SetFields:
    """A command for Aprimo."""
    return SetFields(object_kind="activity", object_id=number, fields={"activityStateId": 3})


def plans(*commands: Command) -> Callable[..., Plan]:
    """A flow that plans these, whatever it is told."""
    return lambda *_: deliver(*commands)


def put(world: World, *events: object) -> list[Hint]:
    """Accept events and take the hints that would be published."""
    accepted = accept(
        [reading(event) for event in events],  # type: ignore[arg-type] # the helper's callers pass NewEvents
        store=world.store,
        new_id=world.ports.new_id,
        limits=world.ports.limits,
    )
    return list(accepted.hints)


def run(world: World, hints: list[Hint], *, rounds: int = 30) -> None:
    """Work hints off as Celery would, until nothing is published any more; waits are over at once."""
    queue = list(hints)
    for _ in range(rounds):
        if not queue:
            return
        hint = queue.pop(0)
        run_chain(world, hint)
        queue += world.waker.hints
        world.waker.hints = []
    raise AssertionError(f"still busy after {rounds} messages: {queue}")


def run_chain(world: World, hint: Hint) -> None:
    """One message: the chain from its step on."""
    ids = list(hint.event_ids)
    if hint.step is Step.TRANSFORM:
        ids = transform(ids, lane_name=hint.lane, ports=world.ports)
    if hint.step is not Step.SETTLE:
        ids = carry(ids, lane_name=hint.lane, ports=world.ports)
    settle(ids, lane_name=hint.lane, ports=world.ports)
