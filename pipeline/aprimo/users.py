"""Aprimo's users, looked for one by one: what matching people asks."""

from __future__ import annotations

from pipeline.aprimo import schemas, wire
from pipeline.aprimo.client import Client
from pipeline.aprimo.wire import USERS
from pipeline.feeds import AprimoUser
from pipeline.ports import Bounds
from pipeline.transport.reading import reading


class Users:
    """The users of one tenant."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def user(self, user_id: str, bounds: Bounds) -> AprimoUser | None:
        """A user by id; None where there is none, or it is hidden."""
        if not user_id.isdecimal():
            return None
        body = self._client.object_body(USERS, int(user_id), bounds)
        return None if body is None else _user(body)

    def by_email(self, email: str, bounds: Bounds) -> AprimoUser | None:
        """The user with an e-mail, in whatever case; None where there is none. Source: users have a search route."""
        tree = wire.equals("email", email)
        found = (_user(row) for row in self._client.search_all(USERS, tree, bounds))
        return next((user for user in found if user.email.casefold() == email.casefold()), None)


def _user(body: object) -> AprimoUser:
    with reading("A user of Aprimo"):
        person = schemas.load_person(body)
    return AprimoUser(id=str(person.user_id), email=person.email, name=person.name)
