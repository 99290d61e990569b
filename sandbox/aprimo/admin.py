"""The `/sandbox/...` routes only this vendor has: what an administrator or a fault would do to the tenant."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.aprimo.dam import DigitalAssets
from sandbox.aprimo.dam_store import dam_user
from sandbox.aprimo.pm_activities import Activities
from sandbox.aprimo.pm_bodies import read_object
from sandbox.aprimo.rate import Bucket
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.seeds import INTEGRATION_USER
from sandbox.aprimo.tokens import Tokens
from sandbox.aprimo.webhooks import SubscriptionError, Webhooks


class Admin:
    """Tokens, subscription, rate and ready-made activities."""

    def __init__(
        self, *, tokens: Tokens, webhooks: Webhooks, bucket: Bucket, activities: Activities, dam: DigitalAssets
    ) -> None:
        self._tokens = tokens
        self._webhooks = webhooks
        self._bucket = bucket
        self._activities = activities
        self._dam = dam

    def routes(self) -> list[Route]:
        """List the admin routes of the tenant."""
        return [
            Route("/sandbox/tokens/revoke", self.revoke, methods=["POST"]),
            Route("/sandbox/webhooks", self.show_webhooks, methods=["GET"]),
            Route("/sandbox/webhooks", self.set_webhooks, methods=["PUT"]),
            Route("/sandbox/webhooks/validate", self.validate, methods=["POST"]),
            Route("/sandbox/rules", self.show_rules, methods=["GET"]),
            Route("/sandbox/rules", self.set_rules, methods=["PUT"]),
            Route("/sandbox/rate", self.show_rate, methods=["GET"]),
            Route("/sandbox/rate", self.set_rate, methods=["PUT"]),
            Route("/sandbox/annotations", self.annotate, methods=["POST"]),
            Route("/sandbox/activities", self.add_activities, methods=["POST"]),
        ]

    async def revoke(self, _: Request) -> Response:
        """Make every token worthless."""
        self._tokens.revoke_all()
        return Response(status_code=204)

    async def show_webhooks(self, _: Request) -> Response:
        """Answer the subscription and its deliveries."""
        return JSONResponse(self._webhooks.as_json())

    async def set_webhooks(self, request: Request) -> Response:
        """Change the subscription."""
        try:
            self._webhooks.configure(await read_object(request))
        except SubscriptionError as err:
            raise Refusal(400, str(err)) from err
        return Response(status_code=204)

    async def validate(self, _: Request) -> Response:
        """Make an invalidated subscription valid again."""
        self._webhooks.validate()
        return Response(status_code=204)

    async def show_rules(self, _: Request) -> Response:
        """Answer the rules of the DAM and their calls."""
        return JSONResponse(self._dam.rules.as_json())

    async def set_rules(self, request: Request) -> Response:
        """Change the rules of the DAM."""
        try:
            self._dam.rules.configure(await read_object(request))
        except SubscriptionError as err:
            raise Refusal(400, str(err)) from err
        return Response(status_code=204)

    async def show_rate(self, _: Request) -> Response:
        """Answer the limits and how often they were felt."""
        return JSONResponse(self._bucket.as_json())

    async def set_rate(self, request: Request) -> Response:
        """Change the limits while running."""
        wanted = {**self._bucket.limits(), **await read_object(request)}
        if set(wanted) != set(self._bucket.limits()) or not wanted["rate_per_s"] > 0:
            raise Refusal(400, "rate_per_s above 0, delayed_max, send_retry_after")
        self._bucket.set(**wanted)
        return Response(status_code=204)

    async def annotate(self, request: Request) -> Response:
        """Annotate a file version: `{"fileVersionId", "comments", "userId": 88, ...}`; the API cannot."""
        body: dict[str, Any] = await read_object(request)
        user_id = dam_user(body.get("userId", INTEGRATION_USER))
        note = self._dam.files.annotate(str(body.get("fileVersionId")), body, user_id)
        return JSONResponse({"id": note["id"]}, status_code=201)

    async def add_activities(self, request: Request) -> Response:
        """Make activities without a webhook: `{"activities": [body, ...], "userId": 91}`; answers their ids."""
        body: dict[str, Any] = await read_object(request)
        user_id = body.get("userId", INTEGRATION_USER)
        rows = [self._activities.add(each, user_id=user_id) for each in body.get("activities", [])]
        return JSONResponse({"ids": [row["activityId"] for row in rows]}, status_code=201)
