"""Aprimo's generic objects, as a marketer of the demo writes and reads them: fields by our names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.demo_http import Caller


class Objects:
    """One kind of object. names: our names for its attributes, by their ids; `status` and `name` are plain fields."""

    def __init__(self, caller: Caller, kind: str, names: Mapping[str, int]) -> None:
        self._caller = caller
        self._path = f"/api/{kind}"
        self._names = names

    def make(self, *, name: str, status: int, description: str = "", **fields: str) -> str:
        """Writes an object; its id."""
        body = {"name": name, "status": status, "description": description, **self._attributes({}, fields)}
        return str(self._caller.call("POST", self._path, body)["id"])

    def put(self, item: str, *, status: int | None = None, **fields: str) -> None:
        """Edits an object; attributes that are not named stay."""
        now = {each["eaId"]: each["eaValue"] for each in self._read(item)["extendedAttributes"]}
        plain = {} if status is None else {"status": status}
        self._caller.call("PUT", f"{self._path}/{item}", {**plain, **self._attributes(now, fields)})

    def shown(self, item: str) -> dict[str, str]:
        """What Aprimo shows, "" for what is empty."""
        body = self._read(item)
        values = {each["eaId"]: each["eaValue"] for each in body["extendedAttributes"]}
        return {
            "status": str(body["status"]),
            **{name: str(values.get(ea_id) or "") for name, ea_id in self._names.items()},
        }

    def _read(self, item: str) -> dict[str, Any]:
        body: dict[str, Any] = self._caller.call("GET", f"{self._path}/{item}")
        return body

    def _attributes(self, now: Mapping[int, str], fields: Mapping[str, str]) -> dict[str, Any]:
        told = {**now, **{self._names[name]: value for name, value in fields.items()}}
        rows = [{"eaId": ea_id, "eaValue": value} for ea_id, value in told.items()]
        return {"extendedAttributes": rows, "multipleValueExtendedAttributes": []}
