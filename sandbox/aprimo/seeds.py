"""What the sandbox tenant is born with: clients, people, types and states.

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

CASE_EAS = (301, 380)
"""The attributes that hold the outside case: the natural identity of an object somebody created for it."""

ACTIVITY_TYPES = {17: "Campaign", 18: "Event", 19: "Content request"}

ACTIVITY_STATES = {
    1: "Draft",
    2: "Submitted",
    3: "In production",
    4: "Rejected",
    5: "Changes requested",
    6: "Withdrawn",
    7: "Cancelled",
    8: "On hold",
    9: "Produced",
}

CURRENCIES = {1: "USD", 3: "EUR"}

STATUS_LOOKUP = 2974
NOT_STARTED, IN_PROGRESS, ON_HOLD, CLOSED, CANCELLED, DECLINED, RETIRED = 10, 20, 30, 40, 50, 60, 90
PROJECT_STATUSES = {
    NOT_STARTED: "Not Started",
    IN_PROGRESS: "In Progress",
    ON_HOLD: "On Hold",
    CLOSED: "Closed",
    CANCELLED: "Cancelled",
    DECLINED: "Declined",
    RETIRED: "Awaiting Budget",
}
"""Lookup 2974. The numbers are this tenant's own; RETIRED is there but no longer active."""


COMMITMENT_DRAFT, COMMITMENT_SUBMITTED, COMMITMENT_APPROVED, COMMITMENT_REJECTED, COMMITMENT_CANCELLED = range(1, 6)
COMMITMENT_STATUSES = {
    COMMITMENT_DRAFT: "Draft",
    COMMITMENT_SUBMITTED: "Submitted",
    COMMITMENT_APPROVED: "Approved",
    COMMITMENT_REJECTED: "Rejected",
    COMMITMENT_CANCELLED: "Cancelled",
}

GENERIC_OBJECTS = {"alpha": "Case", "bravo": "Content package", "charlie": "Content request", "delta": "", "echo": ""}
"""Generic objects and what this tenant calls them."""

_OTHER = {1: "Open", 2: "Closed"}
GENERIC_STATUSES: dict[str, dict[int, str]] = {
    "alpha": {
        1: "Open",
        2: "In progress",
        3: "Resolved",
        4: "Reopened",
        5: "Closed",
        6: "Cancelled",
        7: "On hold",
    },
    "bravo": {
        1: "Draft",
        2: "Ready for release",
        3: "In approval",
        4: "Approved",
        5: "Released",
        6: "Rejected",
        7: "Changes requested",
        8: "Withheld",
        9: "Taken back",
        10: "Withdrawn",
        11: "Cancelled",
    },
    "charlie": {1: "Draft", 2: "Requested", 3: "Produced", 4: "Withdrawn", 5: "Cancelled", 6: "On hold"},
    "delta": _OTHER,
    "echo": _OTHER,
}

FUNDING_ACCOUNTS: dict[int, dict[str, Any]] = {
    410: {
        "title": "Brand campaigns",
        "budgetedCurrency": 3,
        "fiscalYear": 26,
        "budgets": [
            {"fiscalPeriodId": 1, "enteredAmount": 150000.0},
            {"fiscalPeriodId": 2, "enteredAmount": 100000.0},
        ],
    },
    411: {
        "title": "Regional campaigns",
        "budgetedCurrency": 1,
        "fiscalYear": 26,
        "budgets": [{"fiscalPeriodId": 1, "enteredAmount": 50000.0}],
    },
}
FUNDING_BASES: dict[int, dict[str, str]] = {
    410: {"outBound": "10000", "pending": "5000", "committed": "120000", "paid": "60000", "forecast": "230000"},
    411: {"forecast": "40000"},
}
"""What an account's summary says beside the commitments that are here."""


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
