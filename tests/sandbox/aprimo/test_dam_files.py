"""Uploads, versions, checks and check-outs (aprimo.md §4.3, §4.7)."""

import hashlib
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.aprimo_caller import TIMEOUT_S, AprimoCaller
from tests.support.aprimo_dam import DamCaller
from tests.support.sandbox_process import running


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def send_segment(dam: DamCaller, uri: str, index: int, content: bytes) -> int:
    files = {"file": ("part", content)}
    return dam.caller.session.post(f"{uri}?index={index}", files=files, timeout=TIMEOUT_S).status_code


def opened(dam: DamCaller) -> str:
    answer = dam.caller.session.post(
        f"{dam.caller.base}/uploads/segments", json={"filename": "film.mov"}, timeout=TIMEOUT_S
    )
    return str(answer.json()["uri"])


def committed(dam: DamCaller, uri: str, count: int) -> Any:  # noqa: ANN401 -- A response.
    body = {"filename": "film.mov", "segmentcount": count}
    return dam.caller.session.post(f"{uri}/commit", json=body, timeout=TIMEOUT_S)


def test_a_record_is_made_with_an_uploaded_file_as_its_master(dam: DamCaller) -> None:
    _, version = dam.make_with_file(b"first")

    expected = {
        "versionNumber": 1,
        "fileName": "hero.psd",
        "fileExtension": "psd",
        "fileSize": 5,
        "sha256": hashlib.sha256(b"first").hexdigest(),
        "crc32": zlib.crc32(b"first"),
        "isLatest": True,
    }
    assert {name: version[name] for name in expected} == expected


def test_a_token_is_for_a_single_use(dam: DamCaller) -> None:
    token = dam.upload(b"first").json()["token"]
    dam.make(files=dam.version(token))

    answer = dam.send("PUT", f"record/{dam.make()}", {"files": dam.version(token)})

    assert answer.status_code == 400


def test_a_refused_create_has_spent_its_token(dam: DamCaller) -> None:
    token = dam.upload(b"first").json()["token"]
    dam.send("POST", "records", {"files": dam.version(token)})

    answer = dam.send("PUT", f"record/{dam.make()}", {"files": dam.version(token)})

    assert answer.status_code == 400


def test_a_new_version_of_the_master_becomes_the_latest(dam: DamCaller) -> None:
    record_id, first = dam.make_with_file(b"first")
    file_id = dam.get(f"record/{record_id}", select_record="masterfile")["masterfile"]["id"]
    token = dam.upload(b"second").json()["token"]

    answer = dam.send("PUT", f"record/{record_id}", {"files": dam.version(token, id=file_id)})

    latest = dam.master(record_id)
    assert (answer.status_code, latest["versionNumber"], latest["isLatest"]) == (204, 2, True)
    assert latest["id"] != first["id"]
    assert dam.get(f"fileversion/{first['id']}")["isLatest"] is False


def test_a_file_is_processed_before_it_is_available(dam: DamCaller) -> None:
    record_id, version = dam.make_with_file()

    assert version["fileState"] == "Processing"
    assert dam.get(f"record/{record_id}", select_record="preview")["preview"] is None
    until(lambda: dam.get(f"fileversion/{version['id']}")["fileState"] == "Available")
    assert dam.get(f"record/{record_id}", select_record="preview")["preview"]["uri"].startswith("https://")


def test_what_is_too_big_for_one_piece_is_refused(dam: DamCaller) -> None:
    assert dam.upload(b"x" * 1001).status_code == 413


@pytest.mark.parametrize("name", ["a:b.psd", "a/b.psd", "what?.psd"])
def test_file_names_may_not_hold_everything(dam: DamCaller, name: str) -> None:
    answer = dam.caller.session.post(
        f"{dam.caller.base}/uploads/segments", json={"filename": name}, timeout=TIMEOUT_S
    )

    assert answer.status_code == 400


def test_segments_in_any_order_make_one_file(dam: DamCaller) -> None:
    uri = opened(dam)
    statuses = [send_segment(dam, uri, index, content) for index, content in ((1, b"world"), (0, b"hello "))]

    token = committed(dam, uri, 2).json()["token"]

    version = dam.master(dam.make(files=dam.version(token, "film.mov")))
    assert (statuses, version["fileSize"]) == ([202, 202], 11)
    assert version["sha256"] == hashlib.sha256(b"hello world").hexdigest()


def test_a_missing_segment_is_refused_at_the_commit_and_can_still_be_sent(dam: DamCaller) -> None:
    uri = opened(dam)
    send_segment(dam, uri, 0, b"hello ")

    refused = committed(dam, uri, 2).status_code
    send_segment(dam, uri, 1, b"world")

    assert (refused, committed(dam, uri, 2).status_code) == (400, 200)


def test_an_abandoned_upload_is_gone(dam: DamCaller) -> None:
    uri = opened(dam)

    assert dam.caller.session.delete(uri, timeout=TIMEOUT_S).status_code == 204
    assert send_segment(dam, uri, 0, b"x") == 404


def test_segments_that_were_taken_outlive_a_kill(tmp_path: Path) -> None:
    options = {"data_dir": str(tmp_path / "state")}
    with running("aprimo", tmp_path, **options) as server:
        dam = DamCaller(AprimoCaller(server.base))
        uri = opened(dam)
        send_segment(dam, uri, 0, b"hello ")
        server.process.kill()
        server.process.wait(5)

    with running("aprimo", tmp_path, **options) as server:
        uri = uri.replace(dam.caller.base, server.base)
        dam.caller.base = server.base
        send_segment(dam, uri, 1, b"world")
        token = committed(dam, uri, 2).json()["token"]
        assert dam.master(dam.make(files=dam.version(token, "film.mov")))["fileSize"] == 11
        dam.caller.close()


def test_a_check_result_stands_on_one_file_version(dam: DamCaller, aprimo: AprimoCaller) -> None:
    _, version = dam.make_with_file()
    path = f"fileversion/{version['id']}/checkresults"
    check_id = dam.id_of("checks", "Legal check")
    body = {"checkId": check_id, "outcome": "fail", "description": "Claim unproven [sg-0a1b2c3d4e]"}

    made = dam.send("POST", path, body)

    (result,) = dam.get(path)["items"]
    (change,) = aprimo.sandbox("GET", f"history?object=checkresult:{made.json()['id']}")
    assert (made.status_code, {name: result[name] for name in body}) == (201, body)
    assert change["identity"] == f"checkresult:{version['id']}:[sg-0a1b2c3d4e]"


@pytest.mark.parametrize("change", [{"checkId": "f" * 32}, {"outcome": "maybe"}, {"colour": "red"}])
def test_a_check_result_that_makes_no_sense_is_refused(dam: DamCaller, change: dict[str, str]) -> None:
    _, version = dam.make_with_file()
    body = {"checkId": dam.id_of("checks", "Legal check"), "outcome": "pass", **change}

    assert dam.send("POST", f"fileversion/{version['id']}/checkresults", body).status_code == 400


def test_a_check_result_is_corrected_and_taken_back(dam: DamCaller) -> None:
    _, version = dam.make_with_file()
    body = {"checkId": dam.id_of("checks", "Brand check"), "outcome": "warning"}
    results = f"fileversion/{version['id']}/checkresults"
    path = f"fileversion/{version['id']}/checkresult/{dam.send('POST', results, body).json()['id']}"

    dam.send("PUT", path, {"outcome": "pass", "description": "Fine"})
    corrected = dam.get(path)
    dam.send("DELETE", path)

    assert (corrected["outcome"], corrected["description"]) == ("pass", "Fine")
    assert dam.send("GET", path).status_code == 404


def test_findings_are_numbered_below_a_result(dam: DamCaller) -> None:
    _, version = dam.make_with_file()
    body = {"checkId": dam.id_of("checks", "Product check"), "outcome": "fail"}
    results = f"fileversion/{version['id']}/checkresults"
    path = f"fileversion/{version['id']}/checkresult/{dam.send('POST', results, body).json()['id']}/findings"
    for finding in ("Wrong colour", "Wrong size"):
        assert dam.send("POST", path, {"finding": finding, "outcome": "fail"}).status_code == 201

    dam.send("PUT", f"{path}/2", {"recommendation": "Scale it"})
    dam.send("DELETE", f"{path}/1")

    (found,) = dam.get(path)["items"]
    assert (found["occurrence"], found["finding"], found["recommendation"]) == (2, "Wrong size", "Scale it")


def test_checks_are_listed_with_their_category(dam: DamCaller) -> None:
    checks = dam.get("checks")["items"]

    assert [each["name"] for each in checks] == [
        "Brand check",
        "Legal check",
        "Compliance check",
        "Product check",
        "Review comments",
    ]
    assert {each["checkCategoryId"] for each in checks} == {dam.id_of("checkcategories", "Approvals")}


def test_annotations_can_be_read_where_they_are_selected(dam: DamCaller, aprimo: AprimoCaller) -> None:
    _, version = dam.make_with_file()
    note = {"fileVersionId": version["id"], "comments": "Logo too small", "userId": 88}
    aprimo.sandbox("POST", "annotations", note)

    shown = dam.get(f"fileversion/{version['id']}", select_fileversion="annotationinfo")["annotationinfo"]

    assert (shown["annotationCount"], shown["annotations"][0]["comments"]) == (1, "Logo too small")
    assert dam.get(f"fileversion/{version['id']}")["annotationinfo"] is None


def test_a_file_that_is_checked_out_takes_no_version_of_another_user(dam: DamCaller, marketer: AprimoCaller) -> None:
    record_id, _ = dam.make_with_file()
    file_id = dam.get(f"record/{record_id}", select_record="masterfile")["masterfile"]["id"]
    path, body = f"file/{file_id}/checkouts", {"files": dam.version(dam.upload(b"2").json()["token"], id=file_id)}
    other = DamCaller(marketer)

    out = [each.send("POST", path).status_code for each in (other, dam)]
    refused = dam.send("PUT", f"record/{record_id}", body).status_code
    back = [each.send("DELETE", path).status_code for each in (other, dam)]

    assert (out, refused, back) == ([201, 409], 409, [204, 404])
    assert dam.master(record_id)["versionNumber"] == 1
