"""What the DAM of the tenant is born with: fields, options, classifications, content types, checks, collections.

Ids are made of names (`dam_ids.fixed`), so they are the same in every run; a client finds them by definition.
"""

from dataclasses import dataclass
from typing import Any

from sandbox.aprimo import dam_ids

TEXT, LINES, NUMBER, DAY, MOMENT = "SingleLineText", "MultiLineText", "Numeric", "Date", "DateTime"
OPTIONS, LINK, TEXTS, CLASSES = "OptionList", "RecordLink", "TextList", "ClassificationList"
USERS, RECORDS = "UserList", "RecordList"

MARKETS = ("DACH", "Nordics", "Iberia", "UK", "APAC")
"""APAC is there to be distributed to, but no flow's file names it."""

CHANNELS = ("Web", "Social", "Email", "Print", "Retail")
DECISIONS = ("Approved", "Approved (older version)", "Changes requested", "Rejected", "Cancelled")
YES_NO = ("Yes", "No")

CONTENT_TYPES = ("Asset", "LocalizedAsset")
STATUSES = ("draft", "released", "archived")
LANGUAGES = {"English": "en-US", "German": "de-DE", "Swedish": "sv-SE", "Spanish": "es-ES"}
USER_GROUPS = ("Marketers", "Integrations", *(f"{name} team" for name in CHANNELS))


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field definition. `options` are the names of an option list's items."""

    name: str
    label: str
    type: str
    group: str
    options: tuple[str, ...] = ()
    is_multiple: bool = False
    is_per_language: bool = False

    @property
    def id(self) -> str:
        """The id of the definition."""
        return dam_ids.fixed("field", self.name)

    @property
    def option_ids(self) -> dict[str, str]:
        """Option id to option name."""
        return {dam_ids.fixed("option", f"{self.name}/{each}"): each for each in self.options}


def _field(group: str, name: str, label: str, kind: str = TEXT, *options: str, many: bool = False) -> Field:
    is_per_language = name in ("Title", "Description")
    return Field(
        name=name,
        label=label,
        type=kind,
        group=group,
        options=options,
        is_multiple=many,
        is_per_language=is_per_language,
    )


_ALL = (
    _field("Content", "Title", "Title"),
    _field("Content", "Description", "Description", LINES),
    _field("Content", "CampaignCode", "Campaign code"),
    _field("Content", "Product", "Product"),
    _field("Content", "Claims", "Claims", LINES),
    _field("Content", "Keywords", "Keywords", TEXTS),
    _field("Content", "Channel", "Channel", OPTIONS, *CHANNELS, many=True),
    _field("Content", "ContentOwner", "Content owner", USERS),
    _field("Review", "ReviewState", "Review state", OPTIONS, "Draft", "For review", "Withdrawn", *DECISIONS),
    _field("Review", "ApprovalState", "Approval state", OPTIONS, "In review", *DECISIONS),
    _field("Review", "ApprovedVersion", "Approved version"),
    _field("Review", "ApprovedVersionNumber", "Number of the approved version"),
    _field("Review", "ApprovedOn", "Approved on", MOMENT),
    _field("Review", "Approver", "Approved by"),
    _field("Review", "ReviewMatrix", "Reviews", LINES),
    _field("Review", "OpenTasks", "Open tasks", LINES),
    _field("Review", "ReviewDue", "Review due", MOMENT),
    _field("Review", "Case", "Approval case"),
    _field("Review", "Message", "Message", LINES),
    _field("Review", "Comments", "Comments", LINES),
    _field("Review", "Remark", "Remark for the reviewers", LINES),
    _field("Markets", "Markets", "Distributed to", OPTIONS, *MARKETS, many=True),
    _field("Markets", "MarketMatrix", "Markets and their state", LINES),
    _field("Markets", "MarketMessage", "Message about the markets", LINES),
    _field("Markets", "MarketComments", "Comments of the markets", LINES),
    _field("Markets", "MarketRemark", "Remark for the markets' reviewers", LINES),
    _field("Markets", "MasterRecord", "Master", LINK),
    _field("Markets", "MasterVersion", "Version of the master"),
    _field("Markets", "MasterVersionNumber", "Number of the master's version"),
    _field("Markets", "Market", "Market", OPTIONS, *MARKETS),
    _field("Markets", "Language", "Language"),
    _field("Markets", "ExternalReference", "External reference"),
    _field("Markets", "BasedOnOlderMaster", "Based on an older master", OPTIONS, *YES_NO),
    _field("Release", "ReleaseOn", "Release on", MOMENT),
    _field("Release", "ReleaseState", "Release", OPTIONS, "Waiting", "Released", "Withheld", "Taken back"),
    _field("Insight", "Score", "Score", NUMBER),
    _field("Insight", "Verdict", "Verdict", OPTIONS, "Reuse", "Revise", "Retire"),
    _field("Insight", "Findings", "Findings", LINES),
    _field("Insight", "InsightPeriod", "Period of the findings"),
    _field("Insight", "InsightOn", "Findings of", DAY),
    _field("Insight", "NeedsRevision", "Needs revision", OPTIONS, *YES_NO),
    _field("Insight", "RetireProposal", "Proposed for retirement", OPTIONS, *YES_NO),
    _field("Insight", "BestMarkets", "Works best in", CLASSES, many=True),
    _field("Insight", "ComparedWith", "Compared with", RECORDS, many=True),
)

FIELDS: dict[str, Field] = {each.id: each for each in _ALL}
LINKS = [each for each in _ALL if each.type == LINK]
FIELD_OF_NAME: dict[str, Field] = {each.name.casefold(): each for each in _ALL}
GROUPS = tuple(dict.fromkeys(each.group for each in _ALL))

CLASSIFICATION_PATHS = (
    "/Assets",
    "/Assets/Campaign",
    "/Assets/Localized",
    "/Channels",
    *(f"/Channels/{name}" for name in CHANNELS),
    "/Markets",
    *(f"/Markets/{name}" for name in MARKETS),
    "/Reuse",
    "/Reuse/Recommended",
    "/Revise",
    "/Retired",
)

CHECK_CATEGORY = "Approvals"
CHECKS = ("Brand check", "Legal check", "Compliance check", "Product check", "Review comments")
COLLECTIONS = tuple(f"{name} team" for name in CHANNELS)
BORN_ON = "2026-01-01T00:00:00Z"


def classifications() -> list[dict[str, Any]]:
    """Give the rows of the classifications, parents first."""
    return [
        {
            "id": dam_ids.fixed("classification", path),
            "name": path.rpartition("/")[2],
            "namePath": path,
            "parentId": dam_ids.fixed("classification", parent) if parent else None,
            "createdOn": BORN_ON,
            "modifiedOn": BORN_ON,
        }
        for path in CLASSIFICATION_PATHS
        for parent in [path.rpartition("/")[0]]
    ]


def checks() -> list[dict[str, Any]]:
    """Give the rows of the checks."""
    return [
        {
            "id": dam_ids.fixed("check", name),
            "name": name,
            "checkCategoryId": dam_ids.fixed("checkcategory", CHECK_CATEGORY),
            "createdOn": BORN_ON,
            "modifiedOn": BORN_ON,
        }
        for name in CHECKS
    ]


def collections(owner_id: str) -> list[dict[str, Any]]:
    """Give the rows of the channel teams' collections."""
    return [
        {
            "id": dam_ids.fixed("collection", name),
            "name": name,
            "description": "",
            "type": "Static",
            "ownerId": owner_id,
            "createdOn": BORN_ON,
            "modifiedOn": BORN_ON,
            "records": [],
        }
        for name in COLLECTIONS
    ]
