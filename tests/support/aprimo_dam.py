"""Speaks to the DAM of the Aprimo sandbox over its public API, with the names of the tenant resolved."""

from collections.abc import Mapping, Sequence
from typing import Any

import requests

from tests.support.aprimo_caller import TIMEOUT_S, AprimoCaller

NEUTRAL = "0" * 32

_IDS: dict[tuple[str, str], str] = {}
_DEFINITIONS: dict[str, dict[str, Any]] = {}
"""What the tenant is born with has the same ids in every process, so it is asked for once."""


class DamCaller:
    """A caller's view of `/api/core`."""

    def __init__(self, caller: AprimoCaller) -> None:
        self.caller = caller

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,  # noqa: ANN401 -- JSON.
        *,
        headers: Mapping[str, str | None] | None = None,
        **options: Any,  # noqa: ANN401 -- Of requests.
    ) -> requests.Response:
        """Answer of `/api/core/<path>`, flat unless the headers say otherwise."""
        given = {"API-VERSION": "1", "Accept": "application/json", **(headers or {})}
        url = f"{self.caller.base}/api/core/{path}"
        return self.caller.session.request(method, url, json=body, headers=given, **{"timeout": TIMEOUT_S, **options})

    def get(self, path: str, **headers: str) -> Any:  # noqa: ANN401 -- JSON.
        """JSON of a GET that must succeed; underscores in header names stand for dashes."""
        answer = self.send("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def id_of(self, plural: str, name: str) -> str:
        """Id of something by its name, or by its namePath."""
        if (plural, name) not in _IDS:
            for item in self.get(f"{plural}?pageSize=200")["items"]:
                _IDS.update({(plural, item.get("namePath") or item["name"]): str(item["id"])})
        return _IDS[plural, name]

    def field(self, name: str) -> dict[str, Any]:
        """The definition of a field."""
        if not _DEFINITIONS:
            _DEFINITIONS.update({each["name"]: each for each in self.get("fielddefinitions?pageSize=200")["items"]})
        return _DEFINITIONS[name]

    def option(self, field: str, name: str) -> str:
        """Id of an option."""
        return next(str(each["id"]) for each in self.field(field)["items"] if each["name"] == name)

    def fields(self, **values: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON.
        """Make the `fields` of a write: name to value, or to a list of option names or values."""
        entries = []
        for name, value in values.items():
            definition = self.field(name)
            localized: dict[str, Any] = {"languageId": NEUTRAL, "value": value}
            if definition["dataType"] == "RecordLink":
                localized = {"languageId": NEUTRAL, "parents": [{"recordId": each} for each in value or []]}
            elif isinstance(value, list) or "items" in definition:
                is_options = "items" in definition
                ids = [self.option(name, each) if is_options else each for each in value or []]
                localized = {"languageId": NEUTRAL, "values": ids if value else None}
            entries.append({"id": definition["id"], "localizedValues": [localized]})
        return {"addOrUpdate": entries}

    def make(
        self,
        *,
        classification: str = "/Assets",
        headers: Mapping[str, str] | None = None,
        files: dict[str, Any] | None = None,
        **values: Any,  # noqa: ANN401 -- JSON.
    ) -> str:
        """Create a record and give its id."""
        body: dict[str, Any] = {
            "classifications": {"addOrUpdate": [{"id": self.id_of("classifications", classification)}]},
            "fields": self.fields(**values),
        }
        if files:
            body["files"] = files
        answer = self.send("POST", "records", body, headers=headers)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def write(self, record_id: str, **values: Any) -> None:  # noqa: ANN401 -- JSON.
        """Change fields of a record."""
        answer = self.send("PUT", f"record/{record_id}", {"fields": self.fields(**values)})
        assert answer.status_code == 204, answer.text

    def values(self, record_id: str, *names: str) -> dict[str, Any]:
        """Read fields of a record by name: value, or list of values with option names, or of linked records."""
        record = self.get(f"record/{record_id}", select_record="fields", select_record_fields=",".join(names))
        found = {}
        for field in record["fields"]["items"]:
            value = field["localizedValues"][0]
            if "parents" in value:
                found[field["fieldName"]] = [each["recordId"] for each in value["parents"]]
                continue
            options = {each["id"]: each["name"] for each in self.field(field["fieldName"]).get("items", [])}
            found[field["fieldName"]] = (
                value["value"] if "value" in value else [options.get(each, each) for each in value["values"]]
            )
        return found

    def search(
        self, expression: str, parameters: Mapping[str, Any] | Sequence[Any] = (), *, query: str = ""
    ) -> requests.Response:
        """Answer of a search with named or positional parameters."""
        search: dict[str, Any] = {"expression": expression, "supportWildcards": True}
        search["namedParameters" if isinstance(parameters, Mapping) else "parameters"] = parameters
        return self.send("POST", f"search/records{query}", {"searchExpression": search})

    def found(self, expression: str, **parameters: Any) -> list[str]:  # noqa: ANN401 -- JSON.
        """Ids a search finds."""
        answer = self.search(expression, parameters)
        assert answer.status_code == 200, answer.text
        return [each["id"] for each in answer.json()["items"]]

    def upload(self, content: bytes, name: str = "hero.psd") -> requests.Response:
        """Answer of a simple upload."""
        url = f"{self.caller.base}/uploads"
        return self.caller.session.post(url, files={"file": (name, content)}, timeout=TIMEOUT_S)

    def version(self, token: str, name: str = "hero.psd", **entry: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON.
        """Make the `files` of a write that adds one version; `id` names the file it is of."""
        return {"addOrUpdate": [{**entry, "versions": {"addOrUpdate": [{"id": token, "fileName": name}]}}]}

    def make_with_file(self, content: bytes = b"first", **values: Any) -> tuple[str, dict[str, Any]]:  # noqa: ANN401
        """Create a record with a master file; its id and the latest version."""
        token = self.upload(content).json()["token"]
        record_id = self.make(files={"master": token, **self.version(token)}, **values)
        return record_id, self.master(record_id)

    def master(self, record_id: str) -> dict[str, Any]:
        """The latest version of a record's master file."""
        version: dict[str, Any] = self.get(f"record/{record_id}", select_record="masterfilelatestversion")[
            "masterfilelatestversion"
        ]
        return version
