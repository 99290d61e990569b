"""How the demo's marketers speak to Aprimo's DAM: fields, options and classifications by the names people see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.demo_http import Caller

OWNER = f"{88:032x}"
"""The DAM's id of the marketer who owns what the demo makes."""

_CORE = "/api/core"
_NEUTRAL = "0" * 32
_VERSION = {"API-VERSION": "1", "Accept": "application/json"}
_FILE_NAME = "hero.psd"


class Dam:
    """One marketer's view of the DAM; definitions are asked for once."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._definitions: dict[str, dict[str, Any]] = {}
        self._classifications: dict[str, str] = {}

    def get(self, path: str, **select: str) -> Any:  # noqa: ANN401 - JSON
        """The answer to a reading; `select_record="fields"` becomes the header `select-record`."""
        headers = {name.replace("_", "-"): value for name, value in select.items()}
        return self._caller.call("GET", f"{_CORE}/{path}", headers={**_VERSION, **headers})

    def make(self, content: bytes, *, place: str = "/Assets", content_type: str = "Asset", **values: object) -> str:
        """A record with a master file under a classification, with fields by their names; its id."""
        token = self._uploaded(content)
        body = {
            "contentType": content_type,
            "classifications": {"addOrUpdate": [{"id": self._classification(place)}]},
            "fields": self._fields(values),
            "files": {"master": token, **_new_version(token)},
        }
        return str(self._send("POST", "records", body)["id"])

    def write(self, record_id: str, **values: object) -> None:
        """Changes fields of a record: text, or a list of option names."""
        self._send("PUT", f"record/{record_id}", {"fields": self._fields(values)})

    def add_version(self, record_id: str, content: bytes) -> None:
        """Puts a new version of the master file up."""
        token = self._uploaded(content)
        file_id = self.get(f"record/{record_id}", select_record="masterfile")["masterfile"]["id"]
        self._send("PUT", f"record/{record_id}", {"files": _new_version(token, id=file_id)})

    def values(self, record_id: str, *names: str) -> dict[str, str]:
        """Fields of a record as people read them: "" for what is empty.

        Of a list of options it is the first one's name, of a link its first parent's id.
        """
        told = {"select_record": "fields", "select_record_fields": ",".join(names)}
        rows = self.get(f"record/{record_id}", **told)["fields"]["items"]
        found = {row["fieldName"]: self._shown(row) for row in rows}
        return {name: found.get(name, "") for name in names}

    def status(self, record_id: str) -> str:
        """The record's status, such as `draft`."""
        return str(self.get(f"record/{record_id}")["status"])

    def latest_version(self, record_id: str) -> str:
        """The id of the latest version of the master file."""
        key = "masterfilelatestversion"
        return str(self.get(f"record/{record_id}", select_record=key)[key]["id"])

    def checks(self, version_id: str) -> str:
        """What the check results of a file version say, a line each."""
        rows = self.get(f"fileversion/{version_id}/checkresults")["items"]
        return "\n".join(str(row["description"]) for row in rows)

    def _send(self, method: str, path: str, body: object) -> Any:  # noqa: ANN401 - JSON
        return self._caller.call(method, f"{_CORE}/{path}", body, headers=_VERSION)

    def _uploaded(self, content: bytes) -> str:
        return str(self._caller.upload("/uploads", _FILE_NAME, content)["token"])

    def _classification(self, path: str) -> str:
        if not self._classifications:
            rows = self.get("classifications?pageSize=200")["items"]
            self._classifications = {str(row["namePath"]): str(row["id"]) for row in rows}
        return self._classifications[path]

    def _definition(self, name: str) -> dict[str, Any]:
        if not self._definitions:
            rows = self.get("fielddefinitions?pageSize=200")["items"]
            self._definitions = {str(row["name"]): row for row in rows}
        return self._definitions[name]

    def _fields(self, values: Mapping[str, object]) -> dict[str, Any]:
        return {"addOrUpdate": [self._field(name, value) for name, value in values.items()]}

    def _field(self, name: str, value: object) -> dict[str, Any]:
        definition = self._definition(name)
        localized: dict[str, Any] = {"languageId": _NEUTRAL, "value": value}
        if isinstance(value, list):
            options = {each["name"]: each["id"] for each in definition.get("items", ())}
            localized = {"languageId": _NEUTRAL, "values": [options.get(each, each) for each in value]}
        return {"id": definition["id"], "localizedValues": [localized]}

    def _shown(self, row: Mapping[str, Any]) -> str:
        value = row["localizedValues"][0]
        if "value" in value:
            return str(value["value"] or "")
        if "parents" in value:
            return next((str(each["recordId"]) for each in value["parents"]), "")
        options = {each["id"]: each["name"] for each in self._definition(row["fieldName"]).get("items", ())}
        return next((str(options.get(each, each)) for each in value.get("values") or ()), "")


def _new_version(token: str, **entry: str) -> dict[str, Any]:
    return {"addOrUpdate": [{**entry, "versions": {"addOrUpdate": [{"id": token, "fileName": _FILE_NAME}]}}]}
