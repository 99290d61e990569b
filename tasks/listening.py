"""Which sources are listened to for silence, as the settings have it."""

from __future__ import annotations

from config.settings import Settings
from pipeline.silence import Patience, Source

PM_WEBHOOK, DAM_RULE, CALL_BACK = "aprimo.pm.webhook", "aprimo.dam.rule", "opentext.callback"
_PM_FEEDS, _DAM_FEEDS, _OPENTEXT_FEEDS = (
    ("aprimo.pm.poll", "aprimo.pm.list"),
    ("aprimo.dam.poll",),
    ("opentext.audit", "opentext.list"),
)
_RIGHTS = "See `signoff schedules list` for the feed, and whether the client may still read what it lists."


def patience(settings: Settings) -> Patience:
    """How long silence lasts before people are told."""
    return Patience(factor=settings.polling.silence_factor, changes=settings.polling.silence_changes)


def sources(settings: Settings) -> list[Source]:
    """Those that are set up: without a secret nobody may tell us anything."""
    polling = settings.polling
    found = [_feed(_PM_FEEDS, PM_WEBHOOK, settings), _feed(_DAM_FEEDS, DAM_RULE, settings)]
    found.append(_feed(_OPENTEXT_FEEDS, CALL_BACK, settings))
    if settings.aprimo.webhook_secrets:
        found += [
            Source(
                name=PM_WEBHOOK,
                others=_PM_FEEDS,
                expected_s=polling.webhooks_expected_s,
                cure="Aprimo may have switched the subscription off after failed deliveries: validate it again there,"
                " and resend from its integration log. Until then changes come with the polls.",
            ),
            Source(
                name=DAM_RULE,
                others=_DAM_FEEDS,
                expected_s=polling.webhooks_expected_s,
                cure="Look at the rules' actions in Aprimo: address, time-out, and the secret of their signature."
                " Until then changes come with the polls.",
            ),
        ]
    if settings.opentext.callback_secrets and settings.web.public_url:
        found.append(
            Source(
                name=CALL_BACK,
                others=_OPENTEXT_FEEDS,
                expected_s=polling.callbacks_expected_s,
                cure="See whether OpenText still reaches SIGNOFF_WEB_PUBLIC_URL. Until then reviews come with polls.",
            )
        )
    return found


def _feed(names: tuple[str, ...], teller: str, settings: Settings) -> Source:
    first, *others = names
    return Source(
        name=first,
        alike=tuple(others),
        others=(teller,),
        expected_s=settings.polling.feeds_expected_s,
        cure=_RIGHTS,
    )
