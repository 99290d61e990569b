"""The Celery side: the app, thin tasks, and the wiring that joins settings, ports and Celery."""
