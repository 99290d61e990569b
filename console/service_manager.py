"""Tells the service manager how `signoff up` stands, where one started it; its own protocol, one datagram a word."""

from __future__ import annotations

import os
import socket

READY, STOPPING = "READY=1", "STOPPING=1"


def tell(word: str) -> None:
    """Say it to whoever listens; nobody does outside of a service, and one who does not answer stops nothing."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    # A leading @ stands for the NUL of an address without a file.
    place = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
        try:
            out.sendto(word.encode(), place)
        except OSError:
            return
