"""The API: each address, its parameters, and the OpenAPI that describes them."""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import brotli
import msgspec
from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from kratom_atlas import __version__
from kratom_atlas.model.time import PartialDate
from kratom_atlas.report.words import ADVICE
from kratom_atlas.settings import Settings
from kratom_atlas.web import answers, subscriptions
from kratom_atlas.web.answers import MOST, MOST_OFFSET, PAGE, About, AskedError, Reference, encode
from kratom_atlas.web.problems import MEDIA_TYPE, SCHEMA
from kratom_atlas.web.site import fresh, negotiate

__all__ = ["ROOT", "router"]

ROOT: Final = "/api/v1"
_LEAST: Final = 1024
_KEPT: Final = 32 << 20
"""So many bytes of answers are kept for whoever asks the same."""
_OF_SOURCES: Final = f"{ROOT}/sources"

_Short = Query(max_length=200)
Place = Annotated[
    str,
    Query(
        max_length=200,
        description="A code (US-AL), a postal code in lower case (al), a name (Alabama; Sarasota "
        "County, FL), a FIPS code, or an Open Civic Data division id.",
        examples=["US-AL"],
    ),
]
MaybePlace = Annotated[
    str | None, Query(max_length=200, description="A place, as its code or name.")
]
Inside = Annotated[bool, Query(description="Also the places that it binds.")]
Substances = Annotated[
    str | None, Query(max_length=200, description="Substance ids, joined by commas.")
]
On = Annotated[
    str | None,
    Query(max_length=10, description="The day of the law, as 2026-07-01 (default: today, UTC)."),
]
AsOf = Annotated[str | None, Query(max_length=10, description="The same as `on`.")]
Known = Annotated[
    str | None,
    Query(
        max_length=20,
        description="As this dataset knew it then: a day, or a moment as 2026-11-22T08:00:00Z.",
    ),
]
Limit = Annotated[int, Query(ge=1, le=MOST, description="So many at a time.")]
Offset = Annotated[int, Query(ge=0, le=MOST_OFFSET, description="So many are left out first.")]
Id = Annotated[str, Path(max_length=200)]


def _only_known(request: Request) -> None:
    """A parameter that is not read, or is given twice, is a mistake that should be told."""
    route = request.scope["route"]
    assert isinstance(route, APIRoute)
    known = [field.alias for field in route.dependant.query_params]
    seen: set[str] = set()
    for name, _ in request.query_params.multi_items():
        if name not in known:
            raise AskedError("query", f"no parameter {name[:40]!a}: {', '.join(known)}")
        if name in seen:
            raise AskedError(name, "it is given twice")
        seen.add(name)


def _day(on: str | None, as_of: str | None) -> str | None:
    if on is not None and as_of is not None and on != as_of:
        raise AskedError("as_of", "it says the same as on: give one of them")
    return on if on is not None else as_of


def router(reference: Callable[[], Reference], settings: Settings) -> APIRouter:  # noqa: C901 -- a list
    """Every address of the API that reads; `reference` is asked for each answer."""
    made = APIRouter(prefix=ROOT, dependencies=[Depends(_only_known)])

    kept = _Kept()

    def give(request: Request, make: Callable[[Reference], About]) -> Response:
        return _give(request, reference(), settings, kept, make)

    def add(path: str, shape: type[About], summary: str) -> Callable[[Any], Any]:
        return made.get(
            path,
            summary=summary,
            response_class=Response,
            responses=_responses(shape, named="{" in path),
        )

    @add("/status", answers.StatusAnswer, "What the law is in a place on a day, and why")
    def status(
        request: Request,
        place: Place,
        substance: Substances = None,
        on: On = None,
        as_of: AsOf = None,
        known: Known = None,
        why: Annotated[bool, Query(description="Also every provision that bears on it.")] = False,
    ) -> Response:
        return give(
            request,
            lambda r: r.status(
                place, substance=substance, on=_day(on, as_of), known=known, why=why
            ),
        )

    @add("/places", answers.PlaceList, "Places, by name, level, or what they lie in")
    def places(
        request: Request,
        q: Annotated[str | None, Query(max_length=200, description="Words of its name.")] = None,
        level: Annotated[str | None, Query(max_length=200, description="Levels.")] = None,
        inside: Annotated[
            str | None, Query(max_length=200, description="Only this place, and what it binds.")
        ] = None,
        on: On = None,
        as_of: AsOf = None,
        known: Known = None,
        limit: Limit = PAGE,
        offset: Offset = 0,
    ) -> Response:
        return give(
            request,
            lambda r: r.places(
                q, level=level, inside=inside, on=_day(on, as_of), known=known,
                limit=limit, offset=offset,
            ),
        )  # fmt: skip

    @add("/places/{code}", answers.PlaceAnswer, "One place, and whose law binds there")
    def place_(
        request: Request, code: Id, on: On = None, as_of: AsOf = None, known: Known = None
    ) -> Response:
        return give(request, lambda r: r.place(code, on=_day(on, as_of), known=known))

    @add("/history", answers.HistoryAnswer, "How the law of a place was, is and will be")
    def history(
        request: Request,
        place: Place,
        substance: Substances = None,
        on: On = None,
        as_of: AsOf = None,
        known: Known = None,
    ) -> Response:
        return give(
            request,
            lambda r: r.history(place, substance=substance, on=_day(on, as_of), known=known),
        )

    @add("/provisions", answers.ProvisionList, "Provisions, with their evidence")
    def provisions(
        request: Request,
        place: MaybePlace = None,
        inside: Inside = False,
        substance: Substances = None,
        effect: Annotated[str | None, Query(max_length=200)] = None,
        instrument: Annotated[str | None, Query(max_length=200)] = None,
        in_force: Annotated[
            bool | None, Query(description="Only those that are in force on the day, or not.")
        ] = None,
        on: On = None,
        as_of: AsOf = None,
        known: Known = None,
        limit: Limit = PAGE,
        offset: Offset = 0,
    ) -> Response:
        return give(
            request,
            lambda r: r.provisions(
                place, inside=inside, substance=substance, effect=effect, instrument=instrument,
                in_force=in_force, on=_day(on, as_of), known=known, limit=limit, offset=offset,
            ),
        )  # fmt: skip

    @add("/provisions/{provision_id}", answers.ProvisionAnswer, "One provision and its act")
    def provision(
        request: Request, provision_id: Id, on: On = None, as_of: AsOf = None, known: Known = None
    ) -> Response:
        return give(request, lambda r: r.provision(provision_id, on=_day(on, as_of), known=known))

    @add("/instruments", answers.InstrumentList, "Acts and bills, with their stage")
    def instruments(
        request: Request,
        place: MaybePlace = None,
        inside: Inside = False,
        kind: Annotated[str | None, Query(max_length=200)] = None,
        stage: Annotated[str | None, Query(max_length=200)] = None,
        on: On = None,
        as_of: AsOf = None,
        known: Known = None,
        limit: Limit = PAGE,
        offset: Offset = 0,
    ) -> Response:
        return give(
            request,
            lambda r: r.instruments(
                place, inside=inside, kind=kind, stage=stage, on=_day(on, as_of), known=known,
                limit=limit, offset=offset,
            ),
        )  # fmt: skip

    @add("/instruments/{instrument_id}", answers.InstrumentAnswer, "One act or bill")
    def instrument_(
        request: Request, instrument_id: Id, on: On = None, as_of: AsOf = None, known: Known = None
    ) -> Response:
        return give(request, lambda r: r.instrument(instrument_id, on=_day(on, as_of), known=known))

    @add("/changes", answers.ChangeList, "Changes of law, and of what this dataset said")
    def changes(
        request: Request,
        place: MaybePlace = None,
        inside: Inside = False,
        substance: Substances = None,
        kind: Annotated[str | None, Query(max_length=200)] = None,
        since: Annotated[str | None, Query(max_length=10, description="First day of law.")] = None,
        until: Annotated[str | None, Query(max_length=10, description="And before this.")] = None,
        on: On = None,
        as_of: AsOf = None,
        known: Known = None,
        limit: Limit = PAGE,
        offset: Offset = 0,
    ) -> Response:
        return give(
            request,
            lambda r: r.changes(
                place, inside=inside, substance=substance, kind=kind, since=since, until=until,
                on=_day(on, as_of), known=known, limit=limit, offset=offset,
            ),
        )  # fmt: skip

    @add("/diff", answers.Difference, "What changed between two days, or in what was said of one")
    def diff(
        request: Request,
        from_: Annotated[str | None, Query(alias="from", max_length=10)] = None,
        to: Annotated[str | None, Query(max_length=10)] = None,
        on: On = None,
        as_of: AsOf = None,
        known: Known = None,
        known_to: Annotated[
            str | None, Query(max_length=20, description="The second moment of knowledge.")
        ] = None,
        place: MaybePlace = None,
    ) -> Response:
        return give(
            request,
            lambda r: r.diff(
                from_=from_, to=to, on=_day(on, as_of), known=known, known_to=known_to, place=place
            ),
        )

    @add("/sources", answers.SourceList, "Where it is read, and how each source is doing")
    def sources(
        request: Request,
        source: Annotated[str | None, Query(max_length=200, description="One, by its id.")] = None,
        on: On = None,
        as_of: AsOf = None,
        known: Known = None,
        limit: Limit = PAGE,
        offset: Offset = 0,
    ) -> Response:
        return give(
            request,
            lambda r: r.sources(
                source, on=_day(on, as_of), known=known, limit=limit, offset=offset
            ),
        )

    @add("/words", answers.WordList, "The codebook: every word that an answer may use")
    def words(request: Request, on: On = None, as_of: AsOf = None, known: Known = None) -> Response:
        return give(request, lambda r: r.words(on=_day(on, as_of), known=known))

    @made.get("/openapi.json", include_in_schema=False)
    def described(request: Request) -> Response:
        body = json.dumps(_openapi(request.app, settings)).encode()
        return _send(request, body, hashlib.sha256(body).hexdigest()[:32])

    return made


# -- how an answer is sent ---------------------------------------------------------------------


class _Kept:
    """The last answers, by what they are made from: body and where the next page is."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, tuple[bytes, int | None]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, digest: str) -> tuple[bytes, int | None] | None:
        """An answer that was given before."""
        with self._lock:
            if digest in self._answers:
                self._answers.move_to_end(digest)
            return self._answers.get(digest)

    def put(self, digest: str, body: bytes, following: int | None) -> None:
        """Keep an answer; what was not asked for the longest makes room."""
        with self._lock:
            if digest not in self._answers:
                self._answers[digest] = (body, following)
                self._bytes += len(body)
            while self._bytes > _KEPT:
                _, (old, _) = self._answers.popitem(last=False)
                self._bytes -= len(old)


def _give(
    request: Request,
    reference: Reference,
    settings: Settings,
    kept: _Kept,
    make: Callable[[Reference], About],
) -> Response:
    """An answer, unless the client has it: its tag follows from what it is made from."""
    said = (
        __version__,
        reference.version,
        reference.ledger,
        str(reference.day(None)),
        settings.base_url,
        settings.report_url,
        reference.sources_mark if request.url.path == _OF_SOURCES else "",
        request.url.path,
        *sorted(request.query_params.multi_items()),
    )
    digest = hashlib.sha256(repr(said).encode()).hexdigest()[:32]
    codings = negotiate(request.headers.get("accept-encoding", ""))
    none_match = request.headers.get("if-none-match", "")
    # Whoever names the tag was answered before: what was asked is known to be right.
    for coding in ("", *codings):
        tag = _tag(digest, coding)
        if none_match.strip() != "*" and fresh(tag, None, none_match, None):
            return Response(status_code=304, headers=_headers(tag))
    found = kept.get(digest)
    if found is None:
        value = make(reference)
        found = (encode(value), getattr(value, "next_offset", None))
        kept.put(digest, *found)
    body, following = found
    headers = {}
    if following is not None:
        query = [(k, v) for k, v in request.query_params.items() if k != "offset"]
        address = f"{request.url.path}?{urlencode([*query, ('offset', following)])}"
        headers["Link"] = f'<{address}>; rel="next"'
    return _send(request, body, digest, headers)


def _send(
    request: Request, body: bytes, digest: str, headers: dict[str, str] | None = None
) -> Response:
    codings = negotiate(request.headers.get("accept-encoding", ""))
    coding = codings[0] if codings and len(body) >= _LEAST else ""
    told = {**_headers(_tag(digest, coding)), **(headers or {})}
    if fresh(_tag(digest, coding), None, request.headers.get("if-none-match"), None):
        return Response(status_code=304, headers=told)
    if coding:
        told["Content-Encoding"] = coding
        body = (
            brotli.compress(body, quality=4) if coding == "br" else gzip.compress(body, 5, mtime=0)
        )
    return Response(body, headers=told, media_type="application/json")


def _tag(digest: str, coding: str) -> str:
    return f'"{digest}{f".{coding}" if coding else ""}"'


def _headers(tag: str) -> dict[str, str]:
    return {"ETag": tag, "Cache-Control": "public, max-age=300", "Vary": "Accept-Encoding"}


# -- OpenAPI -----------------------------------------------------------------------------------


def _responses(shape: type[About], *, named: bool) -> dict[int | str, dict[str, Any]]:
    wrong = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    said = {"application/json": {"schema": {"$ref": f"#/components/schemas/{shape.__name__}"}}}
    return {
        200: {"description": "The answer.", "content": said},
        304: {"description": "The client has it."},
        404: {
            "description": f"Nothing has that {'id' if named else 'name'}.",
            "content": wrong,
        },
        422: {"description": "What was asked cannot be read.", "content": wrong},
    }


def _openapi(app: FastAPI, settings: Settings) -> dict[str, Any]:
    if app.openapi_schema:
        return app.openapi_schema
    made = get_openapi(
        title="Kratom Atlas",
        version=__version__,
        description=(
            "What the law on kratom is, here, on this day, and how we know. Every answer names the "
            "day (`on`, or `as_of`) and what was known (`known`), the version, and how to cite it. "
            f"{ADVICE}"
        ),
        routes=app.routes,
        license_info={
            "name": "CC BY 4.0 (data)",
            "url": "https://creativecommons.org/licenses/by/4.0/",
        },
        servers=[{"url": settings.base_url.rstrip("/") or "/"}],
    )
    shapes = [
        getattr(answers, name)
        for name in answers.__all__
        if isinstance(getattr(answers, name), type) and issubclass(getattr(answers, name), About)
    ]
    _, components = msgspec.json.schema_components(
        [*shapes, *subscriptions.SHAPES],
        schema_hook=_shape,
        ref_template="#/components/schemas/{name}",
    )
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(components)
    schemas["Problem"] = SCHEMA
    app.openapi_schema = made
    return made


def _shape(kind: type) -> dict[str, Any]:
    if kind is PartialDate:
        return {"type": "string", "description": "YYYY, YYYY-MM or YYYY-MM-DD."}
    raise NotImplementedError(kind)
