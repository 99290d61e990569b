"""compose.yaml is a valid Compose file and describes the roles that exist, with settings that exist."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema.validators import validator_for

from config.celery_options import TARGETS
from config.settings import all_settings, load
from console.cli import signoff

ROOT = Path(__file__).parents[3]
OTHERS = {"redis", "postgres"}
ROLES = {"migrate", "scheduler", "web", "flower", "worker-aprimo", "worker-opentext", "worker-timetable"}
KNOWN = {each.env for each in all_settings()}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return document


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The Compose Specification's own schema, as check-jsonschema carries it."""
    source = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    document: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return document


def test_the_file_follows_the_compose_specification(compose: dict[str, Any], schema: dict[str, Any]) -> None:
    kind = validator_for(schema)
    kind.check_schema(schema)

    assert [f"{'/'.join(map(str, error.path))}: {error.message}" for error in kind(schema).iter_errors(compose)] == []


def test_the_schema_would_see_a_mistake(compose: dict[str, Any], schema: dict[str, Any]) -> None:
    broken = {**compose, "services": {**compose["services"], "web": {"imagine": "signoff"}}}

    assert not validator_for(schema)(schema).is_valid(broken)


def test_every_role_has_its_service(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == ROLES | OTHERS
    assert {f"worker-{target}" for target in (*TARGETS, "timetable")} <= ROLES


@pytest.mark.parametrize("role", sorted(ROLES))
def test_each_role_runs_a_command_that_parses(compose: dict[str, Any], role: str) -> None:
    group: Any = signoff
    words = list(compose["services"][role]["command"])
    while hasattr(group, "commands") or hasattr(group, "list_commands"):
        group = group.get_command(None, words.pop(0))

    assert group is not None
    group.make_context(role, words)


@pytest.mark.parametrize("role", sorted(ROLES))
def test_each_role_is_told_settings_that_exist(compose: dict[str, Any], role: str) -> None:
    assert set(compose["services"][role]["environment"]) - KNOWN == set()


def test_the_example_of_the_environment_file_names_settings_that_exist() -> None:
    text = (ROOT / "deploy" / "env.example").read_text(encoding="utf-8")
    names = set(re.findall(r"^([A-Z_]+)=", text, flags=re.MULTILINE))

    assert names - KNOWN == {"POSTGRES_PASSWORD"}


@pytest.mark.parametrize("role", ["web", "flower"])
def test_what_listens_beyond_its_container_has_a_password(compose: dict[str, Any], role: str) -> None:
    environ = {**compose["services"][role]["environment"], "SIGNOFF_DATA_DIR": "nowhere"}

    assert load(environ).log_level == "info"
    with pytest.raises(Exception, match=f"SIGNOFF_{role.upper()}_PASSWORD"):
        load({**environ, f"SIGNOFF_{role.upper()}_PASSWORD": ""})


def test_a_stopping_worker_is_given_longer_than_it_takes(compose: dict[str, Any]) -> None:
    for target in (*TARGETS, "timetable"):
        grace = compose["services"][f"worker-{target}"]["stop_grace_period"]
        assert int(grace.removesuffix("s")) >= load({}).engine.shutdown_wait_s + 10


def test_redis_keeps_what_it_is_given(compose: dict[str, Any]) -> None:
    command = compose["services"]["redis"]["command"]

    assert "--maxmemory-policy noeviction" in command
    assert "--appendonly yes --appendfsync everysec" in command


def test_the_image_holds_every_package_a_role_needs_and_runs_as_nobody_special() -> None:
    text = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")

    copied = set(re.findall(r"^COPY (\w+) \1$", text, flags=re.MULTILINE))
    assert copied == {"config", "console", "pipeline", "schedules", "tasks"}
    assert "--no-deps --require-hashes" in text
    assert "\nUSER signoff\n" in text
