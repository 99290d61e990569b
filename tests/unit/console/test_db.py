from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.terminal import Terminal


def with_database(terminal: Terminal, url: str) -> Terminal:
    return replace(terminal, environ={**terminal.environ, "SIGNOFF_DATABASE_URL": url})


def test_a_new_database_is_made_and_brought_up_to_date(terminal: Terminal) -> None:
    result = terminal.run("db", "upgrade")

    assert (result.exit_code, result.stdout) == (0, "The tables are up to date.\n")
    assert terminal.json("status")["flows"] == []


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("sqlite:///{folder}/nowhere/signoff.sqlite3", "unable to open database file"),
        ("sqlite:///{folder}/text.sqlite3", "file is not a database"),
    ],
)
def test_a_file_that_cannot_be_opened_is_one_sentence_and_exit_code_4(
    terminal: Terminal, tmp_path: Path, address: str, why: str
) -> None:
    (tmp_path / "text.sqlite3").write_text("words " * 1000, encoding="utf-8")
    url = address.format(folder=tmp_path)

    result = with_database(terminal, url).run("db", "upgrade")

    told = f"The database cannot be used: {url.replace('sqlite:', 'sqlite+pysqlite:')}: {why}.\n"
    assert (result.exit_code, result.stdout, result.stderr) == (4, "", told)


def test_a_server_that_does_not_answer_is_one_sentence_without_its_password(terminal: Terminal) -> None:
    url = "postgresql://signoff:very-secret@127.0.0.1:1/signoff"

    result = with_database(terminal, url).run("db", "upgrade")

    address = "postgresql+psycopg://signoff:***@127.0.0.1:1/signoff"
    assert result.exit_code == 4
    assert result.stderr.startswith(f"The database cannot be used: {address}: connection failed")
    assert result.stderr.count("\n") == 1


def test_the_data_folder_is_its_owners_alone_and_one_that_is_there_stays_as_it_is(
    terminal: Terminal, tmp_path: Path
) -> None:
    for name in ("made", "there"):
        folder = tmp_path / name
        if name == "there":
            folder.mkdir(mode=0o750)
        replace(terminal, environ={**terminal.environ, "SIGNOFF_DATA_DIR": str(folder)}).run("db", "upgrade")

    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("made", "there")] == [0o700, 0o750]
