"""What is planted to make the checker fail: the evidence of a good run, and how it is spoiled for each invariant."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from tests.chaos.checker.evidence import Evidence, Fault, load

SAMPLE = Path(__file__).parent / "samples" / "resubmitted_brief.json"
"""Recorded by `python -m tests.chaos.record`."""
CANARY = "canary-token"
US = {"aprimo": "91", "opentext": "signoff.integration@example.test"}

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Good:
    """A copy of the good evidence that may be spoiled."""

    aprimo: list[Row]
    opentext: list[Row]
    tables: dict[str, list[Row]]
    callouts: list[Row]
    requests: dict[str, list[Row]]
    run: dict[str, Any]
    said: dict[str, str]

    @classmethod
    def read(cls) -> Self:
        """A fresh copy."""
        found = json.loads(SAMPLE.read_text(encoding="utf-8"))
        kept = {name: found[name] for name in ("tables", "callouts", "requests", "said")}
        return cls(**found["histories"], **kept, run={})

    def evidence(self) -> Evidence:
        """What the checker is shown."""
        told = load(SAMPLE)
        histories = {"aprimo": self.aprimo, "opentext": self.opentext}
        return replace(
            told,
            histories=histories,
            tables=self.tables,
            callouts=self.callouts,
            requests=self.requests,
            run=replace(told.run, **self.run),
            said=self.said,
            secrets={"token": CANARY},
        )

    def written_by_us(self, field: int) -> Row:
        """Our last write of an extended attribute of the brief."""
        return next(row for row in reversed(self.aprimo) if row["actor"] == US["aprimo"] and attribute(row, field))

    def starts(self) -> list[Row]:
        return [row for row in self.opentext if (row["identity"] or "").startswith("start:")]

    def one(self, table: str, **wanted: Any) -> Row:  # noqa: ANN401 - JSON
        return next(row for row in self.tables[table] if all(row[name] == value for name, value in wanted.items()))


def attribute(row: Row, number: int) -> str:
    return next((each["eaValue"] for each in row["after"]["extendedAttributes"] if each["eaId"] == number), "")


def _set_attribute(row: Row, number: int, value: str) -> None:
    next(each for each in row["after"]["extendedAttributes"] if each["eaId"] == number)["eaValue"] = value


def _again(rows: list[Row], row: Row, **changes: Any) -> None:  # noqa: ANN401 - JSON
    rows.append({**copy.deepcopy(row), "number": rows[-1]["number"] + 1, "time": rows[-1]["time"], **changes})


def _lose_an_acknowledged_callout(good: Good) -> None:
    good.callouts.append({**good.callouts[0], "eventId": "never-stored", "state": "delivered"})


def _lose_the_event_of_a_receipt(good: Good) -> None:
    good.one("receipts", verdict="handled")["event_id"] = "gone"


def _leave_an_event_open(good: Good) -> None:
    good.one("events", state="ignored")["state"] = "accepted"


def _ignore_without_a_reason(good: Good) -> None:
    good.one("events", state="ignored")["reason"] = ""


def _supersede_by_nobody(good: Good) -> None:
    good.one("events", state="superseded")["superseded_by"] = None


def _leave_a_line_leased(good: Good) -> None:
    good.tables["lines"][0]["leased_until"] = "2026-01-01T00:00:00+00:00"


def _start_twice(good: Good) -> None:
    _again(good.opentext, good.starts()[-1])


def _do_a_key_twice(good: Good) -> None:
    done = good.one("deliveries", state="done")
    good.tables["deliveries"].append({**done, "id": "another"})


def _start_an_older_revision(good: Good) -> None:
    first, second = good.starts()
    first["after"]["variables"]["signoffRevision"], second["after"]["variables"]["signoffRevision"] = 2, 1


def _start_while_one_is_live(good: Good) -> None:
    end = next(row for row in good.opentext if (row["identity"] or "").startswith("end:"))
    end["number"] = good.opentext[-1]["number"] + 1


def _show_an_older_revision(good: Good) -> None:
    last = good.written_by_us(306)
    before = next(row for row in reversed(good.aprimo) if "Revision 1" in attribute(row, 306)[:12])
    _again(good.aprimo, last, before=last["after"], after=before["after"])


def _overtake_an_event(good: Good) -> None:
    sends = sorted((row for row in good.tables["attempts"] if row["purpose"] == "send"), key=_started)
    sends[0]["started_at"] = "2099-01-01T00:00:00+00:00"


def _started(row: Row) -> str:
    return str(row["started_at"])


def _write_back_and_forth(good: Good) -> None:
    last = good.written_by_us(308)
    other = copy.deepcopy(last["after"])
    _again(good.aprimo, last, before=last["after"], after=other)
    _set_attribute(good.aprimo[-1], 308, "another message")
    _again(good.aprimo, last, before=good.aprimo[-1]["after"], after=last["after"])


def _write_without_end(good: Good) -> None:
    last = good.written_by_us(308)
    for number in range(60):
        before = good.aprimo[-1]["after"] if number else last["after"]
        _again(good.aprimo, last, before=copy.deepcopy(before))
        _set_attribute(good.aprimo[-1], 308, f"message {number}")


def _show_another_decision(good: Good) -> None:
    _set_attribute(_last_state(good), 307, "rejected")


def _lose_a_comment(good: Good) -> None:
    _set_attribute(_last_state(good), 309, "")


def _change_a_mapped_field(good: Good) -> None:
    _set_attribute(_last_state(good), 302, "1.00")


def _stay_in_submission(good: Good) -> None:
    _last_state(good)["after"]["activityStateId"] = 2


def _last_state(good: Good) -> Row:
    return next(row for row in reversed(good.aprimo) if row["object"].startswith("activity:"))


def _lose_an_original(good: Good) -> None:
    event_id = good.tables["dead_letters"][0]["event_id"]
    good.one("receipts", event_id=event_id)["body"] = None


def _bury_without_a_hint(good: Good) -> None:
    good.tables["dead_letters"][0]["hint"] = ""


def _lose_an_attempt_of_a_letter(good: Good) -> None:
    delivery_id = good.tables["dead_letters"][0]["delivery_id"]
    good.one("attempts", delivery_id=delivery_id)["number"] = 2


def _leave_a_letter_open(good: Good) -> None:
    good.tables["dead_letters"][0]["state"] = "open"


def _edit_an_entry(good: Good) -> None:
    good.tables["audit"][3]["actor"] = "somebody"


def _delete_an_entry(good: Good) -> None:
    del good.tables["audit"][3]


def _cut_the_tail(good: Good) -> None:
    del good.tables["audit"][-1]


def _lose_an_act(good: Good) -> None:
    good.run["acts"] = ("dead_letter.replayed 7",)


def _log_a_secret(good: Good) -> None:
    good.said["the log"] = f"Authorization: Bearer {CANARY}"


def _store_a_secret(good: Good) -> None:
    good.tables["receipts"][0]["headers"] = {"authorization": CANARY}


def _fail_without_end(good: Good) -> None:
    good.one("deliveries", state="done")["failures"] = 9


def _send_blind(good: Good) -> None:
    sent = good.one("attempts", purpose="send", outcome="sent")
    sent["outcome"] = "unknown"
    good.tables["attempts"].append({**sent, "number": 2, "outcome": "sent"})


def _send_after_a_refusal(good: Good) -> None:
    sent = good.one("attempts", purpose="send", outcome="sent", delivery_id=good.tables["deliveries"][-1]["id"])
    sent["outcome"] = "permanent"
    good.tables["attempts"].append({**sent, "number": 2, "outcome": "sent"})


def _call_without_an_attempt(good: Good) -> None:
    good.requests["aprimo"].append({"method": "PUT", "route": "/api/activities/{id}", "status": 200, "count": 1})


def _record_calls_that_nobody_saw(good: Good) -> None:
    good.requests["opentext"] = []


def _recover_late(good: Good) -> None:
    good.run["recovery_s"] = 61.0


def _approve_before_the_reviewers(good: Good) -> None:
    good.written_by_us(307)["time"] = good.starts()[-1]["time"]


def _approve_for_the_reviewers(good: Good) -> None:
    for row in good.opentext:
        if (row["identity"] or "").startswith("complete:"):
            row["actor"] = US["opentext"]


def _show_a_review_as_approved_that_is_not(good: Good) -> None:
    first = next(row for row in good.aprimo if row["actor"] == US["aprimo"])
    _set_attribute(first, 311, "approved")


def _break_unseen(good: Good) -> None:
    good.run["faults"] = (Fault(kind="vendor down", what="unseen", began_at="2020-01-01T00:00:00+00:00", hits=3),)


def _complain_of_nothing(good: Good) -> None:
    good.run["is_without_faults"] = True


def _do_too_little(good: Good) -> None:
    good.run["useful"] = 0.89


def _miss_with_a_fault(good: Good) -> None:
    good.run["faults"] = (Fault(kind="wipe", what="nothing", began_at="2026-01-01T00:00:00+00:00", hits=0),)


PLANTS: dict[str, list[Callable[[Good], None]]] = {
    "I1": [
        _lose_an_acknowledged_callout,
        _lose_the_event_of_a_receipt,
        _leave_an_event_open,
        _ignore_without_a_reason,
        _supersede_by_nobody,
        _leave_a_line_leased,
    ],
    "I2": [_start_twice, _do_a_key_twice],
    "I3": [_start_an_older_revision, _start_while_one_is_live, _show_an_older_revision, _overtake_an_event],
    "I4": [_write_back_and_forth, _write_without_end],
    "I5": [_show_another_decision, _lose_a_comment, _change_a_mapped_field, _stay_in_submission],
    "I6": [_lose_an_original, _bury_without_a_hint, _lose_an_attempt_of_a_letter, _leave_a_letter_open],
    "I7": [_edit_an_entry, _delete_an_entry, _cut_the_tail, _lose_an_act],
    "I8": [_log_a_secret, _store_a_secret],
    "I9": [
        _fail_without_end,
        _send_blind,
        _send_after_a_refusal,
        _call_without_an_attempt,
        _record_calls_that_nobody_saw,
    ],
    "I10": [_recover_late],
    "I11": [
        _approve_before_the_reviewers,
        _approve_for_the_reviewers,
        _show_a_review_as_approved_that_is_not,
    ],
    "I12": [_break_unseen, _complain_of_nothing],
    "I13": [_do_too_little, _miss_with_a_fault],
}
