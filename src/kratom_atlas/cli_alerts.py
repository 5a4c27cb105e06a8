"""The commands that tell people: what waits to be sent, and who is subscribed to what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from kratom_atlas.console import say
from kratom_atlas.errors import AtlasError
from kratom_atlas.settings import Settings

if TYPE_CHECKING:
    import threading

    from kratom_atlas.model.subscription import ChannelKind, Choices, Subscription
    from kratom_atlas.model.vocabulary import Word
    from kratom_atlas.notify.channels import Channel
    from kratom_atlas.notify.subscribing import Desk
    from kratom_atlas.resolve.record import Record
    from kratom_atlas.store.database import Store
    from kratom_atlas.store.outbox import Outbox
    from kratom_atlas.store.subscriptions import Subscriptions

__all__ = ["COMMANDS"]

_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
W = TypeVar("W", bound="Word")


@click.group()
def alerts() -> None:
    """Tell subscribers what is new, and see what waits to be sent.

    \b
    Examples:
      kratom-atlas alerts list
      kratom-atlas alerts run --once
      kratom-atlas alerts test me@example.org
    """


@alerts.command("list")
@click.option("--dead", is_flag=True, help="The letters that were given up.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def list_(dead: bool, as_json: bool) -> None:
    """How many are subscribed, what waits to be sent, and what could not be.

    Addresses are shown in part.

    \b
    Example: kratom-atlas alerts list --dead
    """
    with _store() as store:
        letters = _dead(store) if dead else []
        state = {} if dead else _state(store)
    if as_json:
        _json(letters if dead else state)
        return
    for line in _dead_lines(letters) if dead else _state_lines(state):
        click.echo(line)
    if letters:
        say("to try one again: kratom-atlas alerts replay ID, or --all")


@alerts.command()
@click.option("--once", is_flag=True, help="Tell and send what there is now, and end.")
@click.option("--mark-told", is_flag=True, help="What is new is known already: tell nobody.")
@click.option("--attached", is_flag=True, hidden=True, help="End when standard input does.")
def run(once: bool, mark_told: bool, attached: bool) -> None:
    """Tell subscribers what is new in the ledger and the sources, and send what is due.

    Runs until stopped; with --once as long as something is due. `serve` does the same beside the
    site. Several may run on one store: one of them tells, all of them send. At the first run on a
    store what is known already is told to nobody, except what is yet to come.

    \b
    Example: kratom-atlas alerts run --once
    """
    settings = Settings.from_environment()
    if mark_told:
        _mark_told(settings)
        return
    stop = _until_told(attached)
    with _store(make=True) as store, _channels(settings) as channels:
        if not channels:
            say("note: no way to a subscriber is set up; see docs/ALERTS.md")
        if once:
            _run_once(store, settings, channels, stop)
            return
        from kratom_atlas.notify.cycle import run as run_on

        _log(for_programs=attached)
        if not attached:
            say(f"alerts are sent by {', '.join(channels) or 'nothing'}; stop with Ctrl-C")
        run_on(store, settings, channels, stop)
    if not attached:
        say("stopped")


@alerts.command()
@click.argument("whom", metavar="ADDRESS|REF")
def test(whom: str) -> None:
    """Send an example to a subscription, or to an address of mail or of Apprise.

    It says that it is a test. A webhook gets it only by the ref of its subscription, whose secret
    signs it.

    \b
    Example: kratom-atlas alerts test me@example.org
    """
    from kratom_atlas.notify.channels import Undelivered, masked
    from kratom_atlas.notify.messages import messages
    from kratom_atlas.notify.notices import sample
    from kratom_atlas.record import load_record
    from kratom_atlas.release.tables import Edition

    settings = Settings.from_environment()
    with _store(make=True) as store, _channels(settings) as channels:
        to = _whom(store, channels, whom)
        edition = Edition(load_record(settings), datetime.now(UTC).date().toordinal())
        envelope = sample(to, messages(edition), base_url=settings.base_url)
        try:
            _way(channels, to.channel).send(envelope)
        except Undelivered as error:
            raise AtlasError(f"it was not delivered: {error}") from None
        click.echo(f"sent to {masked(to.channel, to.address)} by {to.channel.label.lower()}")


@alerts.command()
@click.argument("ident", metavar="[ID]", required=False)
@click.option("--all", "every", is_flag=True, help="Every letter that was given up.")
def replay(ident: str | None, every: bool) -> None:
    """Try letters again that were given up, from the beginning.

    \b
    Example: kratom-atlas alerts replay --all
    """
    if (ident is None) == (not every):
        raise click.UsageError("give the ID of a letter, or --all.")
    with _store() as store:
        outbox = _outbox(store)
        now = _now()
        if ident is not None:
            if not outbox.replay(ident, now):
                raise AtlasError(
                    f"no letter {ident[:80]!r} that was given up, to somebody who is still "
                    "subscribed: see kratom-atlas alerts list --dead"
                )
            click.echo("it is tried again")
            return
        count = sum(outbox.replay(one.envelope.id, now) for one in outbox.dead(limit=100_000))
    click.echo(f"{count:,} letters are tried again")


@alerts.command()
def bounce() -> None:
    """Count a mail that came back (RFC 3464), read from standard input.

    For the mailbox that KRATOM_ATLAS_MAIL_BOUNCES names: let the mail server hand each mail to
    this command. Who is not there is sent nothing more.

    \b
    Example: kratom-atlas alerts bounce < returned.eml
    """
    import sys

    from kratom_atlas.notify.bounces import MAX_SIZE, take

    mail = sys.stdin.buffer.read(MAX_SIZE)
    with _store() as store:
        found, state = take(mail, _subscriptions(store), _now())
    how = "for good" if found.hard else "for now"
    click.echo(f"{found.ref}: not delivered {how} ({found.status}); it is {state.label.lower()}")


# -- subscriptions -----------------------------------------------------------------------------


@click.command()
@click.option("--email", metavar="ADDRESS", help="An address for mail.")
@click.option("--webhook", metavar="URL", help="An HTTPS address that takes signed events.")
@click.option("--apprise", metavar="URL", help="A chat or push service, as Apprise writes it.")
@click.option("--place", multiple=True, help="Here; may be given again (default: everywhere).")
@click.option("--inside/--not-inside", default=True, show_default=True, help="And inside it.")
@click.option("--substance", multiple=True, help="May be given again (default: all).")
@click.option("--topic", multiple=True, help="What to be told; may be given again.")
@click.option("--severity", help="Nothing less grave: major, minor or detail (default: detail).")
@click.option("--days", type=int, default=30, show_default=True, help="Upcoming: so far ahead.")
@click.option("--rhythm", help="at-once, daily or weekly (default: at-once).")
@click.option("--timezone", default="UTC", show_default=True, help="As America/New_York.")
@click.option("--hour", type=int, default=8, show_default=True, help="Of a daily or weekly one.")
@click.option(
    "--weekday",
    type=click.Choice(_WEEKDAYS, case_sensitive=False),
    default=_WEEKDAYS[0],
    show_default=True,
    help="Of a weekly one.",
)
@click.option("--confirmed", is_flag=True, help="The address is yours: nobody is asked.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def subscribe(
    email: str | None,
    webhook: str | None,
    apprise: str | None,
    place: tuple[str, ...],
    as_json: bool,
    confirmed: bool,
    **chosen: Any,
) -> None:
    """Subscribe an address to changes of the law.

    Its owner is sent a link first, and gets nothing more until it is used; a webhook is sent a
    challenge. What is printed is the ref of the subscription and, once, the secret of a webhook.

    \b
    Examples:
      kratom-atlas subscribe --email me@example.org --place "Sarasota County, FL"
      kratom-atlas subscribe --email me@example.org --place US-GA --substance leaf \\
        --topic upcoming --days 30 --rhythm daily --timezone America/New_York --confirmed
    """
    from kratom_atlas.model.subscription import ChannelKind
    from kratom_atlas.notify.channels import masked

    given = {
        ChannelKind.EMAIL: email,
        ChannelKind.WEBHOOK: webhook,
        ChannelKind.APPRISE: apprise,
    }
    named = [(kind, address) for kind, address in given.items() if address]
    if len(named) != 1:
        raise click.UsageError("give one of --email, --webhook and --apprise.")
    kind, address = named[0]
    settings = Settings.from_environment()
    record = _record(settings)
    choices = _choices(record, place, chosen)
    with _desk(settings, record) as desk:
        if confirmed:
            made = desk.admit(kind, address, choices)
        else:
            asked = desk.carry_out(desk.request(kind, address, choices))
            if asked is None:
                raise AtlasError(
                    "the address was asked a moment ago, or has as many subscriptions as it may "
                    "have: try again later, or end one with kratom-atlas unsubscribe"
                )
            made = asked
    is_waiting = kind is ChannelKind.EMAIL and not confirmed
    if as_json:
        _json(
            {
                "ref": made.ref,
                "channel": kind,
                "to": masked(made.channel, made.address),
                "confirmed": not is_waiting,
                "secret": made.secrets[0] if made.secrets else None,
            }
        )
        return
    click.echo(made.ref)
    if made.secrets:
        click.echo(made.secrets[0])
        say("the second line is the secret that signs its events; it is not shown again")
    state = "waits for the link to be used" if is_waiting else "is told from now on"
    say(f"{masked(made.channel, made.address)} {state}")


@click.command()
@click.argument("whom", metavar="REF|ADDRESS")
def unsubscribe(whom: str) -> None:
    """End a subscription, or all of an address.

    With the last one of an address, the address is erased.

    \b
    Example: kratom-atlas unsubscribe me@example.org
    """
    from kratom_atlas.model.subscription import SubscriptionState

    settings = Settings.from_environment()
    with _store() as store, _desk(settings) as desk:
        found = [
            one
            for one in _found(_subscriptions(store), whom)
            if one.state is not SubscriptionState.LEFT
        ]
        if not found:
            raise AtlasError(f"nobody is subscribed as {whom[:200]!r}")
        for one in found:
            desk.end(one)
    click.echo(f"ended: {len(found)} subscription{'s' if len(found) > 1 else ''}")


@click.command()
@click.argument("address")
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(address: str, yes: bool) -> None:
    """Erase an address and everything about it.

    Backups of the store still hold it, until they are gone.

    \b
    Example: kratom-atlas forget me@example.org
    """
    with _store() as store:
        subscriptions = _subscriptions(store)
        found = _found(subscriptions, address)
        if not found:
            click.echo("nothing is kept of it")
            return
        what = f"{len(found)} subscription{'s' if len(found) > 1 else ''}"
        if not yes:
            click.confirm(f"Erase {what}, and all that was sent to it?", abort=True, err=True)
        kinds = {(one.channel, one.address) for one in found}
        count = sum(subscriptions.forget(*whole) for whole in kinds)
    click.echo(f"erased: {count:,} subscription{'s' if count != 1 else ''}")


COMMANDS: Final[tuple[click.Command, ...]] = (alerts, forget, subscribe, unsubscribe)


# -- running -----------------------------------------------------------------------------------


def _run_once(
    store: Store,
    settings: Settings,
    channels: dict[ChannelKind, Channel],
    stop: threading.Event,
) -> None:
    from kratom_atlas.notify.cycle import Teller, send_due

    told = Teller(store, settings).turn(always=True)
    if told is None:
        click.echo("another process tells what is new; what is due is sent")
    else:
        first = " (the first run: what was known before is told to nobody)" if told.is_first else ""
        click.echo(f"new: {told.published:,}; to be delivered: {told.matched:,}{first}")
    sent = send_due(store, channels, stop).all
    click.echo(f"sent: {sent.sent:,}; to be tried again: {sent.again:,}; given up: {sent.dead:,}")


def _mark_told(settings: Settings) -> None:
    from kratom_atlas.notify.cycle import Teller

    with _store(make=True) as store:
        told = Teller(store, settings).turn(quietly=True, always=True)
    if told is None:
        raise AtlasError("another process tells what is new at this moment: try again")
    click.echo(f"marked as told: {told.published:,}; nobody is told of them")


def _until_told(attached: bool) -> threading.Event:
    """Set when the process is told to end, or, `attached`, when its standard input does."""
    import os
    import signal
    import sys
    import threading

    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())

    def watch() -> None:
        # Not through a buffer, whose lock a thread that waits would keep at the end.
        while os.read(sys.stdin.fileno(), 4096):
            pass
        stop.set()

    if attached:
        threading.Thread(target=watch, name="attached", daemon=True).start()
    return stop


def _log(*, for_programs: bool) -> None:
    """What happens is told line by line on standard error, without addresses."""
    import logging

    from kratom_atlas.web.watch import JsonLines

    told = logging.StreamHandler()
    told.setFormatter(
        JsonLines() if for_programs else logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    )
    logging.basicConfig(level=logging.INFO, handlers=[told], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)


# -- what there is -----------------------------------------------------------------------------


def _state(store: Store) -> dict[str, Any]:
    from msgspec.structs import asdict

    settings = Settings.from_environment()
    counts = _subscriptions(store).counts()
    with _channels(settings, quiet=True) as channels:
        ways = [str(kind) for kind in channels]
    return {
        "subscriptions": {str(state): count for state, count in counts.items()},
        "outbox": asdict(_outbox(store).stats()),
        "channels": ways,
    }


def _state_lines(state: dict[str, Any]) -> Iterator[str]:
    told = ", ".join(f"{count:,} {name}" for name, count in state["subscriptions"].items())
    yield f"subscriptions: {told or 'none'}"
    outbox = state["outbox"]
    numbers = ", ".join(
        f"{value:,} {name.replace('_', ' ')}"
        for name, value in outbox.items()
        if isinstance(value, int)
    )
    yield f"outbox: {numbers}"
    if outbox["oldest_due"]:
        yield f"due since: {outbox['oldest_due']}"
    yield f"channels: {', '.join(state['channels']) or 'none'}"


def _dead_lines(letters: list[dict[str, Any]]) -> Iterator[str]:
    for one in letters:
        yield f"{one['at']} {one['id']} {one['channel']} {one['to']}: {one['reason']}"
        yield from (f"  {title}" for title in one["titles"])
    if not letters:
        yield "no letter was given up"


def _dead(store: Store) -> list[dict[str, Any]]:
    from kratom_atlas.notify.channels import masked

    return [
        {
            "id": one.envelope.id,
            "at": one.at,
            "ref": one.envelope.subscription.ref,
            "channel": one.envelope.subscription.channel,
            "to": masked(one.envelope.subscription.channel, one.envelope.subscription.address),
            "reason": one.reason,
            "titles": [notice.title for notice in one.envelope.notices],
        }
        for one in _outbox(store).dead()
    ]


def _whom(store: Store, channels: dict[ChannelKind, Channel], whom: str) -> Subscription:
    """The subscription of a ref or an address, or one made up for an address that has none."""
    from kratom_atlas.model.subscription import (
        ChannelKind,
        Choices,
        Subscription,
        SubscriptionState,
    )

    found = _found(_subscriptions(store), whom)
    if found:
        return found[0]
    kind = _kind(whom)
    if kind is None:
        raise AtlasError(f"no subscription {whom[:200]!r}, and it is no address")
    if kind is ChannelKind.WEBHOOK:
        raise AtlasError("a webhook is tested by the ref of its subscription, which has its secret")
    return Subscription(
        ref="test-only",
        channel=kind,
        address=_way(channels, kind).check(whom),
        choices=Choices(),
        state=SubscriptionState.ACTIVE,
        created_at=_now(),
        confirmed_at=_now(),
    )


def _found(subscriptions: Subscriptions, whom: str) -> list[Subscription]:
    """The subscription of a ref, or those of an address, however it is written."""
    one = subscriptions.get(whom)
    if one is not None:
        return [one]
    kind = _kind(whom)
    if kind is None:
        return []
    with _channels(Settings.from_environment(), quiet=True) as channels:
        try:
            whole = channels[kind].check(whom) if kind in channels else whom
        except AtlasError:
            whole = whom
    return [one for address in {whole, whom} for one in subscriptions.of(kind, address)]


def _kind(address: str) -> ChannelKind | None:
    """What sort of address it is, by its looks."""
    from kratom_atlas.model.subscription import ChannelKind

    scheme, separator, _ = address.partition("://")
    if separator:
        web = scheme.lower() in ("http", "https")
        return ChannelKind.WEBHOOK if web else ChannelKind.APPRISE
    return ChannelKind.EMAIL if "@" in address else None


def _way(channels: dict[ChannelKind, Channel], kind: ChannelKind) -> Channel:
    if kind not in channels:
        raise AtlasError(f"{kind.label.lower()} is not set up here; see docs/ALERTS.md")
    return channels[kind]


def _choices(record: Record, places: Iterable[str], chosen: dict[str, Any]) -> Choices:
    from kratom_atlas.model.subscription import Choices, Rhythm, Topic
    from kratom_atlas.model.vocabulary import Severity, Substance
    from kratom_atlas.places import find_place

    usual = Choices()
    codes = []
    for words in places:
        found = find_place(record, words)
        if found.note:
            say(f"note: {found.note}")
        codes.append(record.places[found.index].code)
    topics = tuple(_word(Topic, "topic", word) for word in chosen["topic"])
    return Choices(
        places=tuple(codes),
        inside=chosen["inside"],
        substances=tuple(_word(Substance, "substance", word) for word in chosen["substance"]),
        topics=topics or usual.topics,
        severity=_word(Severity, "severity", chosen["severity"] or usual.severity),
        notice_days=chosen["days"],
        rhythm=_word(Rhythm, "rhythm", chosen["rhythm"] or usual.rhythm),
        timezone=chosen["timezone"],
        hour=chosen["hour"],
        weekday=_WEEKDAYS.index(chosen["weekday"]) + 1,
    )


def _word(words: type[W], name: str, given: str) -> W:
    """A word of the vocabulary.

    Raises:
        click.UsageError: it is none; the message names those there are.
    """
    for word in words:
        if word == given.lower():
            return word
    raise click.UsageError(f"no {name} {given[:80]!r}: one of {', '.join(words)}.")


# -- what commands work with -------------------------------------------------------------------


@contextmanager
def _store(*, make: bool = False) -> Iterator[Store]:
    """The store; `make`: one is made where there is none."""
    from kratom_atlas.store.database import open_store

    settings = Settings.from_environment()
    if not (make or settings.database_url or settings.default_database.is_file()):
        raise AtlasError(
            "there is no store here, so nobody is subscribed: name it with "
            "KRATOM_ATLAS_DATABASE_URL, or its folder with KRATOM_ATLAS_HOME"
        )
    with open_store(settings.store_url) as store:
        yield store


def _outbox(store: Store) -> Outbox:
    from kratom_atlas.store.outbox import Outbox

    return Outbox(store)


def _subscriptions(store: Store) -> Subscriptions:
    from kratom_atlas.store.subscriptions import Subscriptions

    return Subscriptions(store)


@contextmanager
def _channels(settings: Settings, *, quiet: bool = False) -> Iterator[dict[ChannelKind, Channel]]:
    """The ways to subscribers; `quiet`: none, where what they need is not set."""
    from kratom_atlas.notify.channels import channels
    from kratom_atlas.notify.links import Links
    from kratom_atlas.notify.subscribing import why_closed
    from kratom_atlas.notify.tokens import Tokens

    closed = why_closed(settings)
    if closed and quiet:
        yield {}
        return
    if closed:
        raise AtlasError(f"alerts cannot be sent: {closed}")
    links = Links(settings.base_url, Tokens(settings.secret))
    found = channels(settings, links, stranger=False)
    try:
        yield found
    finally:
        for one in found.values():
            one.close()


@contextmanager
def _desk(settings: Settings, record: Record | None = None) -> Iterator[Desk]:
    from kratom_atlas.notify.subscribing import open_desk, why_closed

    closed = why_closed(settings)
    if closed:
        raise AtlasError(f"subscriptions are closed: {closed}")
    codes = frozenset(place.code for place in record.places) if record is not None else frozenset()
    desk = open_desk(settings, lambda: codes, stranger=False)
    try:
        yield desk
    finally:
        desk.close()


def _record(settings: Settings) -> Record:
    from kratom_atlas.record import load_record

    return load_record(settings)


def _json(found: Any) -> None:
    import json

    click.echo(json.dumps(found, ensure_ascii=False, indent=1))


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
