"""What bytes are, what their characters are, and the values and members in them."""

from __future__ import annotations

import gzip
import io
import pickle
import tarfile
import time
import zipfile

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kratom_atlas.model.crawling import Fault
from kratom_atlas.read.archive import members
from kratom_atlas.read.faults import FaultError
from kratom_atlas.read.media import Media, decode, sniff
from kratom_atlas.read.structured import parse_html, parse_json, parse_xml


def zipped(**files: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return target.getvalue()


def tarred(mode: str, **files: bytes) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return target.getvalue()


def fault_of(call: object) -> Fault:
    with pytest.raises(FaultError) as caught:
        call()  # type: ignore[operator]
    return caught.value.fault


def test_a_fault_is_one_bounded_line() -> None:
    error = FaultError(Fault.LAYOUT, "no\nrow\x00 " + "x" * 1000)
    assert error.detail.startswith("no row x")
    assert len(error.detail) == 300
    assert pickle.loads(pickle.dumps(error)).fault is Fault.LAYOUT


@pytest.mark.parametrize(
    ("body", "media"),
    [
        (b"", Media.EMPTY),
        (b"\xef\xbb\xbf \r\n", Media.EMPTY),
        (b"%PDF-1.7\n", Media.PDF),
        (b"\n\n%PDF-1.4", Media.PDF),
        (b"<html><p>saved as %PDF-1.4", Media.HTML),
        (b"\n<!DOCTYPE html><p>", Media.HTML),
        (b"<?xml version='1.0'?><!DOCTYPE html><html>", Media.HTML),
        (b"<!-- a -- b --><div>x</div>", Media.HTML),
        (b"<p>fragment", Media.HTML),
        (b"\n<?xml version='1.0'?><!-- c --><act/>", Media.XML),
        (b"<act xmlns='urn:x'>", Media.XML),
        (b"<akn:p>", Media.XML),
        (b'\xef\xbb\xbf{"a": 1}', Media.JSON),
        (b"[]", Media.JSON),
        (b"[1, 2]", Media.JSON),
        (b'[{"a"', Media.JSON),
        (b"[1] In this Act", Media.TEXT),
        (b"[the words omitted]", Media.TEXT),
        (b"{brace}", Media.TEXT),
        (b"{\\rtf1 x}", Media.RTF),
        (gzip.compress(b"x", mtime=0), Media.GZIP),
        (zipped(a=b"x"), Media.ZIP),
        (zipped(word__document=b"x", **{"word__document.xml": b"<w/>"}), Media.DOCX),
        (tarred("w", a=b"x"), Media.TAR),
        (tarred("w:bz2", a=b"x"), Media.BZIP2),
        (tarred("w:xz", a=b"x"), Media.XZ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Media.DOC),
        (b"\x89PNG\r\n\x1a\n", Media.IMAGE),
        (b"Section 1. Kratom", Media.TEXT),
        ("<act>".encode("utf-16"), Media.XML),
        ("Nařízení".encode("cp1250"), Media.TEXT),
        (bytes(range(256)) * 4, Media.UNKNOWN),
        ("\x1b\x13\ufffd\0\ufffd/M\ufffd".encode() * 9, Media.UNKNOWN),
    ],
)
def test_magic_and_shape_decide(body: bytes, media: Media) -> None:
    assert sniff(body) is media


@pytest.mark.parametrize(
    ("body", "declared", "text", "charset", "repaired"),
    [
        (b"plain", None, "plain", "utf-8", False),
        (b"\xef\xbb\xbfx", "cp1252", "x", "utf-8", False),
        ("§ 1 é".encode("utf-16"), None, "§ 1 é", "utf-16-le", False),
        (b'<meta charset="iso-8859-1">\xe9', None, '<meta charset="iso-8859-1">é', "cp1252", False),
        ("Nařízení vlády".encode("cp1250"), "windows-1250", "Nařízení vlády", "cp1250", False),
        ("закон".encode("cp1251"), "text/html; charset=windows-1251", "закон", "cp1251", False),
        ("νόμος".encode("cp1253"), "windows-1253", "νόμος", "cp1253", False),
        ("déjà vu, c'est la loi".encode("latin-1"), None, "déjà vu, c'est la loi", "cp1252", False),
        ("é".encode(), "latin-1", "é", "utf-8", False),
        ("日本の法律".encode("iso2022_jp"), "iso-2022-jp", "日本の法律", "iso2022_jp", False),
    ],
)
def test_characters_are_made_out(
    body: bytes, declared: str | None, text: str, charset: str, repaired: bool
) -> None:
    assert decode(body, declared) == (text, charset, repaired)


def test_text_encoded_twice_is_repaired() -> None:
    twice = "La vie privée, déjà « protégée »".encode().decode("cp1252").encode()
    assert decode(twice) == ("La vie privée, déjà « protégée »", "utf-8", True)
    mixed = twice + " – 日本".encode()
    assert decode(mixed).text == "La vie privée, déjà « protégée » – 日本"


def test_text_that_cannot_be_made_out_is_refused() -> None:
    assert fault_of(lambda: decode(b"\x00\x01\x02\x03" * 9)) is Fault.WRONG_CHARSET
    assert fault_of(lambda: decode("закон и право".encode("cp1251"))) is Fault.WRONG_CHARSET
    assert fault_of(lambda: decode("a\ue000b\ue001c\ue002".encode())) is Fault.WRONG_CHARSET
    assert fault_of(lambda: decode(b"\x81" * 90, "no-such-charset")) is Fault.WRONG_CHARSET


class Row(msgspec.Struct):
    number: int


def test_json_is_typed() -> None:
    assert parse_json(b'\xef\xbb\xbf{"number": 4, "more": 1}', Row).number == 4
    assert parse_json("é".encode().join((b'"', b'"'))) == "é"
    twice = '{"t": "privée – égal"}'.encode().decode("cp1252").encode()
    assert parse_json(twice) == {"t": "privée – égal"}


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"", Fault.EMPTY),
        (b'{"number": [1, ', Fault.TRUNCATED),
        (b"<html>", Fault.WRONG_TYPE),
        (b'{"number": "x"}', Fault.LAYOUT),
        (b"[" * 100_000 + b"]" * 100_000, Fault.TOO_DEEP),
        (b'{"more":' * 100_000, Fault.TOO_DEEP),
    ],
)
def test_json_that_is_not_as_it_should_be(body: bytes, fault: Fault) -> None:
    assert fault_of(lambda: parse_json(body, Row)) in {fault, Fault.LAYOUT}
    if fault is not Fault.LAYOUT:
        assert fault_of(lambda: parse_json(body)) is fault


def test_json_says_where_it_is_not() -> None:
    with pytest.raises(FaultError, match=r"\$\.number"):
        parse_json(b'{"number": "x"}', Row)


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "lol">'
    + "".join(
        f'<!ENTITY {c} "{f"&{b};" * 10}">' for b, c in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]><l>&i;</l>"
).encode()
QUADRATIC = b'<!DOCTYPE l [<!ENTITY a "' + b"x" * 50_000 + b'">]><l>' + b"&a;" * 50_000 + b"</l>"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b" ", Fault.EMPTY),
        (b"<a><b>", Fault.TRUNCATED),
        (b"<a><b></a>", Fault.WRONG_TYPE),
        (b"not xml", Fault.WRONG_TYPE),
        (b"<a>" * 100_000, Fault.TOO_DEEP),
        (LAUGHS, Fault.BOMB),
        (QUADRATIC, Fault.BOMB),
        (b'<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]><a/>', Fault.BOMB),
        (b"<a>" + b"x" * 11_000_000 + b"</a>", Fault.TOO_LARGE),
        (b"<?xml version='1.0' encoding='utf-8'?><a>\xe9</a>", Fault.WRONG_CHARSET),
    ],
)
def test_xml_that_is_not_as_it_should_be(body: bytes, fault: Fault) -> None:
    began = time.monotonic()
    assert fault_of(lambda: parse_xml(body)) is fault
    assert time.monotonic() - began < 2


def test_no_file_is_read_for_xml() -> None:
    body = b'<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>'
    assert "root:" not in "".join(parse_xml(body).itertext())


def test_xml_that_is_borne_with() -> None:
    assert parse_xml(b'\n<?xml version="1.0"?><a/>').tag == "a"
    assert parse_xml(b"<a>&eacute;x</a>", recover=True).tag == "a"
    assert fault_of(lambda: parse_xml(b"<a>" * 5000, recover=True)) is Fault.TOO_DEEP


def test_html_is_read_as_browsers_do() -> None:
    root = parse_html("<p>é<td>x".encode("latin-1"), "iso-8859-1")
    assert root.text_content() == "éx"
    assert fault_of(lambda: parse_html(b"<div>" * 100_000 + b"x")) is Fault.TOO_DEEP
    assert fault_of(lambda: parse_html(b" ")) is Fault.EMPTY


def test_members_of_every_kind_of_archive() -> None:
    files = {"a.txt": b"kratom", "b.txt": b"x" * 3000}
    for body in (zipped(**files), *(tarred(f"w{m}", **files) for m in ("", ":gz", ":bz2", ":xz"))):
        assert dict(members(body)) == files
        assert dict(members(body, only=lambda name: name == "b.txt")) == {"b.txt": b"x" * 3000}
    assert list(members(gzip.compress(b"x"))) == [("", b"x")]
    target = io.BytesIO()
    with gzip.GzipFile("law.xml", "wb", fileobj=target) as stream:
        stream.write(b"<a/>")
    assert list(members(target.getvalue())) == [("law.xml", b"<a/>")]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (zipped(a=b"0" * 30_000_000), Fault.BOMB),
        (gzip.compress(b"0" * 30_000_000), Fault.BOMB),
        (tarred("w:bz2", a=b"0" * 30_000_000), Fault.BOMB),
        (zipped(a=b"hello there")[:-30], Fault.TRUNCATED),
        (gzip.compress(bytes(range(256)) * 40)[:-20], Fault.TRUNCATED),
        (tarred("w:gz", a=bytes(range(256)) * 40)[:-100], Fault.TRUNCATED),
        (b"<html>", Fault.WRONG_TYPE),
        (b"", Fault.EMPTY),
    ],
    ids=lambda value: str(value) if isinstance(value, Fault) else "",
)
def test_archives_that_are_refused(body: bytes, fault: Fault) -> None:
    began = time.monotonic()
    assert fault_of(lambda: list(members(body))) is fault
    assert time.monotonic() - began < 5


def test_archives_keep_to_every_bound() -> None:
    many = zipped(**{f"f{i}": b"x" for i in range(20)})
    assert fault_of(lambda: list(members(many, max_members=10))) is Fault.BOMB
    assert fault_of(lambda: list(members(many, max_total=10))) is Fault.BOMB
    assert fault_of(lambda: list(members(zipped(a=b"xyz"), max_member=2))) is Fault.BOMB
    locked = bytearray(zipped(a=b"xyz"))
    at = locked.index(b"PK\x01\x02")
    locked[6] |= 1
    locked[at + 8] |= 1
    assert fault_of(lambda: list(members(bytes(locked)))) is Fault.TRUNCATED


@given(st.binary(max_size=400))
def test_arbitrary_bytes_raise_faults_and_nothing_else(body: bytes) -> None:
    assert isinstance(sniff(body), Media)
    for call in (decode, parse_json, parse_xml, parse_html, lambda b: list(members(b))):
        try:
            call(body)  # type: ignore[operator]
        except FaultError:
            continue
