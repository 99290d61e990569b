"""Starts the OpenText sandbox as a process: `python -m sandbox opentext --port N`."""

from sandbox.kit import serve
from sandbox.opentext.app import build
from sandbox.opentext.options import Options


def main(argv: list[str]) -> None:
    """Serve until told to end."""
    given = serve.arguments(argv, vendor="opentext")
    options = serve.read_options(Options, given.options)
    serve.run(build(options), host=given.host, port=given.port)
