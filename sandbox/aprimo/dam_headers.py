"""What the DAM demands of every request's headers (aprimo.md §2.4)."""

from starlette.datastructures import Headers

from sandbox.aprimo import dam_ids
from sandbox.aprimo.refusals import Refusal

VERSIONS = ("1",)


def check(headers: Headers) -> None:
    """Refuse with 400 what misses a header or names a language that is no GUID."""
    if headers.get("api-version") not in VERSIONS:
        raise Refusal(400, "The header 'API-VERSION' is missing or names no version of this API.")
    if not headers.get("user-agent"):
        raise Refusal(400, "The header 'User-Agent' is missing.")
    for language in headers.get("languages", "*").split(","):
        if language.strip() != "*" and not dam_ids.is_id(language.strip()):
            raise Refusal(400, f"The language '{language.strip()}' is not a GUID.")
