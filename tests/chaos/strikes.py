"""What acts at failpoints: orders are files in a folder, so that a test gives them while the processes run.

An order is carried out once, by whichever process comes to its place first: that one takes the file away. What was
carried out is noted beside it before the deed, because a killed process can note nothing.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from uuid import uuid4

from pipeline.failpoints import Point, Strike


class Action(StrEnum):
    """What is done to the process that comes by."""

    KILL = "kill"
    """SIGKILL to itself: of a worker, the child that carries."""
    KILL_WORKER = "kill_worker"
    """SIGKILL to its parent and itself: the whole worker."""
    STOP = "stop"
    """SIGSTOP to its parent and itself, until somebody lets them go on."""
    SLEEP = "sleep"
    RAISE = "raise"


class StruckError(Exception):
    """Raised at a failpoint on purpose."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """Act once at a place. kind: only where a command of that kind is concerned; share: the chance at each pass."""

    point: Point
    action: Action = Action.KILL
    kind: str = ""
    share: float = 1.0
    seed: int = 0
    sleep_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Struck:
    """An order that was carried out: by which process, when (seconds since the epoch), at commands of which kinds."""

    order: Order
    pid: int
    at: float
    kinds: tuple[str, ...]


class Orders:
    """The folder in which orders are given and noted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for each in (folder / "given", folder / "taken"):
            each.mkdir(parents=True, exist_ok=True)

    def give(self, order: Order) -> None:
        """Let an order be carried out once; whole when it can be seen."""
        name = f"{order.point}@{uuid4().hex}"
        fresh = self.folder / name
        fresh.write_text(json.dumps(asdict(order)), encoding="utf-8")
        fresh.rename(self.folder / "given" / name)

    def withdraw(self) -> list[str]:
        """Take back what nobody has carried out yet; gives the places."""
        left = sorted((self.folder / "given").iterdir())
        return [path.name.partition("@")[0] for path in left if _is_taken(path, self.folder / "withdrawn")]

    def struck(self) -> list[Struck]:
        """What was carried out, in order."""
        notes = self.folder / "struck"
        lines = notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []
        return [_struck(json.loads(line)) for line in lines]


def striker(folder: Path) -> Strike:
    """A strike that carries out the orders of a folder."""
    passes = itertools.count()

    def strike(point: Point, kinds: tuple[str, ...]) -> None:
        for path in sorted((folder / "given").glob(f"{point}@*")):
            order = _read(path)
            if order is None or (order.kind and order.kind not in kinds):
                continue
            chance = random.Random(f"{order.seed}/{next(passes)}")
            if chance.random() < order.share and _is_taken(path, folder / "taken"):
                _note(folder, order, kinds)
                _DEEDS[order.action](order)

    return strike


def _read(path: Path) -> Order | None:
    """The order; None when another process was faster."""
    try:
        return _order(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def _order(found: dict[str, object]) -> Order:
    return Order(**{**found, "point": Point(str(found["point"])), "action": Action(str(found["action"]))})  # type: ignore[arg-type] # as it was written


def _struck(found: dict[str, object]) -> Struck:
    order = _order(found.pop("order"))  # type: ignore[arg-type] # as it was written
    return Struck(order=order, **{**found, "kinds": tuple(found["kinds"])})  # type: ignore[arg-type] # as above


def _is_taken(path: Path, to: Path) -> bool:
    to.mkdir(exist_ok=True)
    try:
        path.rename(to / path.name)
    except FileNotFoundError:
        return False
    return True


def _note(folder: Path, order: Order, kinds: tuple[str, ...]) -> None:
    line = json.dumps(asdict(Struck(order=order, pid=os.getpid(), at=time.time(), kinds=kinds)))
    notes = os.open(folder / "struck", os.O_APPEND | os.O_CREAT | os.O_WRONLY)
    os.write(notes, f"{line}\n".encode())
    os.close(notes)


def _kill(_: Order) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _kill_worker(_: Order) -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def _stop(_: Order) -> None:
    os.kill(os.getppid(), signal.SIGSTOP)
    os.kill(os.getpid(), signal.SIGSTOP)


def _sleep(order: Order) -> None:
    time.sleep(order.sleep_s)


def _raise(order: Order) -> None:
    raise StruckError(f"struck at {order.point}")


_DEEDS: dict[Action, Callable[[Order], None]] = {
    Action.KILL: _kill,
    Action.KILL_WORKER: _kill_worker,
    Action.STOP: _stop,
    Action.SLEEP: _sleep,
    Action.RAISE: _raise,
}
