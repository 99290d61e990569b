"""What never asks for the sample."""

from __future__ import annotations


def test_one_is_written_so() -> None:
    assert str(1) == "1"
