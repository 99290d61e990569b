"""What both sandboxes share: faults on request, the history of state changes, counts, and the server.

A vendor builds a Starlette app, adds `admin.routes(kit)` to its own routes, puts `front.Front` before it and
hands it to `serve.run`. The kit knows nothing of either vendor.
"""
