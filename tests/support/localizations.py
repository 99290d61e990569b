"""Masters that are distributed to markets, and everybody who works for a market, for acceptance tests of flow 4."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.support.acceptance import Desk
from tests.support.file_host import FileHost

PROCESS = "localization"
OWNER = f"{88:032x}"
TRANSLATED, CHECKED, BRANDED = "translation", "market_legal", "regional_brand"
PUBLISHED = (
    "Market",
    "Language",
    "MasterRecord",
    "MasterVersion",
    "MasterVersionNumber",
    "ApprovalState",
    "Approver",
    "ApprovedOn",
    "BasedOnOlderMaster",
    "ExternalReference",
    "ReviewMatrix",
    "Title",
    "Comments",
    "Message",
)


@dataclass(kw_only=True)
class Market:
    """One market of a master."""

    master: Master
    name: str

    @property
    def key(self) -> str:
        return f"{self.master.key}#{self.name}"

    @property
    def instance(self) -> str:
        return self.desk.instance(PROCESS, self.key)

    @property
    def desk(self) -> Desk:
        return self.master.desk

    def tasks(self) -> dict[str, Any]:
        """Open tasks by their keys."""
        return dict(self.desk.opentext.tasks(self.instance))

    def answer(self, role: str, outcome: str, comment: str = "", **variables: str) -> None:
        """Somebody of the market answers a task, and may set variables with it."""
        who = f"{role}.{self.name.lower()}@example.test"
        self.desk.decide(self.tasks()[role], who, outcome, comment, **({"variables": variables} if variables else {}))
        self.desk.rest()

    def translate(self, **named: str) -> None:
        """The translation is done; named: what the translator names as its result."""
        self.answer(TRANSLATED, "done", **named)

    def approve(self, **named: str) -> None:
        """Everybody does what leads to an approval."""
        self.translate(**named)
        self.answer(CHECKED, "approved")
        self.answer(BRANDED, "approved")

    def variables(self) -> dict[str, Any]:
        rows = self.desk.opentext.rows(f"process-instances/{self.instance}/variables")
        return {str(row["name"]): row["value"] for row in rows}

    def records(self) -> list[str]:
        """The ids of the records that are this market's of this master."""
        found: list[str] = self.desk.dam.found("FieldName('ExternalReference') = @key", key=self.key)
        return found

    def published(self) -> dict[str, Any]:
        """What the market's only record shows: of a list the one that it holds; with its status and type."""
        (record_id,) = self.records()
        return shown(self.desk, record_id)


@dataclass(kw_only=True)
class Master:
    """A master, as a marketer sees it."""

    desk: Desk
    id: str

    @property
    def key(self) -> str:
        return f"aprimo:record:{self.id}"

    def market(self, name: str) -> Market:
        return Market(master=self, name=name)

    def running(self) -> list[str]:
        """The markets whose process runs, in order."""
        keys = [str(each["businessKey"]) for each in self.desk.running(PROCESS)]
        return sorted(key.partition("#")[2] for key in keys if key.startswith(f"{self.key}#"))

    def put(self, **values: Any) -> None:  # noqa: ANN401 - JSON.
        """A marketer edits fields."""
        self.desk.dam.write(self.id, **values)
        self.desk.rest()

    def new_version(self, content: bytes = b"second") -> str:
        """A marketer puts a new version of the file up; its id."""
        new_file(self.desk, self.id, content)
        self.desk.rest()
        return str(self.desk.dam.master(self.id)["id"])

    def matrix(self) -> dict[str, str]:
        """Market -> its line, without its name."""
        lines = str(self.desk.dam.values(self.id, "MarketMatrix")["MarketMatrix"] or "").splitlines()[1:]
        heads = [line.partition(" · ") for line in lines if not line.startswith(" ")]
        return {name: rest for name, _, rest in heads}

    def says(self, field: str) -> str:
        """A text field of the master."""
        return str(self.desk.dam.values(self.id, field)[field] or "")


def distributed(desk: Desk, *markets: str, **values: Any) -> Master:  # noqa: ANN401 - JSON.
    """A master with a first version that was distributed to markets, and what follows from it."""
    told = {"Title": "Hero banner", "ContentOwner": [OWNER], "Markets": list(markets)}
    record_id, _ = desk.dam.make_with_file(b"first", **(told | values))
    desk.rest()
    return Master(desk=desk, id=record_id)


def shown(desk: Desk, record_id: str) -> dict[str, Any]:
    """What a localized record shows."""
    values = desk.dam.values(record_id, *PUBLISHED)
    plain = {name: value[0] if isinstance(value, list) and value else value for name, value in values.items()}
    record = desk.dam.get(f"record/{record_id}")
    return {**plain, "status": record["status"], "contentType": record["contentType"]}


def new_file(desk: Desk, record_id: str, content: bytes) -> None:
    """Somebody puts another version of a record's file up."""
    token = desk.dam.upload(content).json()["token"]
    file_id = desk.dam.get(f"record/{record_id}", select_record="masterfile")["masterfile"]["id"]
    answer = desk.dam.send("PUT", f"record/{record_id}", {"files": desk.dam.version(token, id=file_id)})
    assert answer.status_code == 204, answer.text


def translation_of(host: FileHost, market: str, content: bytes = b"localized") -> dict[str, str]:
    """What a translator names whose file lies on a host."""
    return {"localizedFile": host.offer(f"/{market.lower()}/hero-{market.lower()}.psd", content)}
