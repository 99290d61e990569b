"""Aprimo Productivity Management as a local service: what `README.md` beside this file promises, no more.

`pm_*` modules hold the resources of Productivity Management; the rest (tokens, rate, webhooks, state) is the
tenant's and would serve the DAM part too.
"""
