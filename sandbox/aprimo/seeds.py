"""What the sandbox tenant is born with: clients, people, types, states and extended attributes.

An administrator sets these in a real tenant; they have no write route here.
"""

from dataclasses import dataclass
from typing import Any

INTEGRATION_USER = 91

CLIENTS: dict[str, tuple[str, int]] = {
    "signoff": ("sandbox-secret", INTEGRATION_USER),
    "marketer-88": ("sandbox-secret", 88),
    "marketer-89": ("sandbox-secret", 89),
}
"""OAuth client id to secret and the one user it acts as."""

CASE_EA = 301
"""The attribute that holds the outside case: the natural identity of an object somebody created for it."""

EXTENDED_ATTRIBUTES: dict[int, str] = {
    301: "case",
    302: "budget",
    303: "audience",
    304: "channels",
    305: "regions",
    306: "matrix",
    307: "decision",
    308: "message",
    309: "comments",
    310: "remark",
    311: "brand_state",
    312: "legal_state",
    313: "finance_state",
    314: "project",
    315: "decided_on",
}

ACTIVITY_TYPES = {17: "Campaign", 18: "Event"}

ACTIVITY_STATES = {
    1: "Draft",
    2: "Submitted",
    3: "In production",
    4: "Rejected",
    5: "Changes requested",
    6: "Withdrawn",
    7: "Cancelled",
    8: "On hold",
}

CURRENCIES = {1: "USD", 3: "EUR"}

STATUS_LOOKUP = 2974
NOT_STARTED, IN_PROGRESS, ON_HOLD, CLOSED, CANCELLED, RETIRED = 10, 20, 30, 40, 50, 90
PROJECT_STATUSES = {
    NOT_STARTED: "Not Started",
    IN_PROGRESS: "In Progress",
    ON_HOLD: "On Hold",
    CLOSED: "Closed",
    CANCELLED: "Cancelled",
    RETIRED: "Awaiting Budget",
}
"""Lookup 2974. The numbers are this tenant's own; RETIRED is there but no longer active."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """A user of the tenant."""

    user_id: int
    email: str
    first_name: str
    last_name: str

    def as_json(self) -> dict[str, Any]:
        """Show the user as `/api/users` does."""
        return {
            "userId": self.user_id,
            "loginId": self.email,
            "email": self.email,
            "firstName": self.first_name,
            "lastName": self.last_name,
            "activeFlag": 1,
            "adamUserId": f"{self.user_id:032x}",
        }


PEOPLE = {
    person.user_id: person
    for person in (
        Person(user_id=88, email="requester.one@example.test", first_name="Requester", last_name="One"),
        Person(user_id=89, email="requester.two@example.test", first_name="Requester", last_name="Two"),
        Person(
            user_id=INTEGRATION_USER,
            email="signoff.integration@example.test",
            first_name="Signoff",
            last_name="Integration",
        ),
    )
}
