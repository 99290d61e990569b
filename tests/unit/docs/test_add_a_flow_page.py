"""docs/add-a-flow.md quotes what stands in the example's files, and names all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.examples.claim_check import claim_check, ownership_rows
from pipeline.words import Side
from tests.support.model_walk import EXAMPLE

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "add-a-flow.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
QUOTE = re.compile(r"^( *)\[[^\]\n]+\]\(([^)]+)\)\n *```\w+\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)

SIDES = {Side.APRIMO: "Aprimo", Side.OPENTEXT: "OpenText"}


def outdented(text: str, indent: str) -> str:
    """A block without what its fence is indented by."""
    return "".join(line.removeprefix(indent) for line in text.splitlines(keepends=True))


QUOTES = [(path, outdented(text, indent)) for indent, path, text in QUOTE.findall(PAGE)]


@pytest.mark.parametrize(("path", "text"), QUOTES, ids=[text.splitlines()[0].strip() for _, text in QUOTES])
def test_what_is_quoted_stands_there(path: str, text: str) -> None:
    assert text in (ROOT / "docs" / path).read_text(encoding="utf-8")


def test_every_block_but_commands_names_the_file_that_it_is_from() -> None:
    blocks = [outdented(text, indent) for indent, language, text in BLOCK.findall(PAGE) if language != "sh"]

    assert blocks == [text for _, text in QUOTES]
    assert len(blocks) == 15


def test_every_file_of_the_example_has_its_place() -> None:
    placed = re.findall(r"^\| \[([^\]]+)\]\(examples/claim_check/", PAGE, re.MULTILINE)

    assert sorted(placed) == sorted(path.name for path in EXAMPLE.iterdir() if path.is_file())


def test_the_files_that_hold_an_added_flow_exist() -> None:
    named = re.findall(r"`((?:tests|pipeline|config|docs)/[\w/.]+)`", PAGE)

    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_line_of_the_registry_is_one_like_the_others() -> None:
    (line,) = re.findall(r'`("claim_check": \w+,)`', PAGE)

    registry = (ROOT / "pipeline" / "flows" / "registry.py").read_text(encoding="utf-8")
    assert line.replace("claim_check", "campaign_brief") in registry


def test_the_rows_are_those_of_the_flow_and_of_its_page() -> None:
    page = (EXAMPLE / "claim_check.md").read_text(encoding="utf-8")
    fields = re.findall(r"^\| `(\w+)` \| (Aprimo|OpenText) \| (main|notes) \|", page, re.MULTILINE)
    states = re.findall(r"^\| `(\w+)` \| (Aprimo|OpenText) \| [^|]+ \|$", page, re.MULTILINE)

    assert fields == [(name, SIDES[each.owner], each.writer) for name, each in ownership_rows.FIELDS.items()]
    assert states == [(word, SIDES[side]) for word, side in ownership_rows.STATES.items()]
    assert set(ownership_rows.STATES) == set(claim_check.STATES)
    assert set(claim_check.FIELDS) <= set(ownership_rows.FIELDS)
