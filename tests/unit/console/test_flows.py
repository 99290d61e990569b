from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from console.deploying import Remembered, deploy
from pipeline.flows.registry import FLOWS
from pipeline.ports import Bounds
from tests.support.terminal import Terminal
from tests.support.web_rows import Rows

TITLES = {"Stages", "Fields", "States", "Terms of its own"}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a deployment came to."""

    how: str
    key: str
    version: int
    content_hash: str


@dataclass
class Service:
    """Stands for OpenText: gives no XML back, so only what is remembered tells."""

    versions: dict[str, int] = field(default_factory=dict)

    def deploy(self, key: str, xml: bytes, known_hash: str, bounds: Bounds) -> Answer:
        """Take a model whose hash is another."""
        is_known = known_hash == str(hash(xml))
        self.versions[key] = self.versions.get(key, 0) + (not is_known)
        how = "unchanged" if is_known else "deployed"
        return Answer(how=how, key=key, version=self.versions[key], content_hash=str(hash(xml)))


@pytest.fixture
def outcomes(tmp_path: Path) -> Callable[[str], list[str]]:
    """Deploys the model of a folder to the service that is named; gives what came of it."""
    service = Service()

    def run(where: str) -> list[str]:
        remembered = Remembered(tmp_path / "data" / "deployed.json", where)
        found = deploy(["brief"], folder=tmp_path, client=service, remembered=remembered)
        return [f"{each.how} {each.version}" for each in found]

    (tmp_path / "brief.bpmn").write_text("<one/>")
    return run


def test_a_model_is_deployed_once(outcomes: Callable[[str], list[str]]) -> None:
    assert [outcomes("a"), outcomes("a")] == [["deployed 1"], ["unchanged 1"]]


def test_a_changed_model_is_deployed_again(outcomes: Callable[[str], list[str]], tmp_path: Path) -> None:
    outcomes("a")
    (tmp_path / "brief.bpmn").write_text("<two/>")

    assert outcomes("a") == ["deployed 2"]


def test_another_service_starts_with_nothing(outcomes: Callable[[str], list[str]]) -> None:
    outcomes("a")

    assert outcomes("b") == ["deployed 2"]


def test_a_lost_or_broken_memory_costs_one_more_version(outcomes: Callable[[str], list[str]], tmp_path: Path) -> None:
    outcomes("a")
    (tmp_path / "data" / "deployed.json").write_text("{")

    assert [outcomes("a"), outcomes("a")] == [["deployed 2"], ["unchanged 2"]]


def test_the_words_of_a_flow_are_shown_as_its_file_says_them(terminal: Terminal) -> None:
    told = terminal.json("flows", "show", "campaign_brief")

    assert (told["object_kind"], told["type_ids"], told["process_key"]) == ("activity", [17], "campaignBrief")
    assert told["states"]["submitted"] == 2
    assert [who["key"] for who in told["stakeholders"]] == ["brand", "legal", "finance", "regional"]
    assert {word["name"]: word["wire"] for word in told["fields"]}["budget"] == "extrAttr302"
    assert "Flow campaign_brief" in terminal.run("flows", "show", "campaign_brief").stdout


def test_what_starts_a_flow_and_who_owns_what_is_shown_with_its_words(terminal: Terminal) -> None:
    told = terminal.json("flows", "show", "budget_exception")

    assert told["starts"] == FLOWS["budget_exception"].STARTS
    assert told["state_owners"]["submitted"] == "aprimo"
    assert told["state_owners"]["approved"] == "opentext"
    assert {word["name"]: (word["owner"], word["line"]) for word in told["fields"]}["remark"] == ("aprimo", "notes")
    assert told["acts"] == ["pm.commitment_verb"]


def test_what_agrees_at_rest_and_what_is_done_about_a_difference_is_shown(terminal: Terminal) -> None:
    told = terminal.json("flows", "show", "campaign_brief")

    assert told["agrees"][0] == {
        "of": "",
        "in state": "submitted",
        "its process": "live",
        "the other way": "yes",
        "equal": "",
        "follows": "what Aprimo owns",
        "version": "",
    }
    assert (told["heals"]["process_doubled"], told["heals"]["notice_missing"]) == ("propose", "automatic")
    assert "What agrees at rest" in terminal.run("flows", "show", "campaign_brief").stdout


def test_further_objects_and_terms_of_its_own_are_shown_as_well(terminal: Terminal) -> None:
    told = terminal.json("flows", "show", "budget_exception")

    campaign = told["also"]["campaign"]
    assert (campaign["object_kind"], campaign["type_ids"]) == ("activity", [17])
    assert {word["name"]: (word["wire"], word["owner"]) for word in campaign["fields"]}["hold"] == (
        "extrAttr330",
        "opentext",
    )
    assert told["terms"]["limits.EUR.up_to.manager"] == "25000.00"


@pytest.mark.parametrize("flow", FLOWS)
def test_every_flow_can_be_shown(terminal: Terminal, flow: str) -> None:
    told = terminal.run("flows", "show", flow).stdout

    titles = [line.strip() for line in told.splitlines() if line.strip() in TITLES]
    assert f"Flow {flow}" in told
    assert FLOWS[flow].STARTS in told
    assert titles[:2] == ["Stages", "Fields"]


def test_a_flow_that_is_none_is_exit_code_1(terminal: Terminal) -> None:
    result = terminal.run("flows", "show", "campaign_brif")

    assert (result.exit_code, result.stderr) == (
        1,
        f"There is no flow campaign_brif; there are: {', '.join(sorted(FLOWS))}.\n",
    )


def test_ownership_names_owner_and_writer_of_every_field(terminal: Terminal) -> None:
    told = terminal.json("flows", "ownership")

    assert {"flow": "campaign_brief", "field": "matrix", "owner": "opentext", "line": "main"} in told["fields"]
    assert {"flow": "campaign_brief", "field": "remark", "owner": "aprimo", "line": "notes"} in told["fields"]
    assert {"flow": "campaign_brief", "state": "submitted", "owner": "aprimo"} in told["states"]


def test_a_preview_needs_the_database_of_an_installation(terminal: Terminal) -> None:
    result = terminal.run("flows", "preview", "campaign_brief", "--item", "5012")

    assert (result.exit_code, result.stderr.splitlines()[-1][:31]) == (4, "The database cannot be used: th")


def test_what_is_no_item_of_the_flow_is_exit_code_1(terminal: Terminal, behind: Rows) -> None:
    result = terminal.run("flows", "preview", "campaign_brief", "--item", "spring")

    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (
        "spring is no business key of campaign_brief, and no id of its items (activity)."
    )
