"""What bytes are, by their magic numbers and their shape, and what their characters are.

Suffixes and declared types are not believed: real sources serve plain text, HTML and brotli under
the name `.pdf`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import Final, NamedTuple

from kratom_atlas.model.crawling import Fault
from kratom_atlas.read.faults import LIMIT, FaultError, check_size

__all__ = ["THAI_MARKS", "Decoded", "Media", "decode", "repair", "sniff"]


class Media(StrEnum):
    """A kind of bytes."""

    HTML = "html"
    XML = "xml"
    JSON = "json"
    PDF = "pdf"
    ZIP = "zip"
    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"
    TAR = "tar"
    DOCX = "docx"
    DOC = "doc"
    RTF = "rtf"
    TEXT = "text"
    IMAGE = "image"
    EMPTY = "empty"
    UNKNOWN = "unknown"


class Decoded(NamedTuple):
    """Characters, the charset that they were in, and whether something had to be mended."""

    text: str
    charset: str
    repaired: bool


_HEAD: Final = 16_384
_MAGIC: Final = (
    (b"\x1f\x8b\x08", Media.GZIP),
    (b"\xfd7zXZ\x00", Media.XZ),
    (b"PK\x05\x06", Media.ZIP),
    (b"{\\rtf", Media.RTF),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Media.DOC),
    (b"\x89PNG\r\n\x1a\n", Media.IMAGE),
    (b"\xff\xd8\xff", Media.IMAGE),
    (b"GIF8", Media.IMAGE),
    (b"II*\x00", Media.IMAGE),
    (b"MM\x00*", Media.IMAGE),
)
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PROLOG: Final = re.compile(r"\s+|<\?[^>]*>|<!--(?:[^-]|-(?!->))*+-->", re.ASCII)
_DOCTYPE: Final = re.compile(r"<!doctype\s+([a-z][\w:.-]*)", re.IGNORECASE | re.ASCII)
_ROOT: Final = re.compile(r"<([a-zA-Z_][\w.-]*(?::[\w.-]+)?)([^<>]{0,2000})", re.ASCII)
_HTML_ROOTS: Final = re.compile(
    "a|b|base|blockquote|body|br|center|div|dl|em|fieldset|font|form|frameset|h[1-6r]|head|html|i"
    "|iframe|img|input|li|link|main|meta|nav|noscript|ol|p|pre|script|small|span|strong|style"
    "|table|tbody|td|th|title|tr|u|ul"
)
_HTML_TAG: Final = re.compile(
    r"</(?:html|body|head|table|td|tr|p|div|span|a|b|i|li|font)\s*>|<(?:br|p|td|div)\b[^<>]{0,300}>",
    re.IGNORECASE,
)
_JSON_START: Final = re.compile(rb'\{\s*(?:"|\})|\[\s*(?:[{\["\]]|true\b|false\b|null\b)')
_JSON_NUMBERS: Final = re.compile(rb"\[\s*-?\d[\d.eE+-]*\s*[,\]]")
_MARKUP_NEEDED: Final = 5


def sniff(body: bytes) -> Media:
    """What `body` is, by what is in it."""
    bom, charset = _bom(body)
    head = body[bom : bom + _HEAD].lstrip()
    if not head:
        return Media.EMPTY if not body[bom:].strip() else Media.UNKNOWN
    if charset.startswith(("utf-16", "utf-32")):
        head = head.decode(charset, "replace").encode().lstrip()
    packed = _magic(body, head)
    if packed is not None:
        return packed
    text = head.decode("utf-8", "replace")
    if head.startswith(b"<"):
        return _markup(text)
    if _is_json(head, body):
        return Media.JSON
    if not _legible(head, text):
        return Media.UNKNOWN
    return Media.HTML if len(_HTML_TAG.findall(text)) >= _MARKUP_NEEDED else Media.TEXT


def _bom(body: bytes) -> tuple[int, str]:
    for mark, charset in _BOMS:
        if body.startswith(mark):
            return len(mark), charset
    return 0, ""


def _magic(body: bytes, head: bytes) -> Media | None:
    for magic, media in _MAGIC:
        if body.startswith(magic):
            return media
    if body.startswith(b"PK\x03\x04"):
        return Media.DOCX if b"word/document.xml" in body else Media.ZIP
    if re.match(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)", body):
        return Media.BZIP2
    if body[257:262] == b"ustar":
        return Media.TAR
    if body.startswith(b"RIFF") and body[8:12] == b"WEBP":
        return Media.IMAGE
    if not head.startswith(b"<") and re.search(rb"%PDF-\d", body[:1024]):
        return Media.PDF
    return None


def _markup(text: str) -> Media:
    place = 0
    is_xml = text.startswith("<?xml")
    while (blank := _PROLOG.match(text, place)) is not None:
        place = blank.end()
    if doctype := _DOCTYPE.match(text, place):
        return Media.HTML if doctype[1].lower() == "html" else Media.XML
    root = _ROOT.match(text, place)
    if root is None:
        return Media.XML if is_xml else Media.TEXT
    prefix, _, name = root[1].rpartition(":")
    if name.lower() == "html":
        return Media.HTML
    if is_xml or prefix or "xmlns" in root[2]:
        return Media.XML
    return Media.HTML if _HTML_ROOTS.fullmatch(name.lower()) else Media.XML


def _is_json(head: bytes, body: bytes) -> bool:
    if _JSON_START.match(head):
        return True
    end = body[-64:].rstrip()[-1:]
    if head.startswith(b'"'):
        return end == b'"' and b"\n" not in head[:200]
    return end == b"]" and _JSON_NUMBERS.match(head) is not None


def _legible(head: bytes, text: str) -> bool:
    """Whether this may be text: few control characters, and few that another program gave up on."""
    bad = sum(head.count(c) for c in range(32) if c not in b"\t\n\r\f\x1b")
    bad += 3 * head.count(b"\xef\xbf\xbd")
    if len(head) and bad * 50 > len(head):
        return False
    # Text in a charset of one byte is legible too, but most of it is still ASCII or all letters.
    return text.count("\ufffd") * 2 < len(text)


_XML_DECLARED: Final = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")
_META_DECLARED: Final = re.compile(
    rb"<meta[^>]{0,500}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE
)
_WIDER: Final = {
    "iso8859-1": "cp1252",  # as the web platform reads these labels
    "ascii": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
_SEVEN_BIT: Final = ("iso2022", "utf-7", "hz")
_DECODERS: Final = ("utf", "cp", "iso", "latin", "koi8", "mac", "gb", "big5", "euc", "shift", "hz")
_UNDECLARED: Final = "cp1252"


def decode(body: bytes, declared: str | None = None, *, limit: int = LIMIT) -> Decoded:
    """The characters of `body`; `declared` is the charset, or the content type with it, that
    its sender named.

    A byte order mark decides. Bytes that are UTF-8 are UTF-8 whatever they are said to be; else
    the document's own declaration counts before the sender's. Text encoded twice is repaired.

    Raises:
        FaultError: it is too large, or too much of it cannot be made out.
    """
    check_size(len(body), limit)
    text, charset, mended = _characters(body, declared)
    text, repaired = repair(text)
    _check_legible(text)
    return Decoded(text, charset, mended or repaired)


def _characters(body: bytes, declared: str | None) -> tuple[str, str, bool]:
    bom, charset = _bom(body)
    if charset:
        body = body[bom:]
        text = body.decode(charset, "replace")
        return text, charset, "\ufffd" in text and not charset.startswith("utf-8")
    named = [found for label in _labels(body, declared) if (found := _codec(label))]
    if not any(name.startswith(_SEVEN_BIT) for name in named):
        named.insert(0, "utf-8")
    for name in named:
        try:
            return body.decode(name), name, False
        except (UnicodeDecodeError, UnicodeError, ValueError):
            continue
    return _guess(body, named)


def _labels(body: bytes, declared: str | None) -> list[str]:
    head = body[:4096]
    own = _XML_DECLARED.search(head[:300]) or _META_DECLARED.search(head)
    labels = [own[1].decode("ascii", "replace")] if own else []
    if declared:
        labels.append(declared.lower().rpartition("charset=")[2].partition(";")[0])
    return labels


def _codec(label: str) -> str | None:
    label = label.strip(" \t\"'").lower()
    try:
        name = codecs.lookup("cp1252" if label == "x-user-defined" else label).name
    except (LookupError, ValueError):
        return None
    if not name.startswith(_DECODERS) and name not in {"ascii", "tis-620"}:
        return None  # Python has codecs that are no charsets
    return _WIDER.get(name, name)


def _guess(body: bytes, named: list[str]) -> tuple[str, str, bool]:
    """Text that is not quite in any charset that it claims, or claims none."""
    lenient = body.decode("utf-8", "replace")
    broken = lenient.count("\ufffd")
    high = len(body) - len(body.translate(None, bytes(range(128, 256))))
    if broken * 20 <= high or broken == 1:
        return lenient, "utf-8", True
    for name in (*(n for n in named if n != "utf-8"), _UNDECLARED):
        text = body.decode(name, "replace")
        if text.count("\ufffd") * 200 <= len(text) and (name in named or high * 4 < len(body)):
            return text, name, "\ufffd" in text
    raise FaultError(
        Fault.WRONG_CHARSET, f"neither UTF-8 nor {', '.join(named[1:]) or 'what it might be'}"
    )


_TWICE: Final = re.compile(
    "[\u00c2-\u00f4](?:[\u0080-\u00bf]|[\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6"
    "\u02dc\u2013\u2014\u2018-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122])"
)


def repair(text: str) -> tuple[str, bool]:
    """`text` with what was encoded twice put right, and whether anything was."""
    if text.isascii() or len(list(islice(_TWICE.finditer(_remarkable(text)), 2))) < 2:
        return text, False
    if len(list(islice(_TWICE.finditer(text, 0, 4_000_000), 2))) < 2:
        return text, False
    whole = _once(text)
    if whole is not None:
        return whole, True
    if len(text) > _MENDED:
        return text, False
    fixed = "".join(_fixed(text))
    return fixed, fixed != text


def _fixed(text: str) -> Iterator[str]:
    """Each part of `text`, mended where it was encoded twice; only so many are."""
    from ftfy import TextFixerConfig, fix_encoding

    config = TextFixerConfig(unescape_html=False, explain=False)
    left = _MAX_MENDED
    for part in _PART.findall(text):
        if left and _TWICE.search(part):
            left -= 1
            part = fix_encoding(part, config)
        yield part


def _remarkable(text: str) -> str:
    """The characters of `text` that are not ordinary ones of ASCII: few, and soon looked at."""
    raw = text.encode("utf-8", "surrogatepass").translate(None, _ORDINARY)
    return raw.decode("utf-8", "surrogatepass")


_ORDINARY: Final = bytes([9, 10, 12, 13, *range(0x20, 0x7F)])
_MENDED: Final = 8_000_000
_MAX_MENDED: Final = 5_000
_PART: Final = re.compile(r"\n|[^\n]{1,20000}\n?")


def _once(text: str) -> str | None:
    """All of `text` was encoded twice: the usual case, and much the quickest to mend."""
    for charset in ("cp1252", "latin-1"):
        try:
            return text.encode(charset).decode("utf-8")
        except UnicodeError:
            continue
    return None


THAI_MARKS: Final = {
    0xF700 + i: ord(mark)
    for i, mark in enumerate(
        "\u0e10\u0e34\u0e35\u0e36\u0e37\u0e48\u0e49\u0e4a\u0e4b\u0e4c\u0e48\u0e49\u0e4a\u0e4b"
        "\u0e4c\u0e0d\u0e31\u0e4d\u0e47\u0e48\u0e49\u0e4a\u0e4b\u0e4c\u0e38\u0e39\u0e3a"
    )
}
"""What the private characters of old Thai fonts, from U+F700 on, stand for."""
_BAD: Final = re.compile(
    "[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f\ufffd\ufffe\uffff"
    "\ue000-\uf6ff\uf71b-\uf8ff\U000f0000-\U0010ffff]"
)
"""Not characters of any text."""


def _check_legible(text: str) -> None:
    rest = _remarkable(text)
    bad = 0
    for start in range(0, len(rest), _STRETCH):
        bad += len(_BAD.findall(rest, start, start + _STRETCH))
        if bad > 2 and bad * 50 > len(text):
            raise FaultError(
                Fault.WRONG_CHARSET, f"{bad} or more of {len(text)} characters cannot be made out"
            )


_STRETCH: Final = 100_000
