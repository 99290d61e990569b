"""docs/flows.md says what the code does: every key a file may hold, every field and its owner."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pipeline import ownership
from pipeline.flows.campaign_brief import FIELDS, STATES
from pipeline.flows.reading import FlowWordsError, read_words
from pipeline.words import Side
from tests.support.briefs import FLOW, shipped

PAGE = (Path(__file__).parents[3] / "docs" / "flows.md").read_text(encoding="utf-8")
SIDES = {Side.APRIMO: "Aprimo", Side.OPENTEXT: "OpenText"}


def known_keys() -> set[str]:
    """Every key that a file may hold, as the reader itself tells when it meets one it does not know."""
    changed: dict[str, Any] = shipped()
    for table in (
        changed,
        changed["item"],
        changed["process"],
        changed["fields"]["name"],
        changed["stakeholders"][0],
    ):
        table["no_such_key"] = 1
    with pytest.raises(FlowWordsError) as caught:
        read_words(FLOW, changed)
    told = [fault.partition("known are: ")[2] for fault in caught.value.faults if "no_such_key" in fault]
    assert len(told) == 5
    return {key for keys in told for key in keys.split(", ")}


def test_every_key_of_a_file_is_explained() -> None:
    named = {word for code in re.findall(r"`([^`\n]+)`", PAGE) for word in re.findall(r"[a-z_]+", code)}

    assert known_keys() - named == set()


def test_every_field_stands_there_with_its_owner_and_writer() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (Aprimo|OpenText) \| (main|notes) \|", PAGE, flags=re.MULTILINE)

    table = ownership.FIELDS[FLOW]
    assert rows == [(name, SIDES[owned.owner], owned.writer) for name, owned in table.items()]


def test_every_state_stands_there_with_its_owner() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (Aprimo|OpenText) \| [^|]+ \|$", PAGE, flags=re.MULTILINE)

    assert rows == [(word, SIDES[side]) for word, side in ownership.STATES[FLOW].items()]
    assert [word for word, _ in rows] == list(STATES)


def test_the_fields_that_are_needed_are_named() -> None:
    needed = ", ".join(f"`{name}`" for name in FIELDS[:-1]) + f" and `{FIELDS[-1]}` are needed."

    assert needed in PAGE


def test_the_faults_it_shows_are_those_that_are_told() -> None:
    changed: dict[str, Any] = shipped()
    changed["states"]["submitted"] = "two"
    changed["stakeholders"][0]["due_in"] = "3 days"

    with pytest.raises(FlowWordsError) as caught:
        read_words(FLOW, changed)

    assert str(caught.value) in PAGE
