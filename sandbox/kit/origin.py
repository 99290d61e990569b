"""Who is asking, and by which route, for as long as one request is handled.

`front.Front` sets method and route, the vendor's token check adds the actor, `history` reads all three.
People who act inside a sandbox (not over HTTP) name an origin of their own with `acting`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a state change comes from; actor is a user id or an e-mail, "" where nobody is known."""

    actor: str = ""
    method: str = "SANDBOX"
    route: str = ""


_current: ContextVar[Origin] = ContextVar("origin")
_NOBODY = Origin()


def current() -> Origin:
    """Give the origin of what is happening now."""
    return _current.get(_NOBODY)


def name_actor(actor: str) -> None:
    """Add the actor to the request being handled, once the token has told who it is."""
    _current.set(replace(current(), actor=actor))


@contextmanager
def acting(origin: Origin) -> Iterator[None]:
    """Everything inside comes from this origin."""
    token = _current.set(origin)
    try:
        yield
    finally:
        _current.reset(token)
