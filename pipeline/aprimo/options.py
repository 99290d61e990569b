"""What of an Aprimo tenant is configured rather than known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.aprimo.uploads import UploadOptions
from pipeline.transport.tokens import TokenOptions

_USUAL_HOST = re.compile(r"(?P<tenant>//[^./:]+)\.aprimo\.com(?=[:/]|$)")


@dataclass(frozen=True, kw_only=True)
class Verb:
    """A verb: from which statuses it is legal, and which it leads to; names in lower case."""

    legal_from: frozenset[str]
    leads_to: frozenset[str]


PROJECT_VERBS: Mapping[str, Verb] = {
    "start": Verb(legal_from=frozenset({"not started", "on hold"}), leads_to=frozenset({"in progress"})),
    "pause": Verb(legal_from=frozenset({"in progress"}), leads_to=frozenset({"on hold"})),
    "close": Verb(legal_from=frozenset({"in progress", "on hold"}), leads_to=frozenset({"closed"})),
    "cancel": Verb(
        legal_from=frozenset({"not started", "in progress", "on hold"}),
        leads_to=frozenset({"cancelled", "canceled"}),
    ),
}
"""The usual names, in lower case; the numbers behind them are each tenant's own."""


COMMITMENT_VERBS: Mapping[str, Verb] = {
    "submit": Verb(legal_from=frozenset({"draft"}), leads_to=frozenset({"submitted"})),
    "approve": Verb(legal_from=frozenset({"submitted"}), leads_to=frozenset({"approved"})),
    "reject": Verb(legal_from=frozenset({"submitted"}), leads_to=frozenset({"rejected"})),
    "retrieve": Verb(legal_from=frozenset({"submitted"}), leads_to=frozenset({"draft"})),
    "cancel": Verb(legal_from=frozenset({"draft", "submitted", "approved"}), leads_to=frozenset({"cancelled"})),
}
"""As the verbs imply; names as in COMMITMENT_STATUSES."""

TASK_VERBS: Mapping[str, Verb] = {
    "accept": Verb(legal_from=frozenset({"not started"}), leads_to=frozenset({"in progress"})),
    "decline": Verb(legal_from=frozenset({"not started", "in progress"}), leads_to=frozenset({"declined"})),
    "close": Verb(
        legal_from=frozenset({"not started", "in progress", "on hold"}), leads_to=frozenset({"closed", "completed"})
    ),
}
"""The usual names of lookup 2974, in lower case; the numbers behind them are each tenant's own."""

COMMITMENT_STATUSES: Mapping[int, str] = {1: "draft", 2: "submitted", 3: "approved", 4: "rejected", 5: "cancelled"}
"""No lookup of commitment statuses is documented: these numbers are an assumption."""


UNDATED_KINDS = frozenset(f"generic_object_{letter}" for letter in ("alpha", "bravo", "charlie", "delta", "echo"))
"""The documents show generic objects without `modifiedDate`."""


@dataclass(frozen=True, kw_only=True)
class AprimoOptions:
    """How one tenant is reached.

    dam_url: "" for the usual host beside pm_url. upload_url: "" for pm_url. whole_max_bytes: what is uploaded in
    one piece; longer files go in segments of segment_bytes. page_size: rows asked for per page.
    ea_value_key: the key of an extended attribute's value on read.
    cache_s: how long users and status names are remembered. undated_kinds: whose rows do not say when they changed.
    max_hits: how many hits of a search of the DAM can be paged through. are_lists_whole: whether rows of lists and
    searches carry what a read of the item does.
    """

    auth_url: str
    pm_url: str
    client_id: str
    client_secret: str = field(repr=False)
    dam_url: str = ""
    upload_url: str = ""
    whole_max_bytes: int = 20_000_000
    segment_bytes: int = 10_000_000
    fallback_ttl_s: float = 540.0
    page_size: int = 100
    ea_value_key: str = "eaValue"
    cache_s: float = 600.0
    undated_kinds: frozenset[str] = UNDATED_KINDS
    max_hits: int = 10_000
    are_lists_whole: bool = True
    project_verbs: Mapping[str, Verb] = field(default_factory=lambda: PROJECT_VERBS)
    commitment_verbs: Mapping[str, Verb] = field(default_factory=lambda: COMMITMENT_VERBS)
    task_verbs: Mapping[str, Verb] = field(default_factory=lambda: TASK_VERBS)
    commitment_statuses: Mapping[int, str] = field(default_factory=lambda: COMMITMENT_STATUSES)

    def dam_base(self) -> str:
        """The DAM's base: as told, else `acme.dam.aprimo.com` beside `acme.aprimo.com`, else the same host."""
        return self.dam_url or _USUAL_HOST.sub(r"\g<tenant>.dam.aprimo.com", self.pm_url)

    def upload_options(self) -> UploadOptions:
        """How files are uploaded."""
        return UploadOptions(
            url=self.upload_url or self.pm_url,
            whole_max_bytes=self.whole_max_bytes,
            segment_bytes=self.segment_bytes,
        )

    def token_options(self) -> TokenOptions:
        """How a token is asked for: a form, scope `api`, renewed 30 s or a tenth of its life before it ends."""
        return TokenOptions(
            url=f"{self.auth_url.rstrip('/')}/login/connect/token",
            client_id=self.client_id,
            client_secret=self.client_secret,
            scope="api",
            renew_ratio=0.9,
            early_s=30.0,
            fallback_ttl_s=self.fallback_ttl_s,
        )
