"""The guard: what may be called, however it is written."""

from __future__ import annotations

import ipaddress
import re
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kratom_atlas.guard import MAX_LENGTH, RefusedError, check_address, check_url


@pytest.mark.parametrize(
    ("written", "checked"),
    [
        ("https://example.org", "https://example.org/"),
        ("HTTPS://Example.ORG:443/A?b=C#d", "https://example.org/A?b=C"),
        ("http://example.org.:80/", "http://example.org/"),
        ("http://example.org:443/", "http://example.org:443/"),
        ("https://example.org:/x", "https://example.org/x"),
        ("https://example.org/?filter[term]=a&page[size]=5", None),
        ("https://example.org/a b/ž?q=krátom", "https://example.org/a%20b/%C5%BE?q=kr%C3%A1tom"),
        ("https://example.org/100%25/%C5%BE", None),
        ("https://example.org/a/../b//c;d?x=1&y=2", None),
        ("https://žurnál.example.org/", "https://xn--urnl-7na25g.example.org/"),
        ("https://ＥＸＡＭＰＬＥ。org/", "https://example.org/"),
        ("https://r3---sn-abc.example.org/", None),
        ("https://8.8.8.8/", None),
        ("https://[2606:4700:0:0::1111]/", "https://[2606:4700::1111]/"),
        ("https://[::ffff:8.8.8.8]/", f"https://[{ipaddress.ip_address('::ffff:8.8.8.8')}]/"),
    ],
)
def test_a_public_address_is_written_in_one_way(written: str, checked: str | None) -> None:
    assert check_url(written) == (checked or written)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "//example.org/",
        "https:///path",
        "https:example.org",
        "ftp://example.org/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "gopher://example.org/",
        "https://user@example.org/",
        "https://user:pass@example.org/",
        "https://@example.org/",
        "https://example.org\\@127.0.0.1/",
        "https://example.org:443@127.0.0.1/",
        "https://example.org%2f@127.0.0.1/",
        "https://example.org:22/",
        "https://example.org:8080/",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://example.org:４４３/",
        "https://example.org:-1/",
        "https://example.org/a\nb",
        "https://exam\tple.org/",
        "https://example.org/\x00",
        "https://example.org/\x7f",
        "https://example.org/\x85",
        "https://example.org/\u2028",
        "https://example.org/\ud800",
        "https://exam ple.org/",
        "https://exa_mple.org/",
        "https://-example.org/",
        "https://example-.org/",
        "https://example..org/",
        "https://.example.org/",
        "https://example.org../",
        "https://" + "a" * 64 + ".org/",
        "https://" + "a." * 127 + "org/",
        "https://" + "ž" * 300 + ".org/",
        "https://xn--a.org/",
        "https://xn--example-.org/",
        "https://💥.org/",
        "https://example.org℀/",
        "https://%31%32%37.0.0.1/",
        "https://[::1/",
        "https://::1/",
        "https://[fe80::1%25eth0]/",
        "https://[v1.a]/",
        "https://[]/",
        "https://example.org/" + "a" * MAX_LENGTH,
        "https://example.org/" + "ž" * (MAX_LENGTH // 2),
    ],
)
def test_what_is_not_a_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(RefusedError) as caught:
        check_url(url)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 160
    assert "pass" not in str(caught.value)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "printer.local",
        "db.internal",
        "metadata.google.internal",
        "metadata.goog",
        "metadata",
        "instance-data",
        "kubernetes.default.svc",
        "nas.home.arpa",
        "router.lan",
        "intranet",
        "ｌｏｃａｌｈｏｓｔ",
    ],
)
def test_names_within_a_network_are_refused(host: str) -> None:
    with pytest.raises(RefusedError, match="not one of the public"):
        check_url(f"https://{host}/")


@pytest.mark.parametrize("host", ["localhost.example.org", "local.gov", "internal.example.org"])
def test_names_that_only_look_so_are_not(host: str) -> None:
    assert check_url(f"https://{host}/") == f"https://{host}/"


PRIVATE = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
]


def spellings(address: ipaddress.IPv4Address) -> list[str]:
    """The ways in which one program or another accepts an IPv4 address."""
    number = int(address)
    a, b, c, d = address.packed
    return [
        str(address),
        f"{address}.",
        str(number),
        hex(number),
        oct(number).replace("0o", "0"),
        f"{a}.{b}.{c * 256 + d}",
        f"{a}.{number & 0xFFFFFF}",
        f"{a:#x}.{b:#x}.{c:#x}.{d:#x}",
        f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"{a:03}.{b:03}.{c:03}.{d:03}",
        f"{a}.{b}.{c}.0x{d:X}",
        str(address).replace(".", "。"),
        str(address).translate({48 + n: 0xFF10 + n for n in range(10)}),
        f"[::ffff:{address}]",
        f"[::ffff:{a:02x}{b:02x}:{c:02x}{d:02x}]",
        f"[0:0:0:0:0:FFFF:{address}]",
        f"[::{address}]",
        f"[::ffff:0:{address}]",
        f"[64:ff9b::{address}]",
        f"[64:ff9b:1::{address}]",
        f"[2002:{a:02x}{b:02x}:{c:02x}{d:02x}::1]",
    ]


@pytest.mark.parametrize("ip", PRIVATE)
def test_a_private_address_is_refused_in_any_notation(ip: str) -> None:
    for written in spellings(ipaddress.IPv4Address(ip)):
        with pytest.raises(RefusedError):
            check_url(f"http://{written}/")


@pytest.mark.parametrize(
    "ip",
    [
        *PRIVATE,
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::808:808",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1111%eth0",
        "fec0::1",
        "ff02::1",
        "",
        "example.org",
        "127.1",
        "0x7f000001",
        "8.8.8.08",
    ],
)
def test_what_a_name_resolved_to_is_looked_at_again(ip: str) -> None:
    with pytest.raises(RefusedError):
        check_address(ip)


@pytest.mark.parametrize(
    "ip", ["1.1.1.1", "192.0.1.1", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1"]
)
def test_public_addresses_pass(ip: str) -> None:
    assert check_address(ip) == ip


def test_hosts_are_exempt_only_by_name() -> None:
    allow = frozenset({"127.0.0.1:8765", "localhost", "[::1]"})
    assert check_url("http://127.0.0.1:8765/x", allow=allow) == "http://127.0.0.1:8765/x"
    assert check_url("http://localhost:9/", allow=allow) == "http://localhost:9/"
    assert check_url("http://[0::1]:80/", allow=allow) == "http://[::1]/"
    for url in (
        "http://127.0.0.1/",
        "http://127.0.0.1:8766/",
        "http://127.1:8765/",
        "http://a.localhost/",
        "http://user@localhost/",
        "ftp://localhost/",
        "http://localhost:70000/",
    ):
        with pytest.raises(RefusedError):
            check_url(url, allow=allow)
    assert check_address("127.0.0.1", allow=frozenset({"127.0.0.1"})) == "127.0.0.1"
    with pytest.raises(RefusedError):
        check_address("127.0.0.2", allow=frozenset({"127.0.0.1"}))


def test_other_ports_are_called_where_the_caller_says_so() -> None:
    url = "https://example.org:8443/"
    assert check_url(url, ports=frozenset({8443})) == url


def test_a_refusal_does_not_repeat_a_key() -> None:
    with pytest.raises(RefusedError) as caught:
        check_url("https://example.org:22/?api_key=verysecret")
    assert "verysecret" not in str(caught.value)


@given(st.ip_addresses())
@example(ipaddress.ip_address("192.88.99.1"))
def test_what_passes_is_public_by_the_standard_library_too(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    try:
        check_address(str(address))
    except RefusedError:
        return
    inner = address
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or address
        if address in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    assert inner.is_global
    assert not any((inner.is_multicast, inner.is_reserved, inner.is_link_local))


@given(st.ip_addresses(v=4))
def test_every_notation_says_what_the_plain_one_says_or_is_refused(
    address: ipaddress.IPv4Address,
) -> None:
    def passes(host: str) -> bool:
        try:
            check_url(f"http://{host}/")
        except RefusedError:
            return False
        return True

    public = passes(str(address))
    for written in spellings(address):
        assert public or not passes(written)


_PIECES = st.sampled_from(
    ["http", "https", ":", "//", "/", "\\", "@", "[", "]", "%", "#", "?", ".", "。", "127.0.0.1",
     "localhost", "example.org", "xn--", "ž", "ß", "\u200d", "８０", ":80", "0x7f", "::1", " ", "-"]
)  # fmt: skip


@given(
    st.one_of(
        st.text(),
        st.text(max_size=40).map(lambda rest: f"http://{rest}"),
        st.lists(_PIECES | st.characters(), max_size=12).map(lambda p: "http://" + "".join(p)),
    )
)
def test_any_text_is_refused_or_safe(text: str) -> None:
    try:
        checked = check_url(text)
    except RefusedError:
        return
    assert check_url(checked) == checked
    assert re.fullmatch(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:80|:443)?/[!-~]*", checked)
    parts = urlsplit(checked)
    assert parts.username is None
    assert parts.hostname not in {None, "", "localhost", "127.0.0.1", "::1"}


def test_the_guard_is_light() -> None:
    code = "import sys, kratom_atlas.guard; sys.exit('idna' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
