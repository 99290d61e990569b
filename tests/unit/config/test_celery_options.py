"""The options Celery is given, as Celery understands them."""

from __future__ import annotations

import pytest
from celery import Celery
from celery.app.defaults import SETTING_KEYS

from config.celery_options import all_queues, celery_options, queues_of
from config.problems import SettingsError
from config.settings import load

BROKER = {"SIGNOFF_BROKER_URL": "redis://127.0.0.1:1/0"}


def test_every_option_is_one_that_celery_knows() -> None:
    assert set(celery_options(load(BROKER))) - SETTING_KEYS == set()


def test_the_eight_queues_are_declared_and_no_other_can_be_made() -> None:
    app = Celery("test", set_as_current=False)
    app.config_from_object(celery_options(load(BROKER)))

    assert list(app.amqp.queues) == [
        "express.aprimo",
        "standard.aprimo",
        "bulk.aprimo",
        "express.opentext",
        "standard.opentext",
        "bulk.opentext",
        "timetable",
        "dead_letters",
    ]
    assert app.conf.task_create_missing_queues is False


def test_a_worker_reads_the_urgent_before_the_rest() -> None:
    assert queues_of("opentext") == ("express.opentext", "standard.opentext", "bulk.opentext")
    assert queues_of("timetable") == ("timetable", "dead_letters")
    assert len(all_queues()) == 8


def test_the_engines_figures_reach_celery() -> None:
    options = celery_options(load({**BROKER, "SIGNOFF_ENGINE_HARD_LIMIT_S": "79"}))

    assert options["task_time_limit"] == 79.0
    assert options["broker_transport_options"]["visibility_timeout"] == 300.0


def test_only_json_is_spoken_and_results_are_not_kept() -> None:
    options = celery_options(load(BROKER))

    assert options["accept_content"] == ["json"]
    assert options["task_serializer"] == "json"
    assert options["task_ignore_result"] is True
    assert "result_backend" not in options


def test_without_a_broker_there_are_no_options() -> None:
    with pytest.raises(SettingsError, match="SIGNOFF_BROKER_URL"):
        celery_options(load({}))
