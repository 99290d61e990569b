"""What the tests of the intake share: sample bodies, the words of one flow, and the time it is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pipeline.bodies import signature
from pipeline.events import Raw
from pipeline.flows.tenant import FlowWords
from pipeline.opentext.hooks import token_for
from pipeline.routes import Routes

PM = "/hooks/aprimo/pm"
DAM = "/hooks/aprimo/dam"
OPENTEXT = "/hooks/opentext/aprimo:activity:5012"
JSON = {"content-type": "application/json"}
NOW = datetime(2026, 2, 3, 12, 0, tzinfo=UTC)
SAMPLES = Path(__file__).parents[1] / "contract" / "hooks" / "samples"


def sample(name: str) -> bytes:
    """The bytes of a sample body."""
    return (SAMPLES / f"{name}.json").read_bytes()


def raw(body: bytes, *, source: str = "test", headers: dict[str, str] | None = None) -> Raw:
    """A body as it arrived at NOW."""
    return Raw(source=source, headers=headers or {}, body=body, received_at=NOW)


def words(flow: str = "campaign_brief", kind: str = "activity", process: str = "campaignBrief") -> FlowWords:
    """A flow with nothing but its name, its kind of item and its process model."""
    return FlowWords(
        flow=flow,
        object_kind=kind,
        type_ids=frozenset({17}),
        process_key=process,
        state_wire="activityStateId",
        states={},
        fields={},
    )


ROUTES = Routes.of([words()])


def signed(path: str, body: bytes, secret: str = "new-secret") -> dict[str, str]:
    """The header that proves a body at this door."""
    if path == PM:
        return {"X-SH1": signature(body, secret)}
    if path == DAM:
        return {"X-Acme-Hmac": signature(body, secret)}
    return {"Authorization": f"Bearer {token_for(secret, 'aprimo:activity:5012')}"}
