"""Flow 8 on the stage: campaigns that are over, whose reviews are signed off, sent back once, or refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from console.casts.dam import Dam
from console.casts.drama import Drama, Sight, Story, answers, wrong_fields, wrong_revisions
from console.casts.play import Company
from console.demo_scenario import PACE

_NAMES = {"case": 370, "message": 371, "assets": 372, "summary": 373, "period": 374}
_ASSET = ("Score", "Verdict", "Findings", "NeedsRevision", "RetireProposal")
_CAMPAIGN_TYPE_ID, _IN_PRODUCTION, _OWNER_ID = 17, 3, 88
_OVER_FOR = timedelta(days=13)
"""How long a campaign is over, in the time of the office: its review begins after 14 days."""
_SIGNED, _BACK, _REFUSED = "I1 Spring launch", "I2 City marathon", "I3 Trade days"
_OUTCOMES = {_SIGNED: "signed_off", _BACK: "sent_back_and_signed_off", _REFUSED: "refused"}
_VERDICTS: Mapping[str, tuple[str, ...]] = {_SIGNED: ("reuse", "retire"), _BACK: ("revise",), _REFUSED: ("reuse",)}
_SCORES = {"reuse": "82.5", "revise": "48.5", "retire": "12.5"}
_FINDINGS = {"reuse": "Clicked by many.", "revise": "Too dark.", "retire": "Nobody looked."}


class Insights:
    """Three campaigns with their assets."""

    flow = "performance_insight"
    process_key = "performanceReview"

    def __init__(self, company: Company) -> None:
        self._caller = company.marketers.any
        self._dam = Dam(company.marketers.any)
        self._assets: dict[str, list[str]] = {}
        self.stories = tuple(Story(name=name, outcome=outcome) for name, outcome in _OUTCOMES.items())

    def write(self, story: Story) -> str:
        """A campaign that is over, with an asset for each verdict; its review is due in a few seconds."""
        titles = [f"{story.name}, asset {number + 1}" for number in range(len(_VERDICTS[story.name]))]
        assets = [self._dam.make(title.encode(), Title=title) for title in titles]
        self._assets[story.name] = assets
        end = datetime.now(UTC) - _OVER_FOR / PACE
        body = {
            "name": story.name,
            "activityTypeId": _CAMPAIGN_TYPE_ID,
            "activityStateId": _IN_PRODUCTION,
            "ownerId": _OWNER_ID,
            "beginDate": (end - timedelta(days=90)).strftime("%Y-%m-%dT00:00:00"),
            "endDate": end.strftime("%Y-%m-%dT%H:%M:%S"),
            f"extrAttr{_NAMES['assets']}": "; ".join(assets),
        }
        return str(self._caller.call("POST", "/api/activities", body)["activityId"])

    def key(self, item: str) -> str:
        """The campaign's business key."""
        return f"aprimo:activity:{item}"

    def look(self, item: str) -> dict[str, str]:
        """What the campaign shows; of its assets what was found of each, a line each."""
        body = self._caller.call("GET", f"/api/activities/{item}")
        values = {each["eaId"]: each["eaValue"] for each in body["extendedAttributes"]}
        shown = {name: str(values.get(ea_id) or "") for name, ea_id in _NAMES.items()}
        found = [self._dam.values(record, *_ASSET) for record in shown["assets"].split("; ")]
        return {**shown, "found": "\n".join(" · ".join(each.values()) for each in found)}

    def rules(self) -> list[dict[str, Any]]:
        """Analysts write a result for each asset; one lead sends them back once, one refuses them."""
        lead = "sign_off.one@example.test"
        back = {"who": lead, "outcome": "changes_requested", "comment": "Say what was wrong with it."}
        once = {**back, "then": [{"outcome": "approved", "comment": "Now it is clear."}]}
        refusal = {"who": lead, "outcome": "rejected", "comment": "The figures are not complete."}
        return [
            *(self._assessed(name) for name in _OUTCOMES),
            {"when": {"task": "sign_off", "name_contains": _BACK}, **once},
            {"when": {"task": "sign_off", "name_contains": _REFUSED}, **refusal},
            *answers("approved", "sign_off"),
        ]

    def wrong(self, story: Story, sight: Sight) -> Iterator[str]:
        """Each asset shows what the review in OpenText found of it, or nothing where that was refused."""
        yield from wrong_revisions(sight, 1)
        verdicts, is_refused = _VERDICTS[story.name], story.name == _REFUSED
        results = _results(sight)
        if [each["verdict"] for each in results] != list(verdicts):
            yield f"OpenText has the results {results}, not {', '.join(verdicts)}"
        message = "Rejected, revision 1. No result was taken over." if is_refused else "Signed off, revision 1"
        lines = [f"{each['recordId']} · {each['verdict']} · {each['score']}" for each in results]
        found = [_nothing() if is_refused else _found(each) for each in results]
        yield from wrong_fields(
            sight, message=message, summary="" if is_refused else "\n".join(lines), found="\n".join(found)
        )
        rounds = sum(task.key == "sign_off" and task.is_decided for task in sight.last.tasks) if sight.last else 0
        if rounds != (2 if story.name == _BACK else 1):
            yield f"the lead answered {rounds} times"

    def _assessed(self, name: str) -> dict[str, Any]:
        results = [
            {"recordId": record, "score": _SCORES[verdict], "verdict": verdict, "findings": _FINDINGS[verdict]}
            for record, verdict in zip(self._assets[name], _VERDICTS[name], strict=True)
        ]
        written = {"outcome": "done", "variables": {"results": results}}
        return {
            "when": {"task": "assessment", "name_contains": name},
            "who": "assessment.one@example.test",
            **written,
        }


def play(company: Company) -> Drama:
    """The flow's play."""
    return Drama(Insights(company), company)


def _results(sight: Sight) -> list[dict[str, str]]:
    """What the analysts wrote, as OpenText holds it."""
    return list(sight.last.variables.get("results") or ()) if sight.last else []


def _found(result: Mapping[str, str]) -> str:
    """What an asset must show of its result, in the order of `_ASSET`."""
    verdict = result["verdict"]
    flags = ("Yes" if verdict == "revise" else "No", "Yes" if verdict == "retire" else "No")
    return " · ".join((result["score"], verdict.capitalize(), result["findings"], *flags))


def _nothing() -> str:
    """What an asset shows of which nothing was found."""
    return " · ".join("" for _ in _ASSET)
