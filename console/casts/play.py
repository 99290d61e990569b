"""What a flow's play is to the demo, and everybody who acts in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from console.demo_http import Caller
from console.demo_marketers import Marketers, Reviewers
from console.demo_play import Tell
from console.demo_reading import Process


@dataclass(frozen=True, kw_only=True)
class Company:
    """Everybody who acts. opentext: somebody who reads there. tell: where it is said what somebody did."""

    marketers: Marketers
    reviewers: Reviewers
    opentext: Caller
    tell: Tell


class Play(Protocol):
    """One flow on the stage: its items, what people do with them, and what both systems show of them."""

    @property
    def flow(self) -> str:
        """The flow's name."""

    def write(self) -> None:
        """Lets marketers write all items."""

    def rules(self) -> list[dict[str, Any]]:
        """What reviewers do of themselves, as rules of the OpenText sandbox's scenario; asked for after `write`."""

    def turn(self) -> None:
        """Looks at both systems once, and lets everybody act who sees what they waited for."""

    @property
    def is_over(self) -> bool:
        """Whether every item has ended as it must."""

    def look_again(self) -> None:
        """Looks at every item, also at those that were over."""

    def complaints(self) -> list[str]:
        """What does not fit, as sentences that name their items."""

    def figures(self) -> dict[str, Any]:
        """What the flow came to, for the summary."""


def carried(sides: Iterable[tuple[Sequence[Process], str]]) -> dict[str, Any]:
    """What went through, counted where it arrived: processes, decided reviews, comments by where they went.

    sides: of each item its processes in OpenText, and the comments that Aprimo shows. A review that went away, a
    lead's task and a comment that did not arrive are not counted.
    """
    seen = list(sides)
    processes = [process for each, _ in seen for process in each]
    tasks = [task for process in processes for task in process.tasks if task.is_decided]
    comments = [comment for process in processes for comment in process.comments]
    return {
        "processes": len(processes),
        "reviews": sum(not task.key.endswith("_lead") for task in tasks),
        "comments": {
            "to_opentext": sum(comment.is_carried for comment in comments),
            "to_aprimo": sum(_comments_in_aprimo(each, shown) for each, shown in seen),
        },
    }


def _comments_in_aprimo(processes: Iterable[Process], shown: str) -> int:
    """How many comments of people in OpenText stand in Aprimo, with author and text."""
    lines = shown.splitlines()
    said = [comment for process in processes for comment in process.comments if not comment.is_carried]
    return sum(any(each.author in line and each.text in line for line in lines) for each in said)
