"""Recorded exchanges, served over real HTTP, so that the whole line runs without the internet.

The crawler sends what it would ask of `https://host/path?query` to `http://127.0.0.1:PORT` with
the header `Host: host`: one server plays every source, each at its own paths. What is served
comes from `exchanges.yaml` files (`load_exchanges`) or from code (captures of a store). A server
can be told to move on (`advance`), for a second crawl that finds one document changed, and to
misbehave as real sources do (`ReplayFault`).

An `exchanges.yaml` is a list of exchanges. `url` is compared without regard to scheme, order of
the query and percent-encoding; `*` in the value of a parameter stands for anything (`%2A` is the
character itself), and a last `&*` allows any further parameters. `body`, where given, is what has
to be asked: a mapping is a part of the JSON (or of the form), text is a part of the body, or a
pattern if it has a `*`. The answer is a `file` beside the yaml (`samples:PATH` is one below the
folder of real samples), `text` or `json`; `status`, `headers` (`null` leaves one out), `encoding`
(`gzip` or `br` for the transfer; `zip-of` makes an archive of the file or folder), `fault`.
`after` is the next answer, or a list of them: one for each `advance`.

With the host `replay`, or none but the server's own, the server itself is asked: `POST /-/advance`,
`POST /-/inject` with `{"url": ..., "fault": {...}}`, `POST /-/clear`, `GET /-/log` and
`GET /-/unmatched`.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import mimetypes
import re
import socket
import socketserver
import struct
import sys
import threading
import time
import zipfile
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import KW_ONLY, asdict, dataclass, field
from datetime import UTC, datetime
from email.message import Message
from email.utils import format_datetime, parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Final, Literal, Self, TypeAlias
from urllib.parse import parse_qsl, quote, unquote_plus, unquote_to_bytes, urlsplit

import msgspec
import yaml
from msgspec import UNSET, Meta, UnsetType

from kratom_atlas.crawl.scraper import Fetch
from kratom_atlas.errors import AtlasError, SheetError
from kratom_atlas.model.values import Value
from kratom_atlas.store.captures import Captures
from kratom_atlas.store.crawls import Archive

__all__ = [
    "Answer",
    "Exchange",
    "Logged",
    "ReplayFault",
    "ReplayServer",
    "captured_exchanges",
    "load_exchanges",
    "serve",
]

FILE_NAME: Final = "exchanges.yaml"
CONTROL_HOST: Final = "replay"
MAX_REQUEST: Final = 16 * 1024 * 1024
MAX_LOG: Final = 200_000
"""So many requests are remembered; of a server that runs for days the first are forgotten."""

Body: TypeAlias = Callable[[], bytes]
Headers: TypeAlias = tuple[tuple[str, str | None], ...]
Encoding: TypeAlias = Literal["gzip", "br"]
Asked: TypeAlias = str | Mapping[str, Any]

_FRAMING: Final = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})
_RESERVED: Final = "%:/?#[]@!$&'()*+,;="
_FIRST_MODIFIED: Final = datetime(2026, 1, 1, tzinfo=UTC)
_BODILESS: Final = frozenset({204, 304})
_FILLER: Final = b" " * 65_536
_CHALLENGE: Final = b"""\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Just a moment...</title>
<meta name="robots" content="noindex,nofollow"></head>
<body><noscript>Enable JavaScript and cookies to continue</noscript>
<p>Checking your browser before you go on.</p>
<script src="/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1"></script></body></html>
"""


class ReplayFault(Value, frozen=True, kw_only=True):
    """How the server misbehaves.

    It does so `times` times for an address or a pattern of addresses (None: always). `stall`
    waits so many seconds before the first byte; `reset` then resets the connection. Something
    else is answered by `redirect` (to that address), `challenge` (a bot wall), `empty` (that
    status, nothing else) and `status` (with `retry_after`; with `redirect` or `challenge` it is
    their status). What is answered is sent at `slow` bytes a second, in chunks (`chunked`), only
    its first `truncate` bytes, though more were promised, or without ever ending (`endless`).
    """

    times: Annotated[int, Meta(ge=1)] | None = None
    status: Annotated[int, Meta(ge=200, le=599)] | None = None
    retry_after: Annotated[int, Meta(ge=0)] | str | None = None
    slow: Annotated[int, Meta(ge=1)] | None = None
    stall: Annotated[float, Meta(ge=0)] = 0
    truncate: Annotated[int, Meta(ge=0)] | None = None
    chunked: bool = False
    endless: bool = False
    reset: bool = False
    challenge: bool = False
    redirect: str | None = None
    empty: Annotated[int, Meta(ge=200, le=599)] | None = None


_NO_FAULT: Final = ReplayFault()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is served.

    `body` is called for each request that needs it; `sha256`, where it is known, spares that
    call when nothing changed. `headers` are sent as they are, except those that frame the
    message: these are the server's. A header that is None is not sent, where the server would.
    An answer that was recorded without its Content-Encoding must not claim one.
    """

    body: Body
    status: int = 200
    headers: Headers = ()
    encoding: Encoding | None = None
    fault: ReplayFault | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Exchange(Answer):
    """A request and its answer; `after` are the answers once the server was told to advance.

    In `url` a `*` in the value of a parameter stands for anything: write `%2A` for the character.
    `asked` is what the body of the request has to hold.
    """

    url: str
    _: KW_ONLY
    method: str = "GET"
    asked: Asked | None = None
    after: tuple[Answer, ...] = ()


@dataclass
class Logged:
    """One request; `sent` are the bytes of the body so far, `at` is on the monotonic clock.

    The status of a connection that was reset is 0.
    """

    method: str
    url: str
    status: int
    at: float
    sent: int = 0
    user_agent: str | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None


# -- exchanges.yaml ---------------------------------------------------------------------------


class _AnswerSpec(Value, frozen=True, kw_only=True):
    file: str | None = None
    text: str | None = None
    json: Any | UnsetType = UNSET
    status: Annotated[int, Meta(ge=200, le=599)] = 200
    headers: dict[str, str | int | None] = msgspec.field(default_factory=dict)
    encoding: Literal["gzip", "br", "zip-of"] | None = None
    fault: ReplayFault | None = None

    def __post_init__(self) -> None:
        given = (self.file is not None) + (self.text is not None) + (self.json is not UNSET)
        if given > 1:
            raise ValueError("one of file, text and json, not several")
        if not given and self.status == HTTPStatus.OK and self.fault is None:
            raise ValueError("there is nothing to answer: add file, text or json, or a status")
        if self.encoding == "zip-of" and self.file is None:
            raise ValueError("zip-of needs a file or a folder")
        for name, value in self.headers.items():
            if name.lower() in _FRAMING:
                raise ValueError(f"the header {name} is the server's to send")
            if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
                raise ValueError(f"{name!r} cannot be the name of a header")
            if re.search(r"[\r\n\0]", str(value)):
                raise ValueError(f"the header {name} has more than one line")


class _ExchangeSpec(_AnswerSpec, frozen=True, kw_only=True):
    url: str
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = "GET"
    body: str | dict[str, Any] | None = None
    after: _AnswerSpec | tuple[_AnswerSpec, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        _Pattern.of(self.url)

    @property
    def answers(self) -> list[_AnswerSpec]:
        return [self, *(self.after if isinstance(self.after, tuple) else (self.after,))]


class _Loader(yaml.CSafeLoader):
    """Plain words are what JSON would take them for: `NO` is no bool and a day is text."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _words, _first in (
    ("null", r"null|~|", ["n", "~", ""]),
    ("bool", r"true|false", ["t", "f"]),
    ("int", r"-?(0|[1-9][0-9]*)", list("-0123456789")),
    ("float", r"-?(0|[1-9][0-9]*)(\.[0-9]+)", list("-0123456789")),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_words})\Z"), _first
    )


def load_exchanges(
    folder: Path, *, base: Path | None = None, name: str = FILE_NAME
) -> list[Exchange]:
    """Read every `exchanges.yaml`, or file of another name, in `folder` and below it.

    `base` is the folder of real samples. Where there is none, exchanges that need one are left
    out. Two files may say the same of one request, as those of two sources on one host do.

    Raises:
        AtlasError: there is none, or `file:line: what is wrong`.
    """
    files = sorted(folder.rglob(name))
    if not files:
        raise AtlasError(f"{folder}: no {name} in it; name the folder of a recording")
    samples = base if base is not None and base.is_dir() else None
    known: dict[object, tuple[Exchange, Path, int]] = {}
    for path in files:
        for line, exchange in _read(path, samples):
            identity = _identity(exchange)
            if identity not in known:
                known[identity] = exchange, path, line
                continue
            other, where, first = known[identity]
            if where == path or not _same(other, exchange):
                raise SheetError(
                    str(path),
                    line,
                    f"recorded twice: {exchange.method} {exchange.url} is in {where}:{first} "
                    "too; remove one, or give the later answer as its `after`",
                )
    return [exchange for exchange, _, _ in known.values()]


def _read(path: Path, samples: Path | None) -> Iterator[tuple[int, Exchange]]:
    shown = str(path)
    root = _compose(path)
    if not isinstance(root, yaml.SequenceNode):
        raise SheetError(shown, 1, "not a list: begin each exchange with `- url:`")
    for node in root.value:
        line = node.start_mark.line + 1
        _refuse_duplicate_keys(node, shown)
        try:
            spec = msgspec.convert(_construct(node), _ExchangeSpec)
        except msgspec.ValidationError as error:
            raise SheetError(shown, *_problem(error, node)) from None
        except yaml.MarkedYAMLError as error:
            raise SheetError(shown, line, f"not YAML for data: {error.problem}") from None
        if samples is None and any((s.file or "").startswith("samples:") for s in spec.answers):
            continue
        try:
            yield line, _exchange(spec, path.parent, samples)
        except FileNotFoundError as error:
            raise SheetError(shown, line, f"there is no file {error.filename}") from None


def _compose(path: Path) -> yaml.Node | None:
    shown = str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SheetError(shown, 1, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SheetError(shown, 1, "not UTF-8: save the file as UTF-8") from None
    try:
        root: yaml.Node | None = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        last = text.rstrip().count("\n") + 1
        line = min(mark.line + 1, last) if mark else 1
        raise SheetError(shown, line, f"not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise SheetError(shown, 1, f"not YAML: {' '.join(str(error).split())}") from None
    return root


def _construct(node: yaml.Node) -> Any:
    loader = _Loader("")
    try:
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _refuse_duplicate_keys(node: yaml.Node, shown: str) -> None:
    # The library keeps the last of two equal keys, without a word.
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_duplicate_keys(item, shown)
    elif isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise SheetError(shown, key.start_mark.line + 1, "a key must be a word")
            if key.value in seen:
                raise SheetError(shown, key.start_mark.line + 1, f"duplicate key {key.value!r}")
            seen.add(key.value)
            _refuse_duplicate_keys(value, shown)


def _problem(error: msgspec.ValidationError, node: yaml.Node) -> tuple[int, str]:
    message, _, where = str(error).partition(" - at `")
    steps = re.findall(r"\.([^.\[`]+)|\[(\d+)\]", where)
    unknown = re.match(r"Object contains unknown field `(.+)`", message)
    missing = re.match(r"Object missing required field `(.+)`", message)
    if unknown:
        steps.append((unknown[1], ""))
        message = f"unknown key {unknown[1]!r}"
    elif missing:
        message = f"{missing[1]} is missing"
    elif steps:
        message = f"{'.'.join(name or index for name, index in steps)}: {message}"
    line = node.start_mark.line + 1
    for name, index in steps:
        if isinstance(node, yaml.MappingNode):
            key, node = next(((k, v) for k, v in node.value if k.value == name), (node, node))
            line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and index:
            node = node.value[int(index)]
            line = node.start_mark.line + 1
    return line, message


def _exchange(spec: _ExchangeSpec, folder: Path, samples: Path | None) -> Exchange:
    first, *after = (_answer(part, folder, samples) for part in spec.answers)
    return Exchange(
        spec.url,
        method=spec.method,
        asked=spec.body,
        body=first.body,
        status=first.status,
        headers=first.headers,
        encoding=first.encoding,
        fault=first.fault,
        after=tuple(after),
    )


def _answer(spec: _AnswerSpec, folder: Path, samples: Path | None) -> Answer:
    body, media_type = _content(spec, folder, samples)
    names = {name.lower() for name in spec.headers}
    guessed = (("Content-Type", media_type),) if "content-type" not in names else ()
    given = ((name, None if v is None else str(v)) for name, v in spec.headers.items())
    return Answer(
        body=body,
        status=spec.status,
        headers=(*guessed, *given),
        encoding=spec.encoding if spec.encoding != "zip-of" else None,
        fault=spec.fault,
    )


def _content(spec: _AnswerSpec, folder: Path, samples: Path | None) -> tuple[Body, str]:
    if spec.file is not None:
        name = spec.file.removeprefix("samples:")
        path = (samples if samples and name != spec.file else folder) / name
        if spec.encoding == "zip-of":
            path.stat()
            return partial(_zip_of, path), "application/zip"
        if not path.is_file():
            raise FileNotFoundError(2, "no such file", str(path))
        return path.read_bytes, _media_type(path.name)
    if spec.json is not UNSET:
        return partial(bytes, msgspec.json.encode(spec.json)), "application/json"
    text = (spec.text or "").encode()
    kind = "html" if text.lstrip().startswith(b"<") else "plain"
    if text.lstrip().startswith(b"<?xml"):
        return partial(bytes, text), "application/xml"
    return partial(bytes, text), f"text/{kind}; charset=utf-8"


def _media_type(name: str) -> str:
    # Without the tables of the machine: the same on every one.
    guess, packed = mimetypes.MimeTypes().guess_type(name)
    if packed:
        return f"application/{packed}"
    if guess == "text/xml":
        return "application/xml"  # else a charset is implied that the file may not have
    return guess or "application/octet-stream"


def _zip_of(path: Path) -> bytes:
    """An archive of a file, or of all below a folder; the same bytes whenever it is made."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    root = path if path.is_dir() else path.parent
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for file in files:
            member = zipfile.ZipInfo(file.relative_to(root).as_posix())
            archive.writestr(member, file.read_bytes(), zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _same(one: Exchange, other: Exchange) -> bool:
    def answers(exchange: Exchange) -> list[object]:
        return [
            (a.status, a.headers, a.encoding, a.fault, a.body())
            for a in (exchange, *exchange.after)
        ]

    return answers(one) == answers(other)


# -- what a request is compared with ----------------------------------------------------------

Pair: TypeAlias = tuple[str, str]


def _pattern(text: str, decode: Callable[[str], str] = str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(decode(part)) for part in text.split("*")), re.DOTALL)


def _decode(text: str) -> str:
    return unquote_plus(text, errors="surrogateescape")


def _raw_pairs(query: str) -> list[Pair]:
    """The parameters with their values as they stand."""
    parts = (part.partition("=") for part in query.split("&") if part)
    return [(_decode(name), value) for name, _, value in parts]


def _path(text: str) -> str:
    # Segment by segment: an encoded slash is not a slash.
    return "/".join(quote(unquote_to_bytes(part), safe="") for part in text.split("/")) or "/"


def _host(text: str) -> str:
    return text.lower().removesuffix(":443").removesuffix(":80")


@dataclass(frozen=True)
class _Pattern:
    """What an exchange says of the address: exact parameters, patterns, whether more may follow."""

    host: str
    path: str
    exact: tuple[Pair, ...]
    globs: tuple[Pair, ...]
    is_open: bool
    tests: tuple[tuple[str, re.Pattern[str]], ...] = field(compare=False)

    @classmethod
    def of(cls, url: str) -> _Pattern:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc or re.search(r"[\r\n\0]", url):
            raise ValueError(f"{url!r} is no address that begins with http:// or https://")
        pairs = _raw_pairs(parts.query)
        is_open = parts.query == "*" or parts.query.endswith("&*")
        if is_open:
            pairs.pop()
        globs = tuple(sorted((name, value) for name, value in pairs if "*" in value))
        return cls(
            host=_host(parts.netloc),
            path=_path(parts.path),
            exact=tuple(sorted((n, _decode(v)) for n, v in pairs if "*" not in v)),
            globs=globs,
            is_open=is_open,
            tests=tuple((name, _pattern(value, _decode)) for name, value in globs),
        )

    @property
    def rank(self) -> tuple[bool, int, int]:
        """The narrower a pattern, the earlier it is tried."""
        return self.is_open, -len(self.exact), len(self.globs)

    def fits(self, pairs: Iterable[Pair]) -> bool:
        left = Counter(pairs)
        for pair in self.exact:
            if left[pair] < 1:
                return False
            left[pair] -= 1
        for name, test in self.tests:
            found = next((p for p in +left if p[0] == name and test.fullmatch(p[1])), None)
            if found is None:
                return False
            left[found] -= 1
        return self.is_open or not +left


def _identity(exchange: Exchange) -> object:
    asked = exchange.asked
    if asked is not None and not isinstance(asked, str):
        asked = json.dumps(asked, sort_keys=True)
    return exchange.method, _Pattern.of(exchange.url), asked


@dataclass(frozen=True)
class _Request:
    method: str
    url: str
    host: str
    path: str
    pairs: tuple[Pair, ...]
    body: bytes
    headers: Message

    def asks(self, asked: Asked | None) -> bool:
        if asked is None:
            return True
        if isinstance(asked, str):
            text = self.body.decode(errors="replace")
            return bool(_pattern(asked).fullmatch(text)) if "*" in asked else asked in text
        try:
            return _holds(json.loads(self.body), asked)
        except (ValueError, RecursionError):
            form = dict(parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True))
            return _holds(form, {name: str(value) for name, value in asked.items()})


def _holds(whole: object, part: object) -> bool:
    if isinstance(part, Mapping):
        return isinstance(whole, dict) and all(
            name in whole and _holds(whole[name], value) for name, value in part.items()
        )
    return whole == part and type(whole) is type(part)


@dataclass(eq=False)
class _Entry:
    """An exchange on duty, with how often the fault of each of its answers was shown."""

    exchange: Exchange
    pattern: _Pattern
    answers: tuple[Answer, ...]
    shown: list[int]

    @classmethod
    def of(cls, exchange: Exchange) -> _Entry:
        answers = (exchange, *exchange.after)
        return cls(exchange, _Pattern.of(exchange.url), answers, [0] * len(answers))

    @property
    def rank(self) -> tuple[object, ...]:
        asked = self.exchange.asked
        return *self.pattern.rank, asked is None, -len(asked or "")


@dataclass
class _Injected:
    test: re.Pattern[str]
    fault: ReplayFault
    shown: int = 0


@dataclass
class _Reply:
    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""


_ROBOTS: Final = Answer(
    body=partial(bytes, b"User-agent: *\nAllow: /\n"),
    headers=(("Content-Type", "text/plain; charset=utf-8"),),
)


# -- the server -------------------------------------------------------------------------------


class ReplayServer:
    """Serves exchanges as long as it is entered, over real sockets, from threads of its own.

    Every answer with status 200 has an ETag and a Last-Modified, unless its headers say
    otherwise, and conditional requests get a 304. What is not recorded gets a 404 that says so.
    The same request may be given twice only with the same answers.
    """

    def __init__(
        self, exchanges: Iterable[Exchange], *, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self._exact: dict[object, list[_Entry]] = {}
        self._patterns: dict[object, list[_Entry]] = {}
        self._injected: list[_Injected] = []
        self._unmatched: dict[str, None] = {}
        self._log: deque[Logged] = deque(maxlen=MAX_LOG)
        self._modified = [_FIRST_MODIFIED]
        self._lock = threading.Lock()
        self._listener: _Listener | None = None
        self._asked_for = host, port
        self.hosts: Final[set[str]] = set()
        self._add(exchanges)

    def __enter__(self) -> Self:
        host, port = self._asked_for
        try:
            self._listener = _Listener((host, port), self)
        except OSError as error:
            raise AtlasError(
                f"cannot listen on {host}:{port}: {error.strerror}; choose another port"
            ) from None
        self._listener.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every connection, whatever it is at, and stop listening."""
        if self._listener is not None:
            self._listener.stop()
            self._listener = None

    @property
    def url(self) -> str:
        """Where it listens."""
        if self._listener is None:
            raise AtlasError("the replay server does not run; enter it first")
        host, port = self._listener.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def log(self) -> list[Logged]:
        """Every request, in the order of their arrival, except those to the server itself."""
        with self._lock:
            return list(self._log)

    @property
    def unmatched(self) -> list[str]:
        """What was asked and is not recorded, once each: `METHOD url`, and the body if any."""
        with self._lock:
            return list(self._unmatched)

    def requests(self, url_glob: str = "*") -> list[Logged]:
        """The requests to addresses that fit a pattern; only `*` has a meaning in it."""
        test = _pattern(url_glob)
        return [logged for logged in self.log if _fits(test, logged.url)]

    def advance(self) -> int:
        """Serve from now on the next answer of every exchange that has one."""
        # Whole seconds, rounded up: who looked a moment ago must not be told "not modified".
        now = datetime.fromtimestamp(int(time.time()) + 1, tz=UTC)
        with self._lock:
            self._modified.append(now)
            return len(self._modified) - 1

    def inject(self, url_glob: str, fault: ReplayFault) -> None:
        """Misbehave at addresses that fit a pattern, before any fault that is recorded."""
        with self._lock:
            self._injected.append(_Injected(_pattern(url_glob), fault))

    def clear_faults(self) -> None:
        """Forget what was injected."""
        with self._lock:
            self._injected.clear()

    def _add(self, exchanges: Iterable[Exchange]) -> None:
        known: dict[object, Exchange] = {}
        for exchange in exchanges:
            first = known.setdefault(_identity(exchange), exchange)
            if first is not exchange:
                if _same(first, exchange):
                    continue
                raise AtlasError(
                    f"recorded twice: {exchange.method} {exchange.url}; "
                    "give the later answer as its `after`"
                )
            entry = _Entry.of(exchange)
            pattern = entry.pattern
            place = exchange.method, pattern.host, pattern.path
            self.hosts.add(pattern.host)
            if pattern.globs or pattern.is_open:
                self._patterns.setdefault(place, []).append(entry)
            else:
                self._exact.setdefault((*place, pattern.exact), []).append(entry)
        for entries in (*self._exact.values(), *self._patterns.values()):
            entries.sort(key=lambda entry: entry.rank)

    def _find(self, request: _Request) -> _Entry | None:
        for method in (request.method, "GET") if request.method == "HEAD" else (request.method,):
            place = method, request.host, request.path
            for entry in self._exact.get((*place, tuple(sorted(request.pairs))), ()):
                if request.asks(entry.exchange.asked):
                    return entry
            for entry in self._patterns.get(place, ()):
                if entry.pattern.fits(request.pairs) and request.asks(entry.exchange.asked):
                    return entry
        return None

    def respond(self, request: _Request) -> tuple[_Reply, ReplayFault, Logged]:
        """What to answer, how to misbehave, and the line of the log to keep up to date."""
        entry = self._find(request)
        fault = self._fault(request.url, entry)
        reply = _disguise(fault)
        if reply is None:
            try:
                reply = self._recorded(request, entry)
            except (AtlasError, OSError) as error:
                reply = _text(500, f"cannot be replayed: {error}\n", ("X-Replay", "failed"))
        logged = Logged(
            method=request.method,
            url=request.url,
            status=0 if fault.reset else reply.status,
            at=time.monotonic(),
            user_agent=request.headers.get("User-Agent"),
            if_none_match=request.headers.get("If-None-Match"),
            if_modified_since=request.headers.get("If-Modified-Since"),
        )
        with self._lock:
            self._log.append(logged)
        return reply, fault, logged

    def _fault(self, url: str, entry: _Entry | None) -> ReplayFault:
        with self._lock:
            for injected in self._injected:
                times = injected.fault.times
                if (times is None or injected.shown < times) and _fits(injected.test, url):
                    injected.shown += 1
                    return injected.fault
            if entry is None:
                return _NO_FAULT
            step = self._step(entry)
            fault = entry.answers[step].fault
            if fault is None or (fault.times is not None and entry.shown[step] >= fault.times):
                return _NO_FAULT
            entry.shown[step] += 1
            return fault

    def _step(self, entry: _Entry) -> int:
        return min(len(self._modified), len(entry.answers)) - 1

    def _recorded(self, request: _Request, entry: _Entry | None) -> _Reply:
        if entry is not None:
            step = self._step(entry)
            return _reply(request, entry.answers[step], self._modified[step])
        if request.path == "/robots.txt" and request.method in ("GET", "HEAD"):
            return _reply(request, _ROBOTS, _FIRST_MODIFIED)
        what = f"{request.method} {request.url}"
        if request.body:
            what += f" {request.body[:400].decode(errors='replace')}"
        with self._lock:
            self._unmatched[what] = None
        return _text(404, f"not recorded: {what}\n", ("X-Replay", "not recorded"))

    def control(self, request: _Request) -> _Reply:
        """Answer what is asked of the server itself."""
        match request.method, request.path:
            case "POST", "/-/advance":
                return _json({"step": self.advance()})
            case "POST", "/-/clear":
                self.clear_faults()
                return _json({})
            case "POST", "/-/inject":
                try:
                    told = msgspec.json.decode(request.body, type=_Inject)
                except msgspec.DecodeError as error:
                    return _text(400, f"{error}\n")
                self.inject(told.url, told.fault)
                return _json({})
            case "GET", "/-/log":
                return _json([asdict(logged) for logged in self.log])
            case "GET", "/-/unmatched":
                return _json(self.unmatched)
        return _text(
            404,
            f"this is a replay server: ask with the header Host of a source ({len(self.hosts)} "
            "are recorded), or POST /-/advance, /-/inject, /-/clear, or GET /-/log, "
            "/-/unmatched\n",
        )


class _Inject(Value, frozen=True, kw_only=True):
    url: str
    fault: ReplayFault


def _fits(test: re.Pattern[str], url: str) -> bool:
    return bool(test.fullmatch(url) or test.fullmatch(_decode(url)))


def _text(status: int, text: str, *headers: tuple[str, str]) -> _Reply:
    kind = ("Content-Type", "text/plain; charset=utf-8")
    return _Reply(status, [kind, *headers], text.encode(errors="replace"))


def _json(value: object) -> _Reply:
    return _Reply(200, [("Content-Type", "application/json")], msgspec.json.encode(value))


def _disguise(fault: ReplayFault) -> _Reply | None:
    """What a fault answers in the place of what is recorded."""
    if fault.redirect is not None:
        location = ("Location", quote(fault.redirect, safe=_RESERVED))
        return _Reply(fault.status or 302, [location])
    if fault.challenge:
        headers = [("Content-Type", "text/html; charset=utf-8"), ("cf-mitigated", "challenge")]
        return _Reply(fault.status or 200, headers, _CHALLENGE)
    if fault.empty is not None:
        return _Reply(fault.empty, [])
    if fault.status is not None:
        wait = [] if fault.retry_after is None else [("Retry-After", str(fault.retry_after))]
        return _text(fault.status, f"{fault.status} {_reason(fault.status)}\n", *wait)
    return None


def _reply(request: _Request, answer: Answer, modified: datetime) -> _Reply:
    given = {name.lower() for name, _ in answer.headers}
    headers = [(n, v) for n, v in answer.headers if v is not None and n.lower() not in _FRAMING]
    content: bytes | None = None
    if answer.status == HTTPStatus.OK:
        if "etag" not in given:
            content = None if answer.sha256 else answer.body()
            digest = answer.sha256 or hashlib.sha256(content or b"").hexdigest()
            headers.append(("ETag", f'"{digest}"'))
        if "last-modified" not in given:
            headers.append(("Last-Modified", format_datetime(modified, usegmt=True)))
        if request.method in ("GET", "HEAD") and _is_known(request.headers, headers):
            kept = ("etag", "last-modified", "cache-control", "expires", "set-cookie", "vary")
            return _Reply(304, [(n, v) for n, v in headers if n.lower() in kept])
    content = answer.body() if content is None else content
    if answer.encoding is not None:
        headers.append(("Content-Encoding", answer.encoding))
        content = _encoded(content, answer.encoding)
    return _Reply(answer.status, headers, content)


def _encoded(content: bytes, encoding: Encoding) -> bytes:
    if encoding == "gzip":
        return gzip.compress(content, 6, mtime=0)
    import brotli

    packed: bytes = brotli.compress(content, quality=5)
    return packed


def _is_known(asked: Message, headers: Sequence[tuple[str, str]]) -> bool:
    """Whether the one who asks has what would be sent: by the ETag, else by the date."""
    own = {name.lower(): value for name, value in headers}
    tags = asked.get("If-None-Match")
    if tags is not None:
        tag = own.get("etag")
        known = {part.strip().removeprefix("W/") for part in tags.split(",")}
        return tag is not None and ("*" in known or tag.removeprefix("W/") in known)
    since, modified = asked.get("If-Modified-Since"), own.get("last-modified")
    if since is None or modified is None:
        return False
    try:
        return parsedate_to_datetime(modified) <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


# -- sockets ----------------------------------------------------------------------------------


class _Listener(socketserver.ThreadingTCPServer):
    """Accepts connections, and knows them all, so that it can end them."""

    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], replay: ReplayServer) -> None:
        self.replay = replay
        self.closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.02,), name="replay", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.closing.set()
        self.shutdown()
        self._thread.join()
        with self._lock:
            for connection in self._open:
                _hang_up(connection)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Clients hang up, some of them because that is what is tested.
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was first


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """The server has a log of its own."""

    def do_GET(self) -> None:
        request = self._request()
        if request is None:
            return
        replay = self.server.replay
        if request.host == CONTROL_HOST or (
            request.host not in replay.hosts and request.path.startswith("/-/")
        ):
            self._send(replay.control(request), _NO_FAULT, None)
            return
        reply, fault, logged = replay.respond(request)
        if fault.stall:
            self.server.closing.wait(fault.stall)
        if fault.reset:
            self._reset()
        else:
            self._send(reply, fault, logged)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET  # noqa: N815

    def _request(self) -> _Request | None:
        """The request with its body, or None where it is so bad that it was refused."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not re.fullmatch(r"[0-9]{1,9}", length):
            self.send_error(411)
            return None
        if int(length) > MAX_REQUEST:
            self.send_error(413)
            return None
        body = self.rfile.read(int(length)) if length != "0" else b""
        target = self.requestline.split()[1]
        if not target.isascii():
            target = quote(target.encode("latin-1"), safe=_RESERVED)
        host = self.headers.get("Host", "")
        if target.startswith(("http://", "https://")):
            parts = urlsplit(target)
            host, target = parts.netloc, target.removeprefix(f"{parts.scheme}://{parts.netloc}")
        path, _, query = target.partition("?")
        host = _host(host)
        return _Request(
            method=self.command,
            url=f"https://{host}{target or '/'}",
            host=host,
            path=_path(path),
            pairs=tuple((name, _decode(value)) for name, value in _raw_pairs(query)),
            body=body,
            headers=self.headers,
        )

    def _send(self, reply: _Reply, fault: ReplayFault, logged: Logged | None) -> None:
        has_body = self.command != "HEAD" and reply.status not in _BODILESS
        chunked = has_body and (fault.chunked or fault.endless)
        is_cut = has_body and fault.truncate is not None
        body = reply.body[: fault.truncate] if is_cut else reply.body
        lines = [f"HTTP/1.1 {reply.status} {_reason(reply.status)}"]
        lines += [f"{name}: {value}" for name, value in reply.headers]
        lines.append(f"Date: {self.date_time_string()}")
        if chunked:
            lines.append("Transfer-Encoding: chunked")
        elif reply.status not in _BODILESS:
            promised = max(len(reply.body), len(body) + 1) if is_cut else len(reply.body)
            lines.append(f"Content-Length: {promised}")
        if self.close_connection:
            lines.append("Connection: close")
        head = "\r\n".join((*lines, "", "")).encode("latin-1", "replace")
        if not (has_body and (chunked or is_cut or fault.slow)):
            body = body if has_body else b""
            if logged is not None:
                logged.sent = len(body)  # before it is sent: who has read it may look at the log
            self.connection.sendall(head + body)
            return
        assert logged is not None
        self.close_connection = self.close_connection or is_cut
        self.connection.sendall(head)
        for piece in _pieces(body, fault):
            logged.sent += len(piece)
            self.connection.sendall(_chunk(piece) if chunked else piece)
            if self.server.closing.wait(len(piece) / fault.slow if fault.slow else 0):
                self.close_connection = True
                return
        if chunked and not is_cut:
            self.connection.sendall(_chunk(b""))

    def _reset(self) -> None:
        # With no time to linger a close is a reset; the files on the socket keep it open.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.rfile.close()
        self.wfile.close()
        self.connection.close()


def _pieces(body: bytes, fault: ReplayFault) -> Iterator[bytes]:
    """The body in the pieces in which it is sent, a tenth of a second each where it is slow."""
    size = max(1, fault.slow // 10) if fault.slow else len(_FILLER)
    for start in range(0, len(body), size):
        yield body[start : start + size]
    while fault.endless:
        yield _FILLER[:size]


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def captured_exchanges(archive: Archive, captures: Captures) -> list[Exchange]:
    """The last good answer to every request of every source, as an exchange."""
    found = []
    for source in archive.last_runs():
        for page in archive.pages(source).values():
            request = msgspec.json.decode(page.request, type=Fetch)
            found.append(
                Exchange(
                    request.url.replace("*", "%2A"),
                    method=request.method,
                    asked=request.body.decode("utf-8", "replace") or None,
                    body=partial(captures.get, page.sha256),
                    status=page.status,
                    headers=tuple(h for h in page.headers if h[0].lower() not in _UNSERVED),
                    sha256=page.sha256,
                )
            )
    return found


_UNSERVED: Final = _FRAMING | {"content-encoding", "etag", "last-modified", "date", "server"}


def serve(exchanges: Sequence[Exchange], host: str = "127.0.0.1", port: int = 0) -> None:
    """Serve until interrupted, after one line that says how to crawl against it."""
    with ReplayServer(exchanges, host=host, port=port) as server, suppress(KeyboardInterrupt):
        sys.stdout.write(
            f"{len(exchanges)} exchanges of {len(server.hosts)} hosts; crawl against them with: "
            f"KRATOM_ATLAS_REPLAY={server.url} kratom-atlas crawl --all\n"
        )
        sys.stdout.flush()
        threading.Event().wait()
