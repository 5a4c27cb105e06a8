"""The pages on which people subscribe, confirm, change their minds, and leave.

They work without scripts. What changes anything is a POST with the token in its address: there
are no cookies, so there is nothing that another site could use. Who only looks, as programs do
that follow every link in a mail, changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any, Final

import anyio.to_thread
from fastapi import APIRouter, Path, Request
from starlette.responses import RedirectResponse, Response

from kratom_atlas.model.keeping import CONFIRM
from kratom_atlas.model.subscription import (
    ChannelKind,
    Choices,
    Subscription,
    SubscriptionState,
)
from kratom_atlas.notify.channels import masked
from kratom_atlas.notify.limits import LimitedError
from kratom_atlas.notify.subscribing import ChoiceError, Desk
from kratom_atlas.notify.tokens import TokenError
from kratom_atlas.report.words import listed
from kratom_atlas.site.standing import subscribe_page
from kratom_atlas.web.answers import Reference
from kratom_atlas.web.draft import Draft, Understood, labelled, problems, rows_of, shown, understood
from kratom_atlas.web.forms import Fields, read_body, read_form
from kratom_atlas.web.pages import Pages, held

__all__ = ["client_of", "router"]

_MOST_GIVEN: Final = 20
"""Places that an address of the form may name."""
_BLANKS: Final = 4
"""Fields for places that are added at a time."""
_HOURS: Final = round(CONFIRM.total_seconds() / 3600)
_DONE: Final = {
    "changed": "Saved.",
    "renewed": "Earlier links to this page no longer work. This page has a new address.",
}

Token = Annotated[str, Path(max_length=200)]


def client_of(request: Request) -> str:
    """The address of who asks, for counting alone."""
    return request.client.host if request.client else ""


def router(
    pages: Pages, reference: Callable[[], Reference], desk: Desk | None, closed: str
) -> APIRouter:
    """Every page; without a desk, the one that says why there is none."""
    made = APIRouter(include_in_schema=False)
    if desk is None or not desk.kinds:
        why = closed or "its operator has set up no way to send them"

        async def explain() -> Response:
            return pages.sent(subscribe_page(pages.frame, why))

        for path in ("/subscribe/", "/subscribe/index.html"):
            made.add_api_route(path, explain, methods=["GET"])
        return made
    counter = _Counter(pages, reference, desk)
    _add_asking(made, counter)
    _add_links(made, counter)
    return made


def _add_asking(made: APIRouter, counter: _Counter) -> None:
    @made.get("/subscribe/")
    @made.get("/subscribe/index.html")
    async def form(request: Request) -> Response:
        given = request.query_params.getlist("place")[:_MOST_GIVEN]
        return await _run(counter, request, partial(counter.form, given))

    @made.post("/subscribe/")
    async def asked(request: Request) -> Response:
        fields = await read_form(request)
        return await _run(counter, request, partial(counter.ask, fields, client_of(request)))

    @made.get("/subscribe/asked")
    async def thanks(request: Request) -> Response:
        return await _run(counter, request, counter.thanks)

    @made.get("/subscribe/again")
    async def again(request: Request) -> Response:
        return await _run(counter, request, counter.again)

    @made.post("/subscribe/again")
    async def remind(request: Request) -> Response:
        fields = await read_form(request)
        return await _run(counter, request, partial(counter.remind, fields, client_of(request)))


def _add_links(made: APIRouter, counter: _Counter) -> None:
    @made.get("/subscriptions/{token}")
    async def manage(token: Token, request: Request) -> Response:
        done = request.query_params.get("done", "")
        return await _run(counter, request, partial(counter.manage, token, done))

    @made.post("/subscriptions/{token}")
    async def change(token: Token, request: Request) -> Response:
        fields = await read_form(request)
        return await _run(counter, request, partial(counter.change, token, fields))

    @made.get("/subscriptions/{token}/confirm")
    async def may_confirm(token: Token, request: Request) -> Response:
        return await _run(counter, request, partial(counter.may_confirm, token))

    @made.get("/subscriptions/{token}/leave")
    async def may_leave(token: Token, request: Request) -> Response:
        return await _run(counter, request, partial(counter.may_leave, token))

    @made.post("/subscriptions/{token}/leave")
    async def leave(token: Token, request: Request) -> Response:
        # A mail program sends it, from wherever it is, with whatever body: RFC 8058.
        await read_body(request)
        return await _run(counter, request, partial(counter.leave, token))

    for step, act in (
        ("confirm", counter.confirm),
        ("forget", counter.forget),
        ("rotate", counter.rotate),
        ("renew", counter.renew),
    ):
        made.add_api_route(
            f"/subscriptions/{{token}}/{step}", _step(counter, act), methods=["POST"]
        )


def _step(counter: _Counter, act: Callable[[str], Response]) -> Callable[..., object]:
    async def post(token: Token, request: Request) -> Response:
        await read_form(request)
        return await _run(counter, request, partial(act, token))

    return post


async def _run(counter: _Counter, request: Request, act: Callable[[], Response]) -> Response:
    """Work in a thread; what is wrong with a link or a limit is told on a page."""
    root = "../" * (request.url.path.count("/") - 1)

    def work() -> Response:
        try:
            return act()
        except TokenError as error:
            return counter.no_link(root, expired=error.expired)
        except LimitedError as error:
            return counter.limited(root, error)

    return await anyio.to_thread.run_sync(work)


class _Counter:
    """Where the pages are drawn and what they send is understood."""

    def __init__(self, pages: Pages, reference: Callable[[], Reference], desk: Desk) -> None:
        self._pages = pages
        self._reference = reference
        self._desk = desk

    # -- asking ----------------------------------------------------------------------------------

    def form(self, places: list[str]) -> Response:
        """An empty form, with places that a link named."""
        reference = self._reference()
        draft = Draft.of(Choices(), reference)
        draft.places = [
            labelled(place, reference) if place in reference.codes else place[:200]
            for place in places
        ]
        return self._form(draft, Fields(), None)

    def ask(self, fields: Fields, client: str) -> Response:
        """Take a request: the same answer, whatever is known of the address."""
        draft = Draft.sent(fields)
        if fields.one("step") == "more":
            draft.places += [""] * _BLANKS
            return self._form(draft, fields, None)
        read = understood(draft, self._reference())
        channel = _channel(fields, self._desk, read.errors)
        if read.choices is None or channel is None:
            return self._form(draft, fields, read, 422)
        if read.notes:
            return self._form(draft, fields, read)
        try:
            request = self._desk.request(
                channel, fields.one("address"), read.choices, client=client
            )
        except ChoiceError as error:
            read.errors[error.field] = str(error)
            return self._form(draft, fields, read, 422)
        self._desk.later(request)
        if request.secret:
            return self._said(
                "Asked for",
                "We ask your server whether it agrees.",
                root="../",
                status=202,
                secret=request.secret,
                note="Your server is asked now, with a signed event that it has to answer. When "
                "it has, alerts begin.",
            )
        return RedirectResponse("asked", 303, {"Cache-Control": "no-store"})

    def thanks(self) -> Response:
        """The same for everybody."""
        return self._said(
            "Look for our message",
            "If that address can be written to, a message is on its way. Open the link in it "
            f"within {_HOURS} hours and press the button there; until then nothing else is sent. "
            "No message after some minutes? Look among the spam, and see whether the address was "
            "right; the same address is written to only now and then, so wait before you try "
            "again.",
            root="../",
        )

    def again(self, errors: dict[str, str] | None = None, address: str = "") -> Response:
        """The form for a new link."""
        return self._pages.show(
            "again.html",
            title="Have a new link sent",
            root="../",
            here="Alerts",
            status=422 if errors else 200,
            is_public=True,
            ways=self._ways(self._desk.kinds[0]),
            found=problems(errors or {}),
            address=held(address),
            bad_address="address" in (errors or {}),
        )

    def remind(self, fields: Fields, client: str) -> Response:
        """Send a link, if there is something to send one for."""
        errors: dict[str, str] = {}
        channel = _channel(fields, self._desk, errors)
        if channel is not None:
            try:
                self._desk.remind(channel, fields.one("address"), client=client)
            except ChoiceError as error:
                errors[error.field] = str(error)
        if errors:
            return self.again(errors, fields.one("address")[:2000])
        return self._said(
            "Look for our message",
            "If that address is subscribed, a message with a link is on its way.",
            root="../",
        )

    # -- with a link -----------------------------------------------------------------------------

    def may_confirm(self, token: str) -> Response:
        """Ask whether they agree."""
        found = self._desk.waiting(token)
        return self._ask(
            "Confirm your subscription",
            f"Alerts of Kratom Atlas, to {masked(found.channel, found.address)}:",
            rows_of(found.choices, self._reference()),
            step="confirm",
            button="Yes, send me these",
            note="If you did not ask for this, close the page: nothing is sent, and the address "
            "is erased.",
        )

    def confirm(self, token: str) -> Response:
        """They agree."""
        found = self._desk.confirm(token)
        return self._said(
            "You are subscribed",
            f"We write to {masked(found.channel, found.address)} when there is something to tell. "
            "Every message has a link to change this or to end it.",
            root="../../",
            links=[self._manage_link(found, "../", "Change what you are told")],
        )

    def manage(
        self,
        token: str,
        done: str = "",
        *,
        draft: Draft | None = None,
        read: Understood | None = None,
    ) -> Response:
        """What they are subscribed to, and all that can be done about it."""
        found = self._desk.read(token)
        reference = self._reference()
        wrong = bool(read and read.errors)
        return self._pages.show(
            "manage.html",
            title="Your subscription",
            root="../",
            here="Alerts",
            status=422 if wrong else 200,
            me=held(token),
            way=found.channel.label,
            address=masked(found.channel, found.address),
            state=found.state.label,
            since=(found.confirmed_at or found.created_at)[:10],
            suspended=found.state is SubscriptionState.SUSPENDED,
            webhook=found.channel is ChannelKind.WEBHOOK,
            done=_DONE.get(done, ""),
            found=problems(read.errors) if read else [],
            understood=read.notes if read else [],
            others=[
                self._manage_link(other, "", _short(other, reference))
                for other in self._desk.others(found)
            ],
            c=shown(draft or Draft.of(found.choices, reference), reference, read),
        )

    def change(self, token: str, fields: Fields) -> Response:
        """Choose otherwise."""
        draft = Draft.sent(fields)
        self._desk.read(token)
        if fields.one("step") == "more":
            draft.places += [""] * _BLANKS
            return self.manage(token, draft=draft)
        read = understood(draft, self._reference())
        if read.choices is None or read.notes:
            return self.manage(token, draft=draft, read=read)
        self._desk.change(token, read.choices)
        return self._to(f"{token}?done=changed")

    def may_leave(self, token: str) -> Response:
        """Ask whether they want to end it."""
        found = self._desk.may_leave(token)
        if found is None:
            return self._left()
        return self._ask(
            "End this subscription",
            f"We then write no more of this to {masked(found.channel, found.address)}:",
            rows_of(found.choices, self._reference()),
            step="leave",
            button="End it",
            note="If it is your last, everything with your address is erased.",
        )

    def leave(self, token: str) -> Response:
        """End it: one POST, from wherever it comes."""
        self._desk.leave(token)
        return self._left()

    def forget(self, token: str) -> Response:
        """Erase the address."""
        self._desk.forget(token)
        return self._said(
            "Erased",
            "Everything with your address is erased: subscriptions, and what was sent.",
            root="../../",
        )

    def rotate(self, token: str) -> Response:
        """Another secret, shown once."""
        try:
            secret = self._desk.rotate(token)
        except ChoiceError as error:
            return self._said("Nothing changed", f"Nothing changed: {error}.", root="../../")
        return self._said(
            "A new secret",
            "What we send is signed with it from now on, and with the one before it, until you "
            "make the next.",
            root="../../",
            secret=secret,
            links=[{"url": f"../{token}", "words": "Back to your subscription"}],
        )

    def renew(self, token: str) -> Response:
        """Make earlier links stop working."""
        renewed = self._desk.renew(token)
        return self._to(f"../{self._desk.manage_token(renewed)}?done=renewed")

    # -- what is wrong ---------------------------------------------------------------------------

    def no_link(self, root: str, *, expired: bool) -> Response:
        """A link that does not count."""
        return self._said(
            "This link has expired" if expired else "This link does not work",
            "Links count for a time, and until what they are for was ended or erased. If you are "
            "subscribed, have a new one sent to your address.",
            root=root,
            status=410 if expired else 404,
            links=[{"url": f"{root}subscribe/again", "words": "Have a new link sent"}],
        )

    def limited(self, root: str, error: LimitedError) -> Response:
        """Too much was asked."""
        return self._said(
            "Not now",
            f"{str(error)[:1].upper()}{str(error)[1:]}. This bounds what anybody can have us send "
            "to others.",
            root=root,
            status=429,
            headers={"Retry-After": str(error.retry_after)},
        )

    # -- how it is drawn -------------------------------------------------------------------------

    def _form(
        self, draft: Draft, fields: Fields, read: Understood | None, status: int = 200
    ) -> Response:
        reference, kinds = self._reference(), self._desk.kinds
        errors = read.errors if read else {}
        mail_only = kinds == (ChannelKind.EMAIL,)
        shut = [kind.label for kind in ChannelKind if kind not in kinds]
        return self._pages.show(
            "subscribe_form.html",
            title="Get told when the law changes",
            root="../",
            here="Alerts",
            status=status,
            is_public=True,
            ways=self._ways(fields.one("channel") or kinds[0]),
            missing=listed(shut) if shut else "",
            mail_only=mail_only,
            address_label="Your e-mail address" if mail_only else "Address",
            address=held(fields.one("address")[:2000]),
            bad_address="address" in errors,
            found=problems(errors),
            understood=read.notes if read and not errors else [],
            c=shown(draft, reference, read),
        )

    def _ways(self, chosen: str) -> list[dict[str, object]]:
        return [
            {"value": str(k), "label": k.label, "meaning": k.meaning, "on": str(k) == chosen}
            for k in self._desk.kinds
        ]

    def _ask(
        self,
        title: str,
        lead: str,
        rows: list[dict[str, str]],
        *,
        step: str,
        button: str,
        note: str,
    ) -> Response:
        return self._pages.show(
            "ask.html",
            title=title,
            root="../../",
            here="Alerts",
            lead=lead,
            rows=rows,
            action=step,
            button=button,
            note=note,
        )

    def _said(
        self,
        title: str,
        lead: str,
        *,
        root: str,
        links: Sequence[dict[str, str]] = (),
        secret: str = "",
        note: str = "",
        **more: Any,
    ) -> Response:
        return self._pages.show(
            "said.html",
            title=title,
            root=root,
            here="Alerts",
            lead=lead,
            links=links,
            secret=secret,
            note=note,
            **more,
        )

    def _left(self) -> Response:
        return self._said(
            "You have left",
            "Nothing more of this subscription is sent. With the last one, everything with your "
            "address was erased.",
            root="../../",
            links=[{"url": "../../subscribe/", "words": "Subscribe to something else"}],
        )

    def _manage_link(self, found: Subscription, up: str, words: str) -> dict[str, str]:
        return {"url": f"{up}{self._desk.manage_token(found)}", "words": words}

    def _to(self, address: str) -> Response:
        return RedirectResponse(address, 303, {"Cache-Control": "no-store"})


def _channel(fields: Fields, desk: Desk, errors: dict[str, str]) -> ChannelKind | None:
    given = fields.one("channel")
    found = next((kind for kind in desk.kinds if str(kind) == given), None)
    if found is None:
        errors["channel"] = "choose one of those that are there"
    return found


def _short(subscription: Subscription, reference: Reference) -> str:
    """A subscription in a line."""
    places, *others = rows_of(subscription.choices, reference)
    return f"{places['words']}: {others[1]['words']}"
