"""The pages hold together: links lead somewhere, decisions are listed, commands and settings exist."""

import re
from pathlib import Path

import click
import pytest

from config.settings import all_settings
from console.cli import signoff

ROOT = Path(__file__).parents[3]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("sandbox/*/README.md")])


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_decision_is_in_the_list() -> None:
    pages = {path.name for path in ROOT.glob("docs/decisions/[0-9]*.md")}
    listed = re.findall(r"\]\((\d{4}-[^)]+)\)", (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8"))

    assert sorted(listed) == sorted(pages)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_that_a_page_shows_exists(page: Path) -> None:
    shown = re.findall(r"(?:`|\$ |^)signoff ((?:[a-z][a-z-]+ ?)+)", page.read_text(encoding="utf-8"), re.MULTILINE)

    assert [words for words in shown if not is_command(words.split())] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_setting_that_a_page_names_exists(page: Path) -> None:
    known = {each.env for each in all_settings()} | {"SIGNOFF_CONFIG"}
    shown = set(re.findall(r"\bSIGNOFF_[A-Z][A-Z_]*[A-Z]\b", page.read_text(encoding="utf-8")))

    assert shown - known == set()


def is_command(words: list[str]) -> bool:
    """Whether the first words name a command; what follows a command that is no group are its arguments."""
    command: click.Command | None = signoff
    for word in words:
        if not isinstance(command, click.Group):
            return True
        command = command.get_command(click.Context(command), word)
    return command is not None
