"""Samples of the vendors' messages, in their documented shapes; every value is invented."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "contract"


def sample_bytes(vendor: str, name: str) -> bytes:
    """The bytes of a sample."""
    return (FOLDER / vendor / "samples" / f"{name}.json").read_bytes()


def sample(vendor: str, name: str) -> Any:  # noqa: ANN401 -- JSON.
    """A sample as JSON."""
    return json.loads(sample_bytes(vendor, name))
