"""The demo's summary: one JSON object whose figures come from both sandboxes and from our own commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from console import demo_verdict
from console.demo_http import admin
from console.demo_play import Role
from console.demo_reading import Seen
from console.demo_repair import Letters
from console.demo_settings import BUDGETS_PER_S

FLOW = "campaign_brief"
_THROTTLED = 429
_WANTED = Letters(seen=1, replayed=1, open=0)


def summary(roles: Sequence[Role], letters: Letters, calls: Mapping[str, Any], *, seconds: float) -> dict[str, Any]:
    """The summary. ok: every brief agrees, and the one dead letter that was made was replayed."""
    briefs = [demo_verdict.as_json(role.brief, role.seen) for role in roles if role.seen]
    agree = sum(brief["agree"] for brief in briefs)
    return {
        "ok": agree == len(roles) and letters == _WANTED,
        "seconds": round(seconds, 1),
        "flows": {
            FLOW: {
                "items": len(roles),
                "agree": agree,
                **carried([role.seen for role in roles if role.seen]),
                "outcomes": dict(Counter(role.brief.story.value for role in roles)),
                "briefs": briefs,
            }
        },
        "dead_letters": asdict(letters),
        "calls": dict(calls),
        "budgets": {f"{vendor}_per_s": rate for vendor, rate in BUDGETS_PER_S.items()},
    }


def carried(seen: Sequence[Seen]) -> dict[str, Any]:
    """What went through, counted where it arrived: processes, decided reviews, comments by where they went."""
    processes = [process for each in seen for process in each.processes]
    reviews = [task for process in processes for task in process.tasks if task.is_review and task.is_decided]
    to_opentext = [comment for process in processes for comment in process.comments if comment.is_carried]
    return {
        "processes": len(processes),
        "reviews": len(reviews),
        "comments": {"to_opentext": len(to_opentext), "to_aprimo": sum(map(_comments_in_aprimo, seen))},
    }


def calls_of(base: str) -> dict[str, Any]:
    """How often one sandbox was asked, by everybody: in all, in its busiest second, refused as too many, by route."""
    counted = admin(base, "GET", "requests")
    by_route: Counter[str] = Counter()
    for row in counted["routes"]:
        by_route[f"{row['method']} {row['route']}"] += row["count"]
    return {
        "total": counted["total"],
        "peak_per_s": counted["peak_per_s"],
        "throttled": sum(row["count"] for row in counted["routes"] if row["status"] == _THROTTLED),
        "by_route": dict(sorted(by_route.items())),
    }


def _comments_in_aprimo(seen: Seen) -> int:
    """How many comments of people in OpenText stand in Aprimo, with author and text."""
    lines = seen.item.comments.splitlines()
    said = [comment for process in seen.processes for comment in process.comments if not comment.is_carried]
    return sum(any(each.author in line and each.text in line for line in lines) for each in said)
