"""Anchor documents: the acts, lists and annexes that decide, watched one by one.

Layout. Half of the world's law on kratom is a row in an annex of a decree. `anchors.yaml` declares
one row for each such document: where it is, how it is read, which part of it matters and what it
decides. There is one request for each address, however many rows are on it. A row is read in five
steps, and each that fails is a fault of this row alone:

1. `find` takes a value (a date, the id of the current text) out of what `url` answers, and makes
   the address of the document with it, where that address is not always the same.
2. `member` takes a file out of an archive, `body` (JMESPath) the text out of JSON.
3. `must` has to be said by the document, or it is another one: a list, an error, a summary. It
   may not name kratom, because kratom that is no longer named is news.
4. `section` cuts out the part that matters (two patterns on the normalised text, or an XPath). A
   part that is not found is a layout that moved, never a part that was repealed.
5. `version` is the document's own mark of its version: an XPath, a JMESPath, a pattern on the
   text, the header Last-Modified, or what `find` found. Where a document has none, it is the
   digest of the part.

The observation has the part's mentions, digest and length; `decides` stays in the yaml. It changes
with the mark, with the part, and with the words that name kratom in it; a page around it that
changes is no news. An outage, a firewall or a page without `must` leaves what is known as it is.

Addresses with `confirmed: false` follow the publisher's scheme or come from secondary lists: they
have not been seen to answer. They fail by name (gone, soft-404, layout) until somebody mends the
row. Every `section` and `must` is UNCONFIRMED where no real document is held: only those of the
Norwegian list, the Code of Federal Regulations and the D.C. Code were written against real ones.

History of breakage. None seen yet (built 2026-11-22).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import Meta, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Unread, Yield, as_list, one_line
from kratom_atlas.crawl.source import (
    HTML,
    JSON,
    PDF,
    TEXT,
    XML,
    ZIP,
    Bounds,
    Declared,
    Expect,
    Rate,
    Source,
)
from kratom_atlas.errors import AtlasError
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.observation import MAX_MENTIONS, Document, Mention
from kratom_atlas.model.values import Code, DivisionId, Text, Url
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

if TYPE_CHECKING:
    from kratom_atlas.read.text import NormalText

FAMILY: Final = "anchors"
FORMS: Final = {
    "html": HTML,
    "xml": XML,
    "json": JSON,
    "pdf": PDF,
    # Pages of plain text in a frame of HTML are common.
    "text": Expect(media=(*TEXT.media, *HTML.media), smallest=100),
}
SCHEDULE: Final = "23 4 * * sun,wed"
RATE: Final = Rate(delay=10.0, parallel=4)
CADENCE: Final = 1_100
AROUND: Final = 120

RowId = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,80}\Z")]
Pattern = Annotated[str, Meta(min_length=1, max_length=400)]


class Find(Declared, frozen=True):
    """Where the address of the document has to be looked up.

    One of `xpath`, `json` (JMESPath) and `pattern` gives a value out of what `url` answers, which
    is of `form`; it stands for `{}` in `address`.
    """

    address: Url
    form: Literal["html", "xml", "json", "text"] = "json"
    xpath: Pattern | None = None
    json: Pattern | None = None
    pattern: Pattern | None = None

    def __post_init__(self) -> None:
        _only_one(self, ("xpath", "json", "pattern"))
        if "{}" not in self.address:
            raise ValueError("`address` has no place {} for what is found")


class Mark(Declared, frozen=True):
    """Where the document says which version it is."""

    xpath: Pattern | None = None
    json: Pattern | None = None
    pattern: Pattern | None = None
    header: Literal["last-modified"] | None = None
    found: Literal[True] | None = None

    def __post_init__(self) -> None:
        _only_one(self, ("xpath", "json", "pattern", "header", "found"))


class Section(Declared, frozen=True):
    """The part that matters: from `start` up to `end` in the text, or the nodes of an XPath.

    Without `end` it goes on to the end of the text. `last` takes the last place where `start`
    fits, for documents with a table of contents.
    """

    start: Pattern | None = None
    end: Pattern | None = None
    last: bool = False
    xpath: Pattern | None = None

    def __post_init__(self) -> None:
        _only_one(self, ("start", "xpath"))
        if self.end is not None and self.start is None:
            raise ValueError("`end` needs a `start`")


class Row(Declared, frozen=True):
    """One document that decides.

    `url` is what is asked for, `page` where people read it, if that is elsewhere. `post` is the
    body of the request, as JSON, where it is asked for in that way, `headers` what is sent with
    it. `confirmed` says that the address was seen to be that of the document. `number` is its
    citation.
    """

    id: RowId
    jurisdiction: DivisionId
    code: Code
    title: Text
    publisher: Text
    url: Url
    form: Literal["html", "xml", "json", "pdf", "text"]
    must: Annotated[str, Meta(min_length=2, max_length=200)]
    decides: Text
    kind: InstrumentKind
    licence: Text
    terms: Text
    confirmed: bool
    number: Annotated[str, Meta(min_length=1, max_length=400)] | None = None
    page: Url | None = None
    post: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    language: Annotated[str, Meta(pattern=r"^[a-z]{2,3}\Z")] = "en"
    find: Find | None = None
    member: Pattern | None = None
    body: Pattern | None = None
    version: Mark | None = None
    section: Section | None = None
    match: tuple[Annotated[str, Meta(min_length=3, max_length=80)], ...] = ()
    off: Text | None = None

    def __post_init__(self) -> None:
        if self.body is not None and self.form != "json":
            raise ValueError("`body` is the text in JSON: the form is not json")
        if self.version is not None and self.version.found and self.find is None:
            raise ValueError("`version: {found: true}` needs a `find`")

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that it is read from."""
        urls = (self.url, self.find.address if self.find else self.url)
        return tuple(dict.fromkeys(urlsplit(url).hostname or "" for url in urls))

    @property
    def expect(self) -> Expect:
        """What a good answer looks like."""
        return ZIP if self.member else FORMS[self.form]


def _only_one(value: msgspec.Struct, names: tuple[str, ...]) -> None:
    given = [name for name in names if getattr(value, name) is not None]
    if len(given) != 1:
        raise ValueError(f"exactly one of {', '.join(names)} is needed, and {len(given)} are given")


@cache
def load_rows(path: Path) -> dict[str, Row]:
    """The declared documents by id, in their order.

    Raises:
        AtlasError: `file: row: what is wrong`.
    """
    places = _places()
    rows: dict[str, Row] = {}
    for number, plain in enumerate(_read_yaml(path), start=1):
        name = str(plain.get("id", number)) if isinstance(plain, dict) else str(number)
        try:
            row = msgspec.convert(plain, Row)
            _check(row, places)
        except (msgspec.ValidationError, ValueError) as error:
            raise AtlasError(f"{path.name}: {name}: {error}") from None
        if row.id in rows:
            raise AtlasError(f"{path.name}: {name}: there are two rows of this id: rename one")
        rows[row.id] = row
    return rows


@cache
def _places() -> dict[str, str]:
    """The code of every place of the register."""
    from kratom_atlas.register import load_register, packaged_sheets

    return {place.id: place.code for place in load_register(packaged_sheets()).values()}


def _read_yaml(path: Path) -> list[Any]:
    import yaml

    class Loader(yaml.CSafeLoader):
        """`NO` is a place and no bool, and a name that stands twice in a row is a mistake."""

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            names = [key.value for key, _ in node.value]
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                line = node.start_mark.line + 1
                raise AtlasError(f"{path.name}: line {line}: {twice!r} is given twice")
            return super().construct_mapping(node, deep)

    Loader.yaml_implicit_resolvers = {
        first: [(tag, words) for tag, words in known if tag.endswith((":bool", ":null"))]
        for first, known in yaml.CSafeLoader.yaml_implicit_resolvers.items()
        if first in "tfTF~"
    }
    try:
        plain = yaml.load(path.read_text(encoding="utf-8"), Loader=Loader)  # noqa: S506 - is safe
    except yaml.YAMLError as error:
        raise AtlasError(f"{path.name}: not YAML: {' '.join(str(error).split())}") from None
    except OSError as error:
        raise AtlasError(f"{path.name}: cannot be read: {error.strerror}") from None
    if not isinstance(plain, dict) or set(plain) - {"notes"} != {"rows"}:
        raise AtlasError(f"{path.name}: must be `rows:`, a list of documents, and nothing else")
    return list(plain["rows"] or ())


def _check(row: Row, places: dict[str, str]) -> None:
    """What a type cannot say of a row."""
    from kratom_atlas.read.terms import find_mentions

    if row.jurisdiction not in places:
        raise ValueError(f"jurisdiction {row.jurisdiction} is not in the register")
    if row.code != places[row.jurisdiction]:
        raise ValueError(f"the code of {row.jurisdiction} is {places[row.jurisdiction]}")
    if find_mentions(row.must, row.language):
        raise ValueError("`must` names kratom: then kratom that is gone would look like an error")
    for part in (row.find, row.version, row.section):
        for name in ("start", "end", "pattern"):
            _compiles(getattr(part, name, None), re.compile, name, re.error)
        _compiles_path(part)
    _compiles(row.member, re.compile, "member", re.error)
    _compiles_json(row.body, "body")


def _compiles(text: str | None, compiler: Any, name: str, error: type[Exception]) -> None:
    if text is None:
        return
    try:
        compiler(text)
    except error as wrong:
        raise ValueError(f"`{name}` {text!r}: {' '.join(str(wrong).split())}") from None


def _compiles_path(part: Find | Mark | Section | None) -> None:
    from lxml import etree

    _compiles(getattr(part, "xpath", None), etree.XPath, "xpath", etree.XPathError)
    _compiles_json(getattr(part, "json", None), "json")


def _compiles_json(text: str | None, name: str) -> None:
    import jmespath
    from jmespath.exceptions import JMESPathError

    _compiles(text, jmespath.compile, name, JMESPathError)


class _Family:
    """The declaration of the family: it has the hosts of its rows, and they are in the file."""

    def __get__(self, _: object, owner: type[Anchors]) -> Source:
        return _family(owner.table)


@cache
def _family(table: Path) -> Source:
    rows = [row for row in load_rows(table).values() if row.off is None]
    return Source(
        id=FAMILY,
        title="Anchor documents",
        publisher="Legislatures, ministries and publishers of law, each named in its row",
        covers=tuple(dict.fromkeys(row.code for row in rows)),
        kind=SourceKind.ANCHOR,
        homepage=rows[0].page or rows[0].url,
        licence="Each document has its own, named in its row",
        terms="Each publisher has its own, named in its row; one request in ten seconds to a host.",
        hosts=tuple(dict.fromkeys(host for row in rows for host in row.hosts)),
        schedule=SCHEDULE,
        rate=RATE,
        # A run that could not read a single document has looked at nothing.
        bounds=Bounds(examined=(1, 2_000), observed=(0, 2_000), errors=1.0),
        cadence=CADENCE,
        seconds=180,
        megabytes=64,
    )


class Anchors(Scraper):
    """Reads each declared document, and says what stands in the part that matters."""

    table: ClassVar[Path] = Path(__file__).with_name("anchors.yaml")
    source = _Family()

    @classmethod
    def sources(cls) -> tuple[Source, ...]:
        """A source for each row: `anchors.<id>`."""
        return tuple(_source_of(row) for row in load_rows(cls.table).values())

    @classmethod
    def files(cls) -> tuple[str, ...]:
        """The rows are a part of the parser."""
        return (*super().files(), str(cls.table))

    @property
    def rows(self) -> dict[str, Row]:
        """The declared documents by id."""
        return load_rows(self.table)

    def start(self) -> Iterable[Fetch]:
        """Each address once, for all the rows that are on it."""
        groups: dict[bytes, list[Row]] = {}
        for row in self.rows.values():
            if row.off is None:
                asked = (row.url, row.post, row.headers, row.find, row.member is None)
                key = msgspec.json.encode(asked)
                groups.setdefault(key, []).append(row)
        for group in groups.values():
            first = group[0]
            expect = FORMS[first.find.form] if first.find else first.expect
            step = self.found if first.find else self.read
            ids = [row.id for row in group]
            how: dict[str, Any] = {"expect": expect, "headers": first.headers, "rows": ids}
            if first.post is None:
                fetch = self.get(first.url, step, **how)
            else:
                fetch = self.post(first.url, step, json=first.post, **how)
            yield replace(fetch, about=ids[0], also=tuple(ids[1:]))

    def found(self, page: Page, rows: list[str]) -> Iterable[Yield]:
        """The address of the document, from what says where it is."""
        first = self.rows[rows[0]]
        assert first.find is not None
        value = _value(first.find, _Content(page.body, page.charset))
        url = first.find.address.replace("{}", quote(value, safe="/:-"))
        fetch = self.get(url, self.read, expect=first.expect, rows=rows, found=value)
        yield replace(fetch, about=rows[0], also=tuple(rows[1:]))

    def read(self, page: Page, rows: list[str], found: str | None = None) -> Iterable[Yield]:
        """What each row finds in the document."""
        contents: dict[tuple[str | None, str | None], _Content] = {}
        for name in rows:
            row = self.rows[name]
            try:
                content = contents.setdefault((row.member, row.body), _content(page, row))
                document = self._document(page, row, content, found)
            except FaultError as error:
                yield Unread(row.id, error.fault, error.detail)
                continue
            self.examine()
            yield document

    def _document(self, page: Page, row: Row, content: _Content, found: str | None) -> Document:
        whole = content.text
        if _flat(row.must) not in _flat(whole.text):
            pictures = " (some pages are pictures)" if "scanned" in whole.flags else ""
            raise FaultError(Fault.LAYOUT, f"it does not say {row.must!r}{pictures}")
        part, locator = _cut(row.section, content)
        document = self.document(
            page,
            key=row.id,
            title=row.title,
            jurisdiction=row.jurisdiction,
            url=row.page or row.url,
            text=part,
            kind=row.kind,
            number=row.number,
            language=row.language,
            version=_version(row, content, page, found) or part.sha256[:16],
            locator=locator,
        )
        return msgspec.structs.replace(
            document, mentions=_with_matches(document.mentions, part.text, row.match)
        )


def _source_of(row: Row) -> Source:
    return Source(
        id=f"{FAMILY}.{row.id}",
        title=row.title,
        publisher=row.publisher,
        covers=(row.code,),
        kind=SourceKind.ANCHOR,
        homepage=row.page or row.url,
        licence=row.licence,
        terms=row.terms if row.confirmed else f"{row.terms} The address is not confirmed.",
        hosts=row.hosts,
        schedule=SCHEDULE,
        rate=RATE,
        bounds=Bounds(examined=(0, 1), observed=(0, 1), errors=1.0),
        cadence=CADENCE,
        language=row.language,
        off=row.off,
    )


class _Content:
    """The bytes of a document, and what they are read as; each once, however many rows ask."""

    def __init__(self, body: bytes, charset: str | None = None) -> None:
        self.body = body
        self.charset = charset
        self._text: NormalText | None = None

    @property
    def text(self) -> NormalText:
        """The normalised text."""
        if self._text is None:
            from kratom_atlas.read.text import read_text

            self._text = read_text(self.body, declared=self.charset)
        return self._text

    def nodes(self, path: str) -> list[Any]:
        """What an XPath finds, in document order."""
        from kratom_atlas.read.media import Media, sniff
        from kratom_atlas.read.structured import parse_html, parse_xml

        is_html = sniff(self.body) is Media.HTML
        root = parse_html(self.body, self.charset) if is_html else parse_xml(self.body)
        return as_list(root.xpath(path))

    def search(self, path: str) -> Any:
        """What a JMESPath finds."""
        import jmespath
        from jmespath.exceptions import JMESPathError

        from kratom_atlas.read.structured import parse_json

        try:
            return jmespath.search(path, parse_json(self.body))
        except JMESPathError as error:
            raise FaultError(Fault.LAYOUT, f"{path}: {error}") from None


def _content(page: Page, row: Row) -> _Content:
    """The document itself: the answer, a file in it, or a text in it."""
    if row.member is not None:
        wanted = re.compile(row.member)
        for _, body in page.members(lambda name: wanted.search(name) is not None):
            return _Content(body)
        raise FaultError(Fault.LAYOUT, f"no file {row.member!r} in the archive")
    if row.body is None:
        return _Content(page.body, page.charset)
    texts = _strings(_Content(page.body).search(row.body))
    if not texts:
        raise FaultError(Fault.LAYOUT, f"no text at {row.body!r}")
    return _Content("\n".join(texts).encode("utf-8", "surrogatepass"))


def _strings(value: Any) -> list[str]:
    return [one for one in as_list(value) if isinstance(one, str) and one]


def _cut(section: Section | None, content: _Content) -> tuple[NormalText, str]:
    """The part that matters, and where it stands."""
    whole = content.text
    if section is None:
        return whole, whole.locator(0)
    if section.xpath is not None:
        return _nodes_as_text(content, section.xpath), section.xpath
    assert section.start is not None
    pattern = re.compile(section.start, re.MULTILINE)
    starts = list(pattern.finditer(whole.text, _after_title(content)))
    if not starts:
        raise FaultError(Fault.LAYOUT, f"no part begins with {section.start!r}")
    start = starts[-1 if section.last else 0]
    stop = len(whole.text)
    if section.end is not None:
        end = re.compile(section.end, re.MULTILINE).search(whole.text, start.end())
        if end is None:
            raise FaultError(Fault.LAYOUT, f"the part does not end with {section.end!r}")
        stop = end.start()
    return _slice(whole, start.start(), stop), whole.locator(start.start())


def _after_title(content: _Content) -> int:
    """Where the text of a page begins behind its title, which says what the heading says again."""
    from kratom_atlas.read.media import Media, sniff

    if sniff(content.body) is not Media.HTML:
        return 0
    title = next((_flat(_said(node)) for node in content.nodes("//title")), "")
    first, _, _ = content.text.text.partition("\n")
    return len(first) if title and _flat(first) == title else 0


def _slice(whole: NormalText, start: int, stop: int) -> NormalText:
    from kratom_atlas.read.text import NormalText

    return NormalText(whole.text[start:stop].strip(), flags=whole.flags)


def _nodes_as_text(content: _Content, path: str) -> NormalText:
    from lxml import etree

    from kratom_atlas.read.media import Media, sniff
    from kratom_atlas.read.text import normalise

    nodes = [node for node in content.nodes(path) if hasattr(node, "itertext")]
    if not nodes:
        raise FaultError(Fault.LAYOUT, f"nothing at {path!r}")
    is_html = sniff(content.body) is Media.HTML
    method: Literal["html", "xml"] = "html" if is_html else "xml"
    source = "\n".join(
        etree.tostring(node, encoding="unicode", method=method, with_tail=False) for node in nodes
    )
    return normalise(source, Media.HTML if is_html else Media.XML)


def _value(where: Find | Mark, content: _Content) -> str:
    """The one value that a find or a mark points at."""
    if where.xpath is not None:
        found = [_said(node) for node in content.nodes(where.xpath)]
        path = where.xpath
    elif where.json is not None:
        value = content.search(where.json)
        found = [str(value)] if isinstance(value, int) else _strings(value)
        path = where.json
    else:
        assert where.pattern is not None
        match = re.search(where.pattern, content.text.text, re.MULTILINE)
        found = [match[1] if match.re.groups else match[0]] if match else []
        path = where.pattern
    said = next(filter(None, map(one_line, found)), None)
    if said is None:
        raise FaultError(Fault.LAYOUT, f"nothing at {path!r}")
    return said


def _said(node: Any) -> str:
    return "".join(node.itertext()) if hasattr(node, "itertext") else str(node)


def _version(row: Row, content: _Content, page: Page, found: str | None) -> str | None:
    mark = row.version
    if mark is None:
        return None
    if mark.found:
        return found
    if mark.header is not None:
        return page.headers.get(mark.header)
    whole = _Content(page.body, page.charset) if mark.json is not None else content
    return _value(mark, whole)


def _flat(text: str) -> str:
    return one_line(text.casefold())


def _with_matches(
    mentions: tuple[Mention, ...], text: str, words: tuple[str, ...]
) -> tuple[Mention, ...]:
    """The mentions, and where the row's own words stand outside of them."""
    found = list(mentions)
    taken = [(one.start, one.end) for one in mentions]
    for match in _occurrences(text, words):
        start, end = match.span()
        if not any(start < stop and first < end for first, stop in taken):
            around = text[max(0, start - AROUND) : end + AROUND]
            found.append(
                Mention(
                    term=match[0], start=start, end=end, excerpt=one_line(around),
                )
            )  # fmt: skip
    return tuple(sorted(found, key=lambda one: one.start)[:MAX_MENTIONS])


def _occurrences(text: str, words: tuple[str, ...]) -> Iterator[re.Match[str]]:
    if words:
        yield from re.finditer("|".join(map(re.escape, words)), text, re.IGNORECASE)
