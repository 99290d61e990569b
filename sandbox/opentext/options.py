"""What can be set for this sandbox: the keys of the options file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_REGIONS = ("DACH", "Nordics", "Iberia", "UK")
_REVIEWERS = ("Brand", "Legal", "Finance", "Regional")
_GROUPS = (
    *("Brand", "Legal", "Finance"),
    *(f"Regional {region}" for region in _REGIONS),
    *(f"{reviewer} leads" for reviewer in _REVIEWERS),
)


@dataclass(frozen=True, kw_only=True)
class Options:
    """All optional. Times are seconds; `README.md` says what each one is for."""

    tenant: str = "sandbox"
    tenant_id: str = "56adec43-0000-4000-8000-cd7c64d1d75b"
    subscription_id: str = "cda90802-0000-4000-8000-95b8ed50b516"
    clients: Mapping[str, Mapping[str, str]] = field(
        default_factory=lambda: {"signoff": {"secret": "sandbox-secret", "user": "signoff.integration@example.test"}}
    )
    user_password: str = "sandbox-password"  # noqa: S105 -- A sandbox's well-known password.
    users: tuple[str, ...] | list[str] = ("*@example.test",)
    groups: tuple[str, ...] | list[str] = _GROUPS
    token_ttl_s: float = 600.0
    rate_per_s: float = 100.0
    rate_slot_s: float = 0.1
    audit_delay_s: float = 0.0
    audit_shuffle: bool = False
    audit_zone_minutes: int = 330
    callback_delay_s: float = 0.0
    callback_before_commit: bool = False
    callback_timeout_s: float = 5.0
    people: Mapping[str, Any] = field(default_factory=dict)
    pace: float = 1.0
    data_dir: str | None = None
    seed: int | None = None
