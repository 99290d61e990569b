"""Puts the tenant together: state, rate, tokens, resources, webhooks and the kit's front."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.types import ASGIApp

from sandbox.aprimo import pm_definitions, pm_generic, pm_people, refusals
from sandbox.aprimo.admin import Admin
from sandbox.aprimo.copies import Copies
from sandbox.aprimo.dam import DigitalAssets
from sandbox.aprimo.guard import Guard, Slashless
from sandbox.aprimo.options import Options
from sandbox.aprimo.pm_activities import Activities
from sandbox.aprimo.pm_assets import Assets
from sandbox.aprimo.pm_commitments import Commitments
from sandbox.aprimo.pm_funding import FundingAccounts
from sandbox.aprimo.pm_lists import PickLists
from sandbox.aprimo.pm_objects import Tenant
from sandbox.aprimo.pm_projects import Projects
from sandbox.aprimo.pm_tasks import Tasks
from sandbox.aprimo.rate import Bucket
from sandbox.aprimo.state import State
from sandbox.aprimo.tokens import Tokens
from sandbox.aprimo.webhooks import Webhooks
from sandbox.kit import admin as kit_admin
from sandbox.kit.admin import Kit
from sandbox.kit.faults import Faults
from sandbox.kit.front import Front
from sandbox.kit.history import History
from sandbox.kit.journal import Journal
from sandbox.kit.requests import RequestCounts

JOURNAL = "aprimo.jsonl"


def build(options: Options) -> ASGIApp:
    """Make the app of one tenant, with the state its data folder holds."""
    journal, restored = Journal.opened(options.data_dir, JOURNAL)
    kit = Kit(faults=Faults(seed=options.seed), history=History(journal), requests=RequestCounts())
    state = State(journal, restored, history=kit.history)
    tokens = Tokens(state, ttl_s=options.token_ttl_s)
    bucket = Bucket(**options.limits())
    webhooks = Webhooks(state, options)
    activities = Activities(state, kit.history, webhooks)
    projects = Projects(
        state, kit.history, webhooks, activities, needs_collections=options.require_both_ea_collections
    )

    dam = DigitalAssets(state, kit.history, options)
    lists = PickLists(state, kit.history)
    tenant = Tenant(
        state=state,
        history=kit.history,
        webhooks=webhooks,
        lists=lists,
        needs_collections=options.require_both_ea_collections,
    )
    funding = FundingAccounts(tenant)
    objects = [Tasks(tenant), Commitments(tenant), funding, Assets(tenant), *pm_generic.objects(tenant)]

    def reset() -> None:
        state.clear()
        dam.reset()
        webhooks.reset()
        bucket.set(**options.limits())

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        webhooks.resume()
        dam.rules.resume()
        yield

    routes = [
        *tokens.routes(),
        *activities.routes(),
        *projects.routes(),
        *pm_people.routes(),
        *(route for each in objects for route in each.routes()),
        *lists.routes(),
        *pm_definitions.routes(),
        *dam.routes(),
    ]
    copies = Copies(dam.store, kit.history, [each.shape for each in objects])
    admin = Admin(tokens=tokens, webhooks=webhooks, bucket=bucket, activities=activities, dam=dam)
    app = Starlette(
        routes=[
            *routes,
            *kit_admin.routes(kit, reset=reset),
            *admin.routes(),
            *funding.admin_routes(),
            *copies.routes(),
        ],
        exception_handlers={refusals.Refusal: refusals.answer},
        lifespan=lifespan,
    )
    guarded = Guard(app, bucket=bucket, tokens=tokens)
    return Slashless(Front(guarded, kit=kit, routes=routes))
