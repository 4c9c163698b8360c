"""Where HTTP channels may post to: what is an URL, what belongs to the internet, what must not be shown."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from tercera.channels._endpoint import is_public, parse_url

PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.0.10",
    "100.64.0.1",  # carriers' own
    "169.254.169.254",  # where clouds tell a machine its credentials
    "192.0.2.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",  # 127.0.0.1 behind NAT64
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::",  # 127.0.0.1 by 6to4
    "2002:a00:1::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",  # 127.0.0.1 by Teredo
]
PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_known(address: str) -> None:
    """Also within the ways to write IPv4 as IPv6."""
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_the_internet_is_known(address: str) -> None:
    """So that posts get out at all."""
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    ("text", "place", "target"),
    [
        ("https://hooks.example.com/a/b?c=d", "hooks.example.com", "/a/b?c=d"),
        ("https://hooks.example.com", "hooks.example.com", "/"),
        ("HTTP://Hooks.Example.com:8080/x", "hooks.example.com:8080", "/x"),
        ("http://hooks.example.com:80/x", "hooks.example.com", "/x"),
        ("https://[2001:DB8::1]:8443/", "[2001:db8::1]:8443", "/"),
    ],
)
def test_urls_are_read(text: str, place: str, target: str) -> None:
    """Host, port and what is asked for."""
    endpoint = parse_url(text)
    assert (endpoint.place, endpoint.target) == (place, target)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hooks.example.com/geheim",
        "ftp://hooks.example.com/geheim",
        "file:///etc/geheim",
        "https:///geheim",
        "https://user:geheim@hooks.example.com/",
        "https://geheim@hooks.example.com/",
        "https://hooks.example.com/geheim\r\nHost: evil",
        "https://hooks.example.com/ geheim",
        "https://hooks.example.com/gehëim",
        "https://hooks.example.com/#geheim",
        "https://hooks.example.com:geheim/",
        "https://hooks.example.com:99999/geheim",
        "https://[::1/geheim",
        f"https://{'a' * 64}.example.com/geheim",
        "https://hooks..example.com/geheim",
    ],
)
def test_what_is_no_url_is_refused(text: str) -> None:
    """Without repeating it."""
    with pytest.raises(ValueError, match="URL") as caught:
        parse_url(text)
    assert "geheim" not in str(caught.value)


def test_what_may_be_a_token_is_known() -> None:
    """Path, query and their parts, as written and decoded; the longest first, so that no half is left."""
    secrets = parse_url("https://hooks.example.com/services/T0123456789/x?key=abc%2Bdefgh").secrets
    assert {"T0123456789", "abc%2Bdefgh", "abc+defgh"} <= set(secrets)
    assert list(secrets) == sorted(secrets, key=len, reverse=True)
