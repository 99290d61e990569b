"""What can be set when the sandbox starts (`--options FILE.json`)."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options with their defaults; units are in the names, shares and scales are plain factors."""

    tenant: str = "sandbox"
    webhook_url: str = ""
    webhook_secret: str = "sandbox-webhook-secret"  # noqa: S105 -- A public default of a test service.
    webhook_retry_scale: float = 1.0
    rule_url: str = ""
    rule_secret: str = "sandbox-rule-secret"  # noqa: S105 -- As above.
    rule_hmac_header: str = "x-aprimo-hmac"
    rate_per_s: float = 15.0
    delayed_max: int = 100
    send_retry_after: bool = False
    token_ttl_s: float = 600.0
    require_both_ea_collections: bool = True
    require_classification: bool = True
    classification_ready_after_s: float = 2.0
    index_lag_s: float = 2.0
    total_count_noise: int = 0
    processing_s: float = 2.0
    order_s: float = 2.0
    upload_max_bytes: int = 20_000_000
    data_dir: str | None = None
    seed: int | None = None

    def limits(self) -> dict[str, Any]:
        """Give those of the rate."""
        return {
            "rate_per_s": self.rate_per_s,
            "delayed_max": self.delayed_max,
            "send_retry_after": self.send_retry_after,
        }
