"""Flow 6, sentence by sentence: what marketers and approvers do with a package, and what its records show then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.acceptance import Desk

PROCESS = "contentPackage"
DRAFT, READY, IN_APPROVAL, APPROVED, RELEASED, REJECTED = 1, 2, 3, 4, 5, 6
WITHHELD, TAKEN_BACK, WITHDRAWN, CANCELLED = 8, 9, 10, 11
RECORDS, CHANNELS, RELEASE_ON, GUARD, MESSAGE = 360, 361, 362, 363, 383
DUE = "2027-01-01T00:00:00Z"


def asset(desk: Desk, title: str = "Hero", *, is_approved: bool = True) -> str:
    """A record whose latest version is approved, or is not."""
    record_id, version = desk.dam.make_with_file(title.encode(), Title=title)
    if is_approved:
        approve(desk, record_id, version["id"])
    return record_id


def approve(desk: Desk, record_id: str, version_id: str) -> None:
    told = {"ReviewState": ["Approved"], "ApprovalState": ["Approved"], "ApprovedVersion": version_id}
    desk.dam.write(record_id, **told)


def add_version(desk: Desk, record_id: str) -> None:
    """Somebody puts a newer file onto a record."""
    token = desk.dam.upload(b"newer").json()["token"]
    file_id = desk.dam.get(f"record/{record_id}", select_record="masterfile")["masterfile"]["id"]
    answer = desk.dam.send("PUT", f"record/{record_id}", {"files": desk.dam.version(token, id=file_id)})
    assert answer.status_code == 204, answer.text


def shown(desk: Desk, record_id: str) -> tuple[str, str, set[str]]:
    """Status, release state and channels of a record."""
    record = desk.dam.get(f"record/{record_id}", select_record="classifications")
    paths = {each["namePath"] for each in record["classifications"]["items"]}
    state = desk.dam.values(record_id, "ReleaseState").get("ReleaseState")
    told = (state[0] if state else "") if isinstance(state, list) else (state or "")
    return record["status"], told, {each for each in paths if each.startswith("/Channels/")}


def collected(desk: Desk, record_id: str, collection: str) -> bool:
    collection_id = desk.dam.id_of("collections", collection)
    body = desk.dam.get(f"collection/{collection_id}", select_collection="records")
    return record_id in str(body)


class Package:
    """A package in Aprimo."""

    def __init__(self, desk: Desk, *records: str, status: int = READY, channels: str = "Web", on: str = "") -> None:
        self.desk = desk
        told = {RECORDS: "; ".join(records), CHANNELS: channels, RELEASE_ON: on}
        body = {"name": "Spring package", "status": status, **_attributes(told)}
        answer = desk.aprimo.api("POST", "generic-object-bravo", body)
        assert answer.status_code == 201, answer.text
        self.path = f"generic-object-bravo/{answer.json()['id']}"
        self.key = f"aprimo:generic_object_bravo:{answer.json()['id']}"

    def read(self) -> dict[str, Any]:
        body: dict[str, Any] = self.desk.aprimo.api("GET", self.path).json()
        return body

    def put(self, *, status: int | None = None, **attributes: str) -> None:
        known = {each["eaId"]: each["eaValue"] for each in self.read()["extendedAttributes"]}
        told = known | {int(name.removeprefix("ea")): value for name, value in attributes.items()}
        body = ({} if status is None else {"status": status}) | _attributes(told)
        answer = self.desk.aprimo.api("PUT", self.path, body)
        assert answer.status_code in {200, 204}, answer.text

    @property
    def status(self) -> int:
        return int(self.read()["status"])

    def value(self, ea_id: int) -> str:
        values = {each["eaId"]: each["eaValue"] for each in self.read()["extendedAttributes"]}
        return str(values.get(ea_id) or "")

    def instance(self) -> str:
        return self.desk.instance(PROCESS, self.key)


def _attributes(told: dict[int, str]) -> dict[str, Any]:
    rows = [{"eaId": ea_id, "eaValue": value} for ea_id, value in told.items()]
    return {"extendedAttributes": rows, "multipleValueExtendedAttributes": []}


def decide(desk: Desk, instance: str, *answers: tuple[str, str], who: str = "") -> None:
    for task, outcome in answers:
        desk.decide(desk.opentext.tasks(instance)[task], who or f"{task.split()[0]}.one@example.test", outcome)


WEB = (("content", "approved"), ("channel_owner Web", "approved"), ("final_approval", "approved"))


def begin_by_hand(desk: Desk, *records: str, channels: tuple[str, ...] = ("Web",), key: str = "") -> str:
    """A person starts the process in OpenText; its id."""
    variables = {
        "signoffEffect": "",
        "signoffItem": "",
        "signoffRevision": 1,
        "signoffCallback": "",
        "signoffToken": "",
        "aprimoLink": "",
        "packageName": "Spring package",
        "packageDescription": "",
        "records": [{"recordId": each} for each in records],
        "channels": list(channels),
        "releaseDate": "",
        "contentGroup": "Content leads",
        "contentLeads": "Content directors",
        "contentDue": DUE,
        "channelOwnerPrefix": "Channel ",
        "channelOwnerLeads": "Channel leads",
        "channelOwnerDue": DUE,
        "finalApprovalGroup": "Publishers",
        "finalApprovalLeads": "Publishing leads",
        "finalApprovalDue": DUE,
    }
    body = {"user": "content.one@example.test", "process": PROCESS, "business_key": key, "name": "Spring package"}
    answer = desk.opentext_sandbox.admin("POST", "people/start", {**body, "variables": variables})
    return str(answer["id"])


@pytest.mark.parametrize("source", ["webhook", "poller"])
def test_a_package_that_becomes_ready_for_release_starts_its_approval(desk: Desk, source: str) -> None:
    if source == "poller":
        desk.mute_aprimo()

    package = Package(desk, asset(desk))
    desk.rest() if source == "webhook" else desk.poll()

    assert list(desk.opentext.tasks(package.instance())) == ["content"]
    assert (package.status, package.value(MESSAGE)) == (IN_APPROVAL, "In approval, revision 1")


def test_a_package_that_is_a_draft_starts_nothing(desk: Desk) -> None:
    Package(desk, asset(desk), status=DRAFT)

    desk.rest()

    assert desk.running(PROCESS) == []


def test_what_is_missing_is_told_in_one_letter(desk: Desk) -> None:
    Package(desk)

    desk.rest()

    assert desk.states.letters() == [("values_missing", "open")]
    assert desk.running(PROCESS) == []


def test_the_final_approval_releases_every_record_with_its_channels_and_collections(desk: Desk) -> None:
    hero, banner = asset(desk), asset(desk, "Banner")
    package = Package(desk, hero, banner)
    desk.rest()

    decide(desk, package.instance(), *WEB)
    desk.poll()

    for record in (hero, banner):
        assert shown(desk, record) == ("released", "Released", {"/Channels/Web"})
        assert collected(desk, record, "Web team")
    assert (package.status, package.value(MESSAGE)) == (RELEASED, "Released, revision 1: 2 records")
    assert desk.states.letters() == []


def test_a_package_that_a_person_started_in_opentext_is_released_as_well(desk: Desk) -> None:
    hero = asset(desk)
    instance = begin_by_hand(desk, hero)
    desk.poll()

    decide(desk, instance, *WEB)
    desk.poll()

    assert shown(desk, hero) == ("released", "Released", {"/Channels/Web"})
    assert desk.states.letters() == []


def test_a_failed_guard_releases_nothing_and_says_why(desk: Desk) -> None:
    hero, draft = asset(desk), asset(desk, "Draft", is_approved=False)
    package = Package(desk, hero, draft)
    desk.rest()

    decide(desk, package.instance(), *WEB)
    desk.poll()

    assert shown(desk, hero) == ("draft", "", set())
    assert package.status == WITHHELD
    assert f"Draft ({draft}) has review 'empty' instead of 'Approved'" in package.value(GUARD)


def test_a_failing_guard_is_written_to_the_process_before_its_last_approval(desk: Desk) -> None:
    package = Package(desk, asset(desk, is_approved=False))
    desk.rest()
    instance = package.instance()

    decide(desk, instance, *WEB[:2])
    desk.poll()

    said = [each["message"] for each in desk.opentext.rows(f"process-instances/{instance}/comments")]
    assert len(said) == 1
    assert said[0].startswith("Signoff (Aprimo): Would not be released as it stands: Hero")


def test_a_version_that_came_after_the_approval_is_not_released(desk: Desk) -> None:
    hero = asset(desk)
    package = Package(desk, hero)
    desk.rest()
    add_version(desk, hero)

    decide(desk, package.instance(), *WEB)
    desk.poll()

    assert shown(desk, hero)[:2] == ("draft", "")
    assert package.status == WITHHELD


def test_a_release_date_in_the_future_waits_until_it_comes(desk: Desk) -> None:
    hero = asset(desk)
    package = Package(desk, hero, on="2035-01-01T00:00:00Z")
    desk.rest()
    decide(desk, package.instance(), *WEB)
    desk.poll()
    assert (package.status, shown(desk, hero)[0]) == (APPROVED, "draft")

    soon = datetime.now(UTC) + timedelta(seconds=2)
    package.put(ea362=soon.strftime("%Y-%m-%dT%H:%M:%SZ"))
    desk.until(lambda: desk.tick() or package.status == RELEASED)

    assert shown(desk, hero) == ("released", "Released", {"/Channels/Web"})


def test_a_package_withdrawn_before_its_date_is_not_released(desk: Desk) -> None:
    hero = asset(desk)
    package = Package(desk, hero, on="2035-01-01T00:00:00Z")
    desk.rest()
    decide(desk, package.instance(), *WEB)
    desk.poll()

    package.put(status=WITHDRAWN)
    desk.rest()
    package.put(ea362="")
    desk.rest()
    desk.tick()

    assert (package.status, shown(desk, hero)[0]) == (WITHDRAWN, "draft")


def test_a_date_that_is_moved_to_the_past_releases_at_once(desk: Desk) -> None:
    hero = asset(desk)
    package = Package(desk, hero, on="2035-01-01T00:00:00Z")
    desk.rest()
    decide(desk, package.instance(), *WEB)
    desk.poll()

    package.put(ea362="2026-01-01T00:00:00Z")
    desk.rest()

    assert (package.status, shown(desk, hero)[0]) == (RELEASED, "released")


def test_a_rejection_releases_nothing(desk: Desk) -> None:
    hero = asset(desk)
    package = Package(desk, hero)
    desk.rest()

    decide(desk, package.instance(), ("content", "approved"), ("channel_owner Web", "rejected"))
    desk.poll()

    assert (package.status, shown(desk, hero)) == (REJECTED, ("draft", "", set()))


def test_an_answer_that_nobody_knows_releases_nothing(desk: Desk) -> None:
    hero = asset(desk)
    package = Package(desk, hero)
    desk.rest()

    decide(desk, package.instance(), *WEB[:2], ("final_approval", "perhaps"))
    desk.poll()

    assert (package.status, shown(desk, hero)) == (IN_APPROVAL, ("draft", "", set()))


def test_a_withdrawn_package_ends_its_process(desk: Desk) -> None:
    package = Package(desk, asset(desk))
    desk.rest()

    package.put(status=WITHDRAWN)
    desk.rest()

    assert desk.running(PROCESS) == []
    assert package.status == WITHDRAWN


def test_a_changed_list_of_records_needs_a_new_approval(desk: Desk) -> None:
    hero, banner = asset(desk), asset(desk, "Banner")
    package = Package(desk, hero)
    desk.rest()
    first = package.instance()

    package.put(ea360=f"{hero}; {banner}")
    desk.rest()

    assert package.instance() != first
    assert package.value(MESSAGE) == "In approval, revision 2"


def test_a_version_that_moves_while_releasing_takes_back_what_was_released(desk: Desk) -> None:
    hero, banner = asset(desk), asset(desk, "Banner")
    package = Package(desk, hero, banner)
    desk.rest()
    decide(desk, package.instance(), *WEB)

    while shown(desk, hero)[0] != "released":
        desk._work()  # So that somebody comes between the release and the look at it.
    add_version(desk, banner)
    desk.rest()

    assert shown(desk, hero) == ("draft", "Taken back", set())
    assert not collected(desk, hero, "Web team")
    assert package.status == TAKEN_BACK


def test_public_links_are_ordered_where_configured(open_desk: Callable[..., Desk]) -> None:
    words = {"publication": lambda text: text.replace("public_links = false", "public_links = true")}
    desk = open_desk(words)
    hero = asset(desk)
    package = Package(desk, hero)
    desk.rest()

    decide(desk, package.instance(), *WEB)
    desk.poll()

    assert package.status == RELEASED
    assert package.value(364).startswith("https://")
