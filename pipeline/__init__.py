"""The pipeline: rules, use cases and adapters; knows no settings object and no Celery."""
