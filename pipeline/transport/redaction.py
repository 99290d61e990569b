"""Keeps secrets out of every text that is stored, shown or logged."""

from __future__ import annotations

import re
from collections.abc import Iterable

HINT_CHARACTERS_MAX = 500
MASK = "***"
SECRET_CHARACTERS_MIN = 4
"""A shorter secret would blank out ordinary words; settings refuse such secrets anyway."""

_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")
_MEMBER = re.compile(r'(?i)("?(?:access_token|refresh_token|client_secret|password)"?\s*[:=]\s*"?)[^"&,\s}]+')


def safe_text(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without these secrets and without anything that looks like a token, cut to what a hint may hold."""
    for secret in secrets:
        if len(secret) >= SECRET_CHARACTERS_MIN:
            text = text.replace(secret, MASK)
    text = _BEARER.sub(rf"\1 {MASK}", text)
    text = _MEMBER.sub(rf"\1{MASK}", text)
    return " ".join(text.split())[:HINT_CHARACTERS_MAX]
