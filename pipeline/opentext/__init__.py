"""OpenText Workflow Service. `wire` builds and reads, `client` sends, `effects` pairs sends with look-ups."""
