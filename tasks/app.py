"""The Celery app, made from the settings when a role starts."""

from __future__ import annotations

from celery import Celery

from config.celery_options import celery_options
from config.settings import Settings
from tasks import chain, wiring


def create(settings: Settings) -> Celery:
    """The app of this process, its tasks and their wiring. Raises SettingsError without a broker."""
    app = Celery("signoff", set_as_current=True)
    app.config_from_object(celery_options(settings))
    wiring.install(settings, app)
    chain.register(app)
    return app
