"""Subscriptions over the API: the same desk as the pages, in JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, TypeVar

import anyio.to_thread
import msgspec
from fastapi import APIRouter, Path, Request
from msgspec import Meta, Struct
from starlette.responses import Response

from kratom_atlas.model.keeping import MOST_DAYS_AHEAD, MOST_PLACES
from kratom_atlas.model.subscription import (
    ChannelKind,
    Choices,
    Rhythm,
    Subscription,
    SubscriptionState,
    Topic,
)
from kratom_atlas.model.vocabulary import Severity, Substance
from kratom_atlas.notify.channels import masked
from kratom_atlas.notify.limits import LimitedError
from kratom_atlas.notify.subscribing import ChoiceError, Desk
from kratom_atlas.notify.tokens import TokenError
from kratom_atlas.web.forms import read_body
from kratom_atlas.web.problems import MEDIA_TYPE, problem

__all__ = ["PATH", "SHAPES", "add_to"]

PATH: Final = "/subscriptions"
_ONE: Final = f"{PATH}/{{token}}"
JSON: Final = "application/json"

Token = Annotated[str, Path(max_length=200, description="From a link that was sent.")]
Client = Callable[[Request], str]
Work = Callable[[Desk], Response]
Act = Callable[[Work], Awaitable[Response]]
T = TypeVar("T")


class Wanted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be told. What is left out is as in the form: see `Choices`."""

    places: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=40)], ...],
        Meta(max_length=MOST_PLACES, description="Codes; none means everywhere."),
    ] = ()
    inside: Annotated[bool, Meta(description="Also the law of places inside.")] = True
    substances: Annotated[
        tuple[Substance, ...], Meta(max_length=len(Substance), description="None means all.")
    ] = ()
    topics: Annotated[tuple[Topic, ...], Meta(min_length=1, max_length=len(Topic))] = (
        Choices().topics
    )
    severity: Annotated[Severity, Meta(description="The least grave that is told.")] = (
        Severity.DETAIL
    )
    notice_days: Annotated[
        int, Meta(ge=1, le=MOST_DAYS_AHEAD, description="How far ahead the upcoming is told.")
    ] = 30
    rhythm: Rhythm = Rhythm.AT_ONCE
    timezone: Annotated[str, Meta(max_length=64, description="An IANA name.")] = "UTC"
    hour: Annotated[int, Meta(ge=0, le=23, description="Of a digest.")] = 8
    weekday: Annotated[int, Meta(ge=1, le=7, description="Of a weekly digest; 1: Monday.")] = 1

    def choices(self) -> Choices:
        """The same, for the desk."""
        return Choices(**{name: getattr(self, name) for name in self.__struct_fields__})


class SubscriptionRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to write, and what is to be told."""

    channel: ChannelKind
    address: Annotated[str, Meta(min_length=1, max_length=2000)]
    choices: Wanted = Wanted()


class Asked(Struct, frozen=True, kw_only=True):
    """The same answer for every address. `secret` signs what a webhook is sent; told once."""

    detail: str
    secret: str | None = None


class KeptSubscription(Struct, frozen=True, kw_only=True):
    """A subscription as its owner sees it; the address is shortened."""

    ref: str
    channel: ChannelKind
    address: str
    state: SubscriptionState
    created_at: str
    confirmed_at: str
    choices: Choices


class Confirmed(Struct, frozen=True, kw_only=True):
    """A confirmed subscription. `token` manages it."""

    subscription: KeptSubscription
    token: str


class Secret(Struct, frozen=True, kw_only=True):
    """The new secret of a webhook; the one before it signs as well, until the next."""

    secret: str


SHAPES: Final = (SubscriptionRequest, Wanted, Asked, KeptSubscription, Confirmed, Secret)
_ASKED: Final = "A message was sent there, if it may be: what it asks for has to be done first."


def add_to(made: APIRouter, desk: Desk | None, closed: str, client: Client) -> None:
    """Add every address. Without a desk, each says that there is none."""

    async def act(work: Work) -> Response:
        if desk is None:
            return problem(404, f"this service sends no alerts: {closed}")
        return await anyio.to_thread.run_sync(_guarded, work, desk)

    _add_asking(made, act, client)
    _add_choices(made, act)
    _add_steps(made, act)


def _add_asking(made: APIRouter, act: Act, client: Client) -> None:
    @made.post(PATH, summary="Ask to be told", **_said(202, Asked, takes=SubscriptionRequest))
    async def ask(request: Request) -> Response:
        body = await read_body(request, JSON)

        def work(desk: Desk) -> Response:
            given = _decoded(body, SubscriptionRequest)
            checked = desk.request(
                given.channel, given.address, given.choices.choices(), client=client(request)
            )
            desk.later(checked)
            return _answer(Asked(detail=_ASKED, secret=checked.secret or None), 202)

        return await act(work)


def _add_choices(made: APIRouter, act: Act) -> None:
    @made.get(_ONE, summary="A subscription", **_said(200, KeptSubscription))
    async def read(token: Token) -> Response:
        return await act(lambda desk: _answer(_kept(desk.read(token))))

    @made.put(_ONE, summary="Choose otherwise", **_said(200, KeptSubscription, takes=Wanted))
    async def change(token: Token, request: Request) -> Response:
        body = await read_body(request, JSON)

        def work(desk: Desk) -> Response:
            desk.read(token)
            return _answer(_kept(desk.change(token, _decoded(body, Wanted).choices())))

        return await act(work)

    @made.delete(_ONE, summary="End it", **_said(204))
    async def leave(token: Token) -> Response:
        def work(desk: Desk) -> Response:
            desk.leave(token)
            return Response(status_code=204, headers=_HEADERS)

        return await act(work)


def _add_steps(made: APIRouter, act: Act) -> None:
    @made.post(f"{_ONE}/confirm", summary="Agree, with the token sent", **_said(200, Confirmed))
    async def confirm(token: Token) -> Response:
        def work(desk: Desk) -> Response:
            found = desk.confirm(token)
            return _answer(Confirmed(subscription=_kept(found), token=desk.manage_token(found)))

        return await act(work)

    @made.post(f"{_ONE}/rotate", summary="A new secret of a webhook", **_said(200, Secret))
    async def rotate(token: Token) -> Response:
        return await act(lambda desk: _answer(Secret(secret=desk.rotate(token))))

    @made.post(f"{_ONE}/forget", summary="Erase everything with its address", **_said(204))
    async def forget(token: Token) -> Response:
        def work(desk: Desk) -> Response:
            desk.forget(token)
            return Response(status_code=204, headers=_HEADERS)

        return await act(work)


_HEADERS: Final = {"Cache-Control": "no-store"}


class _UnreadableError(Exception):
    """A body that is not of its shape."""


def _guarded(work: Work, desk: Desk) -> Response:
    """What is wrong, as a problem."""
    try:
        return work(desk)
    except _UnreadableError as error:
        return problem(422, str(error))
    except ChoiceError as error:
        return problem(422, f"{error.field}: {error}")
    except TokenError as error:
        return problem(410 if error.expired else 404, str(error))
    except LimitedError as error:
        return problem(429, str(error), {"Retry-After": str(error.retry_after)})


def _decoded(body: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _UnreadableError(f"the body cannot be read: {error}") from None


def _answer(value: Struct, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, _HEADERS, JSON)


def _kept(found: Subscription) -> KeptSubscription:
    return KeptSubscription(
        ref=found.ref,
        channel=found.channel,
        address=masked(found.channel, found.address),
        state=found.state,
        created_at=found.created_at,
        confirmed_at=found.confirmed_at,
        choices=found.choices,
    )


def _said(
    status: int, shape: type[Struct] | None = None, takes: type[Struct] | None = None
) -> dict[str, Any]:
    """What OpenAPI is told of an address."""
    wrong = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    told: dict[int | str, dict[str, Any]] = {
        status: {"description": "Done."}
        if shape is None
        else {"description": "The answer.", "content": {JSON: {"schema": _ref(shape)}}},
        404: {"description": "The token does not count, or there are no alerts.", **wrong},
        410: {"description": "The token has expired.", **wrong},
        422: {"description": "What was asked cannot be read.", **wrong},
    }
    made: dict[str, Any] = {"status_code": status, "response_class": Response, "responses": told}
    if takes is not None:
        told[413] = {"description": "The body is too large.", **wrong}
        told[415] = {"description": "The body is no JSON.", **wrong}
        content = {JSON: {"schema": _ref(takes)}}
        made["openapi_extra"] = {"requestBody": {"required": True, "content": content}}
    if takes is SubscriptionRequest:
        told[429] = {"description": "Too much was asked; Retry-After says when again.", **wrong}
        del told[410]
    return made


def _ref(shape: type[Struct]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{shape.__name__}"}
