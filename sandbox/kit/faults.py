"""Rules that make chosen requests fail on purpose, switched on while the sandbox runs.

Kinds: `status` answers before any effect; `delay` waits, then does it; `drop` does it and closes the
connection without one byte of answer; `late` closes at once and does it `delay_s` later; `html` is a
gateway's 502 page; `null` a 401 (or other status) whose body is `null`; `cut` does it and breaks off in the
middle of the answer; `slow_body` does it and spreads the answer over `delay_s`.
"""

import fnmatch
import random
from dataclasses import asdict, dataclass, field, fields
from typing import Any

KINDS = frozenset({"status", "delay", "drop", "late", "html", "null", "cut", "slow_body"})


class FaultError(ValueError):
    """A rule that cannot be understood; the message says why."""


@dataclass(kw_only=True)
class Fault:
    """One rule: `skip` spares the first matches, `times` ends it after that many hits, `share` is a chance.

    `path` is an fnmatch pattern (its `*` also matches `/`), `agent` one of the User-Agent header (Signoff's own
    calls say `signoff`), `match` a text the request body must contain.
    """

    kind: str
    method: str = "*"
    path: str = "*"
    agent: str = "*"
    match: str = ""
    status: int | None = None
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 1.0
    times: int | None = None
    skip: int = 0
    share: float = 1.0
    id: int = 0
    hits: int = 0

    def concerns(self, method: str, path: str, agent: str, body: bytes) -> bool:
        """Whether a request is one this rule is about."""
        return (
            self.method in ("*", method)
            and fnmatch.fnmatchcase(path, self.path)
            and fnmatch.fnmatchcase(agent, self.agent)
            and self.match.encode() in body
            and (self.times is None or self.hits < self.times)
        )


class Faults:
    """The rules of one sandbox; the first that hits is applied. Used from the event loop only."""

    def __init__(self, *, seed: int | None = None) -> None:
        self._chance = random.Random(seed)  # noqa: S311 -- Chance for tests, not for secrets.
        self._rules: list[Fault] = []
        self._last_id = 0

    def add(self, wanted: dict[str, Any]) -> Fault:
        """Switch a rule on; raises FaultError where it cannot be understood."""
        known = {each.name for each in fields(Fault)} - {"id", "hits"}
        unknown = sorted(set(wanted) - known)
        if unknown:
            raise FaultError(f"unknown keys: {', '.join(unknown)}; known: {', '.join(sorted(known))}")
        if wanted.get("kind") not in KINDS:
            raise FaultError(f"kind is one of {', '.join(sorted(KINDS))}")
        if wanted["kind"] == "status" and "status" not in wanted:
            raise FaultError("a fault of kind status needs the status to answer")
        self._last_id += 1
        rule = Fault(**{**wanted, "id": self._last_id})
        self._rules.append(rule)
        return rule

    def pick(self, method: str, path: str, agent: str, body: bytes) -> Fault | None:
        """Give the rule that hits this request, and count it; None lets it pass."""
        for rule in self._rules:
            if not rule.concerns(method, path, agent, body):
                continue
            if rule.skip > 0:
                rule.skip -= 1
                continue
            if rule.share < 1.0 and self._chance.random() >= rule.share:
                continue
            rule.hits += 1
            return rule
        return None

    def as_json(self) -> list[dict[str, Any]]:
        """All rules with their hits so far."""
        return [asdict(rule) for rule in self._rules]

    def remove(self, rule_id: int) -> bool:
        """Switch one rule off; False when there is none of that id."""
        kept = [rule for rule in self._rules if rule.id != rule_id]
        was_there = len(kept) != len(self._rules)
        self._rules = kept
        return was_there

    def clear(self) -> None:
        """Switch all rules off."""
        self._rules.clear()
