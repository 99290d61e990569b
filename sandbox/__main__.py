"""The command line of the sandboxes: `python -m sandbox aprimo|opentext --port N`.

Only the vendor that is named gets imported, so that one runs without what the other one needs.
"""

import importlib
import sys

VENDORS = ("aprimo", "opentext")


def main(argv: list[str]) -> int:
    """Start the named vendor's sandbox; 2 when the name is unknown."""
    if not argv or argv[0] not in VENDORS:
        sys.stderr.write(f"usage: python -m sandbox {{{'|'.join(VENDORS)}}} --port N [--host H] [--options FILE]\n")
        return 2
    serve = importlib.import_module(f"sandbox.{argv[0]}.serve")
    serve.main(argv[1:])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
