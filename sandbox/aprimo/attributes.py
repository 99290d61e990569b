"""The extended attributes of the tenant: which objects have them, what a pick list offers (aprimo.md §5, §6.6)."""

from dataclasses import dataclass, field

TEXT, PICK, MULTI_PICK = "text", "pickList", "multiPickList"
ACTIVITY, PROJECT, COMMITMENT, FUNDING = "activity", "project", "commitment", "funding-account"
CASE, PACKAGE, REQUEST = "generic-object-alpha", "generic-object-bravo", "generic-object-charlie"


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """One extended attribute. `options` are item id to text of a pick list."""

    ea_id: int
    label: str
    objects: tuple[str, ...]
    type: str = TEXT
    options: dict[int, str] = field(default_factory=dict)


def _texts(first: int, objects: tuple[str, ...], *labels: str) -> list[Attribute]:
    return [Attribute(ea_id=first + at, label=label, objects=objects) for at, label in enumerate(labels)]


def _picks(ea_id: int, kind: str, objects: tuple[str, ...], label: str, *options: str) -> Attribute:
    items = {ea_id * 10 + at: text for at, text in enumerate(options, start=1)}
    return Attribute(ea_id=ea_id, label=label, objects=objects, type=kind, options=items)


_BRIEF = ("case", "budget", "audience", "channels", "regions", "matrix", "decision", "message", "comments", "remark")
_STATES = ("brand_state", "legal_state", "finance_state", "project", "decided_on")
_REQUEST = (
    "wanted_date",
    "percent",
    "step",
    "step_owner",
    "next_due",
    "is_late",
    "languages",
    "assets",
    "requester",
    "produced_on",
)
_SPEND = (
    "spend_hold",
    "exception_request",
    "exception_reason",
    "funding_account",
    "exception_state",
    "planned_spend",
)
_COMMITMENT = ("justification", "approved_amount", "approvers")
_CASE = ("owner", "resolution", "about", "requester", "due")
_PACKAGE = ("records", "channels", "release_on", "guard", "public_links")
_REVIEW = ("review_case", "review_state", "review_assets", "review_summary", "review_period")

_ALL = [
    *_texts(301, (ACTIVITY, PROJECT), *_BRIEF, *_STATES),
    *_texts(320, (ACTIVITY, PROJECT, REQUEST), *_REQUEST),
    *_texts(330, (ACTIVITY,), *_SPEND),
    *_texts(340, (COMMITMENT,), *_COMMITMENT),
    *_texts(350, (CASE,), *_CASE),
    _picks(357, PICK, (CASE,), "kind", "Missing asset", "Late approval", "Production blocker", "Campaign change"),
    _picks(358, PICK, (CASE,), "priority", "Low", "Normal", "High", "Urgent"),
    _picks(359, MULTI_PICK, (CASE,), "groups", "Marketing", "Procurement", "Legal", "Agency"),
    *_texts(360, (PACKAGE,), *_PACKAGE),
    *_texts(370, (ACTIVITY,), *_REVIEW),
    *_texts(380, (COMMITMENT, CASE, PACKAGE, REQUEST), "case", "matrix", "decision", "message", "comments", "remark"),
    *_texts(386, (COMMITMENT, CASE, PACKAGE), "decided_on"),
    *_texts(390, (FUNDING,), "owner_note"),
]

ALL: dict[int, Attribute] = {each.ea_id: each for each in _ALL}


def of(name: str) -> dict[int, Attribute]:
    """Give the attributes of a kind of object by id."""
    return {ea_id: each for ea_id, each in ALL.items() if name in each.objects}
