"""Where a file may be fetched from: allowed hosts, and addresses that are public whatever wraps them."""

from __future__ import annotations

import pytest

from pipeline.errors import PermanentError, TransientError
from pipeline.transport.addresses import Place, checked, is_public, joined

HOSTS = frozenset({"files.agency.example", "cdn.agency.example:8443", "127.0.0.1:8100", "localhost:8100"})
PUBLIC = "93.184.215.14"


def place_of(url: str, *addresses: str) -> Place:
    return checked(url, HOSTS, lambda *_: addresses or (PUBLIC,))


def refusal(url: str, *addresses: str) -> str:
    with pytest.raises(PermanentError) as refused:
        place_of(url, *addresses)
    assert refused.value.code == "source_not_allowed"
    return refused.value.hint


def test_a_file_on_an_allowed_host_has_a_place_with_the_addresses_that_were_checked() -> None:
    assert place_of(
        "https://Files.Agency.example/a/b.psd?sig=1&x=%20", PUBLIC, "2606:2800:220:1::1", PUBLIC
    ) == Place(
        scheme="https",
        host="files.agency.example",
        port=443,
        path="/a/b.psd?sig=1&x=%20",
        addresses=(PUBLIC, "2606:2800:220:1::1"),
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.agency.example:8443/a",
        "https://files.agency.example:443/a",
    ],
)
def test_a_port_is_part_of_what_is_allowed(url: str) -> None:
    assert place_of(url).path == "/a"


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/a",
        "https://files.agency.example.evil.example/a",
        "https://evil.example/files.agency.example",
        "https://files.agency.example:8443/a",
        "https://cdn.agency.example/a",
        "https://files.agency.example./a",
        "https://user:pass@files.agency.example/a",
        "https://files.agency.example@evil.example/a",
        "http://files.agency.example:443/a",
        "http://files.agency.example/a",
        "ftp://files.agency.example/a",
        "file:///etc/passwd",
        "//files.agency.example/a",
        "https://",
        "https://[::1/a",
        "https://files.agency.example:99999/a",
        "https://169.254.169.254/latest",
        "http://2130706433:8100/a",
        "http://0x7f.1:8100/a",
        "http://[::ffff:127.0.0.1]:8100/a",
        "",
    ],
)
def test_everything_else_is_refused_before_any_name_is_resolved(url: str) -> None:
    with pytest.raises(PermanentError) as refused:
        checked(url, HOSTS, lambda *_: pytest.fail("a name was resolved"))

    assert refused.value.code == "source_not_allowed"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.8",
        "172.16.3.4",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "0.0.0.0",  # noqa: S104 - An address to refuse.
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "fd00:ec2::254",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:10.0.0.8",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)
def test_an_allowed_host_with_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_public(address)
    assert refusal("https://files.agency.example/a", address).endswith(f"has the address {address}.")


def test_a_host_with_one_public_address_and_one_of_ours_is_refused_whole() -> None:
    assert "10.0.0.8" in refusal("https://files.agency.example/a", PUBLIC, "10.0.0.8")


def test_a_host_without_any_address_is_refused() -> None:
    with pytest.raises(PermanentError, match="has the address none"):
        checked("https://files.agency.example/a", HOSTS, lambda *_: ())


@pytest.mark.parametrize(
    ("url", "address"), [("http://127.0.0.1:8100/a", "127.0.0.1"), ("http://localhost:8100/a", "::1")]
)
def test_this_machine_is_allowed_where_an_entry_names_it(url: str, address: str) -> None:
    assert place_of(url, address).addresses == (address,)


def test_a_name_for_this_machine_that_leads_elsewhere_is_refused() -> None:
    assert PUBLIC in refusal("http://localhost:8100/a", PUBLIC)


def test_a_name_that_cannot_be_resolved_now_is_tried_again() -> None:
    def away(*_: object) -> tuple[str, ...]:
        raise OSError("no name server")

    with pytest.raises(TransientError):
        checked("https://files.agency.example/a", HOSTS, away)


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/b", "https://cdn.agency.example:8443/b"),
        ("c?x=1", "https://cdn.agency.example:8443/a/c?x=1"),
        ("//evil.example/x", "https://evil.example/x"),
        ("http://169.254.169.254/", "http://169.254.169.254/"),
    ],
)
def test_a_redirect_leads_where_it_says(location: str, url: str) -> None:
    assert joined(place_of("https://cdn.agency.example:8443/a/b"), location) == url
