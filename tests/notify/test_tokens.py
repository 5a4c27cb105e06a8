"""Signed links: for one purpose, one subscription, one time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.keeping import CONFIRM, LEAVE, MANAGE
from kratom_atlas.model.subscription import ChannelKind, Choices, Subscription, SubscriptionState
from kratom_atlas.notify.links import Links
from kratom_atlas.notify.tokens import Purpose, TokenError, Tokens

SECRET = "correct horse battery staple, and more"
NOW = 1_800_000_000.0
MINE = Subscription(
    ref="Ab3_-xyzAb3_-xyzAb3_-x",
    channel=ChannelKind.EMAIL,
    address="ann@example.org",
    choices=Choices(),
    state=SubscriptionState.ACTIVE,
    created_at="2026-11-22T10:00:00Z",
)


def tokens(at: float = NOW, secret: str = SECRET) -> Tokens:
    return Tokens(secret, lambda: at)


@given(st.sampled_from(Purpose), st.sets(st.sampled_from(Purpose)), st.integers(0, 999_999))
def test_a_token_counts_for_its_purpose_alone(
    purpose: Purpose, asked: set[Purpose], epoch: int
) -> None:
    token = tokens().make(purpose, replace(MINE, epoch=epoch))
    if purpose in asked:
        claim = tokens().read(token, *asked)
        assert (claim.purpose, claim.ref, claim.epoch) == (purpose, MINE.ref, epoch)
    else:
        with pytest.raises(TokenError) as told:
            tokens().read(token, *asked)
        assert not told.value.expired


@pytest.mark.parametrize(
    ("purpose", "life"),
    [(Purpose.CONFIRM, CONFIRM), (Purpose.MANAGE, MANAGE), (Purpose.LEAVE, LEAVE)],
)
def test_a_token_counts_until_its_time_is_over(purpose: Purpose, life: timedelta) -> None:
    token = tokens().make(purpose, MINE)
    last = NOW + life.total_seconds()
    assert tokens(last).read(token, purpose).ref == MINE.ref
    with pytest.raises(TokenError) as told:
        tokens(last + 1).read(token, purpose)
    assert told.value.expired
    with pytest.raises(TokenError):
        tokens(NOW - 3600).read(token, purpose)


@given(st.integers(0, 10**6), st.characters())
def test_no_letter_of_it_can_be_another(at: int, letter: str) -> None:
    token = tokens().make(Purpose.MANAGE, MINE)
    at %= len(token)
    forged = token[:at] + letter + token[at + 1 :]
    assume(forged != token)
    try:
        claim = tokens().read(forged, Purpose.MANAGE)
    except TokenError:
        return
    # The last letter of a signature carries bits that mean nothing; nothing else may differ.
    assert at == len(token) - 1
    assert claim == tokens().read(token, Purpose.MANAGE)


@given(st.text(max_size=300))
def test_whatever_else_is_no_token(text: str) -> None:
    with pytest.raises(TokenError):
        tokens().read(text, *Purpose)


def test_another_secret_is_another_signature() -> None:
    token = tokens(secret=SECRET[::-1]).make(Purpose.LEAVE, MINE)
    with pytest.raises(TokenError):
        tokens().read(token, Purpose.LEAVE)


@pytest.mark.parametrize("secret", ["", "short", "x" * 31])
def test_a_short_secret_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(AtlasError, match="at least 32") as told:
        Tokens(secret)
    assert not secret or secret not in str(told.value).replace("openssl rand -hex 32", "")


def test_what_is_no_name_is_not_signed() -> None:
    for ref in ("", "a.b.c.d.e", "../../etc", "short"):
        with pytest.raises(ValueError, match="not the name"):
            tokens().make(Purpose.LEAVE, replace(MINE, ref=ref))


def test_links_are_whole_and_lead_where_they_say() -> None:
    links = Links("https://example.org/atlas/", tokens())
    root = "https://example.org/atlas/subscriptions/"
    for made, purpose, step in (
        (links.confirm(MINE), Purpose.CONFIRM, "/confirm"),
        (links.manage(MINE), Purpose.MANAGE, ""),
        (links.leave(MINE), Purpose.LEAVE, "/leave"),
    ):
        assert made.startswith(root)
        assert made.endswith(step)
        token = made.removeprefix(root).removesuffix(step)
        assert tokens().read(token, purpose).ref == MINE.ref
        assert len(made) < 200, "so that a header holds it"
    assert links.changes() == "https://example.org/atlas/changes/"
    assert links.page("j/US-GA/") == "https://example.org/atlas/j/US-GA/"


@pytest.mark.parametrize(
    "base",
    ["", "example.org", "javascript:alert(1)", "https://a b", "https://x/\r\nBcc: y", "/atlas"],
)
def test_links_need_an_address(base: str) -> None:
    with pytest.raises(AtlasError, match="KRATOM_ATLAS_BASE_URL"):
        Links(base, tokens())
