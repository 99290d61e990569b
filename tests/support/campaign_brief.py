"""What a campaign brief's process is started with."""

from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[2] / "config" / "processes" / "campaignBrief.bpmn"
ITEM = "aprimo:activity:5012"
DUE = "2026-01-14T17:00:00Z"


def brief_variables(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON.
    """Every variable of the process, by name; encrypted ones too."""
    return {
        "signoffEffect": "start:campaign_brief:5012:1",
        "signoffItem": ITEM,
        "signoffRevision": 1,
        "signoffCallback": "",
        "signoffToken": "one-time-token",
        "briefName": "Spring",
        "briefDescription": "Spring campaign",
        "budget": "12000.00",
        "currency": "EUR",
        "audience": "Families",
        "channels": "web; print",
        "beginDate": "2026-03-01",
        "endDate": "2026-04-01",
        "requester": "requester.one@example.test",
        "aprimoLink": "https://aprimo.example.test/5012",
        "regions": ["DACH", "Nordics"],
        "brandGroup": "Brand",
        "legalGroup": "Legal",
        "financeGroup": "Finance",
        "regionalPrefix": "Regional ",
        "brandLeads": "Brand leads",
        "legalLeads": "Legal leads",
        "financeLeads": "Finance leads",
        "regionalLeads": "Regional leads",
        "brandDue": DUE,
        "legalDue": DUE,
        "financeDue": DUE,
        "regionalDue": DUE,
        **changes,
    }


def wire_variables(**changes: Any) -> list[dict[str, Any]]:  # noqa: ANN401 -- JSON.
    """The same as the list of a request body."""
    kinds = {"signoffRevision": "integer", "regions": "json"}
    return [
        {
            "name": name,
            "type": kinds.get(name, "string"),
            "value": value,
            "encryption": name == "signoffToken",
        }
        for name, value in brief_variables(**changes).items()
    ]
