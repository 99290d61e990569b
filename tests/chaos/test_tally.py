"""The figures of a run: what counts as useful work, as lost or doubled, and how the report shows it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from tests.chaos import report
from tests.chaos.checker.evidence import Fault
from tests.chaos.checker.violation import Violation
from tests.chaos.report import Section
from tests.chaos.tally import Played, total, useful, work_done

KEY = "aprimo:activity:1"


def _played(seed: int, *invariants: str, useful: float = 1.0, recovery_s: float = 2.0) -> Played:
    return Played(
        seed=seed,
        events=100,
        faults=(_fault("wipe", 1), _fault("kill", 0)),
        useful=useful,
        recovery_s=recovery_s,
        seconds=20.0,
        violations=tuple(Violation(invariant=each, about="it", says="is so") for each in invariants),
        done={},
    )


def _fault(kind: str, hits: int) -> Fault:
    return Fault(kind=kind, what="", began_at="2026-01-01T00:00:00+00:00", hits=hits)


def _delivery(event_id: str, **more: object) -> dict[str, object]:
    return {"event_id": event_id, "state": "done", "kind": "pm.set_fields", "effect_key": "k", "values": {}, **more}


def test_a_field_that_was_written_often_is_one_piece_of_work() -> None:
    """Under load one write says what several would have said."""
    fields = [{"matrix": "a"}, {"matrix": "b", "decision": "approved"}]
    deliveries = [_delivery("ev-1", values={"fields": each}) for each in fields]
    deliveries.append(_delivery("ev-1", kind="ot.start_process", effect_key="start:1"))
    deliveries.append(_delivery("ev-1", kind="ot.start_process", effect_key="start:2", state="planned"))
    tables = {"events": [{"id": "ev-1", "subject": KEY}], "deliveries": deliveries}

    assert work_done(tables, {KEY: "approved"}) == {KEY: 3}


def test_work_done_twice_over_on_one_item_makes_up_for_no_other() -> None:
    done = {"a": 9, "b": 1}

    assert useful(done, {"a": "approved", "b": "approved"}, {"approved": 2}) == 0.75


def test_the_figures_are_sums_and_the_worst_of_all_seeds() -> None:
    played = [_played(1), _played(2, "I1", "I2", "I2", "I3", "I7", useful=0.95, recovery_s=7.04)]

    assert json.loads(json.dumps(asdict(total(played)))) == {
        "seeds": 2,
        "events": 200,
        "faults": {"wipe": 2},
        "lost": 1,
        "doubled": 2,
        "disordered": 1,
        "useful": 0.95,
        "slowest_recovery_s": 7.0,
        "failing_seeds": [2],
    }


def test_a_report_keeps_the_other_database(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    report.write(path, Section(database="postgresql", played=[_played(1)]))
    report.write(path, Section(database="sqlite", played=[_played(1, "I2")]))
    report.write(path, Section(database="sqlite", played=[_played(1), _played(2)]))
    text = path.read_text(encoding="utf-8")

    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "# Fault report",
        "## SQLite",
        "## PostgreSQL",
    ]
    assert "| seeds | 2 |" in text
    assert "| I2 | each effect once | 0 |" in text


def test_a_failing_seed_is_told_with_its_violations() -> None:
    assert "FAILED (1 violations)" in report.line(_played(3, "I2"))
    assert report.details(_played(3, "I2")) == ["  I2 it: is so"]
