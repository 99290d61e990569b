"""Flow 4, sentence by sentence: what marketers, translators and reviewers do, and what both systems show then."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.conftest import OpenDesk
from tests.support.acceptance import Desk
from tests.support.file_host import FileHost, file_host
from tests.support.localizations import (
    BRANDED,
    CHECKED,
    PROCESS,
    TRANSLATED,
    distributed,
    new_file,
    shown,
    translation_of,
)

GONE_BY = "2026-01-05T00:00:00Z"
"""When the first translation was due."""


@pytest.fixture
def host() -> Iterator[FileHost]:
    with file_host() as offering:
        yield offering


@pytest.fixture
def desk(open_desk: OpenDesk, host: FileHost) -> Desk:
    """An installation that may fetch files from the host."""
    return open_desk(environ={"APRIMO_UPLOAD_SOURCES": host.host})


@pytest.mark.parametrize("source", ["rule", "poller"])
def test_it_starts_when_a_master_is_distributed_to_markets_one_process_for_each(desk: Desk, source: str) -> None:
    if source == "poller":
        desk.mute_aprimo()
    master = distributed(desk)
    assert desk.running(PROCESS) == []

    desk.dam.write(master.id, Markets=["DACH", "Nordics"])
    if source == "poller":
        desk.poll()
    desk.rest()

    assert master.running() == ["DACH", "Nordics"]
    assert list(master.market("DACH").tasks()) == [TRANSLATED]
    assert {name: line.split(" · ")[0] for name, line in master.matrix().items()} == {
        "DACH": "waiting for Translation",
        "Nordics": "waiting for Translation",
    }


def test_a_classification_may_list_the_markets(open_desk: OpenDesk) -> None:
    desk = open_desk(
        {
            "localization": lambda text: text.replace("# [distribution]", "[distribution]").replace(
                "# classi", "classi"
            )
        }
    )
    master = distributed(desk, "UK")
    iberia = desk.dam.id_of("classifications", "/Markets/Iberia")

    desk.dam.send("PUT", f"record/{master.id}", {"classifications": {"addOrUpdate": [{"id": iberia}]}})
    desk.poll()

    assert master.running() == ["Iberia", "UK"]


def test_each_market_is_told_its_market_its_language_and_exactly_one_version_of_the_master(desk: Desk) -> None:
    master = distributed(desk, "DACH")

    version = desk.dam.master(master.id)
    expected = {
        "assetTitle": "Hero banner",
        "market": "DACH",
        "language": "German",
        "masterRecordId": master.id,
        "masterVersionId": version["id"],
        "masterVersionNumber": "1",
        "translationGroup": "Translation DACH",
    }
    assert expected.items() <= master.market("DACH").variables().items()


def test_translation_legal_check_and_brand_approval_follow_each_other(desk: Desk) -> None:
    dach = distributed(desk, "DACH").market("DACH")

    dach.translate(localizedRecordId=desk.dam.make(Title="Held"))
    assert list(dach.tasks()) == [CHECKED]
    dach.answer(CHECKED, "approved", "fine for DACH")
    assert list(dach.tasks()) == [BRANDED]

    line = dach.master.matrix()["DACH"]
    assert line.startswith("waiting for Regional brand")
    whole = dach.master.says("MarketMatrix")
    assert "  Market legal · approved · market_legal.dach@example.test" in whole
    assert "fine for DACH" in whole


def test_rework_goes_back_to_the_translation_with_the_feedback_and_with_a_due_time_of_its_own(desk: Desk) -> None:
    dach = distributed(desk, "DACH").market("DACH")
    first = dach.tasks()[TRANSLATED]
    dach.translate(translationDue=GONE_BY)

    dach.answer(CHECKED, "changes_requested", "No superlatives")
    desk.poll()

    again = dach.tasks()[TRANSLATED]
    assert again["id"] != first["id"]
    assert "Market legal: changes requested. No superlatives" in again["description"]
    assert again["dueDate"] >= first["dueDate"] > GONE_BY


def test_a_market_that_is_stuck_delays_no_other(desk: Desk, host: FileHost) -> None:
    master = distributed(desk, "DACH", "Iberia")
    stuck = "https://files.elsewhere.example/iberia.psd"
    master.market("Iberia").approve(localizedFile=stuck)
    assert desk.states.letters() == [("source_not_allowed", "open")]

    master.market("DACH").approve(**translation_of(host, "DACH"))

    assert master.matrix()["DACH"].startswith("approved")
    assert master.market("Iberia").records() == []
    assert master.matrix()["Iberia"].startswith("waiting for Regional brand")


def test_a_market_added_later_starts_its_own_process(desk: Desk) -> None:
    master = distributed(desk, "DACH")
    first = master.market("DACH").instance

    master.put(Markets=["DACH", "UK"])

    assert master.running() == ["DACH", "UK"]
    assert master.market("DACH").instance == first


def test_a_market_that_is_removed_is_cancelled_with_the_reason(desk: Desk) -> None:
    master = distributed(desk, "DACH", "UK")
    instance = master.market("UK").instance

    master.put(Markets=["DACH"])

    assert master.running() == ["DACH"]
    ended = desk.opentext.history(f"historic-process-instances/{instance}").json()
    assert ended["deleteReason"] == "Not distributed to UK any more (Signoff)"
    assert master.matrix()["UK"].startswith("withdrawn")


def test_a_market_that_comes_back_begins_anew(desk: Desk) -> None:
    master = distributed(desk, "DACH", "UK")
    master.put(Markets=["DACH"])

    master.put(Markets=["DACH", "UK"])

    assert master.running() == ["DACH", "UK"]
    assert master.market("UK").variables()["signoffRevision"] == 2


def test_a_market_that_the_file_does_not_name_is_shown_as_unknown_and_never_started(desk: Desk) -> None:
    master = distributed(desk, "APAC", "DACH")

    assert master.running() == ["DACH"]
    assert master.matrix()["APAC"].startswith("unknown, not started")
    assert "unknown_market:APAC" in desk.states.notices()


def test_an_approved_file_becomes_a_record_of_its_own_with_all_its_metadata(desk: Desk, host: FileHost) -> None:
    master = distributed(desk, "DACH")
    dach = master.market("DACH")

    dach.approve(**translation_of(host, "DACH", b"hallo"))

    record = dach.published()
    expected = {
        "Title": "Hero banner (DACH)",
        "Market": "DACH",
        "Language": "German",
        "MasterRecord": master.id,
        "MasterVersion": desk.dam.master(master.id)["id"],
        "MasterVersionNumber": "1",
        "ApprovalState": "Approved",
        "BasedOnOlderMaster": "No",
        "ExternalReference": dach.key,
        "status": "released",
        "contentType": "LocalizedAsset",
    }
    assert expected.items() <= record.items()
    assert record["Approver"] == "market_legal.dach@example.test; regional_brand.dach@example.test"
    assert record["ApprovedOn"]
    assert "Regional brand · approved · regional_brand.dach@example.test" in record["ReviewMatrix"]
    assert desk.states.letters() == []


def test_the_master_shows_the_matrix_of_markets_and_states_with_the_records(desk: Desk, host: FileHost) -> None:
    master = distributed(desk, "DACH", "Iberia", "UK")
    master.market("DACH").approve(**translation_of(host, "DACH"))
    master.market("Iberia").translate(**translation_of(host, "Iberia"))
    master.market("Iberia").answer(CHECKED, "rejected", "Claim not allowed")

    (record_id,) = master.market("DACH").records()
    lines = master.matrix()
    assert list(lines) == ["DACH", "Iberia", "UK"]
    assert lines["DACH"].startswith("approved · regional_brand.dach@example.test · ")
    assert lines["DACH"].endswith(
        f"version 1 of the master · https://sandbox.dam.aprimo.example.test/#/record/{record_id}"
    )
    assert lines["Iberia"].startswith("rejected · market_legal.iberia@example.test · ")
    assert lines["UK"].startswith("waiting for Translation")
    assert master.says("MarketMessage").startswith("Iberia: Rejected by Market legal")
    assert master.market("Iberia").records() == []


def test_only_the_masters_own_line_writes_the_master(desk: Desk, host: FileHost) -> None:
    master = distributed(desk, "DACH")

    master.market("DACH").approve(**translation_of(host, "DACH"))

    assert desk.states.writers(f"record:{master.id}") == [f"localization/{master.key}"]


def test_a_record_that_is_in_aprimo_already_is_released_with_its_metadata(desk: Desk) -> None:
    master = distributed(desk, "UK")
    uk = master.market("UK")
    held = localized(desk)

    uk.approve(localizedRecordId=held)

    assert uk.records() == [held]
    record = uk.published()
    assert (record["Market"], record["ApprovalState"], record["status"]) == ("UK", "Approved", "released")
    assert (record["MasterRecord"], record["Title"]) == (master.id, "Held")


def localized(desk: Desk) -> str:
    """A translator's own record; its id."""
    token = desk.dam.upload(b"held").json()["token"]
    body = {
        "contentType": "LocalizedAsset",
        "classifications": {"addOrUpdate": [{"id": desk.dam.id_of("classifications", "/Assets/Localized")}]},
        "fields": desk.dam.fields(Title="Held"),
        "files": {"master": token, **desk.dam.version(token)},
    }
    answer = desk.dam.send("POST", "records", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_a_record_whose_file_was_changed_after_the_translation_is_not_published(desk: Desk) -> None:
    master = distributed(desk, "UK")
    uk = master.market("UK")
    held = localized(desk)
    uk.translate(localizedRecordId=held)
    uk.answer(CHECKED, "approved")

    new_file(desk, held, b"another")
    uk.answer(BRANDED, "approved")

    assert uk.records() == []
    assert shown(desk, held)["status"] == "draft"
    assert master.matrix()["UK"].startswith("approved, not published")
    assert "was changed after the reviewers had begun to see it" in master.says("MarketMessage")


@pytest.mark.parametrize("what", ["nothing", "the master", "no record"])
def test_what_is_no_localized_version_is_not_published_and_the_owner_is_told(desk: Desk, what: str) -> None:
    master = distributed(desk, "UK")
    names = {"nothing": {}, "the master": {"localizedRecordId": master.id}, "no record": {"localizedRecordId": "42"}}

    master.market("UK").approve(**names[what])

    assert master.matrix()["UK"].startswith("approved, not published")
    assert "not_published" in desk.states.notices()
    assert desk.states.letters() == []


def test_a_record_is_not_made_twice_when_nobody_knows_whether_it_was_made(desk: Desk, host: FileHost) -> None:
    dach = distributed(desk, "DACH").market("DACH")
    lost = {"method": "POST", "path": "/api/core/records", "kind": "drop", "times": 1}
    desk.aprimo_sandbox.admin("POST", "faults", lost)

    dach.approve(**translation_of(host, "DACH"))
    desk.until(
        lambda: dach.master.matrix()["DACH"].startswith("approved") and "record/" in dach.master.matrix()["DACH"]
    )

    assert len(dach.records()) == 1
    assert desk.states.letters() == []


def test_running_markets_restart_on_a_new_version_of_the_master(desk: Desk) -> None:
    master = distributed(desk, "DACH", "UK")
    first = master.market("UK").instance
    master.market("UK").translate()

    version_id = master.new_version()

    assert master.running() == ["DACH", "UK"]
    uk = master.market("UK")
    assert uk.instance != first
    assert uk.variables()["masterVersionId"] == version_id
    assert list(uk.tasks()) == [TRANSLATED]
    assert "version 2 of the master" in master.matrix()["UK"]


def test_a_finished_market_is_marked_as_based_on_an_older_master(desk: Desk, host: FileHost) -> None:
    master = distributed(desk, "DACH", "UK")
    master.market("DACH").approve(**translation_of(host, "DACH"))

    master.new_version()

    assert master.running() == ["UK"]
    record = master.market("DACH").published()
    assert (record["BasedOnOlderMaster"], record["MasterVersionNumber"]) == ("Yes", "1")
    assert (record["ApprovalState"], record["status"]) == ("Approved", "released")
    assert "based on an older master" in master.matrix()["DACH"]


def test_a_market_that_is_localized_again_keeps_its_one_record_with_a_new_version(desk: Desk, host: FileHost) -> None:
    master = distributed(desk, "DACH")
    dach = master.market("DACH")
    dach.approve(**translation_of(host, "DACH", b"one"))
    (record_id,) = dach.records()
    version_id = master.new_version()
    master.put(Markets=[])
    master.put(Markets=["DACH"])

    dach.approve(**translation_of(host, "DACH", b"two"))

    assert dach.records() == [record_id]
    record = dach.published()
    assert (record["MasterVersion"], record["BasedOnOlderMaster"]) == (version_id, "No")
    assert int(desk.dam.master(record_id)["versionNumber"]) == 2
    assert desk.states.letters() == []


def test_there_is_one_released_record_per_approved_market_and_none_for_an_unapproved_one(
    desk: Desk, host: FileHost
) -> None:
    master = distributed(desk, "DACH", "Iberia", "Nordics", "UK")
    master.market("DACH").approve(**translation_of(host, "DACH"))
    master.market("UK").approve(**translation_of(host, "UK"))
    master.market("Iberia").translate(**translation_of(host, "Iberia"))
    master.market("Iberia").answer(CHECKED, "noted")

    counts = {name: len(master.market(name).records()) for name in ("DACH", "Iberia", "Nordics", "UK")}

    assert counts == {"DACH": 1, "Iberia": 0, "Nordics": 0, "UK": 1}
    assert master.matrix()["Iberia"].startswith("outcome not clear")
    assert "unknown_outcome:market_legal" in desk.states.notices()


def test_a_process_that_somebody_cancels_in_opentext_approves_nothing_and_the_owner_is_told(desk: Desk) -> None:
    master = distributed(desk, "DACH", "UK")

    desk.opentext.workflow("DELETE", f"process-instances/{master.market('UK').instance}?deleteReason=Budget+cut")
    desk.poll()

    assert master.matrix()["UK"].startswith("cancelled")
    assert "Budget cut" in master.says("MarketMessage")
    assert "cancelled_in_opentext" in desk.states.notices()
    assert master.running() == ["DACH"]


def test_a_deleted_master_ends_all_its_markets(desk: Desk) -> None:
    master = distributed(desk, "DACH", "UK")

    desk.dam.send("DELETE", f"record/{master.id}")
    desk.rest()

    assert master.running() == []
    assert desk.states.letters() == []


def test_a_remark_about_the_master_reaches_the_reviewers_of_every_market_once(desk: Desk) -> None:
    master = distributed(desk, "DACH", "UK")

    master.put(MarketRemark="Keep it short")
    desk.poll()

    for name in ("DACH", "UK"):
        rows = desk.opentext.rows(f"process-instances/{master.market(name).instance}/comments")
        assert [str(row["message"]).partition(" [sg-")[0] for row in rows] == [
            "Requester One (Aprimo): Keep it short"
        ]


def test_what_is_said_in_a_markets_process_stands_in_the_masters_comments_and_is_never_carried_back(
    desk: Desk,
) -> None:
    master = distributed(desk, "DACH")
    instance = master.market("DACH").instance

    desk.opentext.workflow("POST", f"process-instances/{instance}/comments", {"message": "Which tone?"})
    desk.poll()

    assert "(OpenText): Which tone?" in master.says("MarketComments")
    assert len(desk.opentext.rows(f"process-instances/{instance}/comments")) == 1


def test_a_changed_title_travels_into_the_running_processes(desk: Desk) -> None:
    master = distributed(desk, "DACH")
    first = master.market("DACH").instance

    master.put(Title="Hero banner, spring")

    assert master.market("DACH").variables()["assetTitle"] == "Hero banner, spring"
    assert master.market("DACH").instance == first


def test_all_that_is_missing_is_one_error_and_mends_itself_once_it_is_there(desk: Desk) -> None:
    record_id = desk.dam.make(Markets=["DACH"])
    desk.rest()
    assert desk.states.letters() == [("values_missing", "open")]
    assert desk.running(PROCESS) == []

    token = desk.dam.upload(b"first").json()["token"]
    files = {"master": token, **desk.dam.version(token)}
    desk.dam.send("PUT", f"record/{record_id}", {"fields": desk.dam.fields(Title="Hero"), "files": files})
    desk.rest()

    assert desk.states.letters() == [("values_missing", "overtaken")]
    assert len(desk.running(PROCESS)) == 1


def test_an_approval_that_is_edited_by_hand_is_put_back(desk: Desk, host: FileHost) -> None:
    dach = distributed(desk, "DACH").market("DACH")
    dach.approve(**translation_of(host, "DACH"))
    (record_id,) = dach.records()

    desk.dam.write(record_id, ApprovalState=["Rejected"], Approver="me")
    desk.rest()

    record = dach.published()
    assert record["ApprovalState"] == "Approved"
    assert record["Approver"] == "market_legal.dach@example.test; regional_brand.dach@example.test"
