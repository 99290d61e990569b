"""The rows of claim checks for the tables of `pipeline/ownership.py`, each under the flow's name."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.ownership import Owned, Writer
from pipeline.words import Side

_APRIMOS = Owned(owner=Side.APRIMO)
_REMARKS = Owned(owner=Side.APRIMO, writer=Writer.NOTES)
_OPENTEXTS = Owned(owner=Side.OPENTEXT)

FIELDS: Mapping[str, Owned] = {
    "name": _APRIMOS,
    "claim": _APRIMOS,
    "owner": _APRIMOS,
    "remark": _REMARKS,
    "matrix": _OPENTEXTS,
    "decision": _OPENTEXTS,
    "message": _OPENTEXTS,
    "comments": _OPENTEXTS,
}

STATES: Mapping[str, Side] = {
    "draft": Side.APRIMO,
    "submitted": Side.APRIMO,
    "withdrawn": Side.APRIMO,
    "approved": Side.OPENTEXT,
    "rejected": Side.OPENTEXT,
    "cancelled": Side.OPENTEXT,
}

ACTS: frozenset[str] = frozenset()
