"""What is installed is what is in the folder: every data file beside our code is named in pyproject.toml."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGES = ("config", "console", "pipeline", "sandbox", "schedules", "tasks")
FOR_READERS = {".md"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_data_file_is_installed_with_its_package() -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"]
    forgotten = [
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
        and path.suffix not in {".py", ".pyc"} | FOR_READERS
        and not any(fnmatch(path.relative_to(ROOT / package).as_posix(), each) for each in patterns.get(package, ()))
    ]

    assert forgotten == []


def test_every_lock_holds_its_group_of_requirements_with_hashes_and_no_address() -> None:
    groups = {"runtime": PROJECT["project"]["dependencies"], **PROJECT["project"]["optional-dependencies"]}
    for group, requirements in groups.items():
        lock = (ROOT / "deploy" / "requirements" / f"{group}.lock").read_text(encoding="utf-8")
        pinned = {line.split("==")[0] for line in lock.splitlines() if "==" in line}

        assert {_name(each) for each in requirements} - pinned == set()
        assert "//" not in lock
        assert lock.count("==") <= lock.count("--hash=sha256:")


def _name(requirement: str) -> str:
    name = requirement
    for mark in "[=<>! ":
        name = name.split(mark)[0]
    return name.lower().replace("_", "-")
