"""The search tree of Productivity Management (aprimo.md §5), turned into a test of rows.

Nodes: `and`, `or`, `not`; `equals`, `contains`, `greaterthan`, `lessthan`, `greaterthanorequalto`,
`lessthanorequalto`; `isNull`, `isNotNull`. An operand is one field, one field of a row in a collection
(`collectionName`), or several fields of the same row (`collectionName` and `nested`).
Texts are compared without regard to case (assumption: the usual collation of the vendor's database).
"""

import operator
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sandbox.aprimo import attributes, pm_fields, pm_times
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.state import Row

Test = Callable[[Row], bool]

TEXT, NUMBER, TIME = "text", "number", "time"

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": operator.eq,
    "contains": lambda value, wanted: str(wanted) in str(value),
    "greaterthan": operator.gt,
    "lessthan": operator.lt,
    "greaterthanorequalto": operator.ge,
    "lessthanorequalto": operator.le,
}
_ATTRIBUTE_COLUMNS = {"eaId": NUMBER, "eaValue": TEXT}


def compile_tree(tree: object, fields: Mapping[str, str], *, has_attributes: bool) -> Test:
    """Make the test of a tree; fields says which can be searched and as what. Refuses what it does not know."""
    known = dict(fields)
    if has_attributes:
        known |= {f"extrAttr{ea_id}": TEXT for ea_id in attributes.ALL}
    return _Compiler(known, has_attributes=has_attributes).node(tree)


class _Compiler:
    def __init__(self, fields: Mapping[str, str], *, has_attributes: bool) -> None:
        self._fields = fields
        self._has_attributes = has_attributes

    def node(self, tree: object) -> Test:
        if not isinstance(tree, dict) or len(tree) != 1:
            raise Refusal(400, "A search node is an object with one key.")
        ((name, operand),) = tree.items()
        if name in ("and", "or"):
            return self._all_or_any(name, operand)
        if name == "not":
            inner = self.node(operand)
            return lambda row: not inner(row)
        if name in _COMPARISONS:
            return self._comparison(name, operand)
        if name in ("isNull", "isNotNull"):
            return self._null_test(operand, is_null=name == "isNull")
        raise Refusal(400, f"'{name}' is not a search node.")

    def _all_or_any(self, name: str, operands: object) -> Test:
        if not isinstance(operands, list) or not operands:
            raise Refusal(400, f"'{name}' needs a list of nodes.")
        tests = [self.node(each) for each in operands]
        joined = all if name == "and" else any
        return lambda row: joined(test(row) for test in tests)

    def _comparison(self, name: str, operand: object) -> Test:
        if not isinstance(operand, dict):
            raise Refusal(400, f"'{name}' needs an operand.")
        if "collectionName" not in operand:
            return _compare(name, operand, self._fields, _top_level)
        parts = operand.get("nested", [operand])
        if not isinstance(parts, list) or not parts:
            raise Refusal(400, "'nested' needs a list of fields.")
        self._demand_collection(operand)
        tests = [_compare(name, part, _ATTRIBUTE_COLUMNS, _column) for part in parts]
        return lambda row: any(all(test(each) for test in tests) for each in row[pm_fields.SINGLE])

    def _null_test(self, operand: object, *, is_null: bool) -> Test:
        if not isinstance(operand, dict):
            raise Refusal(400, "A null test needs an operand.")
        if "collectionName" in operand:
            self._demand_collection(operand)
            name = _known_name(operand, _ATTRIBUTE_COLUMNS)
            return lambda row: any((each[name] is None) is is_null for each in row[pm_fields.SINGLE])
        name = _known_name(operand, self._fields)
        return lambda row: (_top_level(row, name) is None) is is_null

    def _demand_collection(self, operand: dict[str, Any]) -> None:
        if not self._has_attributes or operand["collectionName"] != pm_fields.SINGLE:
            raise Refusal(400, f"'{operand['collectionName']}' is not a searchable collection.")


def _compare(name: str, operand: object, fields: Mapping[str, str], read: Callable[[Row, str], Any]) -> Test:
    if not isinstance(operand, dict) or "fieldValue" not in operand:
        raise Refusal(400, f"'{name}' needs 'fieldName' and 'fieldValue'.")
    field = _known_name(operand, fields)
    if operand["fieldValue"] is None:
        raise Refusal(400, "A comparison with nothing is an isNull.")
    kind = TEXT if name == "contains" else fields[field]
    wanted = _comparable(operand["fieldValue"], kind, field)
    compare = _COMPARISONS[name]

    def test(row: Row) -> bool:
        value = read(row, field)
        return value is not None and compare(_comparable(value, kind, field), wanted)

    return test


def _known_name(operand: dict[str, Any], fields: Mapping[str, str]) -> str:
    name = operand.get("fieldName")
    if not isinstance(name, str) or name not in fields:
        raise Refusal(400, f"'{name}' cannot be searched.")
    return name


def _top_level(row: Row, name: str) -> object:
    if name.startswith("extrAttr"):
        return pm_fields.attribute(row, int(name.removeprefix("extrAttr")))
    return row[name]


def _column(row: Row, name: str) -> object:
    return row[name]


def _comparable(value: object, kind: str, name: str) -> str | float | datetime:
    if kind == TIME:
        return pm_times.read_time(value, name)
    if kind == TEXT:
        return str(value).casefold()
    try:
        return float(str(value))
    except ValueError as err:
        raise Refusal(400, f"'{name}' is a number, not {value!r}.") from err
