"""Refusals of the service, in the pair of texts the real one answers with."""


class Refusal(Exception):  # noqa: N818 -- A refusal is an answer, not a fault of ours.
    """The command is not carried out; status, message and exception go to the caller."""

    def __init__(self, status: int, message: str, exception: str) -> None:
        super().__init__(exception)
        self.status = status
        self.message = message
        self.exception = exception


def bad_request(exception: str) -> Refusal:
    """What was asked makes no sense."""
    return Refusal(400, "Bad request", exception)


def not_found(what: str, row_id: str) -> Refusal:
    """There is no such thing, or not any more."""
    return Refusal(404, "Not found", f"Could not find a {what} with id '{row_id}'.")


def conflict(exception: str, message: str = "Conflict") -> Refusal:
    """The state of things does not allow it."""
    return Refusal(409, message, exception)


def broken(exception: str) -> Refusal:
    """The engine itself failed; the real service answers 500 to many a mistake of the caller."""
    return Refusal(500, "Internal server error", exception)
