"""One declaration per setting, from which the loader, the checks and the table of settings are made."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, get_type_hints

PREFIX = "SIGNOFF_"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Declared:
    """What is known of one setting.

    group is the field of Settings it lives in ("" at the top), default_text what the table shows when the
    default depends on other settings. has_password marks URLs whose password must not be shown.
    """

    env: str
    group: str
    name: str
    type: Any
    default: Any
    meaning: str
    example: str
    unit: str
    default_text: str | None
    at_least: float | None
    at_most: float | None
    has_password: bool


def setting(
    default: Any,  # noqa: ANN401 - the annotation of the field it stands for says the type
    meaning: str,
    *,
    example: str,
    unit: str = "",
    default_text: str | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
    has_password: bool = False,
) -> Any:  # noqa: ANN401 - as dataclasses.field: it stands for a value of any type
    """A field of a settings class, with all that people are told about it."""
    return dataclasses.field(
        default=default,
        metadata={
            "meaning": meaning,
            "example": example,
            "unit": unit,
            "default_text": default_text,
            "at_least": at_least,
            "at_most": at_most,
            "has_password": has_password,
        },
    )


def group(kind: type, prefix: str) -> Any:  # noqa: ANN401 - as dataclasses.field
    """A field of Settings that holds a group; its settings' names begin with SIGNOFF_<prefix>_."""
    return dataclasses.field(default_factory=kind, metadata={"prefix": prefix, "kind": kind})


def declared(settings_class: type) -> Iterator[Declared]:
    """All settings of a class and of its groups, in the order they are written down."""
    for field in dataclasses.fields(settings_class):
        if "kind" in field.metadata:
            yield from _of(field.metadata["kind"], field.name, f"{PREFIX}{field.metadata['prefix']}_")
    yield from _of(settings_class, "", PREFIX)


def _of(kind: type, group_name: str, prefix: str) -> Iterator[Declared]:
    hints = get_type_hints(kind)
    for field in dataclasses.fields(kind):
        if "meaning" in field.metadata:
            yield Declared(
                env=f"{prefix}{field.name.upper()}",
                group=group_name,
                name=field.name,
                type=hints[field.name],
                default=field.default,
                **field.metadata,
            )
