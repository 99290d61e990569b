"""What may be done about a difference: by its field and by its cause, for notices and for reconciliation alike."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pipeline import ownership
from pipeline.differences import HAND_EDITS, STATE, Cause
from pipeline.flows.shared.values import text
from pipeline.flows.tenant import FlowWords, Policy
from pipeline.words import JsonValue

HEALS: Mapping[Cause, Policy] = {
    Cause.DELIVERY_DEAD: Policy.NEVER,
    Cause.DELIVERY_WAITING: Policy.NEVER,
    Cause.WORD_UNKNOWN: Policy.NEVER,
    Cause.UNEXPLAINED: Policy.NEVER,
    Cause.PROCESS_MISSING: Policy.PROPOSE,
    Cause.PROCESS_DOUBLED: Policy.PROPOSE,
    Cause.ITEM_DELETED: Policy.PROPOSE,
    Cause.EDITED_IN_BOTH: Policy.PROPOSE,
}
"""What becomes of a cause where the flow's file does not say; the others are healed by themselves."""
HELD = frozenset({Cause.DELIVERY_DEAD, Cause.DELIVERY_WAITING, Cause.WORD_UNKNOWN, Cause.UNEXPLAINED})
"""Causes that nothing of ours can mend, whatever a file says."""
STRICTEST = (Policy.AUTOMATIC, Policy.PROPOSE, Policy.NEVER)
"""The last of them wins."""


def policy_of(words: FlowWords, field: str, cause: Cause) -> Policy:
    """What may be done about a difference: the stricter of what is said of the field and of the cause.

    words: those of the item. A state that only verbs change is never put back.
    """
    of_field = words.policies.get(field, Policy.AUTOMATIC)
    of_cause = words.heals.get(cause, HEALS.get(cause, Policy.AUTOMATIC))
    if cause in HELD:
        of_cause = Policy.NEVER
    return max(of_field, of_cause, _of_kind(words, field, cause), key=STRICTEST.index)


def _of_kind(words: FlowWords, field: str, cause: Cause) -> Policy:
    """What an object lets be done whose state only verbs change: none of them puts back what a hand has set."""
    if field != STATE or words.object_kind not in ownership.BY_VERB:
        return Policy.AUTOMATIC
    return Policy.NEVER if cause in HAND_EDITS else Policy.PROPOSE


def cause_of_edit(editor: JsonValue, automations: Collection[str]) -> Cause:
    """Who changed in Aprimo what OpenText owns: a person, or a rule or job among these users, by id or e-mail.

    editor: whoever changed the item last, as it was read; a user's id, or names and values of a user.
    """
    named = {text(each).casefold() for each in (editor.values() if isinstance(editor, Mapping) else [editor])}
    is_automation = bool(named & {each.casefold() for each in automations} - {""})
    return Cause.EDITED_BY_AUTOMATION if is_automation else Cause.EDITED_IN_APRIMO
