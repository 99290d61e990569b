"""The page of all settings is what the declarations say."""

from __future__ import annotations

from pathlib import Path

from config.settings import all_settings
from config.sources import unknown_variables
from config.table import markdown

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"


def test_the_page_of_all_settings_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(all_settings())


def test_every_setting_has_a_name_of_its_own_a_meaning_and_an_example() -> None:
    declared = all_settings()

    assert len({each.env for each in declared}) == len(declared)
    assert [each.env for each in declared if not each.meaning.endswith(".") or not each.example] == []


def test_a_variable_that_is_none_of_ours_is_told_and_not_refused() -> None:
    environ = {"SIGNOFF_WEB_SERVICE_HOST": "10.0.0.7", "SIGNOFF_WEB_PORT": "80", "SIGNOFF_CONFIG": "x", "HOME": "y"}

    assert unknown_variables(all_settings(), environ) == ("SIGNOFF_WEB_SERVICE_HOST",)
