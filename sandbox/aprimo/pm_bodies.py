"""Reads the JSON object of a request."""

import json
from typing import Any

from starlette.requests import Request

from sandbox.aprimo.refusals import Refusal


async def read_object(request: Request) -> dict[str, Any]:
    """Give the body's JSON object; an empty body is an empty object, anything else is refused."""
    raw = await request.body()
    try:
        body = json.loads(raw) if raw else {}
    except ValueError as err:
        raise Refusal(400, "The request body is not JSON.") from err
    if not isinstance(body, dict):
        raise Refusal(400, "The request body is not a JSON object.")
    return body
