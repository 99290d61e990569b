"""OpenText Workflow Service as a local service: it runs the very process models that are deployed to the real one.

From the inside out: `juel`, `bpmn`, `models` and `machine` execute a model; `service` gives it the semantics of
the real engine (claims, history, audit rows); `wire_*` put the documented HTTP interface before it; `people`
plays those who approve.
"""
