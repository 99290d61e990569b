"""Edges for people and the web: the command line, the web app, and the supervisor of `signoff up`."""
