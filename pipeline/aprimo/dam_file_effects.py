"""What each command does with files of the DAM, and how one sees afterwards whether it did: one pair per kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipeline.aprimo.client import Client
from pipeline.aprimo.dam_effects import gone
from pipeline.aprimo.dam_schemas import FileVersion, PublicLink
from pipeline.commands import AddVersion, DropPublicLink, OrderLinks, RegisterPublicLink, Upload
from pipeline.errors import PermanentError, StaleError, TransientError
from pipeline.keys import comment_marker
from pipeline.ports import Bounds, NotThere, Sent
from pipeline.transport.effects import Effect
from pipeline.words import EffectKey, WaitReason

ENDED_LINKS = frozenset({"failed", "overwritten", "tobedeleted"})
PUBLISHED = "published"
ORDER_DONE = "success"
ORDER_UNDER_WAY = frozenset({"pending", "scheduled", "queued", "executing", "asyncpending", "asyncexecuting"})
ORDER_WAIT_S = 5.0

# ---- dam.upload ----------------------------------------------------------------------------------------------------


def upload(client: Client, command: Upload, effect_key: EffectKey, bounds: Bounds) -> Sent:
    """Fetch the file, check it, and bring it in from the first segment that is not there yet."""
    if client.uploads.has_token(effect_key):
        return Sent(how="already")
    client.uploads.carry(command, bounds)
    return Sent(how="sent")


def see_upload(client: Client, command: Upload, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
    """There when its token is kept; an unused token shows nowhere, so it may be repeated."""
    del command, bounds
    return Sent(how="found") if client.uploads.has_token(effect_key) else NotThere()


# ---- dam.add_version -----------------------------------------------------------------------------------------------


def add_version(client: Client, command: AddVersion, effect_key: EffectKey, bounds: Bounds) -> Sent:
    """Add the uploaded file as a version whose label is the marker."""
    with client.uploads.token(command.upload, bounds) as file:
        version = {
            "id": file.token,
            "fileName": file.file_name,
            "versionLabel": comment_marker(effect_key),
            "comment": command.comment,
        }
        files = [{"id": command.file_id, "versions": {"addOrUpdate": [version]}}]
        if not client.dam.put_record(command.record_id, {"files": {"addOrUpdate": files}}, bounds):
            raise gone(command.target())
    return Sent(how="sent")


def see_version(client: Client, command: AddVersion, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
    """There when a version of the record's files has the marker as its label."""
    versions = client.dam.versions(command.record_id, bounds) or []
    found = next((each for each in versions if each.label == comment_marker(effect_key)), None)
    return Sent(how="found", vendor_ref=found.id) if found else NotThere()


# ---- dam.order -----------------------------------------------------------------------------------------------------


def order_links(client: Client, command: OrderLinks, effect_key: EffectKey, bounds: Bounds) -> Sent:
    """Order links for the versions without one, once their files are ready, and wait until the order is done."""
    order_id = client.progress.order(effect_key)
    if order_id:
        return _delivered(client, effect_key, order_id, bounds)
    ready = {record: _latest(client, version, command, bounds) for record, version in command.versions.items()}
    wanted = [record for record, version in ready.items() if not _live(version)]
    if not wanted:
        return _published(ready.values(), how="already")
    target = {"targetTypes": ["Document"], "assetType": "LatestVersionOfMasterFile"}
    targets = [{"recordId": record, **target} for record in wanted]
    placed = client.dam.order({"type": "publicCdn", "disableNotification": True, "targets": targets}, bounds)
    client.progress.save_order(effect_key, placed)
    raise _not_yet(f"Aprimo's order {placed} is placed.")


def see_order(client: Client, command: OrderLinks, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
    """Orders cannot be searched: there when every version has its link, else a person must look."""
    order_id = client.progress.order(effect_key)
    if order_id:
        return _delivered(client, effect_key, order_id, bounds)
    versions = [client.dam.file_version(version, bounds) for version in command.versions.values()]
    known = [version for version in versions if version is not None]
    if len(known) == len(versions) and all(map(_live, known)):
        return _published(known, how="found")
    raise TransientError(
        f"Nobody can tell whether {command.target()} was ordered: look at the orders in Aprimo. Discard this where it"
        " was not and have it released again, or wait where it was."
    )


def _latest(client: Client, version_id: str, command: OrderLinks, bounds: Bounds) -> FileVersion:
    version = client.dam.available_version(version_id, bounds)
    if version is None:
        raise gone(command.target())
    if version.is_latest is False:
        raise StaleError(f"{command.target()}: {version_id} is not the latest version any more")
    return version


def _live(version: FileVersion) -> tuple[PublicLink, ...]:
    return tuple(link for link in version.public_links if link.status.casefold() not in ENDED_LINKS)


def _published(versions: Iterable[FileVersion], *, how: str) -> Sent:
    """All have links; an answer as soon as these are more than announced."""
    links = [link for version in versions for link in _live(version)]
    if any(link.status.casefold() != PUBLISHED for link in links):
        raise _not_yet("The public links are announced and not there yet.")
    return Sent(how=how)


def _delivered(client: Client, key: EffectKey, order_id: str, bounds: Bounds) -> Sent:
    status = client.dam.order_status(order_id, bounds)
    word = (status or "").casefold()
    if word in ORDER_UNDER_WAY:
        raise _not_yet(f"Aprimo's order {order_id} is {status}.")
    if word != ORDER_DONE:
        client.progress.save_order(key, "")  # Replayed, it is ordered anew for whatever still has no link.
        raise PermanentError("order_failed", f"Aprimo's order {order_id} is {status or 'not there any more'}.")
    return Sent(how="sent", vendor_ref=order_id)


def _not_yet(why: str) -> TransientError:
    """A wait that spends no tries: an order takes as long as its files are large."""
    return TransientError(why, wait_s=ORDER_WAIT_S, is_outage=True, reason=WaitReason.PROCESSING)


# ---- public links --------------------------------------------------------------------------------------------------


def register_link(client: Client, command: RegisterPublicLink, effect_key: EffectKey, bounds: Bounds) -> Sent:
    """Wait until the version's renditions are ready, then register where one is published."""
    del effect_key
    if client.dam.available_version(command.file_version_id, bounds) is None:
        raise gone(command.target())
    body = {
        "recordId": command.record_id,
        "fileVersionId": command.file_version_id,
        "renditionName": command.rendition,
        "uri": command.uri,
        "provider": command.provider,
    }
    return Sent(how="sent", vendor_ref=client.dam.publish(body, bounds))


def see_link(client: Client, command: RegisterPublicLink, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
    """There when the version has a link of the rendition to that address that has not ended."""
    del effect_key
    version = client.dam.file_version(command.file_version_id, bounds)
    for link in _live(version) if version else ():
        if (link.rendition, link.uri) == (command.rendition, command.uri):
            return Sent(how="found", vendor_ref=link.id)
    return NotThere()


def drop_public_link(client: Client, command: DropPublicLink, effect_key: EffectKey, bounds: Bounds) -> Sent:
    """Take it back; one that is gone is left as it is."""
    del effect_key
    was_there = client.dam.drop_public_link(command.public_link_id, bounds)
    return Sent(how="sent" if was_there else "already")


def see_dropped_link(
    client: Client, command: DropPublicLink, effect_key: EffectKey, bounds: Bounds
) -> Sent | NotThere:
    """There when nobody shows the link any more."""
    del effect_key
    link = client.dam.public_link(command.public_link_id, bounds)
    return Sent(how="found") if link is None else NotThere()


EFFECTS: Mapping[str, Effect[Client]] = {
    "dam.upload": Effect(send=upload, look_up=see_upload),
    "dam.add_version": Effect(send=add_version, look_up=see_version),
    "dam.order": Effect(send=order_links, look_up=see_order),
    "dam.public_link": Effect(send=register_link, look_up=see_link),
    "dam.drop_public_link": Effect(send=drop_public_link, look_up=see_dropped_link),
}
"""By kind."""
