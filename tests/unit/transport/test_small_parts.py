"""Redaction, times, memory and answers: small parts that others stand on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from marshmallow import Schema, ValidationError

from pipeline.errors import PermanentError, TransientError
from pipeline.transport.effects import EffectsMissingError, check_effects
from pipeline.transport.memory import ENTRIES_MAX, Memory
from pipeline.transport.messages import Answer, UnreadableAnswerError, plain
from pipeline.transport.reading import reading
from pipeline.transport.redaction import safe_text
from pipeline.transport.times import Instant, instant, iso, sortable
from pipeline.words import Side


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sent canary-secret twice: canary-secret", "sent *** twice: ***"),
        ("Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.e30.x", "Authorization: Bearer ***"),
        ('{"access_token": "eyJ0", "x": 1}', '{"access_token": "***", "x": 1}'),
        ("client_secret=abc&grant=1", "client_secret=***&grant=1"),
        ("line\n  and line", "line and line"),
        ("x" * 600, "x" * 500),
    ],
)
def test_no_secret_survives_in_a_text(text: str, expected: str) -> None:
    assert safe_text(text, ["canary-secret", ""]) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-02-03T10:15:30", datetime(2026, 2, 3, 10, 15, 30, tzinfo=UTC)),
        ("2026-02-03T10:15:30.117", datetime(2026, 2, 3, 10, 15, 30, 117000, tzinfo=UTC)),
        ("2026-02-03T10:15:30.1170000Z", datetime(2026, 2, 3, 10, 15, 30, 117000, tzinfo=UTC)),
        ("2026-01-12T10:17:43.902+0000", datetime(2026, 1, 12, 10, 17, 43, 902000, tzinfo=UTC)),
        ("2026-01-12T15:47:43.902+05:30", datetime(2026, 1, 12, 10, 17, 43, 902000, tzinfo=UTC)),
        ("2026-02-03", datetime(2026, 2, 3, tzinfo=UTC)),
    ],
)
def test_every_rendering_of_a_time_is_one_moment_in_utc(text: str, expected: datetime) -> None:
    assert instant(text) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        instant(text)


def test_a_moment_is_written_with_z_whatever_its_zone() -> None:
    moment = datetime(2026, 2, 3, 12, 15, 30, tzinfo=timezone(timedelta(hours=2)))

    assert iso(moment) == "2026-02-03T10:15:30Z"


def test_sortable_texts_sort_as_their_moments() -> None:
    whole, later = instant("2026-02-03T10:15:30"), instant("2026-02-03T10:15:30.1")

    assert sortable(whole) == "2026-02-03T10:15:30.000000Z"
    assert sortable(whole) < sortable(later)


@pytest.mark.parametrize("value", [5, "soon", None])
def test_a_schema_refuses_what_is_no_time(value: object) -> None:
    with pytest.raises(ValidationError):
        Schema.from_dict({"at": Instant(required=True)})().load({"at": value})


def test_fractions_stay_exact_in_an_answer() -> None:
    value = Answer(status=200, body=b'{"total": 12000.10, "rows": [{"n": 1}]}').json_object()

    assert value == {"total": Decimal("12000.10"), "rows": [{"n": 1}]}
    assert plain(value) == {"total": "12000.10", "rows": [{"n": 1}]}


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"x"', b'{"half": ', b"<html>", b"[" * 100_000, b"\xff\xfe{"])
def test_what_is_no_object_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableAnswerError):
        Answer(status=200, body=body).json_object()


def test_an_answer_and_its_body_are_apart_in_a_repr() -> None:
    assert "canary" not in repr(Answer(status=200, body=b"canary"))


def test_reading_half_an_answer_is_tried_again() -> None:
    with (
        pytest.raises(TransientError, match="Aprimo's activity 5012 came back unreadable"),
        reading("Aprimo's activity 5012"),
    ):
        Answer(status=200, body=b"null").json_object()


def test_reading_another_shape_is_for_a_person() -> None:
    with pytest.raises(PermanentError) as caught, reading("Aprimo's activity 5012"):
        Schema.from_dict({"at": Instant(required=True)})().load({})

    assert caught.value.code == "answer_unexpected"
    assert '{"at": ["Missing data for required field."]}' in caught.value.hint


class Source:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __call__(self, key: int) -> str:
        self.asked.append(key)
        return f"value-{key}"


def test_what_was_looked_up_is_remembered_for_its_time() -> None:
    now = [0.0]
    memory: Memory[int, str] = Memory(60.0, lambda: now[0])
    source = Source()

    values = [memory.get(1, source), memory.get(1, source)]
    now[0] = 60.0
    values.append(memory.get(1, source))

    assert values == ["value-1"] * 3
    assert source.asked == [1, 1]


def test_memory_is_bounded() -> None:
    memory: Memory[int, str] = Memory(60.0, lambda: 0.0)
    source = Source()

    for key in range(ENTRIES_MAX + 1):
        memory.get(key, source)
    memory.get(0, source)

    assert source.asked[-1] == 0


def test_a_kind_without_an_effect_is_found_when_a_worker_starts() -> None:
    with pytest.raises(EffectsMissingError, match=r"aprimo: kinds \[.*'pm\.project_verb', 'pm\.set_fields', .*\]"):
        check_effects({"pm.set_fields": object()}, Side.APRIMO)
