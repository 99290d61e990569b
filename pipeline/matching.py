"""Matching: people of one system whom nobody knows in the other are looked for until they are found.

By the override table of any flow, then by e-mail. Nothing waits for it: a plan that comes across somebody without a
match leaves the field empty and goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from pipeline.feeds import AprimoUsers
from pipeline.people import E_MAIL, OVERRIDE, opentext_user, overridden
from pipeline.ports import Bounds, Errand, Person, Ports, Tx
from pipeline.words import CallPurpose, JsonValue, Urgency

MAX_PEOPLE = 50
"""Looked for per run, those first whom nobody has looked for yet, then the longest not looked for."""


@dataclass(frozen=True, kw_only=True)
class Matched:
    """What a run did."""

    looked_for: int = 0
    found: int = 0


def match_people(users: AprimoUsers, overrides: Mapping[str, str], ports: Ports) -> Matched:
    """Look for people without a match. overrides: those of all flows. Raises the errors of the vendor."""
    look = _Look(users=users, overrides=overrides, bounds=_bounds(ports))
    people = ports.store.run(lambda tx: tx.ledger.people_to_match(limit=MAX_PEOPLE))
    found = 0
    for person in people:
        match = _look_for(person, look)
        found += match is not None
        ports.store.run(partial(_keep, match, person))
    return Matched(looked_for=len(people), found=found)


@dataclass(frozen=True, kw_only=True)
class _Look:
    """Where one run looks."""

    users: AprimoUsers
    overrides: Mapping[str, str]
    bounds: Bounds


def _look_for(person: Person, look: _Look) -> Person | None:
    if person.aprimo_user is not None:
        return _of_aprimo(person, person.aprimo_user, look)
    return _of_opentext(person, person.opentext_user or "", look)


def _of_aprimo(person: Person, user_id: str, look: _Look) -> Person | None:
    """Somebody of Aprimo with the OpenText user; an e-mail may have come by now. None where nobody matches."""
    user = look.users.user(user_id, look.bounds)
    value: dict[str, JsonValue] = {"id": user_id, "email": user.email if user else ""}
    match = opentext_user(value, look.overrides).casefold()
    how = OVERRIDE if overridden(value, look.overrides) else E_MAIL
    return replace(person, opentext_user=match, how=how, unresolved_since=None) if match else None


def _of_opentext(person: Person, email: str, look: _Look) -> Person | None:
    """Somebody of OpenText with the Aprimo user; None where nobody matches."""
    named = next((key for key, user in look.overrides.items() if user.casefold() == email), "")
    if named:
        return replace(person, aprimo_user=named, how=OVERRIDE, unresolved_since=None)
    user = look.users.by_email(email, look.bounds)
    if user is None:
        return None
    return replace(person, aprimo_user=user.id, name=user.name, how=E_MAIL, unresolved_since=None)


def _keep(match: Person | None, person: Person, tx: Tx) -> None:
    known = match or replace(person, unresolved_since=person.unresolved_since or tx.now)
    tx.ledger.put_person(replace(known, checked_at=tx.now))


def _bounds(ports: Ports) -> Bounds:
    began = ports.monotonic()
    return Bounds(
        no_call_after=began + ports.limits.no_new_call_after_s,
        lease_until=began + ports.limits.lease_s,
        urgency=Urgency.BULK,
        errand=Errand(purpose=CallPurpose.PEOPLE),
    )
