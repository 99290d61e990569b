"""Which host a file may be fetched from, and which address a connection to it may go to."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urljoin, urlsplit

from pipeline.errors import PermanentError, TransientError

Resolve = Callable[[str, int], Sequence[str]]
"""Host and port to addresses."""

PORTS = {"https": 443, "http": 80}
_NAT64 = IPv6Network("64:ff9b::/96")
_LOW_32_BITS = 0xFFFF_FFFF


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a file is, with the addresses that were checked: a connection goes to one of them and nowhere else."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[str, ...] = ()

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def checked(url: str, hosts: frozenset[str], resolve: Resolve) -> Place:
    """The place of an address on an allowed host. Raises PermanentError (`source_not_allowed`) or TransientError.

    hosts: `files.acme.example`, with a port where it is not 443. One that means this machine (`127.0.0.1:8100`) is
    allowed by its own entry only, and may be plain HTTP. Every address of a host must be a public one: a name that
    has one of each kind is refused whole.
    """
    place = _place(url)
    if not {place.authority, f"{place.authority}:{place.port}"} & hosts:
        raise _not_allowed(f"{place.authority} is no host that files may be fetched from.")
    is_here = _is_here(place.host)
    if place.scheme != "https" and not is_here:
        raise _not_allowed(f"{place.authority} would send the file without TLS.")
    addresses = tuple(dict.fromkeys(_resolved(place, resolve)))
    refused = [each for each in addresses if not (_is_loopback(each) if is_here else is_public(each))]
    if refused or not addresses:
        raise _not_allowed(f"{place.authority} has the address {', '.join(refused) or 'none'}.")
    return Place(scheme=place.scheme, host=place.host, port=place.port, path=place.path, addresses=addresses)


def joined(place: Place, location: str) -> str:
    """The address that a redirect leads to."""
    return urljoin(f"{place.scheme}://{place.authority}{place.path}", location)


def is_public(text: str) -> bool:
    """Whether an address is a public one, also what it wraps (IPv4 in IPv6 in any of the three ways)."""
    address = ip_address(text.partition("%")[0])
    return all(_is_public(each) for each in (address, *_wrapped(address)))


def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the resolver of this machine. Raises OSError."""
    found: list[tuple[Any, ...]] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


def _place(url: str) -> Place:
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError as err:
        raise _not_allowed("The file's address cannot be read.") from err
    if parts.scheme not in PORTS or not parts.hostname:
        raise _not_allowed("The file's address is none of https.")
    if parts.username or parts.password:
        raise _not_allowed("The file's address holds a password.")
    path = parts.path or "/"
    return Place(
        scheme=parts.scheme, host=parts.hostname, port=port, path=f"{path}?{parts.query}" if parts.query else path
    )


def _resolved(place: Place, resolve: Resolve) -> Sequence[str]:
    try:
        return resolve(place.host, place.port)
    except (OSError, UnicodeError) as err:
        raise TransientError(f"The name of {place.authority} cannot be resolved now.") from err


def _is_here(host: str) -> bool:
    return host == "localhost" or _is_loopback(host)


def _is_loopback(text: str) -> bool:
    try:
        return ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _wrapped(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    if isinstance(address, IPv4Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        found.append(IPv4Address(int(address) & _LOW_32_BITS))
    return [each for each in found if each is not None]


def _not_allowed(hint: str) -> PermanentError:
    return PermanentError("source_not_allowed", hint)
