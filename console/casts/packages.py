"""Flow 6 on the stage: packages of approved assets that are released, one of them with an asset more midway."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from console.casts.dam import Dam
from console.casts.drama import (
    Act,
    Drama,
    Sight,
    Story,
    answers,
    is_told,
    wrong_fields,
    wrong_revisions,
)
from console.casts.objects import Objects
from console.casts.play import Company

_NAMES = {"records": 360, "channels": 361, "release_on": 362, "guard": 363, "message": 383}
_READY, _RELEASED, _REJECTED = 2, 5, 6
_PLAIN, _REFUSED, _EXTENDED = "P1 Spring package", "P2 Draft package", "P3 Fair package"
_OUTCOMES = {_PLAIN: "released", _REFUSED: "rejected", _EXTENDED: "an_asset_added_and_released"}
_RELEASE = "Released"


class Packages:
    """Three packages for the channel Web."""

    flow = "publication"
    process_key = "contentPackage"

    def __init__(self, company: Company) -> None:
        self._dam = Dam(company.marketers.any)
        self._objects = Objects(company.marketers.any, "generic-object-bravo", _NAMES)
        self.stories: tuple[Story, ...] = tuple(
            Story(name=name, outcome=outcome, acts=(self._extend(),) if name == _EXTENDED else ())
            for name, outcome in _OUTCOMES.items()
        )

    def write(self, story: Story) -> str:
        """A package of one approved asset, ready for release at once."""
        return self._objects.make(
            name=story.name, status=_READY, records=self._approved(f"{story.name}, page"), channels="Web"
        )

    def key(self, item: str) -> str:
        """The package's business key."""
        return f"aprimo:generic_object_bravo:{item}"

    def look(self, item: str) -> dict[str, str]:
        """What the package shows, and the states of its records."""
        shown = self._objects.shown(item)
        records = shown["records"].split("; ")
        states = [self._dam.values(record, "ReleaseState")["ReleaseState"] for record in records]
        return {**shown, "released": "; ".join(states)}

    def rules(self) -> list[dict[str, Any]]:
        """Everybody approves, but for one final approval, and one that waits for the asset that is added."""
        refusal = {"who": "final_approval.one@example.test", "outcome": "rejected"}
        return [
            {"when": {"task": "final_approval", "name_contains": _REFUSED}, **refusal},
            {"when": {"task": "final_approval", "name_contains": _EXTENDED, "revision": 1}, "never": True},
            *answers("approved", "content", "channel_owner", "final_approval"),
        ]

    def wrong(self, story: Story, sight: Sight) -> Iterator[str]:
        """Released, every record of it, after a final approval of exactly these records; or nothing at all."""
        is_refused = story.name == _REFUSED
        count = len(sight.shown["records"].split("; "))
        state = "" if is_refused else _RELEASE
        yield from wrong_fields(
            sight, status=str(_REJECTED if is_refused else _RELEASED), released="; ".join([state] * count)
        )
        yield from wrong_revisions(sight, 2 if story.name == _EXTENDED else 1)
        records = sight.last.variables.get("records") if sight.last else ()
        if len(records or ()) != count:
            yield f"the process was about {len(records or ())} records, the package about {count}"

    def _extend(self) -> Act:
        def extend(item: str, sight: Sight) -> None:
            records = sight.shown["records"] if sight.shown else self._objects.shown(item)["records"]
            self._objects.put(item, records=f"{records}; {self._approved('P3 Fair package, poster')}")

        return Act(when=is_told("final_approval"), does=extend, says="an asset is added before the final approval")

    def _approved(self, title: str) -> str:
        """A record whose latest version is approved."""
        record = self._dam.make(title.encode(), Title=title)
        version = self._dam.latest_version(record)
        self._dam.write(record, ReviewState=["Approved"], ApprovalState=["Approved"], ApprovedVersion=version)
        return record


def play(company: Company) -> Drama:
    """The flow's play."""
    return Drama(Packages(company), company)
