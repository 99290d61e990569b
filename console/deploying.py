"""Deploys the flows' process models to OpenText, each only where it is not there already."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from pipeline.ports import Bounds
from pipeline.words import Urgency

CALLS_WITHIN_S = 120.0


class Deployed(Protocol):
    """What a deployment came to."""

    @property
    def how(self) -> str:
        """`deployed` or `unchanged`."""

    @property
    def key(self) -> str:
        """The model's key."""

    @property
    def version(self) -> int | None:
        """The latest version there."""

    @property
    def content_hash(self) -> str:
        """Of the model's XML."""


class Client(Protocol):
    """What is needed of OpenText."""

    def deploy(self, key: str, xml: bytes, known_hash: str, bounds: Bounds) -> Deployed:
        """Deploy a model unless it is there already."""


class Remembered:
    """What was deployed last, in a file of the data folder: not every service gives a model's XML back.

    where: the service, so that another one starts with nothing. A lost file costs one more version of each model.
    """

    def __init__(self, path: Path, where: str) -> None:
        self._path = path
        self._where = where

    def hash_of(self, key: str) -> str:
        """The hash of the model that was deployed last, "" for none."""
        return self._read().get(self._where, {}).get(key, "")

    def keep(self, key: str, content_hash: str) -> None:
        """Remember a deployment."""
        known = self._read()
        known.setdefault(self._where, {})[key] = content_hash
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(known, indent=2, sort_keys=True), encoding="utf-8")

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            known: dict[str, dict[str, str]] = json.loads(self._path.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        return known


def deploy(keys: Iterable[str], *, folder: Path, client: Client, remembered: Remembered) -> Iterator[Deployed]:
    """Deploy `<key>.bpmn` of the folder for each key. Raises FileNotFoundError, and PipelineError when refused."""
    begun = time.monotonic()
    bounds = Bounds(
        no_call_after=begun + CALLS_WITHIN_S, lease_until=begun + 2 * CALLS_WITHIN_S, urgency=Urgency.BULK
    )
    for key in keys:
        xml = (folder / f"{key}.bpmn").read_bytes()
        deployed = client.deploy(key, xml, remembered.hash_of(key), bounds)
        remembered.keep(key, deployed.content_hash)
        yield deployed
