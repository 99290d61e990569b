"""The names in the packaged flows' files against the real sandbox process: none is missing, wrong ones are told."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from config.settings import PACKAGED_FLOWS
from pipeline.aprimo.client import Client
from pipeline.aprimo.names_check import Existence, NamesCheck
from pipeline.flows.reading import read_words
from tests.support.vendor_parts import bounds

FILES = sorted(PACKAGED_FLOWS.glob("*.toml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_name_of_a_packaged_file_is_found_in_the_sandbox(aprimo: Client, file: Path) -> None:
    words = read_words(file.stem, tomllib.loads(file.read_text(encoding="utf-8")))

    checks = NamesCheck(aprimo, bounds()).flow(words)

    wrong = [each for each in checks if each.existence in {Existence.MISSING, Existence.AMBIGUOUS}]
    assert wrong == []
    assert any(each.existence is Existence.FOUND for each in checks)


def test_a_wrong_name_is_missing_with_what_comes_closest(aprimo: Client) -> None:
    check = NamesCheck(aprimo, bounds())

    found = [check.field("ReviewStat"), check.attribute("activity", "extrAttr399"), check.collection("Web tea")]

    assert {each.existence for each in found} == {Existence.MISSING}
    assert found[0].closest[0] == "ReviewState"
    assert found[2].closest[0] == "Web team"


def test_pick_lists_users_and_generic_objects_are_found(aprimo: Client) -> None:
    check = NamesCheck(aprimo, bounds())

    found = [
        check.pick_list_item(357, "Late approval"),
        check.user("requester.one@example.test"),
        check.generic_object("generic_object_alpha"),
        check.attribute("generic_object_alpha", "extrAttr351"),
        check.attribute("commitment", "totalAmount"),
        check.state("project", 20),
    ]

    assert [(each.existence, each.id) for each in found] == [
        (Existence.FOUND, each) for each in ("3572", "88", "generic_object_alpha", "extrAttr351", "totalAmount", "20")
    ]
