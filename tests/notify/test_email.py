"""Mail: what it says, what is in its headers, and what the answers of a server mean."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import AuthResult
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from post_sample import Box, SampleLinks, envelope, mailbox, notice, subscription

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.subscription import (
    ChannelKind,
    Choices,
    Rhythm,
    SubscriptionState,
    Topic,
)
from kratom_atlas.model.vocabulary import Severity, Substance
from kratom_atlas.notify.channels import Undelivered, channels, masked
from kratom_atlas.notify.channels.email import Mail, ref_of, tag_of
from kratom_atlas.notify.channels.smtp import Relay
from kratom_atlas.notify.compose import MAX_SHORT, MAX_SUBJECT, short, words
from kratom_atlas.settings import Settings

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
LINKS = SampleLinks()


def mail(url: str, **more: Any) -> Mail:
    options = {key: more.pop(key) for key in ("trust",) if key in more}
    settings = Settings(
        Path(),
        None,
        "https://atlas.example.org",
        "",
        smtp_url=url,
        **({"mail_from": "Kratom Atlas <alerts@mail.example.org>", "mail_rate": 0.0} | more),
    )
    return Mail(settings, LINKS, clock=lambda: NOW, **options)


NOWHERE = mail("smtp://127.0.0.1:1")


def sent(one: Any, box: Box | None = None, **more: Any) -> EmailMessage:
    """An envelope, as a server of mail took it."""
    with mailbox(box, **more.pop("server", {})) as taken:
        post = mail(f"smtp://127.0.0.1:{taken.port}", **more)
        post.send(one)
        post.close()
    [letter] = taken.taken
    found = message_from_bytes(letter.original_content, policy=policy.default)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    return found


def parts(letter: EmailMessage) -> tuple[str, str]:
    text, html = letter.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    return text.get_content(), html.get_content()


# -- what it says --------------------------------------------------------------------------------


def test_a_letter_says_what_changed_and_how_to_leave() -> None:
    letter = sent(envelope())
    assert letter["subject"] == "Utah: 7-OH: from regulated to banned, from 2026-05-06"
    assert letter["from"] == "Kratom Atlas <alerts@mail.example.org>"
    assert letter["to"] == "reader@example.org"
    assert letter["auto-submitted"] == "auto-generated"
    assert letter["list-id"] == "Kratom Atlas alerts <alerts.mail.example.org>"
    leave = LINKS.leave(subscription())
    assert letter["list-unsubscribe"] == f"<{leave}>"
    assert letter["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert letter["date"].datetime == NOW
    assert letter["message-id"] == f"<{'0f' * 16}.{tag_of('Ref-1_xyz')}@mail.example.org>"
    assert letter.get_content_type() == "multipart/alternative"
    text, html = parts(letter)
    for said in (
        "[Law]",
        "- 7-OH: from regulated to banned.",
        "* Utah Code 58-37-4 (https://le.utah.example.org/58-37-4)",
        "on 2026-11-01 you asked for: US-UT and inside; all substances; new law, took effect, ",
        "upcoming (30 days ahead), correction; at once.",
        f"have everything about you erased: {LINKS.manage(subscription())}",
        f"End this: {leave}",
        "neither legal nor medical advice. As of 2026-11-23.",
    ):
        assert said in text
    assert '<a href="https://le.utah.example.org/58-37-4"' in html
    assert 'href="https://atlas.example.org/subscriptions/Ref-1_xyz.l?one&amp;two"' in html
    assert "US-UT and inside" in html
    assert not re.search(r"<img|src=|url\(|<script|<link|@import", html)
    assert "blank" not in text + html


def test_all_readers_of_the_same_get_their_own_links() -> None:
    with mailbox() as box:
        post = mail(f"smtp://127.0.0.1:{box.port}", mail_bounces="back@mail.example.org")
        for n in range(3):
            to = subscription(f"reader{n}@example.org", ref=f"ref{n}")
            post.send(envelope(to, id=f"id{n}"))
        post.close()
    assert len(box.sessions) == 1  # one connection
    for n, letter in enumerate(box.taken):
        assert letter.rcpt_tos == [f"reader{n}@example.org"]
        assert letter.mail_from == f"back+{tag_of(f'ref{n}')}@mail.example.org"
        said = letter.original_content.decode()
        assert said.count(f"subscriptions/ref{n}.l") == 3
        assert said.count(f"subscriptions/ref{n}.m") == 2
        assert f"Message-ID: <id{n}." in said
        assert not re.search(f"subscriptions/ref[^{n}]", said)


def test_corrections_come_first_and_say_so() -> None:
    law = notice("a")
    wrong = notice(
        "b", topic=Topic.CORRECTION, severity=Severity.DETAIL, title="Iowa: leaf: banned"
    )
    found = words(envelope(None, law, wrong), LINKS, as_of="2026-11-23")
    assert found.subject == "Correction: Iowa: leaf: banned (and 1 more)"
    assert found.text.index("Iowa") < found.text.index("Utah")
    assert "[Correction: what we said before was wrong]" in found.text
    again = words(envelope(None, notice(title="Correction: X", topic=Topic.CORRECTION)), LINKS,
                  as_of="2026-11-23")  # fmt: skip
    assert again.subject == "Correction: X"
    gone = notice(topic=Topic.CORRECTION, withdraws=True)
    assert "[Withdrawn: what we said" in words(envelope(None, gone), LINKS, as_of="x").text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"topic": Topic.UPCOMING}, "[Enacted, not in force]"),
        ({"topic": Topic.BILL_MOVED}, "[A bill: not law]"),
        ({"topic": Topic.TOOK_EFFECT}, "[Law that applies now]"),
        ({"facts": '{"kind":"knowledge"}'}, "[Law that we learned of late]"),
        ({"facts": "not JSON"}, "[Law]"),
    ],
)
def test_a_notice_says_whether_it_is_law(changes: dict[str, Any], said: str) -> None:
    found = words(envelope(None, notice(**changes)), LINKS, as_of="2026-11-23")
    assert said in found.text
    assert said.strip("[]") in found.html


def test_changes_of_one_act_stand_together() -> None:
    found = words(
        envelope(
            None,
            notice("a", act="act1", title="First"),
            notice("b", title="Second", severity=Severity.MINOR),
            notice("c", act="act1", title="Third", severity=Severity.DETAIL),
        ),
        LINKS,
        as_of="2026-11-23",
    )
    order = [found.text.index(word) for word in ("One act, 2", "First", "Third", "Second")]
    assert order == sorted(order)
    assert found.html.count("One act, 2 changes") == 1


def test_what_was_left_out_is_said() -> None:
    letter = sent(envelope(more=1234))
    assert letter["subject"].endswith("(and 1234 more)")
    for part in parts(letter):
        assert "1,234 more changes are left out here" in part
        assert "https://atlas.example.org/changes/" in part


def test_nothing_is_never_sent() -> None:
    with pytest.raises(AtlasError, match="nothing in it"):
        words(envelope(notices=()), LINKS, as_of="2026-11-23")
    with pytest.raises(AtlasError, match="nothing in it"):
        short(envelope(notices=()), LINKS)


def test_choices_are_said_in_words() -> None:
    chosen = Choices(
        places=tuple(f"US-{n:02}" for n in range(12)),
        inside=False,
        substances=(Substance.LEAF, Substance.SEVEN_OH),
        topics=(Topic.BILL_MOVED,),
        severity=Severity.MAJOR,
        rhythm=Rhythm.WEEKLY,
        timezone="America/New_York",
        weekday=7,
    )
    text = words(envelope(subscription(choices=chosen)), LINKS, as_of="2026-11-23").text
    flat = " ".join(text.split())
    assert "US-06, US-07 and 4 more; Kratom leaf and 7-OH; bill moved; " in flat
    assert "nothing less grave than major; weekly, Sunday at 08:00 (America/New_York)." in flat
    assert (
        "everywhere;"
        in words(
            envelope(subscription(choices=Choices(places=("", "US-UT")))), LINKS, as_of="x"
        ).text
    )


def test_a_chat_gets_a_short_message_that_calls_nobody() -> None:
    many = [
        notice(str(n), title=f"@everyone {n} <!channel> \u202eevil", text="x" * 300)
        for n in range(40)
    ]
    found = short(envelope(None, *many), LINKS)
    assert len(found.text) <= MAX_SHORT
    assert not re.search(r"@everyone|<!channel|\u202e", found.text + found.subject)
    left = re.search(r"(\d+) more changes are left out", found.text)
    assert left is not None
    assert int(left[1]) == 40 - found.text.count("Law: ")
    assert len(short(envelope(None, notice(text="y" * 9000)), LINKS).text) <= MAX_SHORT
    one = short(envelope(), LINKS).text
    assert "- 7-OH: from regulated to banned." in one
    assert LINKS.manage(subscription()) in one


# -- nothing can be put into it ------------------------------------------------------------------

HOSTILE = [
    "a\r\nBcc: all@example.org\r\n\r\nbody",
    "a\nX: y",
    "\x00\x07nul",
    "\u202egnp.exe",
    "\u2028line\u2029",
    "x" * 3000,
    "ž" * 3000,
    "💥 " * 900,
    "กระท่อม" * 400,
    "=?utf-8?q?Bcc:_x?=",
    "<script>alert(1)</script><img src=https://evil.example.org/p.gif>",
    ".\r\n.\r\nMAIL FROM:<evil@example.org>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_stay_words(text: str) -> None:
    one = notice(title=text, text=text, html=text, key=text, act=text, facts=text)
    letter = sent(envelope(None, one, notice("2", title=text)))
    raw = bytes(letter)
    assert all(len(line) <= 998 for line in raw.split(b"\n"))
    assert "bcc" not in letter
    assert "x" not in letter
    assert letter["to"] == "reader@example.org"
    subject = letter["subject"]
    assert len(subject) <= MAX_SUBJECT
    assert not re.search("[\x00-\x1f\x7f\u2028-\u202e]", subject)
    said, html = parts(letter)
    assert not re.search(r"<(script|img)|\x00|\u202e", html)
    assert "\x00" not in said
    assert "\u202e" not in said
    assert "End this: https://" in said


@given(st.text(), st.text())
@hypothesis_settings(max_examples=150, deadline=None)
def test_any_words_make_a_sound_letter(title: str, text: str) -> None:
    post = NOWHERE
    title, text = (t.encode("utf-8", "ignore").decode() for t in (title, text))
    one = envelope(None, notice(title=title, text=text, html=text))
    body = post._body(words(one, LINKS, as_of="2026-11-23"))
    assert b"\r" not in body.replace(b"\r\n", b"")
    assert b"\n" not in body.replace(b"\r\n", b"")
    assert max(map(len, body.split(b"\r\n"))) <= 998
    found = message_from_bytes(body, policy=policy.default)
    assert set(found.keys()) == {
        "From", "Subject", "List-Id", "Auto-Submitted", "MIME-Version", "Content-Type"
    }  # fmt: skip


@pytest.mark.parametrize("address", ["a@example.org\r\nBcc: b@example.org", "a b@example.org", "x"])
def test_an_address_that_is_none_gets_nothing(address: str) -> None:
    with mailbox() as box:
        post = mail(f"smtp://127.0.0.1:{box.port}")
        with pytest.raises(Undelivered) as caught:
            post.send(envelope(subscription(address)))
        post.close()
    assert (caught.value.permanent, caught.value.bounce) == (True, True)
    assert "\n" not in str(caught.value)
    assert not box.taken


def test_a_link_that_could_break_out_is_not_sent() -> None:
    with mailbox() as box:
        post = mail(f"smtp://127.0.0.1:{box.port}")
        with pytest.raises(Undelivered, match="KRATOM_ATLAS_BASE_URL"):
            post.send(envelope(subscription(ref="a>\r\nBcc: x")))
        with pytest.raises(Undelivered, match="KRATOM_ATLAS_BASE_URL"):
            post.greet(subscription(), "/subscriptions/x")
        post.close()
    assert not box.taken


# -- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "checked"),
    [
        ("Reader@Example.ORG", "Reader@example.org"),
        ("a.b+c@example.org", "a.b+c@example.org"),
        ("jiří@příklad.example.org", "jiří@příklad.example.org"),
        ("a@xn--pklad-zsa96e.example.org", "a@příklad.example.org"),
    ],
)
def test_an_address_is_written_in_one_way(written: str, checked: str) -> None:
    post = NOWHERE
    assert post.check(written) == checked
    assert post.check(checked) == checked


@pytest.mark.parametrize(
    "written",
    ["", "a", "a@", "@example.org", "a@b", "a@localhost", "a@@example.org", "a b@example.org",
     '"a b"@example.org', "a@example.org, b@example.org", "a@[127.0.0.1]", "a@exa_mple.org",
     "<a@example.org>", "a@example.org\r\nBcc: b@example.org", "a\x00@example.org",
     "a\u202e@example.org", "x" * 65 + "@example.org", "a@" + "b." * 200 + "org", "ž" * 5000],
)  # fmt: skip
def test_what_is_no_address_is_refused_in_a_line(written: str) -> None:
    with pytest.raises(AtlasError) as caught:
        NOWHERE.check(written)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 220


def test_letters_that_are_not_ascii_go_where_they_are_taken() -> None:
    to = subscription("jiří@příklad.example.org")
    letter = sent(envelope(to), server={"enable_SMTPUTF8": True})
    assert "jiří@xn--" in str(letter["to"]) or "jiří@" in str(letter["to"])
    with mailbox(enable_SMTPUTF8=False) as box:
        post = mail(f"smtp://127.0.0.1:{box.port}")
        with pytest.raises(Undelivered, match="not ASCII"):
            post.send(envelope(to))
        post.send(envelope(subscription("a@příklad.example.org")))
        post.close()
    assert box.taken[0].rcpt_tos == ["a@xn--pklad-zsa96e.example.org"]


def test_addresses_are_shown_masked() -> None:
    assert masked(ChannelKind.EMAIL, "reader@example.org") == "r...@example.org"
    hook = "https://hooks.example.org/services/T0/B0/key?token=x"
    assert masked(ChannelKind.WEBHOOK, hook) == "https://hooks.example.org/..."
    assert masked(ChannelKind.APPRISE, "tgram://123:key/chat") == "tgram://..."
    assert "key" not in masked(ChannelKind.WEBHOOK, "https://[key")


# -- servers -------------------------------------------------------------------------------------


def test_a_server_of_seven_bits_gets_seven_bits() -> None:
    with mailbox() as box:
        post = mail(f"smtp://127.0.0.1:{box.port}")
        post._server._features = frozenset()  # as of one that offers nothing
        post.send(envelope(None, notice(title="Žďár: kratom: banned", text="Zakázáno.\n.\n..x")))
        post.close()
    [letter] = box.taken
    assert letter.original_content.isascii()
    found = message_from_bytes(letter.original_content, policy=policy.default)
    assert isinstance(found, EmailMessage)
    assert found["subject"] == "Žďár: kratom: banned"
    assert "Zakázáno.\n.\n..x" in parts(found)[0].replace("\r", "")


@pytest.mark.parametrize(
    ("said", "permanent", "bounce"),
    [
        ("550 5.1.1 no such user reader@example.org", True, True),
        ("551 gone", True, True),
        ("552 5.2.2 mailbox full", False, True),
        ("550 5.7.1 relaying denied", True, False),
        ("450 4.2.1 try later", False, True),
    ],
)
def test_a_refused_recipient(said: str, permanent: bool, bounce: bool) -> None:
    with mailbox(Box(rcpt={"reader@example.org": said})) as box:
        post = mail(f"smtp://127.0.0.1:{box.port}")
        with pytest.raises(Undelivered) as caught:
            post.send(envelope())
        post.send(envelope(subscription("other@example.org")))  # the connection is still good
        post.close()
    assert (caught.value.permanent, caught.value.bounce) == (permanent, bounce)
    assert "reader" not in str(caught.value)
    assert [t.rcpt_tos for t in box.taken] == [["other@example.org"]]


@pytest.mark.parametrize(("said", "permanent"), [("554 5.6.0 spam", True), ("451 4.3.0 no", False)])
def test_a_refused_letter(said: str, permanent: bool) -> None:
    with mailbox(Box(data=[said])) as box:
        post = mail(f"smtp://127.0.0.1:{box.port}")
        with pytest.raises(Undelivered) as caught:
            post.send(envelope())
        post.send(envelope())
        post.close()
    assert (caught.value.permanent, caught.value.bounce) == (permanent, False)
    assert len(box.taken) == 1


def test_a_server_that_hangs_up_leaves_doubt_and_is_called_again() -> None:
    with mailbox(Box(hang_up=1)) as box:
        post = mail(f"smtp://127.0.0.1:{box.port}")
        with pytest.raises(Undelivered) as caught:
            post.send(envelope())
        assert (caught.value.permanent, caught.value.doubtful) == (False, True)
        post.send(envelope(id="second"))
        post.close()
    assert b"second" in box.taken[-1].original_content


def test_a_kept_connection_that_was_closed_is_opened_again() -> None:
    with mailbox() as box:
        post = mail(f"smtp://127.0.0.1:{box.port}")
        post.send(envelope())
        with post._server.connection() as connection:
            assert connection.sock is not None
            connection.sock.shutdown(socket.SHUT_RDWR)
        post.send(envelope(id="again"))
        post.close()
    assert len(box.taken) == 2
    assert len(box.sessions) == 2


class Pipeline:
    """A server that takes several commands at once, and answers in turn what it is told."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.said: list[bytes] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self) -> Pipeline:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()
        self.thread.join()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.socket.getsockname()[1]}"

    def serve(self) -> None:
        peer, _ = self.socket.accept()
        with peer, peer.makefile("rb") as lines:
            peer.sendall(b"220 here\r\n")
            lines.readline()
            peer.sendall(b"250-here\r\n250-8BITMIME\r\n250 PIPELINING\r\n")
            data = False
            while line := lines.readline():
                self.said.append(line)
                data = data and line != b".\r\n"
                if data:
                    continue
                if line.upper().startswith(b"QUIT"):
                    return
                answer = self.answers.pop(0)
                data = answer.startswith("354")
                peer.sendall(f"{answer}\r\n".encode())


OK = "250 2.1.0 OK"
GO_ON = "354 go on"


def test_a_server_that_takes_several_commands_at_once() -> None:
    with Pipeline(OK, OK, GO_ON, OK, OK, OK, GO_ON, OK) as server:
        post = mail(server.url)
        post.send(envelope())
        post.send(envelope(id="second"))
        post.close()
    said = b"".join(server.said)
    assert said.count(b"MAIL FROM:<alerts@mail.example.org> BODY=8BITMIME\r\n") == 2
    assert said.count(b"RCPT TO:<reader@example.org>\r\nDATA\r\n") == 2
    assert b"second" in said


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([OK, "550 5.1.1 who", "503 5.5.1 no recipients", OK], (True, True)),
        ([OK, "550 5.1.1 who", GO_ON, "554 5.5.1 no valid recipients"], (True, True)),
        ([OK, "450 4.2.1 later", GO_ON, "554 5.5.1 no valid recipients"], (False, True)),
        (["530 5.7.0 log in", "503 no", "503 no", OK], (False, False)),
        ([OK, OK, "452 4.3.1 no room", OK], (False, False)),
        ([OK, OK, GO_ON, "552 5.3.4 too big"], (True, False)),
    ],
)
def test_refusals_of_such_a_server(answers: list[str], expected: tuple[bool, bool]) -> None:
    with Pipeline(*answers, OK, OK, GO_ON, OK) as server:
        post = mail(server.url)
        with pytest.raises(Undelivered) as caught:
            post.send(envelope())
        post.send(envelope(id="second"))  # on the same connection, which is still in step
        post.close()
    assert (caught.value.permanent, caught.value.bounce) == expected
    body = [line for line in server.said if b"second" in line]
    assert body


def test_letters_sent_at_once_have_fates_of_their_own() -> None:
    answers = {"b@example.org": "550 5.1.1 who?", "d@example.org": "450 4.2.1 later"}
    some = [envelope(subscription(f"{x}@example.org", ref=x), id=x * 4) for x in "abcde"]
    bad = envelope(subscription("x y@example.org", ref="bad"), id="bad")
    empty = envelope(notices=())
    with mailbox(Box(rcpt=answers)) as box:
        post = mail(f"smtp://127.0.0.1:{box.port}")
        for _ in range(2):
            found = post.send_all([*some, bad, empty])
        post.close()
    whether = [None if one is None else (one.permanent, one.bounce) for one in found]
    assert whether == [None, (True, True), None, (False, True), None, (True, True), (True, False)]
    assert len(box.sessions) == 3
    assert sorted(t.rcpt_tos[0][0] for t in box.taken) == [*"aaccee"]


def test_many_at_once_when_a_connection_breaks() -> None:
    some = [envelope(subscription(f"{x}@example.org", ref=x), id=x * 4) for x in "abc"]
    with mailbox(Box(hang_up=1)) as box:
        post = mail(f"smtp://127.0.0.1:{box.port}")
        found = post.send_all(some)
        assert [one is not None and one.doubtful for one in found].count(True) == 1
        assert post.send_all(some) == [None, None, None]
        post.close()


def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        post = mail(f"smtp://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(Undelivered, match="refused") as caught:
            post.send(envelope())
    assert (caught.value.permanent, caught.value.unwell) == (False, True)


# -- TLS -----------------------------------------------------------------------------------------

CA = trustme.CA()


def server_context(*names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CA.issue_cert(*names).configure_cert(context)
    return context


@pytest.fixture
def trust() -> ssl.SSLContext:
    context = ssl.create_default_context()
    CA.configure_trust(context)
    return context


@pytest.fixture
def mail_host(monkeypatch: pytest.MonkeyPatch) -> str:
    """A name that is not local, and leads here."""
    real = socket.getaddrinfo

    def look(host: Any, *args: Any, **more: Any) -> Any:
        return real("127.0.0.1" if host == "mx.example.org" else host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look)
    return "mx.example.org"


def test_a_server_elsewhere_must_offer_tls(mail_host: str, trust: ssl.SSLContext) -> None:
    with mailbox() as box:
        post = mail(f"smtp://{mail_host}:{box.port}", trust=trust)
        with pytest.raises(Undelivered, match="STARTTLS"):
            post.send(envelope())
        allowed = mail(
            f"smtp://{mail_host}:{box.port}",
            trust=trust,
            allow_hosts=frozenset({f"{mail_host}:{box.port}"}),
        )
        allowed.send(envelope())
        allowed.close()
    assert len(box.taken) == 1


def test_starttls_with_a_certificate_that_is_checked(mail_host: str, trust: ssl.SSLContext) -> None:
    def login(_s: Any, _session: Any, _e: Any, _mechanism: str, data: Any) -> AuthResult:
        known = (data.login, data.password) == (b"us@er", b"p:w")
        return AuthResult(success=known, handled=False)

    options = {
        "tls_context": server_context(mail_host),
        "require_starttls": True,
        "auth_required": True,
        "authenticator": login,
    }
    with mailbox(**options) as box:
        url = f"smtp://us%40er:p%3Aw@{mail_host}:{box.port}"
        post = mail(url, trust=trust)
        post.send(envelope())
        post.close()
        assert len(box.taken) == 1
        with pytest.raises(Undelivered, match="user or password"):
            mail(url.replace("w@", "x@"), trust=trust).send(envelope())
        with pytest.raises(Undelivered, match="not trusted"):
            mail(url).send(envelope())
    with mailbox(**options | {"tls_context": server_context("other.example.org")}) as box:
        with pytest.raises(Undelivered, match="not trusted"):
            mail(f"smtp://{mail_host}:{box.port}", trust=trust).send(envelope())
        assert not box.taken


def test_smtps(trust: ssl.SSLContext) -> None:
    with mailbox(ssl_context=server_context("localhost")) as box:
        post = mail(f"smtps://localhost:{box.port}", trust=trust)
        post.send(envelope())
        post.close()
    assert len(box.taken) == 1


@pytest.mark.parametrize(
    "url", ["", "mx.example.org", "http://mx.example.org", "smtp://", "smtp://h:x", "smtp://h/path"]
)
def test_a_server_that_is_written_wrong(url: str) -> None:
    with pytest.raises(AtlasError, match="KRATOM_ATLAS_SMTP_URL"):
        Relay.of(url)


def test_a_password_is_in_no_repr() -> None:
    settings = Settings(Path(), None, "", "", secret="s3cret", smtp_url="smtp://u:pa55@h")
    assert "s3cret" not in repr(settings)
    assert "pa55" not in repr(settings)
    assert "pa55" not in repr(Relay.of("smtp://u:pa55@mx.example.org"))


# -- greeting, and what is configured ------------------------------------------------------------


def test_a_greeting_asks_and_sells_nothing() -> None:
    with mailbox() as box:
        post = mail(f"smtp://127.0.0.1:{box.port}")
        one = subscription(state=SubscriptionState.PENDING)
        post.greet(one, LINKS.confirm(one))
        post.close()
    letter = message_from_bytes(box.taken[0].original_content, policy=policy.default)
    assert isinstance(letter, EmailMessage)
    assert letter["subject"] == "Confirm: alerts from Kratom Atlas"
    assert "list-unsubscribe" not in letter
    for part in parts(letter):
        assert LINKS.confirm(one) in part
        assert "do nothing" in part
    assert "US-UT and inside" in parts(letter)[0]


def test_who_has_agreed_is_sent_a_link_and_not_asked_again() -> None:
    with mailbox() as box:
        post = mail(f"smtp://127.0.0.1:{box.port}")
        one = subscription()
        post.greet(one, LINKS.manage(one))
        post.close()
    letter = message_from_bytes(box.taken[0].original_content, policy=policy.default)
    assert isinstance(letter, EmailMessage)
    assert letter["subject"] == "Your alerts from Kratom Atlas: a new link"
    for part in parts(letter):
        assert LINKS.manage(one) in part
        assert "30 days" in part
        assert "nothing changes" in part


def test_mail_needs_a_server_and_an_address() -> None:
    def kinds(**more: str) -> set[ChannelKind]:
        found = channels(Settings(Path(), None, "", "", **more), LINKS)
        for one in found.values():
            one.close()
        return set(found)

    always = {ChannelKind.WEBHOOK, ChannelKind.APPRISE}
    assert kinds() == always
    assert kinds(smtp_url="smtp://localhost") == always
    assert kinds(smtp_url="smtp://localhost", mail_from="a@example.org") == set(ChannelKind)
    with pytest.raises(AtlasError, match="KRATOM_ATLAS_MAIL_FROM"):
        kinds(smtp_url="smtp://localhost", mail_from="nobody")


@given(st.text(st.characters(codec="ascii"), max_size=40))
def test_a_tag_stands_for_a_name_in_any_case(ref: str) -> None:
    assert ref_of(tag_of(ref)) == ref
    assert ref_of(tag_of(ref).upper()) == ref


def test_settings_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRATOM_ATLAS_SECRET", "x" * 32)
    monkeypatch.setenv("KRATOM_ATLAS_SMTP_URL", "smtp://mx.example.org")
    monkeypatch.setenv("KRATOM_ATLAS_MAIL_FROM", "a@example.org")
    monkeypatch.setenv("KRATOM_ATLAS_MAIL_BOUNCES", "b@example.org")
    monkeypatch.setenv("KRATOM_ATLAS_ALLOW_HOSTS", " Localhost:99  10.0.0.1 ")
    found = Settings.from_environment()
    assert (found.secret, found.smtp_url) == ("x" * 32, "smtp://mx.example.org")
    assert (found.mail_from, found.mail_bounces) == ("a@example.org", "b@example.org")
    assert found.allow_hosts == {"localhost:99", "10.0.0.1"}
    assert found.mail_rate == 10
    for wrong in ("fast", "-1", "nan", "inf"):
        monkeypatch.setenv("KRATOM_ATLAS_MAIL_RATE", wrong)
        with pytest.raises(AtlasError, match="KRATOM_ATLAS_MAIL_RATE"):
            Settings.from_environment()
    monkeypatch.setenv("KRATOM_ATLAS_MAIL_RATE", "2.5")
    assert Settings.from_environment().mail_rate == 2.5


def test_a_slow_rate_takes_fewer_connections() -> None:
    wide = {0.0: 20, 1000.0: 20, 50.0: 10, 10.0: 2, 0.5: 1}
    found = {rate: mail("smtp://127.0.0.1:1", mail_rate=rate).abreast for rate in wide}
    assert found == wide
