"""Starts the Aprimo sandbox as a process; `python -m sandbox aprimo` calls it."""

from sandbox.aprimo.app import build
from sandbox.aprimo.options import Options
from sandbox.kit import serve


def main(argv: list[str]) -> None:
    """Serve one tenant until told to end."""
    arguments = serve.arguments(argv, vendor="aprimo")
    options = serve.read_options(Options, arguments.options)
    serve.run(build(options), host=arguments.host, port=arguments.port)
