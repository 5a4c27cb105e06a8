"""Which addresses this program may call.

Addresses come from pages, redirects, feeds and, for webhooks, from strangers. None of them may
make the program speak to the machine or the network that it runs on. `check_url` looks at what is
written and returns the address to use: exactly what was checked, so that no client can read it
otherwise. A name may still lead anywhere: `check_address` looks at what it resolved to, for each
connection anew, for a name may resolve to something else a second later.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import quote, urlsplit

from kratom_atlas.errors import AtlasError

__all__ = ["MAX_LENGTH", "PORTS", "RefusedError", "check_address", "check_url"]

MAX_LENGTH: Final = 4000
PORTS: Final = frozenset({80, 443})

_NOBODY: Final[frozenset[str]] = frozenset()
_DEFAULT_PORT: Final = {"http": 80, "https": 443}
_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_AUTHORITY: Final = re.compile(
    r"(?P<host>\[[0-9a-f:.]+\]|[^\[\]:@/?#\\%<>^`{|}\"\s]+)(?::(?P<port>[0-9]{1,5}))?",
    re.ASCII | re.IGNORECASE,
)
_LABEL: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_SAFE: Final = "!$%&'()*+,-./:;=?@[]_~"

_PRIVATE_NAMES: Final = frozenset(
    {
        "corp", "home", "home.arpa", "internal", "intranet", "invalid", "lan", "local",
        "localdomain", "localhost", "onion", "private", "svc",
        # where clouds tell a machine its own secrets; most of them are within the above
        "metadata.azure.com", "metadata.goog", "metadata.packet.net",
        "metadata.platformequinix.com", "metadata.tencentyun.com",
    }
)  # fmt: skip
_CLOSED_4: Final = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by the customers of a carrier
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's own agent
        "169.254.0.0/16",  # link-local, and the metadata of clouds
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays from IPv6
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_GLOBAL_6: Final = ipaddress.IPv6Network("2000::/3")
"""All that is assigned to the public so far; loopback, local and multicast lie outside."""
_CLOSED_6: Final = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, among them Teredo, which holds an IPv4 address
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
    )
)
_HOLDS_4: Final = tuple(
    (ipaddress.IPv6Network(network), shift)
    for network, shift in (
        ("::ffff:0:0/96", 0),  # mapped
        ("64:ff9b::/96", 0),  # NAT64, through which hosts without IPv4 reach it
        ("2002::/16", 80),  # 6to4
    )
)


class RefusedError(AtlasError):
    """An address that this program does not call."""


def check_url(url: str, *, ports: frozenset[int] = PORTS, allow: frozenset[str] = _NOBODY) -> str:
    """The address in the one way to write it, without a fragment, if it may be called.

    `allow` has hosts, as `host` or `host:port`, that may be called whatever they are; an IPv6
    address is written in brackets. Only tests and replay have any.

    Raises:
        RefusedError: why it may not. The message does not repeat what may hold a key.
    """
    if len(url) > MAX_LENGTH:
        raise RefusedError(f"the address is longer than {MAX_LENGTH} characters")
    if _UNPRINTABLE.search(url):
        raise RefusedError("the address has control characters in it")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise RefusedError("not a web address: write https://host/path") from None
    if parts.scheme not in _DEFAULT_PORT or not parts.netloc:
        raise RefusedError("not a web address: write https://host/path")
    if "@" in parts.netloc:
        raise RefusedError("the address has a user name in it: leave that out")
    match = _AUTHORITY.fullmatch(parts.netloc.removesuffix(":"))
    if match is None:
        raise RefusedError("the address has no valid host: write https://host/path")
    host = _host(match["host"])
    port = int(match["port"] or _DEFAULT_PORT[parts.scheme])
    if port > 65535:
        raise RefusedError(f"{host}: there is no port {port}")
    if not {host, f"{host}:{port}"} & allow:
        if port not in ports:
            raise RefusedError(f"{host}: port {port} is not one that is called")
        _check_host(host)
    authority = host if port == _DEFAULT_PORT[parts.scheme] else f"{host}:{port}"
    path = quote(parts.path, safe=_SAFE) or "/"
    query = f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
    checked = f"{parts.scheme}://{authority}{path}{query}"
    if len(checked) > MAX_LENGTH:
        raise RefusedError(f"the address is longer than {MAX_LENGTH} characters")
    return checked


def check_address(ip: str, *, allow: frozenset[str] = _NOBODY) -> str:
    """The IP address in the one way to write it, if it is one of the public.

    Raises:
        RefusedError: it is not, or is not an IP address.
    """
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        raise RefusedError(f"{_short(ip)} is not an IP address") from None
    if str(address) not in allow and not _is_public(address):
        raise RefusedError(f"{address} is not an address of the public network")
    return str(address)


def _host(written: str) -> str:
    """The host as it goes into the address: lower case, ASCII, an IP address in brackets."""
    if written.startswith("["):
        try:
            return f"[{ipaddress.IPv6Address(written[1:-1])}]"
        except ValueError:
            raise RefusedError(f"{_short(written)} is not an IP address") from None
    name = written.lower() if written.isascii() else _in_ascii(written)
    name = name.removesuffix(".")
    labels = name.split(".")
    if len(name) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise RefusedError(f"{_short(written)} is not the name of a host")
    if _NUMBER.fullmatch(labels[-1]):
        # Some programs read 0x7f.1, 0177.0.0.1 and 2130706433 as 127.0.0.1 and others do not.
        try:
            return str(ipaddress.IPv4Address(name))
        except ValueError:
            raise RefusedError(
                f"{_short(written)} is not an IP address: write four decimal numbers"
            ) from None
    if any(label.startswith("xn--") for label in labels) and _in_ascii(name) != name:
        raise RefusedError(f"{_short(written)} is not the name of a host")
    return name


def _in_ascii(name: str) -> str:
    import idna

    refused = RefusedError(f"{_short(name)} is not the name of a host")
    if len(name) > 254:  # cannot be valid, and would take long to look at
        raise refused
    try:
        return idna.encode(name, uts46=True, std3_rules=True).decode("ascii")
    except idna.IDNAError:
        raise refused from None


def _check_host(host: str) -> None:
    if host.startswith("[") or _NUMBER.fullmatch(host.rpartition(".")[2]):
        check_address(host.strip("[]"))
        return
    labels = host.split(".")
    if len(labels) == 1 or any(".".join(labels[n:]) in _PRIVATE_NAMES for n in range(len(labels))):
        raise RefusedError(f"{_short(host)} is a name within a network, not one of the public")


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _CLOSED_4)
    if address.scope_id:
        return False
    for network, shift in _HOLDS_4:
        if address in network:
            return _is_public(ipaddress.IPv4Address(int(address) >> shift & 0xFFFFFFFF))
    return address in _GLOBAL_6 and not any(address in network for network in _CLOSED_6)


def _short(text: str) -> str:
    """What was written, fit for one line."""
    return repr(text if len(text) <= 60 else f"{text[:60]}...")
