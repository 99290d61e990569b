"""Variables and times as the wire carries them, checked as strictly as the real service checks them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.opentext.errors import bad_request
from sandbox.opentext.rows import Variable, moment, stamp

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "short": (int,),
    "long": (int,),
    "double": (int, float),
    "boolean": (bool,),
    "date": (str,),
    "instant": (str,),
    "localDate": (str,),
    "localDateTime": (str,),
    "uuid": (str,),
    "json": (dict, list, str, int, float, bool),
}
_TIMES = frozenset({"date", "instant"})


def read_variables(given: object) -> dict[str, Variable]:
    """The variables of a request body's list, by name; later ones win, as in the real service."""
    if given is None:
        return {}
    if not isinstance(given, list):
        raise bad_request("Variables are a list")
    variables = [read_variable(each) for each in given]
    return {each.name: each for each in variables}


def refuse_transient(body: Mapping[str, Any]) -> None:
    """Refuse variables that live for one command only: the sandbox has none."""
    if body.get("transientVariables"):
        raise bad_request("The sandbox does not support transientVariables")


def read_variable(given: object) -> Variable:
    """One variable of a request body."""
    if not isinstance(given, dict) or not isinstance(given.get("name"), str) or not given["name"]:
        raise bad_request("Variable name is required")
    name, value = given["name"], given.get("value")
    kind = given.get("type") or _guess(name, value)
    if kind not in _TYPES:
        raise bad_request(f"Variable '{name}' has unsupported type: '{kind}'.")
    if value is not None:
        _check(name, kind, value)
        value = read_time(value, name) if kind in _TIMES else value
    return Variable(name=name, type=kind, value=value, is_encrypted=given.get("encryption") is True)


def guessed_any(name: str, value: object) -> Variable:
    """A variable the engine itself sets, of whatever type its value has."""
    kind = "json" if isinstance(value, list | dict) else _guess(name, value)
    return Variable(name=name, type=kind, value=value)


def variable_json(variable: Variable, *, scope: str) -> dict[str, Any]:
    """A variable as the service shows it; an encrypted one keeps its value to itself."""
    return {
        "name": variable.name,
        "type": variable.type,
        "value": None if variable.is_encrypted else variable.value,
        "scope": scope,
        "encryption": variable.is_encrypted,
    }


def variables_json(variables: Mapping[str, Variable], *, scope: str) -> list[dict[str, Any]]:
    """Variables as the service lists them, by name."""
    return [variable_json(variables[name], scope=scope) for name in sorted(variables)]


def read_time(text: object, name: str) -> str:
    """A time of the wire in the form rows keep; a time without zone counts as UTC."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError as err:
        raise bad_request(f"{name} is not a date: {text}") from err
    return stamp(found if found.tzinfo else found.replace(tzinfo=UTC))


def java_time(text: str | None) -> str | None:
    """A time as tasks show it: with a numeric zone without colon."""
    return None if text is None else text.removesuffix("Z") + "+0000"


def zoned_time(text: str | None, zone_minutes: int) -> str | None:
    """A time as audit logs show it: on the clock of some zone."""
    if text is None:
        return None
    shifted = moment(text).timestamp() + zone_minutes * 60
    local = stamp(datetime.fromtimestamp(shifted, UTC)).removesuffix("Z")
    sign, minutes = ("-", -zone_minutes) if zone_minutes < 0 else ("+", zone_minutes)
    return f"{local}{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def _guess(name: str, value: object) -> str:
    if value is None or isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "double"
    raise bad_request(f"Variable '{name}' needs a type.")


def _check(name: str, kind: str, value: object) -> None:
    is_right = isinstance(value, _TYPES[kind])
    if isinstance(value, bool) and kind not in {"boolean", "json"}:
        is_right = False
    if not is_right:
        raise bad_request(f"Converter for '{kind}' cannot convert the value of variable '{name}'.")
