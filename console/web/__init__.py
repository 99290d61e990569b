"""The web app: intake of webhooks and call-backs, and read-only pages for operators."""
