"""The operators' pages over HTTP, in front of a real database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from console.web.app import Parts, assemble
from pipeline.intake import Accepted
from pipeline.keys import aprimo_key
from pipeline.pauses import pause
from pipeline.plan import FoundDifference, LinkChanges, Notice
from pipeline.transport.tally import Counted
from pipeline.words import BusinessKey, EventId
from tests.support.hook_samples import JSON, NOW, PM, ROUTES, signed
from tests.support.web_rows import Rows, rows
from tests.support.web_server import Stage, served
from tests.support.web_settings import WEB_LOGIN, web_settings

HINT = "budget <script>alert(1)</script> \x1b[31mis missing"


@dataclass
class Site:
    """A running web app and what is behind it."""

    client: httpx.Client
    rows: Rows
    queues: dict[str, int] = field(default_factory=dict)
    calls: tuple[Counted, ...] = ()

    def text(self, path: str) -> str:
        """A page's text, as a person reads it: tags gone, white space collapsed."""
        answer = self.client.get(path)
        assert answer.status_code == 200
        return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with rows(tmp_path) as behind:
        stage = Stage()
        made = Site(client=httpx.Client(), rows=behind)
        stage.app = assemble(
            web_settings(tmp_path),
            Parts(
                routes=ROUTES,
                accept=lambda _: Accepted(),
                publish=lambda _: None,
                pages=behind.pages,
                store=behind.store,
                queues=lambda: made.queues,
                calls=lambda: made.calls,
                now=lambda: NOW,
            ),
        )
        with served(stage.app, has_lifespan=True) as address:
            made.client = httpx.Client(base_url=address, auth=WEB_LOGIN, trust_env=False)
            yield made
            made.client.close()


def test_the_status_shows_what_is_open_and_dead(site: Site) -> None:
    site.rows.look(5012)
    site.rows.look(5013)
    site.rows.die(EventId("ev-0002"), code="values_missing", hint="budget")

    text = site.text("/")

    columns = "open dead oldest running ready waiting gated held"
    assert f"Flows flow {columns} campaign_brief 2 1 0 s 0 1 0 1" in text
    assert f"Vendors vendor {columns} aprimo 2 1 0 s 0 1 0 1" in text
    assert "Closed gates: none." in text
    assert "notices not seen yet 0" in text


def test_the_status_shows_notices_until_they_are_seen(site: Site) -> None:
    key = BusinessKey("aprimo:activity:5012")
    notice = Notice(code="unknown_state", text="State 8, On hold.")
    with site.rows.store.begin() as tx:
        tx.links.apply([("campaign_brief", key, LinkChanges(revision=2, notices=(notice,)))])

    text = site.text("/")
    assert f"campaign_brief {key} 2 operators unknown_state State 8, On hold." in text
    assert 'href="/events?subject=aprimo%3Aactivity%3A5012"' in site.client.get("/").text

    with site.rows.store.begin() as tx:
        tx.ledger.see_notices(["1"])
    assert "Notices: none." in site.text("/")


def test_the_list_of_events_leads_to_each_ones_timeline(site: Site) -> None:
    site.rows.look(5012)

    assert '<a href="/events/ev-0002">ev-0002</a>' in site.client.get("/events").text
    text = site.text("/events/ev-0002")
    at = "2026-02-03 12:00:00"
    assert f"{at} received from aprimo.pm.webhook {at} verified handled" in text
    assert f"{at} accepted place 1 on campaign_brief/aprimo:activity:5012" in text


def test_events_can_be_asked_for_by_item(site: Site) -> None:
    site.rows.look(5012)
    site.rows.look(5013)

    page = site.client.get("/events", params={"subject": "aprimo:activity:5013"}).text

    assert "ev-0004" in page
    assert "ev-0002" not in page


def test_dead_letters_come_with_their_cure(site: Site) -> None:
    site.rows.look(5012)
    site.rows.die(EventId("ev-0002"), code="values_missing", hint="budget")

    text = site.text("/dead-letters")

    row = "1 2026-02-03 12:00:00 campaign_brief aprimo:activity:5012 values_missing open budget"
    assert row in text
    assert "values_missing Fill in the values named in the hint in Aprimo; the next look goes on by itself." in text


def test_what_people_typed_is_shown_and_never_run(site: Site) -> None:
    """Neither as markup in a browser nor as a steering sequence in a terminal it is copied to."""
    site.rows.look(5012)
    site.rows.die(EventId("ev-0002"), code="values_missing", hint=HINT)

    for path in ("/dead-letters", "/events/ev-0002"):
        page = site.client.get(path).text
        assert "budget &lt;script&gt;alert(1)&lt;/script&gt; \N{REPLACEMENT CHARACTER}[31mis missing" in page
        assert "<script" not in page


def test_no_page_loads_anything_from_elsewhere(site: Site) -> None:
    answer = site.client.get("/")

    assert re.findall(r'(?:src|href)="([^"]+)"', answer.text) == [
        "/static/signoff.css",
        "/",
        "/",
        "/events",
        "/dead-letters",
    ]
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self';")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert site.client.get("/static/signoff.css").headers["content-type"].startswith("text/css")


@pytest.mark.parametrize("path", ["/nothing", "/events/ev-9999", "/events/%3Cscript%3E"])
def test_an_unknown_address_is_a_page_that_says_so(site: Site, path: str) -> None:
    answer = site.client.get(path)

    assert answer.status_code == 404
    assert "Nothing is here under this address." in answer.text
    assert "<script" not in answer.text


def test_pages_change_nothing(site: Site) -> None:
    assert site.client.post("/dead-letters").status_code == 405


def test_health_needs_no_login_and_says_what_works(site: Site) -> None:
    answer = httpx.get(f"{site.client.base_url}/health", trust_env=False)

    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "database": True, "intake": True})


def test_without_a_database_health_is_503_and_pages_say_so(site: Site, tmp_path: Path) -> None:
    site.rows.pages.dispose()
    site.rows.store.dispose()
    for part in tmp_path.glob("signoff.sqlite3*"):
        part.unlink()
    (tmp_path / "signoff.sqlite3").mkdir()

    assert httpx.get(f"{site.client.base_url}/health", trust_env=False).status_code == 503
    page = site.client.get("/")
    assert (page.status_code, "The database cannot be read now." in page.text) == (503, True)
    assert "signoff_database_up 0.0\n" in site.client.get("/metrics").text


def test_metrics_are_figures_of_this_moment(site: Site) -> None:
    site.rows.look(5012)
    site.rows.look(5013)
    site.rows.die(EventId("ev-0002"), code="values_missing", hint="budget")
    site.queues.update({"express.aprimo": 3, "timetable": 0})
    site.calls = (Counted(vendor="aprimo", purpose="read", flow="campaign_brief", calls=7),)
    hook = str(site.client.base_url) + PM
    httpx.post(hook, headers=JSON, trust_env=False)
    httpx.post(hook, content=b"{}", headers={**JSON, **signed(PM, b"{}")}, trust_env=False)

    lines = site.client.get("/metrics").text.splitlines()

    assert {line for line in lines if not line.startswith("#")} >= {
        "signoff_database_up 1.0",
        "signoff_broker_up 1.0",
        'signoff_flow_events_open{flow="campaign_brief"} 2.0',
        'signoff_flow_dead_letters_open{flow="campaign_brief"} 1.0',
        'signoff_flow_oldest_open_seconds{flow="campaign_brief"} 0.0',
        'signoff_flow_lines{flow="campaign_brief",reason="",stand="held"} 1.0',
        'signoff_flow_lines{flow="campaign_brief",reason="",stand="ready"} 1.0',
        'signoff_vendor_events_open{vendor="aprimo"} 2.0',
        'signoff_queue_messages{queue="express.aprimo"} 3.0',
        'signoff_queue_messages{queue="timetable"} 0.0',
        'signoff_vendor_calls_total{flow="campaign_brief",purpose="read",vendor="aprimo"} 7.0',
        "signoff_notices_unseen 0.0",
        'signoff_hooks_unauthorized_total{door="aprimo.pm.webhook"} 1.0',
        'signoff_hooks_refused_total{door="aprimo.pm.webhook",reason="bad_callout"} 1.0',
    }


def test_differences_that_stand_are_a_figure(site: Site) -> None:
    found = FoundDifference(field="decision", ours="approved", theirs="", cause="edited_in_aprimo", policy="propose")
    with site.rows.store.begin() as tx:
        tx.links.apply([("campaign_brief", aprimo_key("activity", 5012), LinkChanges(differences=(found,)))])

    assert "signoff_differences_open 1.0" in site.client.get("/metrics").text.splitlines()


def test_a_pause_is_shown_and_is_a_figure(site: Site) -> None:
    site.rows.look(5012)
    pause("flow:campaign_brief", until=None, reason="month end", by="anna", store=site.rows.store)

    lines = site.client.get("/metrics").text.splitlines()

    assert "flow:campaign_brief pause a person opens it month end anna" in site.text("/")
    assert 'signoff_gate_closed{kind="pause",scope="flow:campaign_brief"} 1.0' in lines
    assert 'signoff_flow_lines{flow="campaign_brief",reason="",stand="gated"} 1.0' in lines
    assert 'signoff_flow_lines{flow="campaign_brief",reason="",stand="ready"} 0.0' in lines


def test_a_broker_that_is_away_is_a_figure(site: Site) -> None:
    assert "signoff_broker_up 0.0\n" in site.client.get("/metrics").text
