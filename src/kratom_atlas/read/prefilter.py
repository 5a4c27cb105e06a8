"""Whether a document may name kratom, from its bytes: before anything is decoded or parsed.

Two ways, chosen in `_looker`. Hyperscan reads the bytes once and looks for every stem in each
spelling that they may have (charsets, entities, escapes), and for a stem that something interrupts
(a tag, a soft hyphen, a line break after a hyphen); around such a place, noise is taken out and
the stems are looked for again. Where there is no wheel of Hyperscan, that is done to all of it.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from html.entities import html5
from importlib.util import find_spec
from itertools import product
from typing import Any, Final, NamedTuple, TypeAlias

from kratom_atlas.read.media import THAI_MARKS, repair

__all__ = ["fold_and_look", "names_kratom", "scan_and_look"]

Looker: TypeAlias = Callable[[bytes], bool]


class Stem(NamedTuple):
    """Letters that no strong term is without.

    `spelled` are the ways to spell it, where `[iy]` is one of several letters. `folded` are what to
    look for in text without blanks, hyphens, digits and accents, `pattern` what has to stand there
    if that is not enough.
    """

    spelled: tuple[str, ...]
    folded: tuple[bytes, ...] = ()
    pattern: bytes | None = None


_LATIN: Final = (
    *(
        Stem((stem,), (stem.encode(),))
        for stem in (
            *("kratom", "kratum", "cratom", "ketum", "kakuam", "abuurapuu", "speciogyn"),
            *("speciocil", "anthein", "nauclea", "stephegyne", "corynanth"),
        )
    ),
    Stem(("purik",), (b"daunpurik",)),
    Stem(
        ("m[iíyý]tr[aiyáe]g", "m[iíyý]trg", "m[iíyý]trog"),
        (b"mitr", b"mytr"),
        rb"m[iy]tr\w{0,2}g[yiu]",
    ),
)
"""The strong terms again, looser."""
_FORMULAS: Final = (
    (b",did", rb"dimet\w{2,5},did"),
    (b",,,", rb"et\w?yl(?:ah\w{4,8})?met\w{2,5},,,"),
)
"""Names by structure, folded, and what has to stand there."""
_OTHER: Final = (
    *("кратом", "митраг", "мітраг", "κρ[άα]τομ", "μιτραγ", "กระท่อม", "ไมทรา"),
    *("クラトム", "ミトラ", "アヘンボク", "크라톰", "끄라톰", "미트라", "帽柱木", "卡痛", "קראטום"),
    *("מיטרגינין", "ميتراجينين", "میتراژینین", "मिट्रागाइनिन"),
)
_PACKED: Final = re.compile(
    rb"\s*+(?:PK\x03\x04|\x1f\x8b|BZh|\xfd7zXZ|\xd0\xcf\x11\xe0|\x89PNG|\xff\xd8\xff|GIF8|II\*\0"
    rb"|MM\0\*|\{\\rtf)"
)


def names_kratom(raw: bytes) -> bool:
    """Whether it is worth the while to read `raw`: False only where kratom cannot be in it.

    What cannot be looked into from outside (archives, PDF, base64) counts as a yes.
    """
    return _lookers.choose(len(raw))(raw)


_FEW: Final = 8_000_000


@dataclass
class _Lookers:
    """The one place where it is decided how to look: Hyperscan takes a second to be set up, so the
    first `left` bytes that a process looks at are too few for it.
    """

    left: int = _FEW

    def choose(self, size: int) -> Looker:
        self.left -= size
        return scan_and_look if self.left < 0 and _has_hyperscan() else fold_and_look


_lookers: Final = _Lookers()


@cache
def _has_hyperscan() -> bool:
    return find_spec("hyperscan") is not None


def _is_closed(raw: bytes) -> bool:
    """Whether it cannot be looked into from outside."""
    return _PACKED.match(raw) is not None or b"%PDF-" in raw[:1024]


def _is_wide(raw: bytes) -> bool:
    """Whether its characters have two bytes or four each."""
    return b"\0" in raw or raw.startswith((b"\xff\xfe", b"\xfe\xff"))


# -- all stems at once ------------------------------------------------------------------------

_WINDOW: Final = 4096
"""How far what interrupts a stem may reach, in bytes."""
_BEFORE: Final = 256
_MAX_DOUBTS: Final = 40
"""With more doubtful places than that, all of a document is looked at again."""


def scan_and_look(raw: bytes) -> bool:
    """`names_kratom`, by way of Hyperscan."""
    if _is_closed(raw):
        return True
    if _is_wide(raw):
        return fold_and_look(raw)
    stems, packed, certain = _scanners()
    doubts: list[int] = []

    def note(pattern: int, _start: int, end: int, _flags: int, _more: object) -> bool:
        if pattern < certain:
            doubts.append(-1)
            return True
        if not doubts or end - doubts[-1] > _WINDOW // 2:
            doubts.append(end)
        return len(doubts) > _MAX_DOUBTS

    _scan(stems, raw, note)
    if doubts and doubts[-1] < 0:
        return True
    if _scan(packed, raw, lambda *_: True):
        return True
    if len(doubts) > _MAX_DOUBTS:
        return fold_and_look(raw)
    return any(_folded_names(_window(raw, end)) for end in doubts)


def _scan(database: Any, raw: bytes, note: Callable[..., bool]) -> bool:
    """Whether the scan was ended by `note`."""
    from hyperscan import ScanTerminated

    try:
        database.scan(raw, match_event_handler=note)
    except ScanTerminated:
        return True
    return False


def _window(raw: bytes, end: int) -> bytes:
    """What stands around a doubtful place, without half a character of UTF-8 at its ends."""
    first, last = max(0, end - _BEFORE), min(len(raw), end + _WINDOW)
    for _ in range(3):
        first += first < end and 0x80 <= raw[first] < 0xC0
        last -= end < last < len(raw) and 0x80 <= raw[last] < 0xC0
    return raw[first:last]


@cache
def _scanners() -> tuple[Any, Any, int]:
    """What finds stems, what finds long words as only base64 has; how many stems are certain."""
    import hyperscan

    def compiled(patterns: list[bytes]) -> Any:
        database = hyperscan.Database()
        flags = [hyperscan.HS_FLAG_CASELESS] * len(patterns)
        database.compile(expressions=patterns, ids=list(range(len(patterns))), flags=flags)
        return database

    certain = list(dict.fromkeys(_certain()))
    doubtful = list(dict.fromkeys(_doubtful()))
    long_word = b"[a-z0-9+/]{%d}" % _LONG
    return compiled(certain + doubtful), compiled([long_word]), len(certain)


_LEGACY_SPELLINGS: Final = (
    *("cp1251", "koi8-r", "koi8-u", "iso8859-5", "cp866", "cp1253", "iso8859-7", "cp1255"),
    *("cp1256", "cp874", "cp932", "euc_jp", "cp949", "big5hkscs", "gb18030"),
)
_FORMS_OF: Final = (
    *((0xFB00, 0xFB07), (0xFB50, 0xFDD0), (0xFDF0, 0xFE00), (0xFE70, 0xFEFD)),
    *((0xFF10, 0xFF1A), (0xFF21, 0xFF3B), (0xFF41, 0xFF5B)),
)
"""Ranges of Unicode with other forms of letters; `read.normal` makes plain letters of them."""
_HYPHEN: Final = rb"(?:-|\xe2\x80[\x90-\x95]|&[#a-z0-9]{2,10};|\\u201[0-5])\s*"
_CAS: Final = (b"4098-40-2", b"174418-82-7")
_CERTAIN: Final = (
    rb"4098" + _HYPHEN + rb"40" + _HYPHEN + rb"2",
    rb"174418" + _HYPHEN + rb"82" + _HYPHEN + rb"7",
    "４０９８".encode(),
    "１７４４１８".encode(),
    # Charsets of seven bits: nothing but their names can be seen in them.
    rb"charset=[\"']?(?:utf-7|iso-2022-|hz-)",
)
_DOUBTFUL: Final = (
    # 9,17-dimethoxy-16,17-didehydro
    rb"9,17-?\s?dim|didehyd|16,17-?\s*(?:\d+\s+)?did",
    # methoxy-1,2,3,4,6,7,12,12b-octahydro
    rb"[a-z]-?\s*(?:\d+\s+)?1,\s*2,\s*3,\s*4,",
    # A letter, a digit or a hyphen of ASCII as an entity or an escape: &#107; &#x6b; k
    rb"[&;]#0*(?:4[5-9]|5[0-7]|6[5-9]|[78]\d|9[0789]|1[01]\d|12[0-2])[;<& a-z]",
    rb"[&;]#x0*(?:2d|3\d|[46][1-9a-f]|[57][0-9a])[;<& g-z]",
    rb"\\u00(?:2d|3\d|[46][1-9a-f]|[57][0-9a])",
    # Mathematical letters, also as entities (&kscr;), and the sign for kelvin.
    rb"\xf0\x9d[\x90-\x9f]|\\ud835|&[a-z](?:scr|fr|opf);",
    rb"\xe2\x84\xaa|\\u212a|&#8490|&#x212a",
    # Characters of control, which are dropped wherever they stand.
    rb"[\x01-\x08\x0e-\x1f\x7f]",
)


def _certain() -> Iterator[bytes]:
    """A stem as it is, in each spelling."""
    yield from _CERTAIN
    for spelled in _spelled_latin():
        yield b"".join(_plain_letters(spelled))
    for letters in _spelled_other(_spellings()):
        yield b"".join(letters)


def _doubtful() -> Iterator[bytes]:
    """A stem that something interrupts, or with an unusual letter in it."""
    yield from _DOUBTFUL
    for spelled in _spelled_latin():
        plain, unusual = _plain_letters(spelled), [_unusual(letters) for letters in spelled]
        for i, letter in enumerate(plain):
            before = b"".join(plain[:i])
            if i:
                after = b"(?:%s|[\\x80-\\xff])" % letter if unusual[i] and i < 2 else letter
                yield from _interrupted(before, after if i < 3 else b"")
            if unusual[i]:
                following = plain[i + 1] if i < 3 else b""
                yield (
                    before
                    + unusual[i]
                    + (b"(?:%s|[\\x80-\\xff&\\\\<-])" % following if following else b"")
                )
    for number in _CAS:
        for i in range(1, len(number)):
            if i < 3:
                yield number[:i] + _SOFT + number[i : i + 1]
                yield number[:i] + _ESCAPED
                yield number[:i] + _ENTITY
            else:
                yield from _interrupted(number[:i], b"")
    plainly, _, _, escaped, *_ = _spellings()
    for other in _spelled_other((plainly,)):
        yield other[0] + _SOFT
        yield other[0] + _ENTITY
        for i in range(2, len(other)):
            yield from _interrupted(b"".join(other[:i]), b"")
    for other in _spelled_other((escaped,)):
        for i in range(1, len(other)):
            before = b"".join(other[:i])
            yield from (before + noise for noise in (b"<", rb"-\\", _ESCAPED, _ENTITY))


def _interrupted(before: bytes, after: bytes) -> Iterator[bytes]:
    # kra<b>tom, kra<!-- --><b>tom
    yield before + (rb"(?:<[^<>]*>)+" + after if after else b"<")
    # kra&shy;tom, kra&#8203;tom, kra&amp;zwnj;tom
    yield before + _ENTITY
    # kra-\n12 tom, kra-<br>tom, kra-\ntom in JSON
    yield before + rb"-\s+(?:\d+\s+)?" + after
    yield before + rb"-[<&\\]"
    # A soft hyphen, a blank without width; a mark on a letter; a soft hyphen in one byte.
    yield before + _SOFT + (_BLANKS + after if after else b"")
    if after:
        yield before + rb"(?:[\xcc\xcd].|\xad)\s*" + after
    else:
        yield from (before + mark for mark in (rb"\xcc\x81", rb"\xad"))
    # The same in JSON, and a tag there.
    yield before + _ESCAPED


_SOFT: Final = rb"(?:\xc2\xad|\xe2\x80[\x8b-\x92\xaa-\xae]|\xe2\x81.|\xef\xbb\xbf|\xef\xbf\xbe)"
_BLANKS: Final = rb"(?:\s|\\[nr])*"
_ENTITY: Final = rb"&(?:amp;)?(?:shy|zw|[lr]rm|#173|#820[3-7]|#8288|#65279|#x(?:00)?ad|#x20|#xfeff)"
_ESCAPED: Final = rb"\\u(?:00ad|20[0-6]|feff|03[0-6]|003c)"


def _spelled_latin() -> Iterator[list[str]]:
    for stem in _LATIN:
        for spelled in stem.spelled:
            yield _letters(spelled)


def _spelled_other(spellings: tuple[Callable[[str], bytes], ...]) -> Iterator[list[bytes]]:
    """The stems of other alphabets, letter by letter, in each spelling."""
    for stem, spelling in product(_OTHER, spellings):
        letters = []
        for alternatives in _letters(stem):
            forms = {f for letter in alternatives for f in _forms(letter)}
            spelled = sorted({spelling(f) for f in forms} - {b""})
            letters.append(b"(?:%s)" % b"|".join(map(re.escape, spelled)))
        if b"(?:)" not in letters:
            yield letters


def _letters(stem: str) -> list[str]:
    """The letters of a stem, alternatives together: `m[iy]t` has `m`, `iy` and `t`."""
    return [found[1] or found[0] for found in re.finditer(r"\[([^\]]{1,20})\]|.", stem)]


def _plain_letters(letters: list[str]) -> list[bytes]:
    return [b"[%s]" % bytes(c for c in map(ord, one) if c < 0x80) for one in letters]


def _unusual(letters: str) -> bytes:
    """Forms of letters that are not of ASCII, in each spelling."""
    forms = {f for letter in letters for f in _forms(letter) if not f.isascii()}
    spelled = {spelling(f) for f in forms for spelling in _spellings()[:_NOT_LEGACY]}
    spelled |= {f.encode("cp1252", "ignore") for f in forms}
    spelled |= {f"&{name};".encode() for f in forms for name in _entities()[f]}
    return b"(?:%s)" % b"|".join(map(re.escape, sorted(spelled - {b""}))) if forms else b""


@lru_cache(1024)
def _forms(letter: str) -> tuple[str, ...]:
    """A letter, its capital, and what `read.normal` makes one of them."""
    cases = {letter, letter.upper()}
    forms = {f for case in cases for f in _compatible()[case]} | cases
    return tuple(sorted(f for f in forms if len(f) == 1))


@cache
def _compatible() -> dict[str, set[str]]:
    forms: dict[str, set[str]] = defaultdict(set)
    for first, end in _FORMS_OF:
        for code in range(first, end):
            forms[unicodedata.normalize("NFKC", chr(code))].add(chr(code))
    for code, mark in THAI_MARKS.items():
        forms[chr(mark)].add(chr(code))
    forms["i"].add("\u0130")
    return forms


@cache
def _entities() -> dict[str, list[str]]:
    names: dict[str, list[str]] = defaultdict(list)
    for name, letter in html5.items():
        if name.endswith(";"):
            names[letter].append(name[:-1])
    return names


_NOT_LEGACY: Final = 6


@cache
def _spellings() -> tuple[Callable[[str], bytes], ...]:
    """How a letter may be written in bytes; it is nothing where a charset lacks it."""

    def legacy(charset: str) -> Callable[[str], bytes]:
        return lambda letter: letter.encode(charset, "ignore")

    return (
        lambda letter: letter.encode(),
        _encoded_twice,
        lambda letter: letter.encode().decode("latin-1").encode(),
        lambda letter: b"\\u%04x" % ord(letter),
        lambda letter: b"&#%d;" % ord(letter),
        lambda letter: b"&#x%x;" % ord(letter),
        *map(legacy, _LEGACY_SPELLINGS),
    )


def _encoded_twice(letter: str) -> bytes:
    return b"".join(
        (bytes([byte]).decode("cp1252", "ignore") or chr(byte)).encode() for byte in letter.encode()
    )


# -- without what may stand in a word ---------------------------------------------------------

_NUMBERS: Final = (b"4098402", b"174418827")
"""The numbers of the alkaloids, without hyphens."""
_FOLDED: Final = (
    *((folded, stem.pattern) for stem in _LATIN for folded in stem.folded),
    *_FORMULAS,
)
_OTHER_FOLDED: Final = (*(s.replace("[άα]", "ά") for s in _OTHER), "κρατομ")
_CHUNK: Final = 1 << 17
_OVERLAP: Final = 64
_SMALL: Final = bytes(range(256)).lower()
_NOISE: Final = bytes([*range(0x21), 0x7F, *b"-_0123456789", *range(0x80, 0x100)])
_NO_DIGITS: Final = bytes(c for c in _NOISE if not chr(c).isdigit() or c > 0x7F)
_ASCII: Final = bytes(range(0x80))
_OTHER_NOISE: Final = (
    "-_0123456789\xad\u2010\u2011\u2012\u2013\u2014\u2015\u200b\u200c\u200d\u2060\ufeff\ufffe"
)
_TAGS: Final = re.compile(
    # A comment with tags in it, words struck out, any other tag.
    rb"<!--(?:[^-]|-(?!->)){0,5000}+-->|<(del|s|strike)\b[^<>]{0,500}>[^<>]{0,500}</\1>"
    rb"|<[^<>]{0,5000}>",
    re.IGNORECASE,
)
_UNICODE_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|[nrtbf])")
_LEGACY: Final = (
    *("cp1252", "cp1251", "koi8-r", "cp1253", "cp1255", "cp1256", "cp874"),
    *("cp932", "euc_jp", "cp949", "big5", "gb18030"),
)
_FEW_LETTERS: Final = 40
"""So many letters are sooner replaced one after another than all in one go."""
_LONG: Final = 200
_STEP: Final = 4
_BASE64: Final = bytes(
    ord("x") if (chr(c).isalnum() and c < 0x80) or chr(c) in "+/" else ord(" ") for c in range(256)
)
Finder: TypeAlias = Callable[[bytes], list[tuple[int, int, int]]]
_LONG_WORD: Final = b"x" * _LONG
_LONG_SAMPLE: Final = b"x" * (_LONG // _STEP - 1)


def fold_and_look(raw: bytes) -> bool:
    """`names_kratom`, with nothing but Aho and Corasick."""
    return _is_closed(raw) or _is_packed(raw) or _folded_names(raw)


def _folded_names(raw: bytes) -> bool:
    if b"\0" in raw or not raw.isascii():
        return any(_text_names(text) for text in _readings(raw))
    return _ascii_names(raw)


def _is_packed(raw: bytes) -> bool:
    """Whether there is a word as long as only base64 has."""
    # Every fourth character of it is as telling, and a quarter of the work.
    if _LONG_SAMPLE not in raw[::_STEP].translate(_BASE64):
        return False
    return _LONG_WORD in raw.translate(_BASE64)


def _readings(raw: bytes) -> Iterator[str]:
    if b"\0" in raw or raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        for charset in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
            yield raw.decode(charset, "ignore")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        yield raw.decode("utf-8", "ignore")
        for charset in _LEGACY:
            yield raw.decode(charset, "ignore")
        return
    yield text
    repaired, changed = repair(text)
    if changed:
        yield repaired


def _ascii_names(raw: bytes) -> bool:
    if b"\\" in raw or b"&" in raw:
        text = _spelled_out(raw.decode("ascii"))
        if not text.isascii():
            return _text_names(text, spelled_out=True)
        raw = text.encode("ascii")
    return _bytes_name(raw)


def _spelled_out(text: str) -> str:
    """`text` without the escapes of JSON and the entities of HTML."""
    if "\\" in text:
        text = _UNICODE_ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else " ", text)
    return html.unescape(html.unescape(text)) if "&" in text else text


def _text_names(text: str, *, spelled_out: bool = False) -> bool:
    if not spelled_out:
        text = _spelled_out(text)
    raw = text.encode("utf-8", "surrogatepass")
    letters = set(raw.translate(None, _ASCII).decode("utf-8", "surrogatepass"))
    folded = "".join(letters).translate(THAI_MARKS)
    have = set(unicodedata.normalize("NFKC", folded).lower()) | letters
    stems = [stem for stem in _OTHER_FOLDED if have.issuperset(stem)]
    if stems and _has_stem(text, stems):
        return True
    plain = {letter: ascii_ for letter in letters if (ascii_ := _plain(letter))}
    if len(plain) > _FEW_LETTERS:
        table = str.maketrans({letter: ascii_.decode() for letter, ascii_ in plain.items()})
        return _bytes_name(text.translate(table).encode("ascii", "ignore"))
    for letter, ascii_ in plain.items():
        raw = raw.replace(letter.encode("utf-8", "surrogatepass"), ascii_)
    return _bytes_name(raw)


def _has_stem(text: str, stems: list[str]) -> bool:
    for reading in (text, re.sub(r"<[^<>]{0,5000}>", "", text) if "<" in text else ""):
        folded = "".join(
            unicodedata.normalize("NFKC", reading.translate(THAI_MARKS)).lower().split()
        )
        for noise in _OTHER_NOISE:
            folded = folded.replace(noise, "")
        folded = unicodedata.normalize("NFKC", folded)
        if any(stem in folded for stem in stems):
            return True
    return False


@lru_cache(4096)
def _plain(letter: str) -> bytes:
    """The letters of ASCII in `letter`: `i` in `í`, `K` in the sign for kelvin."""
    if letter in "æÆ":
        return b"e"
    return unicodedata.normalize("NFKD", letter).encode("ascii", "ignore")


def _bytes_name(raw: bytes) -> bool:
    return _chunks_name(raw) or (b"<" in raw and _chunks_name(_TAGS.sub(b"", raw)))


def _chunks_name(raw: bytes) -> bool:
    numbers, stems = _finders()
    tail = b""
    for start in range(0, len(raw), _CHUNK):
        if numbers(raw[start : start + _CHUNK + _OVERLAP].translate(None, _NO_DIGITS)):
            return True
        folded = tail + raw[start : start + _CHUNK].translate(_SMALL, _NOISE)
        for stem in {found[0] for found in stems(folded)}:
            pattern = _FOLDED[stem][1]
            if pattern is None or re.search(pattern, folded):
                return True
        tail = folded[-_OVERLAP:]
    return False


@cache
def _finders() -> tuple[Finder, Finder]:
    """What finds the numbers, and the stems: quicker than one after another by far."""
    from ahocorasick_rs import BytesAhoCorasick, MatchKind

    stems = [stem for stem, _ in _FOLDED]
    return (
        BytesAhoCorasick(list(_NUMBERS), matchkind=MatchKind.LeftmostFirst).find_matches_as_indexes,
        # Only this kind compares many bytes at once.
        BytesAhoCorasick(stems, matchkind=MatchKind.LeftmostFirst).find_matches_as_indexes,
    )
