"""What vendors do on bad days: errors, lost and late answers, throttling, tokens that end, silence."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from console.demo_http import admin
from tests.chaos.checker.gather import OUR_AGENT
from tests.chaos.scene import Scene
from tests.chaos.trouble import Met, Trouble

EARLY_S = 2.0
"""Troubles that need our writes come before most of them have left."""
_WRITES = {
    "aprimo": ({"method": "PUT", "path": "/api/activities/*"},),
    "opentext": (
        {"method": "POST", "path": "/workflow/v1/process-instances"},
        {"method": "POST", "path": "/workflow/v1/process-instances*"},
    ),
}
"""Where our effects take place in the work that is played; the same for every flow that joins."""
_LATE_START_S = 1.5
"""Within the late time of a start, which is 3 s here."""
_SLOW_S = 1.5
_REVOKED_EVERY_S = 1.0
_REFUSED_BODY = {"exceptionMessage": "Attribute 306 is locked by an administrator."}


@dataclass(frozen=True, kw_only=True)
class _Breaking:
    """A rule of a sandbox and what it does: the deed is over when it has met its requests, and they have ended."""

    vendor: str
    rule: dict[str, Any]
    times: int
    lasts_s: float = 0.0

    def __call__(self, scene: Scene) -> Met:
        fault = scene.office.break_route(self.vendor, **{**self.rule, "agent": OUR_AGENT, "times": self.times})
        scene.wait_for(lambda: fault.hits >= 1, what=f"a request to {self.vendor} that {self.rule['kind']} meets")
        scene.is_over.wait(self.lasts_s)
        facts = {"vendor": self.vendor, "status": self.rule.get("status"), "method": self.rule.get("method", "*")}
        return Met(hits=fault.hits, facts=facts)


def error(chance: random.Random) -> Trouble:
    """One or two writes end with a status that says nothing of their effect."""
    vendor = chance.choice(list(_WRITES))
    status = chance.choice([500, 502, 503, 504])
    kind = "html" if status == 502 else "status"
    rule = {**chance.choice(_WRITES[vendor]), "kind": kind, "status": status}
    return _broken("error", f"{vendor} answers {status}", chance, _Breaking(vendor=vendor, rule=rule, times=2))


def refusal(chance: random.Random) -> Trouble:
    """Aprimo refuses one write for good: a dead letter, which the operator replays."""
    rule = {**_WRITES["aprimo"][0], "kind": "status", "status": 400, "body": _REFUSED_BODY}
    return _broken("refusal", "Aprimo refuses a write", chance, _Breaking(vendor="aprimo", rule=rule, times=1))


def dropped(chance: random.Random) -> Trouble:
    """Writes take effect and their answers are lost."""
    vendor = chance.choice(list(_WRITES))
    rule = {**chance.choice(_WRITES[vendor]), "kind": "drop"}
    what = f"{vendor} does it and does not answer"
    return _broken("dropped answer", what, chance, _Breaking(vendor=vendor, rule=rule, times=chance.choice([1, 2])))


def late(chance: random.Random) -> Trouble:
    """Starts take effect only after their connections broke."""
    rule = {**_WRITES["opentext"][0], "kind": "late", "delay_s": chance.uniform(0.2, _LATE_START_S)}
    breaking = _Breaking(vendor="opentext", rule=rule, times=chance.choice([1, 2]), lasts_s=_LATE_START_S)
    return Trouble(kind="late effect", what="a start takes effect after its answer was lost", at_s=0.0, act=breaking)


def cut(chance: random.Random) -> Trouble:
    """Answers break off in the middle."""
    vendor = chance.choice(list(_WRITES))
    rule = {**chance.choice(_WRITES[vendor]), "kind": "cut"}
    return _broken(
        "cut answer", f"{vendor}'s answer breaks off", chance, _Breaking(vendor=vendor, rule=rule, times=2)
    )


def slow(chance: random.Random) -> Trouble:
    """Answers take long, before or after the effect."""
    vendor = chance.choice(list(_WRITES))
    rule = {"kind": chance.choice(["delay", "slow_body"]), "delay_s": chance.uniform(0.5, _SLOW_S)}
    breaking = _Breaking(vendor=vendor, rule=rule, times=chance.randint(2, 5), lasts_s=_SLOW_S)
    return _broken("slow answer", f"{vendor} answers slowly", chance, breaking)


def throttled(chance: random.Random) -> Trouble:
    """A few 429, with and without a wait named."""
    vendor = chance.choice(list(_WRITES))
    headers = chance.choice([{"Retry-After": "1"}, {}])
    rule = {"kind": "status", "status": 429, "headers": headers}
    breaking = _Breaking(vendor=vendor, rule=rule, times=chance.randint(1, 4), lasts_s=1.0)
    return _broken("throttling", f"{vendor} answers 429", chance, breaking)


def token_over(chance: random.Random) -> Trouble:
    """Every token is worthless at once."""
    vendor = chance.choice(list(_WRITES))

    def revoke(scene: Scene) -> Met:
        before = _refused(scene, vendor)

        def met() -> int:
            # Again and again: at the first time our processes may not have had a token yet.
            admin(scene.urls[vendor], "POST", "tokens/revoke")
            scene.is_over.wait(_REVOKED_EVERY_S)
            return _refused(scene, vendor) - before

        return Met(hits=scene.wait_for(met, what=f"a 401 of {vendor}"), facts={"vendor": vendor})

    return Trouble(kind="token expiry", what=f"{vendor}'s tokens end", at_s=chance.uniform(0.5, 4.0), act=revoke)


def down(chance: random.Random) -> Trouble:
    """One vendor answers nothing but 503 for a while."""
    vendor, for_s = chance.choice(list(_WRITES)), chance.uniform(1.0, 2.5)

    def silence(scene: Scene) -> Met:
        rule = {"kind": "status", "status": 503, "agent": OUR_AGENT, "times": None}
        fault = scene.office.break_route(vendor, **rule)
        time.sleep(for_s)
        hits = scene.wait_for(lambda: fault.hits, what=f"a request to {vendor} while it is down")
        admin(scene.urls[vendor], "DELETE", f"faults/{fault.id}")
        return Met(hits=hits, facts={"vendor": vendor, "status": 503, "method": "*"})

    return Trouble(kind="vendor down", what=f"{vendor} is down {for_s:.1f} s", at_s=chance.uniform(1, 5), act=silence)


def _broken(kind: str, what: str, chance: random.Random, act: Callable[[Scene], Met]) -> Trouble:
    return Trouble(kind=kind, what=what, at_s=chance.uniform(0.0, EARLY_S), act=act)


def _refused(scene: Scene, vendor: str) -> int:
    rows = admin(scene.urls[vendor], "GET", f"requests?agent={OUR_AGENT}")["routes"]
    return sum(int(row["count"]) for row in rows if row["status"] == 401)
