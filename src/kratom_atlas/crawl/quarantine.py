"""Telling good responses from bad ones, before anything is parsed.

Sources fail politely: a firewall, a login, an error and a page that is not there all come with
status 200. `diagnose` names what is wrong with a response; a response that is named here never
reaches a parser, so it can never look like a change of the law.

It reads the first bytes, the last bytes and the title, and never runs a pattern over a whole
document. Words alone prove nothing, since laws speak of errors, captchas and denied access too:
a page is refused by its title as a whole, by mark-up that only such pages have, or because it
says hardly anything else.
"""

from __future__ import annotations

import html
import re
import zlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from kratom_atlas.crawl.source import Expect
from kratom_atlas.model.crawling import Fault
from kratom_atlas.read.media import Media, sniff

__all__ = ["PATIENCE", "Diagnosis", "diagnose", "retry_plan"]

PATIENCE: Final = 300.0
"""A source that asks for a longer wait than this, in seconds, is left alone until the next run."""

_HEAD: Final = 4096
_TAIL: Final = 1024
_LATE_TITLE: Final = 32_768  # some pages put their style sheets before the title
_SMALL: Final = 65_536  # a page that is all chrome and no document is smaller
_BARE: Final = 1200  # characters that a reader sees on a page that has nothing to say
_TERSE: Final = 400
_HOLLOW: Final = 80
_SUSPECT_JSON: Final = 262_144
_UNPACKED: Final = 4 << 20
_ZIP_RECORD: Final = 22
_ZIP_END: Final = _ZIP_RECORD + 65_535  # the end record and the longest comment


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is wrong with a response. `retry_after`: the seconds that the source asks us to wait."""

    fault: Fault
    detail: str
    retry_after: float | None = None


def diagnose(
    *,
    requested: str,
    url: str,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    expect: Expect,
    hosts: Collection[str],
    complete: bool = True,
) -> Diagnosis | None:
    """What is wrong with the response to `requested` that came from `url`; None if it is good.

    `headers` have lower-case names. `complete` is false where fewer bytes came than were promised.
    """
    if status == 304:
        return None
    response = _Response(requested, url, status, headers, body, expect, hosts, complete)
    # A status that says no is at times a good answer (no gazette on Sundays), and its body says no.
    is_denial = status >= 400 and status in expect.statuses
    for test in _TESTS:
        found = None if is_denial and test in _DENIALS else test(response)
        if found is not None:
            return Diagnosis(*found, retry_after=_retry_after(headers))
    return None


def retry_plan(fault: Fault, attempt: int, retry_after: float | None) -> float | None:
    """Seconds to wait before trying again within this run; None where that would be no use.

    `attempt` is the number of the one that failed, from 1 on. A longer wait that the source asks
    for is kept to, up to `PATIENCE`.
    """
    waits = _WAITS.get(fault, ())
    if not 1 <= attempt <= len(waits):
        return None
    if retry_after is None:
        return waits[attempt - 1]
    if not retry_after <= PATIENCE:
        return None
    if fault is Fault.RATE_LIMITED:
        return max(retry_after, 1.0)
    return max(retry_after, waits[attempt - 1])


_WAITS: Final[Mapping[Fault, tuple[float, ...]]] = {
    Fault.RATE_LIMITED: (30.0, 120.0),
    Fault.SERVER_ERROR: (2.0, 8.0, 30.0),
    Fault.CONNECTION: (2.0, 8.0, 30.0),
    Fault.TRUNCATED: (2.0, 8.0),
    Fault.TOO_SLOW: (5.0, 30.0),
    Fault.DNS: (5.0, 30.0),
    Fault.EMPTY: (10.0, 30.0),  # often a document that the source is still making
}

_Found = tuple[Fault, str]


class _Response:
    """A response, and what several tests want to know of it."""

    def __init__(
        self,
        requested: str,
        url: str,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        expect: Expect,
        hosts: Collection[str],
        complete: bool,
    ) -> None:
        self.requested = requested
        self.url = url
        self.status = status
        self.headers = headers
        self.body = body
        self.expect = expect
        self.hosts = hosts
        self.complete = complete
        self.media = sniff(body)
        self._wide = _utf16(body)

    @cached_property
    def head(self) -> bytes:
        """The first bytes, as UTF-8 if they are UTF-16, without a mark or blanks before them."""
        if self._wide is None:
            head = self.body[:_HEAD]
        else:
            head = self.body[: 2 * _HEAD].decode(self._wide, "ignore").encode("utf-8", "ignore")
        return head.removeprefix(b"\xef\xbb\xbf").lstrip()

    @cached_property
    def tail(self) -> bytes:
        """The last bytes, without blanks after them."""
        if self._wide is not None:
            start = max(0, len(self.body) - 2 * _TAIL) & ~1
            text = self.body[start:].decode(self._wide, "ignore")
            return text.encode("utf-8", "ignore").rstrip(b" \t\r\n\0")
        return self.body[-_TAIL:].rstrip() or self.body.rstrip()[-_TAIL:]

    @cached_property
    def low(self) -> bytes:
        return self.head.lower()

    @property
    def is_page(self) -> bool:
        """Whether it is made for people to look at."""
        return self.media is Media.HTML

    @cached_property
    def is_wanted_page(self) -> bool:
        return self.is_page and _fits(self)

    @cached_property
    def title(self) -> str:
        return self._first(b"<title", b"</title")

    @cached_property
    def names(self) -> tuple[tuple[Fault, bool, str], ...]:
        """What the title, its parts and the heading say, where they say that something is wrong.

        With each: whether that is beyond doubt, however much the page holds.
        """
        title, heading = self.title, self._first(b"<h1", b"</h1")
        found = [_WHOLE_TITLES.get(_normal(title))]
        found += [_TITLES.get(_normal(name)) for name in (title, *_SEPARATOR.split(title))]
        names = [(*entry, f"The page is called: {title}") for entry in found if entry]
        entry = _TITLES.get(_normal(heading))
        if entry and entry[0] is Fault.SOFT_404:
            names.append((entry[0], False, f"The page says: {heading}"))
        return tuple(names)

    @cached_property
    def _lead(self) -> bytes:
        return self.body[:_LATE_TITLE].lower()

    def _first(self, opening: bytes, closing: bytes) -> str:
        """The words of the first element of that name."""
        start = self._lead.find(opening)
        inner = self._lead.find(b">", start) if start >= 0 else -1
        end = self._lead.find(closing, inner, inner + _TAIL) if inner >= 0 else -1
        return _plain(_visible(self.body[inner + 1 : end])) if end >= 0 else ""

    @cached_property
    def words(self) -> str | None:
        """What a reader sees of a page; None if it is too long to be about nothing."""
        return None if len(self.body) > _SMALL else _visible(self.body)

    def holds_at_most(self, characters: int) -> bool:
        """Whether nothing of value is lost if the page is refused."""
        if not self.is_wanted_page:
            return True
        return self.words is not None and len(self.words) <= characters

    @cached_property
    def begins(self) -> str:
        """How the response begins, for people."""
        if self.is_page and self.title:
            return self.title
        return _plain(self.head[:160].decode("utf-8", "replace"))


def _utf16(body: bytes) -> str | None:
    if body.startswith((b"\xff\xfe", b"<\0")):
        return "utf-16-le"
    return "utf-16-be" if body.startswith((b"\xfe\xff", b"\0<")) else None


# -- walls: firewalls, challenges, consent -----------------------------------------------------


def _wall(response: _Response) -> _Found | None:
    """Someone stands between us and the source, whatever the status says."""
    headers = response.headers
    if headers.get("cf-mitigated") == "challenge":
        return Fault.CHALLENGE, "Cloudflare asks for a browser."
    if "x-amzn-waf-action" in headers:
        return Fault.CHALLENGE, f"AWS WAF: {_plain(headers['x-amzn-waf-action'])}."
    if response.is_page:
        return _by_address(response) or _by_title(response, _WALL) or _by_markup(response)
    if response.media is Media.TEXT and len(response.body) <= 300:
        for pattern, fault, sure in _SHORT_TEXTS:
            if (sure or not _fits(response)) and pattern.match(response.head):
                return fault, response.begins
    return None


_LOGIN: Final = frozenset(
    {
        "login", "signin", "sign-in", "sign_in", "logon", "log-in", "auth", "authenticate",
        "authorize", "oauth", "oauth2", "sso", "saml", "consent", "cookie-consent", "cookiewall",
        "accounts",
    }
)  # fmt: skip
_TESTED: Final = frozenset({"captcha", "challenge", "sgcaptcha", "validate-captcha", "botcheck"})
_MISSING: Final = frozenset(
    {
        "404", "error", "error404", "notfound", "not-found", "not_found", "pagenotfound",
        "page-not-found", "page_not_found", "filenotfound", "kereses", "hiba",
    }
)  # fmt: skip


def _steps(url: str) -> set[str]:
    """The names in the path of an address, without suffixes."""
    return {step.partition(".")[0].lower() for step in _split(url)[1].split("/") if step}


def _split(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
        return (parts.hostname or "").lower(), parts.path
    except ValueError:
        return "", ""


def _by_address(response: _Response) -> _Found | None:
    """A page that we did not ask for, and whose address says what it is."""
    if response.url == response.requested:
        return None
    new = _steps(response.url) - _steps(response.requested)
    host = _split(response.url)[0]
    if host not in response.hosts:
        new.add(host.partition(".")[0])
    if new & _TESTED or host.endswith(("perfdrive.com", "captcha-delivery.com")):
        return Fault.CHALLENGE, f"Sent on to {_plain(response.url)}"
    if new & _LOGIN:
        return Fault.CONSENT, f"Sent on to {_plain(response.url)}"
    return None


_SEPARATOR: Final = re.compile(r"\s*(?:\||::|»|·)\s*|\s+[-–—:]+\s+")


def _normal(title: str) -> str:
    return title.casefold().replace("’", "'").strip(" .!?…")


def _by_title(response: _Response, kinds: frozenset[Fault]) -> _Found | None:
    for fault, sure, detail in response.names:
        if fault in kinds and (sure or response.holds_at_most(_BARE)):
            return fault, detail
    return None


def _by_markup(response: _Response) -> _Found | None:
    """Mark-up and sentences of walls, on a page that has nothing else to say."""
    low = response.low
    for tokens, fault, name in _MARKUP:
        if tokens[0] in low and all(token in low for token in tokens):
            limit = _TERSE if fault is Fault.CHALLENGE else _BARE
            if response.holds_at_most(limit):
                return fault, name
    if b"captcha" in low and _CAPTCHA.search(low) and response.holds_at_most(_TERSE):
        return Fault.CHALLENGE, "A captcha and nothing else."
    if b"password" in low and _PASSWORD.search(low) and response.holds_at_most(_TERSE):
        return Fault.CONSENT, "It asks for a password and says nothing else."
    if not response.is_wanted_page and (words := response.words) and len(words) <= _TERSE:
        return (Fault.RATE_LIMITED, _plain(words)) if _THROTTLED.search(words) else None
    return None


_CAPTCHA: Final = re.compile(rb"<(?:form|div|script|img|input|iframe)\b[^<>]{0,400}captcha")
_PASSWORD: Final = re.compile(rb"<input\b[^<>]{0,400}type\s*=\s*[\"']?password")

_SHORT_TEXTS: Final = (  # the last: whether it is beyond doubt even where a text was expected
    (re.compile(rb"error code: 1015\b"), Fault.RATE_LIMITED, True),
    (re.compile(rb"error code: 10\d\d\b"), Fault.REJECTED, True),
    (re.compile(rb"(?i)(?:api )?rate limit|too many requests"), Fault.RATE_LIMITED, False),
    (re.compile(rb"(?i)request rejected|the requested url was rejected"), Fault.REJECTED, False),
    (re.compile("[^\n]{0,80}(?:초과|너무 많|과도한|잠시 후)".encode()), Fault.RATE_LIMITED, False),
)

_MARKUP: Final[tuple[tuple[tuple[bytes, ...], Fault, str], ...]] = (
    ((b"you are being rate limited",), Fault.RATE_LIMITED, "Cloudflare: too many requests."),
    ((b"sorry, you have been blocked",), Fault.REJECTED, "Cloudflare refused."),
    ((b"cf-error-details", b"access denied"), Fault.REJECTED, "Cloudflare refused."),
    ((b"_cf_chl_opt",), Fault.CHALLENGE, "Cloudflare asks for a browser."),
    ((b"challenge-platform", b"orchestrate"), Fault.CHALLENGE, "Cloudflare asks for a browser."),
    ((b"cf-browser-verification",), Fault.CHALLENGE, "Cloudflare asks for a browser."),
    ((b"challenges.cloudflare.com/turnstile",), Fault.CHALLENGE, "A Turnstile test."),
    ((b"cf-turnstile",), Fault.CHALLENGE, "A Turnstile test."),
    ((b"awswafcookiedomainlist",), Fault.CHALLENGE, "AWS WAF tests for a browser."),
    ((b"awswafintegration",), Fault.CHALLENGE, "AWS WAF tests for a browser."),
    ((b"token.awswaf.com",), Fault.CHALLENGE, "AWS WAF tests for a browser."),
    (
        (b"_incapsula_resource", b"<iframe"),
        Fault.CHALLENGE,
        "Imperva Incapsula tests for a browser.",
    ),
    (
        (b"_incapsula_resource", b"noindex"),
        Fault.CHALLENGE,
        "Imperva Incapsula tests for a browser.",
    ),
    ((b"incapsula incident id",), Fault.CHALLENGE, "Imperva Incapsula tests for a browser."),
    ((b"captcha-delivery.com",), Fault.CHALLENGE, "DataDome tests for a person."),
    ((b"perfdrive.com",), Fault.CHALLENGE, "Radware tests for a person."),
    ((b"radware", b"captcha"), Fault.CHALLENGE, "Radware tests for a person."),
    ((b"barracuda", b"captcha"), Fault.CHALLENGE, "Barracuda tests for a person."),
    ((b"sec-if-cpt-container",), Fault.CHALLENGE, "Akamai tests for a browser."),
    ((b"bm-verify",), Fault.CHALLENGE, "Akamai tests for a browser."),
    ((b"/tspd/", b"enable javascript"), Fault.CHALLENGE, "F5 tests for a browser."),
    ((b"px-captcha",), Fault.CHALLENGE, "HUMAN tests for a person."),
    ((b"/.well-known/ddos-guard",), Fault.CHALLENGE, "DDoS-Guard tests for a browser."),
    ((b"sucuri_cloudproxy",), Fault.CHALLENGE, "Sucuri tests for a browser."),
    ((b"anubis_challenge",), Fault.CHALLENGE, "Anubis tests for a browser."),
    ((b"checking your browser before",), Fault.CHALLENGE, "It tests for a browser."),
    ((b"the requested url was rejected",), Fault.REJECTED, "Request Rejected (F5)."),
    ((b"access denied", b"edgesuite.net"), Fault.REJECTED, "Akamai refused."),
    ((b"access denied", b"reference&#32;"), Fault.REJECTED, "Akamai refused."),
    ((b"access denied", b"imperva"), Fault.REJECTED, "Imperva refused."),
    ((b"barracuda", b"blocked"), Fault.REJECTED, "Barracuda refused."),
    ((b"fortiguard", b"block"), Fault.REJECTED, "FortiGuard refused."),
    ((b"generated by wordfence",), Fault.REJECTED, "Wordfence refused."),
    ((b"generated by mod_security",), Fault.REJECTED, "ModSecurity refused."),
    ((b"sucuri website firewall",), Fault.REJECTED, "Sucuri refused."),
)

_WALL: Final = frozenset({Fault.CHALLENGE, Fault.CONSENT, Fault.REJECTED, Fault.RATE_LIMITED})
_SURE: Final[Mapping[Fault, tuple[str, ...]]] = {
    Fault.CHALLENGE: (
        "just a moment...", "nur einen moment…", "einen moment bitte…", "un instant…",
        "un momento…", "um momento…", "chwileczkę…", "请稍候…", "請稍候…",
        "しばらくお待ちください…", "잠시만 기다려 주세요…", "ddos-guard", "radware captcha page",
        "radware bot manager captcha",
        "making sure you're not a bot!", "pardon our interruption",
        "vercel security checkpoint", "access to this page has been denied", "robot check",
        "are you a robot?",
    ),
    Fault.REJECTED: (
        "request rejected", "attention required! | cloudflare", "sucuri website firewall",
        "web page blocked!",
    ),
    Fault.RATE_LIMITED: ("429 too many requests", "too many requests", "rate limit exceeded"),
    Fault.CONSENT: ("before you continue",),
    Fault.SOFT_404: (
        "page not found", "404 not found", "404 page not found", "404 error", "error 404",
        "http 404", "http status 404", "http error 404", "404 - file or directory not found",
        "the resource cannot be found", "file not found", "requested page not found",
        "erreur 404", "page introuvable", "page non trouvée", "fehler 404", "404 nicht gefunden",
        "seite nicht gefunden", "seite wurde nicht gefunden", "die seite wurde nicht gefunden",
        "error 404", "página no encontrada", "erro 404", "página não encontrada", "errore 404",
        "pagina non trovata", "pagina niet gevonden", "sidan hittades inte",
        "sidan kunde inte hittas", "siden blev ikke fundet", "siden findes ikke",
        "siden ble ikke funnet", "fant ikke siden", "siden finnes ikke", "sivua ei löydy",
        "sivua ei löytynyt", "lehte ei leitud", "lehekülge ei leitud", "lapa nav atrasta",
        "puslapis nerastas", "strona nie została znaleziona", "nie znaleziono strony",
        "strona nie istnieje", "stránka nenalezena", "stránka nebyla nalezena",
        "stránka nebola nájdená", "stránka sa nenašla", "az oldal nem található",
        "a keresett oldal nem található", "pagina nu a fost găsită", "pagina nu există",
        "stranica nije pronađena", "strani ni mogoče najti", "страница не найдена",
        "сторінку не знайдено", "страницата не е намерена", "η σελίδα δεν βρέθηκε",
        "sayfa bulunamadı", "ページが見つかりません", "お探しのページは見つかりませんでした",
        "페이지를 찾을 수 없습니다", "找不到页面", "找不到網頁", "ไม่พบหน้าที่ต้องการ", "ไม่พบหน้า",
        "halaman tidak ditemukan", "laman tidak dijumpai", "không tìm thấy trang",
    ),
    Fault.ERROR_BODY: (
        "500 internal server error", "502 bad gateway", "503 service unavailable",
        "503 service temporarily unavailable", "504 gateway time-out", "504 gateway timeout",
        "server error in '/' application",
    ),
}  # fmt: skip
_UNSURE: Final[Mapping[Fault, tuple[str, ...]]] = {
    Fault.CHALLENGE: (
        "please wait...", "one moment, please", "checking your browser", "verifying your browser",
        "client challenge", "human verification", "bot verification", "bot detection",
    ),
    Fault.CONSENT: (
        "login", "log in", "log on", "sign in", "sign-in", "anmelden", "se connecter",
        "iniciar sesión", "iniciar sessão", "inloggen", "logga in", "log ind", "logg inn",
        "kirjaudu sisään", "logi sisse", "pieslēgties", "prisijungti", "zaloguj się",
        "bejelentkezés", "autentificare", "ログイン", "로그인", "เข้าสู่ระบบ", "cookie consent",
    ),
    Fault.SOFT_404: (
        "not found", "document not found", "no such document", "introuvable", "nicht gefunden",
        "no encontrado", "não encontrado", "non trovato", "niet gevonden", "hittades inte",
        "ikke fundet", "ikke funnet", "ei löydy", "ei leitud", "nav atrasts", "nie znaleziono",
        "nenalezeno", "nenájdené", "nem található", "negăsit", "nije pronađeno", "ni najdeno",
        "не найдено", "не знайдено", "見つかりません", "찾을 수 없습니다", "未找到", "ไม่พบข้อมูล",
        "tidak ditemukan",
    ),
    Fault.ERROR_BODY: (
        "runtime error", "server error", "application error", "service unavailable", "bad gateway",
        "internal server error", "site maintenance", "under maintenance", "wartungsarbeiten",
    ),
}  # fmt: skip
_WHOLE: Final[Mapping[Fault, tuple[str, ...]]] = {  # as a part, these may head a section of law
    Fault.CHALLENGE: (
        "captcha", "security check", "security verification", "request access",
        "federal register :: request access", "ecfr :: request access",
    ),
    Fault.REJECTED: ("access denied", "access forbidden", "blocked", "forbidden", "403 forbidden"),
    Fault.CONSENT: ("authentication required", "anmeldung", "connexion", "terms of use"),
    Fault.SOFT_404: ("404",),
    Fault.ERROR_BODY: (
        "error", "errors", "maintenance", "fehler", "erreur", "errore", "fel", "fejl", "feil",
        "virhe", "błąd", "chyba", "hiba", "eroare", "greška", "ошибка", "помилка", "エラー", "오류",
    ),
}  # fmt: skip
_TITLES: Final[Mapping[str, tuple[Fault, bool]]] = {
    _normal(title): (fault, sure)
    for sure, table in ((False, _UNSURE), (True, _SURE))
    for fault, titles in table.items()
    for title in titles
}
_WHOLE_TITLES: Final[Mapping[str, tuple[Fault, bool]]] = {
    _normal(title): (fault, False) for fault, titles in _WHOLE.items() for title in titles
}


# -- where it came from, and the status --------------------------------------------------------


def _elsewhere(response: _Response) -> _Found | None:
    host = _split(response.url)[0]
    if host in response.hosts:
        return None
    return Fault.MOVED, f"It answers from {host or response.url!r}, which is not declared."


def _status(response: _Response) -> _Found | None:
    status = response.status
    if status in response.expect.statuses or status in (200, 201, 203):
        return None
    if status >= 400:
        return _refused(response)
    if status in (202, 204, 205):
        return Fault.EMPTY, f"Status {status}: nothing to read yet."
    if status == 206:
        return Fault.TRUNCATED, "Status 206: only a part."
    if 300 <= status < 400:
        target = _plain(response.headers.get("location", ""))
        return Fault.MOVED, f"Status {status}: {target or 'it names no place'}."
    return Fault.SERVER_ERROR, f"Status {status}."


def _refused(response: _Response) -> _Found:
    status = response.status
    if response.media is Media.JSON and b'"OgdSearchResult"' in response.head:
        error = _json_error(response)
        if error:  # a mistake in our question, which another try will not mend
            return error
    if status == 429 or (status == 403 and "retry-after" in response.headers):
        fault = Fault.RATE_LIMITED
    elif status >= 500:
        fault = Fault.SERVER_ERROR
    else:
        fault = _STATUSES.get(status, Fault.BAD_REQUEST)
    return fault, f"Status {status}: {response.begins}" if response.begins else f"Status {status}."


_STATUSES: Final = {
    401: Fault.FORBIDDEN,
    403: Fault.FORBIDDEN,
    404: Fault.GONE,
    408: Fault.TOO_SLOW,
    410: Fault.GONE,
    451: Fault.FORBIDDEN,
}


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """The wait that the source asks for: seconds, or a date as its own clock has it."""
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", text):
        return float(text)
    until = _date(text)
    if until is None:
        return None
    now = _date(headers.get("date", "")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def _date(text: str) -> datetime | None:
    if not text:
        return None
    try:
        date = parsedate_to_datetime(text)
        return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


# -- nothing, or not all of it -----------------------------------------------------------------


def _lost(response: _Response) -> _Found | None:
    if response.complete:
        return None
    return Fault.TRUNCATED, f"{len(response.body)} bytes came, fewer than were promised."


def _nothing(response: _Response) -> _Found | None:
    if response.media is Media.EMPTY or not (response.head or response.tail):
        return Fault.EMPTY, f"Status {response.status} and no content."
    return None


def _unfinished(response: _Response) -> _Found | None:
    """It lacks the end that its type has. HTML has none that anyone keeps to."""
    test = _ENDS.get(response.media)
    if test is None or test(response):
        return None
    return Fault.TRUNCATED, f"{response.media} without its end, after {len(response.body)} bytes."


def _json_ends(response: _Response) -> bool:
    closing = {b"{": b"}", b"[": b"]"}.get(response.head[:1])
    return closing is None or response.tail.endswith(closing)


def _xml_ends(response: _Response) -> bool:
    root = _root(response.head)
    if root is None:
        return True
    name, closed = root
    return closed or re.search(rb"</" + re.escape(name) + rb"\s*>", response.tail) is not None


def _root(head: bytes) -> tuple[bytes, bool] | None:
    """The name of the root, and whether it closes itself; None if it is not among `head`."""
    at = 0
    while match := _PROLOG.match(head, at):
        closing = {b"<?": b"?>", b"<!--": b"-->"}.get(match[1])
        if closing is None:  # a document type, perhaps with declarations of its own
            until, bracket = head.find(b">", at), head.find(b"[", at)
            closing = b"]>" if 0 <= bracket < until else b">"
        end = head.find(closing, match.end())
        if end < 0:
            return None
        at = end + len(closing)
    start = _ROOT.match(head, at)
    return (start[1], start[2] == b"/>") if start else None


_PROLOG: Final = re.compile(rb"\s*(<\?|<!--|<![A-Za-z]+)")
_ROOT: Final = re.compile(rb"\s*<([^\s<>/!?]+)(?:[^<>]*?(/?>))?")


def _pdf_ends(response: _Response) -> bool:
    end = response.body[-4 * _TAIL :]  # some servers add their own lines after the end
    return b"%%EOF" in end or b"startxref" in end


def _zip_ends(response: _Response) -> bool:
    end = response.body[-_ZIP_END:]
    at = end.rfind(b"PK\x05\x06")
    return 0 <= at <= len(end) - _ZIP_RECORD


def _gzip_ends(response: _Response) -> bool:
    unpack = zlib.decompressobj(wbits=31)
    try:
        unpack.decompress(response.body, _UNPACKED)
    except zlib.error:
        return False
    return unpack.eof or bool(unpack.unconsumed_tail)


def _bzip2_ends(response: _Response) -> bool:
    # The end of the last stream is a number of 48 bits, a checksum and up to seven bits of nothing.
    end = int.from_bytes(response.body[-11:])
    return any((end >> shift) & 0xFFFFFFFFFFFF == 0x177245385090 for shift in range(32, 40))


def _xz_ends(response: _Response) -> bool:
    return response.body.rstrip(b"\0").endswith(b"YZ")


def _tar_ends(response: _Response) -> bool:
    return len(response.body) % 512 == 0


_ENDS: Final[Mapping[Media, Callable[[_Response], bool]]] = {
    Media.JSON: _json_ends,
    Media.XML: _xml_ends,
    Media.PDF: _pdf_ends,
    Media.ZIP: _zip_ends,
    Media.DOCX: _zip_ends,
    Media.GZIP: _gzip_ends,
    Media.BZIP2: _bzip2_ends,
    Media.XZ: _xz_ends,
    Media.TAR: _tar_ends,
}


# -- errors in disguise ------------------------------------------------------------------------


def _error(response: _Response) -> _Found | None:
    if response.media is Media.JSON:
        return _json_error(response)
    if response.media is Media.XML and not response.is_page:
        return _xml_error(response)
    match = _TEXT_ERROR.match(response.head)
    return _as_error(response, response.begins) if match else None


_TEXT_ERROR: Final = re.compile(
    rb"Virtuoso [0-9A-Z]{5} Error|upstream connect error|no healthy upstream|"
    rb"upstream request timeout"
)
_THROTTLED: Final = re.compile(
    r"(?i)rate.?limit|too many requests|quota|throttl|limit (?:was |is |has been )?exceeded|"
    r"exceeded .{0,30}limit|초과|너무 많|과도한|잠시 후"
)


def _as_error(response: _Response, message: str) -> _Found:
    told = response.head[:1000].decode("utf-8", "replace")
    fault = Fault.RATE_LIMITED if _THROTTLED.search(told) else Fault.ERROR_BODY
    return fault, message or "An error without a word."


def _json_error(response: _Response) -> _Found | None:
    body = response.body
    if len(body) > _HEAD and (len(body) > _SUSPECT_JSON or not _is_suspect(response)):
        return None
    try:
        data = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None  # the parser says so better than we
    if isinstance(data, list) and len(data) == 1:
        data = data[0]
    message = _object_error(data) if isinstance(data, dict) else None
    return None if message is None else _as_error(response, message)


def _is_suspect(response: _Response) -> bool:
    """Whether it is worth the time to see if a long answer is one long error: it says so soon."""
    start = response.head[:_SOON].lower()
    return any(word in start and pattern.search(start) for word, pattern in _SUSPECT)


_SOON: Final = 1024
_SUSPECT: Final = tuple(
    (word.encode(), re.compile(pattern.encode()))
    for word, pattern in (
        ('"error', r'"error(?:s|code)?"\s*:\s*(?:"(?!success")[^"]|[\[{]\s*["\[{]|true)'),
        ('"fault', r'"faults?"\s*:\s*(?:"[^"]|[\[{]\s*["\[{]|true)'),
        ('"success"', r'"success"\s*:\s*false'),
        ('"error"', r'"status"\s*:\s*"error"'),
    )
)
_FINE: Final = frozenset(
    {
        "ok", "success", "successful", "succeeded", "true", "0", "00", "000", "0000", "200", "none",
        "null", "no",
    }
)  # fmt: skip
_ENVELOPE: Final = frozenset(
    {
        "alert", "detail", "details", "error", "errors", "extensions", "fault", "faults", "hint",
        "jsonapi", "links", "_links", "meta", "parameters", "path", "request", "status", "trace",
    }
)  # fmt: skip
_MESSAGE: Final = frozenset(
    {
        "code", "detail", "message", "messagedetail", "msg", "path", "requestid", "result",
        "status", "statuscode", "timestamp", "traceid",
    }
)  # fmt: skip


def _object_error(data: dict[str, Any]) -> str | None:
    """The message of an object that is an error and nothing else."""
    if len(data) == 1 and isinstance(inner := data.get("OgdSearchResult"), dict):
        data = inner
    low = {key.lower(): value for key, value in data.items()}
    if _says_bad_code(low):
        return _message(low)
    if any(value and isinstance(value, dict | list) and key not in _ENVELOPE
           for key, value in low.items()):  # fmt: skip
        return None
    if _says_error(low) or _says_only_a_message(low):
        return _message(low)
    return None


def _says_bad_code(low: dict[str, Any]) -> bool:
    """The envelopes of Thailand's OCS and of Spain's BOE, which come with data or without."""
    header, status = low.get("respheader"), low.get("status")
    if isinstance(header, dict) and "errorCode" in header:
        return str(header["errorCode"]).casefold() not in _FINE
    return isinstance(status, dict) and _HTTP_ERROR.match(str(status.get("code"))) is not None


_HTTP_ERROR: Final = re.compile(r"[45][0-9]{2}\Z")


def _says_error(low: dict[str, Any]) -> bool:
    status = low.get("status")
    if isinstance(status, str) and status.casefold() == "error":
        return True
    if low.get("success") is False:
        return True
    return any(_is_error(low.get(key)) for key in ("error", "errors", "fault", "faults"))


def _is_error(value: object) -> bool:
    if isinstance(value, str):
        return bool(value.strip()) and value.strip().casefold() not in _FINE
    if isinstance(value, dict):
        return any(value.values())
    return value is True or (isinstance(value, list) and bool(value))


def _says_only_a_message(low: dict[str, Any]) -> bool:
    told = [low.get(key) for key in ("message", "msg", "detail")]
    texts = [text.strip().casefold() for text in told if isinstance(text, str) and text.strip()]
    if not texts or any(text in _FINE for text in texts):
        return False
    if any(str(low.get(key, "")).casefold() in _FINE for key in ("status", "result", "code")):
        return False
    others = low.keys() - _MESSAGE
    status = low.get("status")
    is_problem = isinstance(status, int) and status >= 400
    return not others or (is_problem and others <= {"title", "type", "instance"})


def _message(value: object, depth: int = 0) -> str:
    """The first words in an error that are meant for people."""
    if isinstance(value, str):
        return _plain(value)
    if isinstance(value, list):
        return _message(value[0], depth + 1) if value and depth < 5 else ""
    if not isinstance(value, dict) or depth >= 5:
        return ""
    low = {str(key).lower(): item for key, item in value.items()}
    for key in _TELLING:
        text = _message(low.get(key), depth + 1)
        if text:
            return text
    return next((text for item in low.values() if (text := _message(item, depth + 1))), "")


_TELLING: Final = (
    "alert", "error", "errors", "fault", "respheader", "message", "msg", "errordesc", "detail",
    "text", "error_description", "title", "code", "errorcode",
)  # fmt: skip


def _xml_error(response: _Response) -> _Found | None:
    root = _root(response.head)
    if root is None:
        return None
    name = root[0].rpartition(b":")[2].lower()
    if not (
        name in _ERROR_ROOTS
        or (name == b"envelope" and _SOAP_FAULT.search(response.head))
        or (name == b"searchretrieveresponse" and b"info:srw/diagnostic/" in response.head)
        or (len(response.body) <= _HEAD and _XML_REFUSAL.search(response.head))
    ):
        return None
    return _as_error(response, _plain(_visible(response.head)))


_ERROR_ROOTS: Final = frozenset(
    {
        b"serviceexceptionreport", b"serviceexception", b"exceptionreport", b"exception", b"fault",
        b"error", b"errors", b"problem", b"apierror", b"errorresponse", b"diagnostics",
    }
)  # fmt: skip
_SOAP_FAULT: Final = re.compile(rb"<(?:[\w.-]{1,40}:)?Fault[\s>]")
_XML_REFUSAL: Final = re.compile(
    rb"<status>\s{0,20}<code>\s{0,20}[45]\d\d\s{0,20}</code>|"
    + "<result>[^<>]{0,200}실패[^<>]{0,200}</result>".encode()
    + rb"|<result>\s{0,20}(?:fail|failure|error)\s{0,20}</result>",
    re.IGNORECASE,
)


# -- the wrong thing ---------------------------------------------------------------------------


def _absent(response: _Response) -> _Found | None:
    """A page that says, with status 200, that there is no such page."""
    if not response.is_page:
        return None
    if response.url != response.requested:
        new = _steps(response.url) - _steps(response.requested)
        if new & _MISSING or (_steps(response.requested) and not _steps(response.url)):
            return Fault.SOFT_404, f"Sent on to {_plain(response.url)}"
    return _by_title(response, _PAGE_FAULTS)


_PAGE_FAULTS: Final = frozenset({Fault.SOFT_404, Fault.ERROR_BODY})


def _hollow(response: _Response) -> _Found | None:
    """A page without a document: a frame, or a shell that only a browser can fill."""
    if not response.is_page or len(response.body) > _SMALL:
        return None
    low = response.low
    if len(response.body) > _HEAD and not any(mark in low for mark in _SHELLS):
        return None
    words = response.words or ""
    if len(words) > (2 * _HOLLOW if _JAVASCRIPT.search(words) else _HOLLOW):
        return None
    if b"<frame" in low or (b"<iframe" in low and b"<noscript" not in low):
        return Fault.SOFT_404, "An empty frame."
    # One word, such as that a section was repealed, is a document; a page for programs is none.
    is_shell = b"<script" in low and (not words or any(mark in low for mark in _SHELLS))
    if is_shell and not any(mark in low for mark in _JSON_INSIDE):
        fault = Fault.LAYOUT if response.is_wanted_page else Fault.WRONG_TYPE
        return fault, f"A shell that only a browser can fill: {response.title or words}"
    return None if words else (Fault.EMPTY, "A page without a word.")


_SHELLS: Final = (
    b"<app-root", b'id="root"', b"id='root'", b"id=root", b'id="app"', b"id='app'", b"id=app",
    b'id="__next"', b"enable javascript",
)  # fmt: skip
_JSON_INSIDE: Final = (b"application/json", b"application/ld+json", b"__next_data__")
_JAVASCRIPT: Final = re.compile(r"(?i)^.{0,80}\benable javascript\b")


def _type(response: _Response) -> _Found | None:
    if _fits(response):
        return None
    wanted = " or ".join(response.expect.media)
    what = "not a document" if response.media is Media.UNKNOWN else response.media
    return Fault.WRONG_TYPE, f"{what} where {wanted} was expected: {response.begins}"


def _fits(response: _Response) -> bool:
    """Whether the bytes are of a type that is right. XHTML is both HTML and XML."""
    media, wanted = response.media, response.expect.media
    if not wanted or media in wanted:
        return True
    if media is Media.DOCX:
        return "zip" in wanted
    if media is Media.JSON and "text" in wanted:
        return response.head.startswith(b'"')  # a table whose cells are quoted
    if "html" in wanted:
        return media in (Media.XML, Media.TEXT) and _FRAGMENT.search(response.low) is not None
    if "xml" in wanted and media is Media.HTML:
        return response.low.startswith(b"<?xml") or b"www.w3.org/1999/xhtml" in response.low
    return False


_FRAGMENT: Final = re.compile(rb"<(?:html|body|div|p|table|span|br|pre|ul|ol|h[1-6])\b")


def _charset(response: _Response) -> _Found | None:
    """Many replacement characters: someone before us decoded it wrongly, and nothing mends that."""
    if response.media not in _CHARACTERS or (
        response.media is Media.UNKNOWN and "pdf" in response.expect.media
    ):
        return None
    body = response.body
    middle = len(body) // 2
    size = lost = 0
    for window in (body[:_HEAD], body[middle : middle + _HEAD], body[-_TAIL:]):
        size += len(window)
        if 0xEF in window:
            lost += window.count(b"\xef\xbf\xbd")
    if lost >= 10 and lost * 50 >= size:
        return Fault.WRONG_CHARSET, f"{lost} characters in {size} bytes cannot be made out."
    return None


_CHARACTERS: Final = frozenset({Media.HTML, Media.XML, Media.JSON, Media.TEXT, Media.UNKNOWN})


def _expected(response: _Response) -> _Found | None:
    size, smallest = len(response.body), response.expect.smallest
    if size < smallest:
        return Fault.EMPTY, f"{size} bytes, and a document has at least {smallest}."
    for words in response.expect.contains:
        if words.encode() not in response.body:
            return Fault.LAYOUT, f"It lacks {words!r}."
    return None


# -- reading a little --------------------------------------------------------------------------


_UNSEEN: Final = re.compile(rb"<(?:!--|(script|style|noscript|template|head|svg)\b)", re.IGNORECASE)
_TAG: Final = re.compile(rb"<[^<>]*>")


def _visible(markup: bytes) -> str:
    """What a reader sees of `markup`, roughly; in one pass, however broken it is."""
    low = markup.lower()
    parts = []
    at = 0
    while match := _UNSEEN.search(markup, at):
        parts.append(markup[at : match.start()])
        closing = b"</" + match[1].lower() if match[1] else b"-->"
        at = low.find(closing, match.end())
        if at < 0:
            break
    else:
        parts.append(markup[at:])
    text = _TAG.sub(b" ", b" ".join(parts)).decode("utf-8", "replace")
    return " ".join(html.unescape(text).replace("-->", " ").split())


def _plain(text: str) -> str:
    """One line that is safe to show."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[:1000]).split())
    return line if len(line) <= 200 else line[:199] + "…"


_TESTS: Final[tuple[Callable[[_Response], _Found | None], ...]] = (
    _wall,
    _elsewhere,
    _status,
    _lost,
    _nothing,
    _error,
    _unfinished,
    _absent,
    _hollow,
    _charset,
    _type,
    _expected,
)
_DENIALS: Final = frozenset({_error, _absent, _hollow})
