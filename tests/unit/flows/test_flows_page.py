"""docs/flows.md and the flows' own pages say what the code does: every key of a file, every field and its owner."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pipeline import ownership
from pipeline.flows.reading import FlowWordsError, read_words
from pipeline.flows.registry import FLOWS
from pipeline.words import Side
from tests.support.briefs import FLOW, shipped

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "flows.md").read_text(encoding="utf-8")
SIDES = {Side.APRIMO: "Aprimo", Side.OPENTEXT: "OpenText"}


def known_keys() -> set[str]:
    """Every key that a file may hold, as the reader itself tells when it meets one it does not know."""
    changed: dict[str, Any] = shipped()
    changed["also"] = {"campaign": {"fields": {"name": {"wire": "name"}}}}
    for table in (
        changed,
        changed["also"]["campaign"],
        changed["item"],
        changed["process"],
        changed["fields"]["name"],
        changed["stakeholders"][0],
    ):
        table["no_such_key"] = 1
    with pytest.raises(FlowWordsError) as caught:
        read_words(FLOW, changed)
    told = [fault.partition("known are: ")[2] for fault in caught.value.faults if "no_such_key" in fault]
    assert len(told) == 6
    return {key for keys in told for key in keys.split(", ")}


def test_every_key_of_a_file_is_explained() -> None:
    named = {word for code in re.findall(r"`([^`\n]+)`", PAGE) for word in re.findall(r"[a-z_]+", code)}

    assert known_keys() - named == set()


def page_of(flow: str) -> str:
    """What the flow's own page says."""
    return (DOCS / "flows" / f"{flow}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("flow", FLOWS)
def test_every_field_stands_on_its_flows_page_with_its_owner_and_writer(flow: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (Aprimo|OpenText) \| (main|notes) \|", page_of(flow), flags=re.MULTILINE)

    table = ownership.FIELDS[flow]
    assert rows == [(name, SIDES[owned.owner], owned.writer) for name, owned in table.items()]


@pytest.mark.parametrize("flow", FLOWS)
def test_every_state_stands_on_its_flows_page_with_its_owner(flow: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (Aprimo|OpenText) \| [^|]+ \|$", page_of(flow), flags=re.MULTILINE)

    assert rows == [(word, SIDES[side]) for word, side in ownership.STATES[flow].items()]


@pytest.mark.parametrize("flow", FLOWS)
def test_the_fields_that_are_needed_are_named_on_its_flows_page(flow: str) -> None:
    needed = re.findall(r"`(\w+)`", page_of(flow).partition("## Fields\n\n")[2].partition("needed.\n")[0])

    assert needed == list(FLOWS[flow].FIELDS)


@pytest.mark.parametrize("flow", FLOWS)
def test_every_flow_is_listed_with_its_page(flow: str) -> None:
    assert f"[{flow}](flows/{flow}.md)" in PAGE


def test_the_faults_it_shows_are_those_that_are_told() -> None:
    changed: dict[str, Any] = shipped()
    changed["states"]["submitted"] = "two"
    changed["stakeholders"][0]["due_in"] = "3 days"

    with pytest.raises(FlowWordsError) as caught:
        read_words(FLOW, changed)

    assert str(caught.value) in PAGE
