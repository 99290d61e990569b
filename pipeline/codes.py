"""Reason codes: why something was ignored, refused or died, each with its cure for an operator.

Codes are stable: dead letters, notices, the CLI and docs/dead-letters.md use the same words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Code:
    """is_mended_at_source: a newer look at the item mends it without a replay, because the item itself was wrong."""

    cure: str
    is_mended_at_source: bool = False


CODES: Mapping[str, Code] = {
    "values_missing": Code(
        cure="Fill in the values named in the hint in Aprimo; the next look goes on by itself.",
        is_mended_at_source=True,
    ),
    "value_malformed": Code(
        cure="Mend the value named in the hint in Aprimo; the next look goes on by itself.", is_mended_at_source=True
    ),
    "limits_missing": Code(
        cure="Add limits for the currency named in the hint to the flow's TOML file, then replay."
    ),
    "result_unusable": Code(
        cure="The review is over, and its results cannot be used as the hint says: review again, then discard."
    ),
    "item_hidden_or_deleted": Code(
        cure="Give the integration's user the right to see the item again, or discard to let go of it.",
        is_mended_at_source=True,
    ),
    "tries_spent": Code(cure="The vendor failed again and again: see the attempts, then replay."),
    "read_failed": Code(cure="Reading the item failed again and again: see the hint, then replay."),
    "refused_by_vendor": Code(
        cure="The vendor refuses this call: see the hint, mend the item or the mapping, replay."
    ),
    "stale": Code(cure="The item changed faster than it could be carried: look at it, then replay from the start."),
    "world_moved": Code(
        cure="It is not any more as it was when its replay was planned: plan the replay again, and look at it."
    ),
    "poison": Code(cure="This event ended its worker again and again: report it, then replay or discard."),
    "plan_failed": Code(cure="Our rules failed on this item: report it with the hint, then replay or discard."),
    "owned_by_other": Code(cure="A plan would have written a field that the other system owns: report it."),
    "settle_failed": Code(cure="What was carried could not be recorded: report it with the hint, then replay."),
    "carry_failed": Code(cure="What was planned cannot be carried by this version: report it, then replay."),
    "answer_unexpected": Code(
        cure="The vendor answered in a shape we do not know: report it with the hint, then replay."
    ),
    "client_refused": Code(cure="Check the OAuth client id and secret, and that the client belongs to this tenant."),
    "token_missing": Code(cure="The token service gave no token: check the client's grant and the token style."),
    "not_authenticated": Code(cure="The vendor refuses a fresh token: check the client's registration and its user."),
    "not_allowed": Code(
        cure="Give the integration's user the right to this object; the next look goes on by itself.",
        is_mended_at_source=True,
    ),
    "not_the_vendor": Code(
        cure="Something else answers at the vendor's address: check the addresses in the settings."
    ),
    "certificate_refused": Code(
        cure="The vendor's TLS certificate is not trusted: check the address and the trust store."
    ),
    "address_malformed": Code(cure="Mend the vendor's address in the settings."),
    "kind_unknown": Code(cure="A flow asks for a kind of object that cannot be read: report it."),
    "verb_unknown": Code(cure="A flow asks for a verb that does not exist: report it."),
    "field_unknown": Code(cure="A flow would change something that a task does not have: report it."),
    "id_malformed": Code(cure="Mend the id named in the hint in Aprimo, then replay."),
    "name_unknown": Code(cure="Mend the name in the flow's TOML file, or make what it names in Aprimo, then replay."),
    "project_unknown": Code(
        cure="The project is unknown or hidden: mend its id or the right to see it, then replay."
    ),
    "source_not_allowed": Code(
        cure="Have the file offered on an allowed host, or allow its host in the settings, then replay."
    ),
    "source_unusable": Code(cure="Have the file offered again at the address in the hint, then replay."),
    "file_differs": Code(cure="The file is not the one that was announced: have it offered again, then replay."),
    "upload_missing": Code(cure="A flow uses a file that it did not bring in: report it."),
    "order_failed": Code(cure="See in Aprimo why the order ended as it did, then replay: it is ordered again."),
    "instance_hidden": Code(cure="Give the integration's client the right to see the process instance, then replay."),
}


def is_mended_at_source(code: str) -> bool:
    """Whether a newer look at the item mends a dead letter with this code."""
    known = CODES.get(code)
    return known is not None and known.is_mended_at_source


def cure(code: str) -> str:
    """What a person can do about it; general advice for a vendor's own code."""
    known = CODES.get(code)
    return known.cure if known else "See the hint and the attempts, mend the cause, then replay or discard."
