"""What the sandbox says no to, and in which shape.

Productivity Management documents no error body (aprimo.md §5); the DAM's keys are used where there is one.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class Refusal(Exception):  # noqa: N818 -- It is an answer, not a fault of the sandbox.
    """A request that is not done; status and message go to the caller."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


_KINDS = {
    400: "ValidationException",
    401: "UnauthorizedException",
    404: "NotFoundException",
    409: "ConflictException",
}


async def answer(_: Request, refusal: Exception) -> Response:
    """Turn a refusal into its response."""
    if not isinstance(refusal, Refusal):
        raise refusal
    return response(refusal)


def response(refusal: Refusal) -> Response:
    """Make the response of a refusal."""
    body = {
        "exceptionType": _KINDS.get(refusal.status, "ServerException"),
        "exceptionMessage": refusal.message,
        "stackTrace": None,
        "innerException": None,
    }
    return JSONResponse(body, status_code=refusal.status)
