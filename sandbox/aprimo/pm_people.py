"""Users: `/api/users` (aprimo.md §6.6); `me` carries `adamUserId`, the same person's id in the DAM."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.aprimo import pm_search
from sandbox.aprimo.pm_bodies import read_object
from sandbox.aprimo.pm_pages import page
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.seeds import PEOPLE

KEY = "user"

SEARCHABLE = {
    "userId": pm_search.NUMBER,
    "loginId": pm_search.TEXT,
    "email": pm_search.TEXT,
    "firstName": pm_search.TEXT,
    "lastName": pm_search.TEXT,
    "activeFlag": pm_search.NUMBER,
}


def routes() -> list[Route]:
    """List the routes of users."""
    return [
        Route("/api/users", list_users, methods=["GET"]),
        Route("/api/users/me", read_me, methods=["GET"]),
        Route("/api/users/search", search, methods=["POST"]),
        Route("/api/users/{id:int}", read, methods=["GET"]),
    ]


async def list_users(request: Request) -> Response:
    """Answer one page of all users."""
    return page(request, [person.as_json() for person in PEOPLE.values()], key=KEY)


async def read_me(request: Request) -> Response:
    """Answer the user the token acts as."""
    return JSONResponse(PEOPLE[request.scope["user_id"]].as_json())


async def read(request: Request) -> Response:
    """Answer one user."""
    person = PEOPLE.get(request.path_params["id"])
    if person is None:
        raise Refusal(404, f"There is no user {request.path_params['id']}.")
    return JSONResponse(person.as_json())


async def search(request: Request) -> Response:
    """Answer one page of those a tree matches."""
    test = pm_search.compile_tree(await read_object(request), SEARCHABLE, has_attributes=False)
    return page(request, [row for row in (person.as_json() for person in PEOPLE.values()) if test(row)], key=KEY)
