"""Subscribing on the web and by API: the whole way, and what strangers may try."""

from __future__ import annotations

import html
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from desk_sample import BASE, SECRET, Office, office_at, path_of, token_of

from kratom_atlas.model.subscription import ChannelKind, Choices, Rhythm, SubscriptionState, Topic
from kratom_atlas.model.vocabulary import Severity, Substance
from kratom_atlas.notify.channels import Undelivered
from kratom_atlas.web.subscriptions import Wanted

FORM = {
    "channel": "email",
    "topic": ["new-law", "upcoming"],
    "severity": "detail",
    "notice_days": "30",
    "rhythm": "at-once",
    "hour": "8",
    "weekday": "1",
    "timezone": "UTC",
    "inside": "yes",
}


@pytest.fixture(scope="module")
def office(
    tmp_path_factory: pytest.TempPathFactory, site_at: Callable[..., Path]
) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("desk")
    with office_at(folder, site_at(folder / "site")) as made:
        yield made


def form(address: str, **more: Any) -> dict[str, Any]:
    return {**FORM, "address": address, **more}


def words(answer: httpx.Response) -> str:
    body = answer.text.split('<main id="main">')[1].split("</main>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def wait_for(what: Callable[[], Any], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


# -- the way of somebody who subscribes --------------------------------------------------------


def test_from_the_page_of_a_place_to_alerts_and_out_again(office: Office) -> None:
    asked = office.get("/subscribe/?place=US-AL")
    assert 'value="Alabama (US-AL)"' in asked.text

    sent = office.post("/subscribe/", form("ann@example.org", place=["Alabama (US-AL)", "us-ga"]))
    assert (sent.status_code, sent.headers["Location"]) == (303, "asked")
    assert "Look for our message" in words(office.get("/subscribe/asked"))

    (link,) = office.box.to("ann@example.org")
    path = path_of(link)
    for look in (office.get(path), office.client.head(office.url + path)):
        assert look.status_code == 200
    assert "Alabama and Georgia, and places inside" in words(office.get(path))
    (waiting,) = office.of("ann@example.org")
    assert waiting.state is SubscriptionState.PENDING, "only looking is no consent"

    agreed = office.post(path)
    assert "You are subscribed" in words(agreed)
    (active,) = office.of("ann@example.org")
    assert active.state is SubscriptionState.ACTIVE
    assert active.confirmed_at.endswith("Z")
    assert active.choices.places == ("US-AL", "US-GA")

    manage = re.search(r'href="\.\./([\w.-]+)"', agreed.text)
    assert manage is not None
    here = f"/subscriptions/{manage[1]}"
    assert "a…@" in words(office.get(here)) or "a...@" in words(office.get(here))
    assert "ann@example.org" not in office.get(here).text

    weekly = {**FORM, "rhythm": "weekly", "timezone": "America/New_York", "topic": "correction"}
    saved = office.post(here, {**weekly, "place": "Sarasota County, FL"})
    assert saved.status_code == 303
    assert "Saved." in words(office.get(f"/subscriptions/{saved.headers['Location']}"))
    (changed,) = office.of("ann@example.org")
    assert changed.choices == Choices(
        places=("US-FL-12115",),
        topics=(Topic.CORRECTION,),
        rhythm=Rhythm.WEEKLY,
        timezone="America/New_York",
    )

    leave = f"{here}/leave"
    assert "Sarasota County, Florida" in words(office.get(leave))
    assert office.of("ann@example.org") != []
    assert "You have left" in words(office.post(leave))
    assert office.of("ann@example.org") == [], "the last one takes the address with it"
    assert "You have left" in words(office.post(leave)), "to leave again is no mistake"
    assert office.get(here).status_code == 404


def test_what_was_understood_is_shown_before_it_counts(office: Office) -> None:
    doubtful = office.post("/subscribe/", form("bea@example.org", place="AL"))
    assert doubtful.status_code == 200
    told = words(doubtful)
    assert "read as Albania (AL)" in told
    assert "Alabama (US-AL)" in told
    assert 'value="Albania (AL)"' in doubtful.text
    again = office.post("/subscribe/", form("bea@example.org", place="Albania (AL)"))
    assert again.status_code == 303
    wrong = office.post("/subscribe/", form("bea@example.org", place="Alabamma"))
    assert wrong.status_code == 422
    assert "did you mean Alabama (US-AL)?" in words(wrong)
    assert 'aria-invalid="true"' in wrong.text


def test_a_form_can_hold_more_places(office: Office) -> None:
    more = office.post("/subscribe/", form("cid@example.org", place=["us-al"], step="more"))
    assert more.status_code == 200
    assert more.text.count('name="place"') >= 5
    assert 'value="us-al"' in more.text
    assert "cid@example.org" in more.text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("topic", [], "choose at least one"),
        ("topic", ["everything"], "choose from what is there"),
        ("substance", ["tea"], "choose from what is there"),
        ("notice_days", "0", "a number from 1 to 365"),
        ("notice_days", "366", "a number from 1 to 365"),
        ("notice_days", "٣", "a number from 1 to 365"),
        ("hour", "24", "a number from 0 to 23"),
        ("weekday", "0", "a number from 1 to 7"),
        ("timezone", "Mars/Olympus", "no time zone of that name"),
        ("timezone", "../../etc/passwd", "no time zone of that name"),
        ("rhythm", "hourly", "choose from what is there"),
        ("severity", "", "choose from what is there"),
        ("channel", "pigeon", "choose one of those that are there"),
        ("address", "nobody", "that is no address"),
        ("address", "", "give an address"),
        ("place", "nowhere at all", "no place is called"),
    ],
)
def test_what_cannot_be_is_said_beside_the_form(
    office: Office, field: str, value: Any, said: str
) -> None:
    wrong = office.post("/subscribe/", form("dan@example.org") | {field: value})
    assert wrong.status_code == 422
    assert said in words(wrong)
    assert 'role="alert"' in wrong.text
    assert office.of("dan@example.org") == []


# -- nobody learns who is subscribed -----------------------------------------------------------


def test_known_and_unknown_addresses_get_the_same_answer(office: Office) -> None:
    office.active("eve@example.org")
    drop = {"date"}

    def seen(answer: httpx.Response) -> Any:
        headers = {k: v for k, v in answer.headers.items() if k not in drop}
        return answer.status_code, headers, answer.content

    for path in ("/subscribe/", "/subscribe/again"):
        known = office.post(path, form("eve@example.org"))
        unknown = office.post(path, form("eva@example.org"))
        assert seen(known) == seen(unknown)
    asked = [
        office.api("POST", "", {"channel": "email", "address": f"{name}@example.org"})
        for name in ("eve", "eva")
    ]
    assert seen(asked[0]) == seen(asked[1])
    assert asked[0].status_code == 202


def test_the_answer_does_not_wait_for_what_depends_on_the_address(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    asked = office.subscriptions.of

    def slow(*about: Any) -> Any:
        assert go_on.wait(20)
        return asked(*about)

    monkeypatch.setattr(office.subscriptions, "of", slow)
    began = time.monotonic()
    for path in ("/subscribe/", "/subscribe/again"):
        assert office.post(path, form("fay@example.org")).status_code in (200, 303)
    assert time.monotonic() - began < 5
    go_on.set()
    office.box.to("fay@example.org")


def test_a_new_link_goes_to_who_is_subscribed_and_nobody_else(office: Office) -> None:
    office.active("gil@example.org")
    said = office.post("/subscribe/again", {"channel": "email", "address": "gil@example.org"})
    assert "If that address is subscribed" in words(said)
    link = office.box.to("gil@example.org", 2)[1]
    assert office.get(path_of(link)).status_code == 200
    before = len(office.box.greeted)
    office.post("/subscribe/again", {"channel": "email", "address": "nobody@example.org"})
    office.active("gus@example.org")
    assert len(office.box.greeted) == before + 1
    wrong = office.post("/subscribe/again", {"channel": "email", "address": "x"})
    assert wrong.status_code == 422


# -- links -------------------------------------------------------------------------------------


def test_a_link_counts_for_what_it_was_made_for_alone(office: Office) -> None:
    manage = office.active("hal@example.org")
    confirm = token_of(office.box.to("hal@example.org")[0])
    (found,) = office.of("hal@example.org")
    leave = token_of(office.desk._links.leave(found))
    assert office.get(f"/subscriptions/{manage}").status_code == 200
    for other in (confirm, leave):
        assert office.get(f"/subscriptions/{other}").status_code == 404
        assert office.api("PUT", f"/{other}", {}).status_code == 404
        for step in ("forget", "rotate", "renew"):
            assert office.post(f"/subscriptions/{other}/{step}").status_code == 404
    assert office.post(f"/subscriptions/{manage}/confirm").status_code == 404
    assert office.post(f"/subscriptions/{confirm}/leave").status_code == 404
    assert [s.state for s in office.of("hal@example.org")] == [SubscriptionState.ACTIVE]


def test_a_token_of_another_subscription_opens_only_that(office: Office) -> None:
    mine, yours = office.active("ida@example.org"), office.active("ivo@example.org")
    ref = mine.split(".")[0]
    swapped = ".".join([ref, *yours.split(".")[1:]])
    assert office.get(f"/subscriptions/{swapped}").status_code == 404
    office.post(f"/subscriptions/{mine}/forget")
    assert office.of("ida@example.org") == []
    assert len(office.of("ivo@example.org")) == 1


@pytest.mark.parametrize(
    "token",
    ["x", "a" * 190, "...", "%00", "%ff%fe", "%E2%80%AE", "a.b.c.d", "'; DROP TABLE x--", "💥"],
)
def test_what_was_never_signed_is_refused(office: Office, token: str) -> None:
    for step in ("", "/confirm", "/leave"):
        assert office.get(f"/subscriptions/{token}{step}").status_code == 404
        assert office.post(f"/subscriptions/{token}{step}").status_code == 404
    assert office.api("GET", f"/{token}").status_code == 404


def test_links_expire(office: Office) -> None:
    manage = office.active("jan@example.org")
    office.post("/subscribe/", form("jil@example.org"))
    confirm = path_of(office.box.to("jil@example.org")[0])
    office.clock.ahead = timedelta(hours=49)
    try:
        late = office.post(confirm)
        assert late.status_code == 410
        assert "has expired" in words(late)
        assert "again" in late.text
        assert office.get(f"/subscriptions/{manage}").status_code == 200
        office.clock.ahead = timedelta(days=31)
        assert office.get(f"/subscriptions/{manage}").status_code == 410
        assert office.api("GET", f"/{manage}").status_code == 410
        assert office.desk.tidy() >= 1
        assert office.of("jil@example.org") == []
        assert len(office.of("jan@example.org")) == 1
    finally:
        office.clock.ahead = timedelta()


def test_a_replayed_confirmation_changes_nothing_and_brings_nothing_back(office: Office) -> None:
    office.post("/subscribe/", form("kim@example.org"))
    link = path_of(office.box.to("kim@example.org")[0])
    office.post(link)
    (first,) = office.of("kim@example.org")
    office.clock.ahead = timedelta(hours=1)
    assert "You are subscribed" in words(office.post(link))
    office.clock.ahead = timedelta()
    assert office.of("kim@example.org") == [first]
    manage = office.desk.manage_token(first)
    office.post(f"/subscriptions/{manage}/leave")
    assert office.post(link).status_code == 404
    assert office.of("kim@example.org") == []


def test_earlier_links_can_be_made_to_stop_working(office: Office) -> None:
    old = office.active("lea@example.org")
    (found,) = office.of("lea@example.org")
    leave = path_of(office.desk._links.leave(found))
    moved = office.post(f"/subscriptions/{old}/renew")
    assert moved.status_code == 303
    here = f"/subscriptions/{moved.headers['Location'].removeprefix('../')}"
    assert office.get(here).status_code == 200
    assert office.get(f"/subscriptions/{old}").status_code == 404
    assert office.post(leave).status_code == 200, "a link in old mail ends it all the same"
    assert office.of("lea@example.org") == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        (
            b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nx\r\n--b--',
            "multipart/form-data; boundary=b",
        ),
        (b"", ""),
    ],
)
def test_one_post_from_anywhere_ends_it(office: Office, body: bytes, kind: str) -> None:
    address = f"mo{len(body)}@example.org"
    office.active(address)
    (found,) = office.of(address)
    link = office.url + path_of(office.desk._links.leave(found))
    headers = {"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"}
    if kind:
        headers["Content-Type"] = kind
    done = httpx.post(link, content=body, headers=headers)
    assert done.status_code == 200
    assert office.of(address) == []


# -- other sites -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site", "Origin": "https://sub.atlas.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_forms_of_other_sites_are_refused(office: Office, headers: dict[str, str]) -> None:
    token = office.active(f"ned{abs(hash(str(headers)))}@example.org")
    for path, body in (
        ("/subscribe/", form("ned@example.org")),
        ("/subscribe/again", form("ned@example.org")),
        (f"/subscriptions/{token}", FORM),
        (f"/subscriptions/{token}/forget", FORM),
        (f"/subscriptions/{token}/renew", FORM),
        ("/report/", {"text": "wrong"}),
    ):
        refused = office.client.post(office.url + path, data=body, headers=headers)
        assert refused.status_code == 403, path
    assert office.of("ned@example.org") == []


def test_forms_of_this_site_are_taken(office: Office) -> None:
    host = office.url.removeprefix("http://")
    for n, headers in enumerate(
        (
            {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
            {"Origin": f"http://{host}"},
            {"Sec-Fetch-Site": "none"},
        )
    ):
        sent = office.client.post(
            f"{office.url}/subscribe/", data=form(f"own{n}@example.org"), headers=headers
        )
        assert sent.status_code == 303


def test_pages_of_others_may_not_use_subscriptions(office: Office) -> None:
    token = office.active("oda@example.org")
    for path in ("/subscriptions", f"/subscriptions/{token}"):
        for answer in (
            office.client.options(f"{office.url}/api/v1{path}"),
            office.client.get(f"{office.url}/api/v1{path}"),
        ):
            assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Access-Control-Allow-Origin" in office.get("/api/v1/words").headers


def test_pages_with_links_are_kept_by_nobody(office: Office) -> None:
    token = office.active("pia@example.org")
    for path in (
        f"/subscriptions/{token}",
        f"/subscriptions/{token}/leave",
        "/subscriptions/nonsense",
        f"/api/v1/subscriptions/{token}",
    ):
        headers = office.get(path).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    page = office.get(f"/subscriptions/{token}")
    assert "form-action 'self'" in page.headers["Content-Security-Policy"]
    assert "script" not in page.headers["Content-Security-Policy"]
    assert "<script" not in page.text
    assert 'name="referrer" content="no-referrer"' in page.text
    assert "Set-Cookie" not in page.headers


# -- floods and hostile words ------------------------------------------------------------------


def test_an_address_is_written_to_only_now_and_then(
    tmp_path: Path, site_at: Callable[..., Path]
) -> None:
    from kratom_atlas.notify.limits import RULES

    with office_at(tmp_path, site_at(tmp_path / "site"), rules=RULES) as office:
        for _ in range(4):
            assert office.post("/subscribe/", form("victim@example.org")).status_code == 303
        office.post("/subscribe/", form("other@example.org"))
        office.box.to("other@example.org")
        assert len(office.box.to("victim@example.org")) == 1
        statuses = [
            office.post("/subscribe/", form(f"v{n}@example.org")).status_code for n in range(8)
        ]
        assert statuses == [303] * 5 + [429] * 3
        refused = office.post("/subscribe/", form("last@example.org"))
        assert 0 < int(refused.headers["Retry-After"]) <= 3600
        assert "try again in" in words(refused)
        by_api = office.api("POST", "", {"channel": "email", "address": "last@example.org"})
        assert by_api.status_code == 429
        assert int(by_api.headers["Retry-After"]) > 0
        forged = office.post(
            "/subscribe/", form("last@example.org"), X_Forwarded_For="203.0.113.77"
        )
        assert forged.status_code == 429, "nobody was told to believe that header"


def test_a_proxy_that_is_trusted_says_which_network_asks(
    tmp_path: Path, site_at: Callable[..., Path]
) -> None:
    from desk_sample import WIDE

    rules = {**WIDE, "greet-network": "2/hour"}
    with office_at(
        tmp_path, site_at(tmp_path / "site"), rules=rules, proxies=["127.0.0.1"]
    ) as office:
        statuses = [
            office.post(
                "/subscribe/", form(f"n{n}@example.org"), X_Forwarded_For=client
            ).status_code
            for n, client in enumerate(
                (
                    "203.0.113.1", "203.0.113.2", "203.0.113.200", "198.51.100.7",
                    "2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:1:ffff::3", "2001:db8:0:2::1",
                )
            )
        ]  # fmt: skip
    assert statuses == [303, 303, 429, 303, 303, 303, 429, 303]


def test_a_shut_way_is_tried_again_and_a_dead_end_is_not(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office.desk._errands, "_again", (0.05, 0.05))
    office.box.trouble += [Undelivered("greylisted"), Undelivered("down")]
    office.post("/subscribe/", form("quin@example.org"))
    assert len(office.box.to("quin@example.org")) == 1
    office.box.trouble.append(Undelivered("no such user", permanent=True, bounce=True))
    office.post("/subscribe/", form("gone@example.org"))
    wait_for(lambda: not office.box.trouble)
    office.active("rex@example.org")
    assert office.box.links("gone@example.org") == []


LONG = "x" * 10_000
HOSTILE = [
    "<script>alert(1)</script>",
    "a@example.org\r\nBcc: all@example.org",
    "a@example.org\x00",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "\u202egnp.exe",
    "%0d%0aSet-Cookie:x",
    LONG,
]


@pytest.mark.parametrize("field", ["address", "place", "timezone", "notice_days", "topic", "step"])
@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_is_typed_is_shown_as_it_is_or_refused(
    office: Office, field: str, value: str
) -> None:
    sent = form("sam@example.org", place="us-al") | {field: value}
    answer = office.post("/subscribe/", sent)
    assert answer.status_code in (200, 303, 422)
    assert "<script>" not in answer.text
    assert "<img" not in answer.text
    assert "\u202e" not in answer.text
    assert "Set-Cookie" not in answer.headers
    for one, _ in office.box.greeted:
        assert one.address == "sam@example.org" or "\n" not in one.address


def test_bodies_that_are_no_forms_are_refused(office: Office) -> None:
    kind = "application/x-www-form-urlencoded"
    token = office.active("tom@example.org")
    for path in ("/subscribe/", "/subscribe/again", f"/subscriptions/{token}", "/report/"):
        for body, stated, status in (
            (b"x" * 70_000, kind, 413),
            (b"{}", "application/json", 415),
            (b"address=a", "text/plain", 415),
            (b"\xff\xfe=1", kind, 400),
            (b"address=%ff", kind, 400),
            (b"&".join([b"a=1"] * 500), kind, 400),
        ):
            answer = office.client.post(
                office.url + path, content=body, headers={"Content-Type": stated}
            )
            assert answer.status_code == status, (path, body[:20])
    flood = office.client.post(f"{office.url}/subscriptions/{token}/leave", content=b"x" * 70_000)
    assert flood.status_code == 413

    def pieces() -> Iterator[bytes]:
        for _ in range(80):
            yield b"y" * 1000

    chunked = office.client.post(
        f"{office.url}/subscribe/", content=pieces(), headers={"Content-Type": kind}
    )
    assert chunked.status_code == 413
    assert len(office.of("tom@example.org")) == 1


# -- the API -----------------------------------------------------------------------------------


def test_the_api_from_end_to_end(office: Office) -> None:
    wanted = {"places": ["US-GA"], "substances": ["7-oh"], "rhythm": "daily", "hour": 6}
    asked = office.api(
        "POST", "", {"channel": "email", "address": "Uma@Example.org", "choices": wanted}
    )
    assert asked.status_code == 202
    assert set(asked.json()) == {"detail", "secret"}
    confirm = token_of(office.box.to("uma@example.org")[0])
    done = office.api("POST", f"/{confirm}/confirm").json()
    token = done["token"]
    assert done["subscription"]["state"] == "active"
    assert done["subscription"]["choices"]["places"] == ["US-GA"]
    told = office.api("GET", f"/{token}").json()
    assert told["address"] == "u...@example.org"
    changed = office.api("PUT", f"/{token}", {"topics": ["correction"]})
    assert changed.json()["choices"]["places"] == []
    assert office.of("uma@example.org")[0].choices == Choices(topics=(Topic.CORRECTION,))
    assert office.api("POST", f"/{token}/rotate").status_code == 422
    assert office.api("DELETE", f"/{token}").status_code == 204
    assert office.of("uma@example.org") == []
    assert office.api("DELETE", f"/{token}").status_code == 204
    assert office.api("GET", f"/{token}").status_code == 404


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "channel"),
        ({"channel": "email"}, "address"),
        ({"channel": "fax", "address": "a"}, "fax"),
        ({"channel": "apprise", "address": "a"}, "does not write by chat or push"),
        ({"channel": "email", "address": "a"}, "address: that is no address"),
        ({"channel": "email", "address": "v@example.org", "admin": True}, "admin"),
        *(
            ({"channel": "email", "address": "v@example.org", "choices": choices}, said)
            for choices, said in (
                ({"places": ["US-ZZ"]}, "places: no place has the code"),
                ({"places": ["US-AL"] * 201}, "places"),
                ({"places": "US-AL"}, "places"),
                ({"topics": []}, "topics"),
                ({"notice_days": 0}, "notice_days"),
                ({"notice_days": 1e9}, "notice_days"),
                ({"timezone": "Nowhere"}, "timezone: no time zone"),
                ({"hour": 24}, "hour"),
                ({"colour": "red"}, "colour"),
            )
        ),
    ],
)
def test_the_api_says_what_cannot_be(office: Office, body: Any, said: str) -> None:
    wrong = office.api("POST", "", body)
    assert wrong.status_code == 422
    assert wrong.headers["Content-Type"] == "application/problem+json"
    assert said in wrong.json()["detail"]
    assert office.of("v@example.org") == []


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"\xff\xfe", "application/json", 422),
        (b'{"channel":"email","address":"\xff"}', "application/json", 422),
        (b'{"channel":"email","address":"\\ud800"}', "application/json", 422),
        (b"[" * 60_000, "application/json", 422),
        (b"x" * 70_000, "application/json", 413),
        (b"{}", "text/plain", 415),
        (b"channel=email", "application/x-www-form-urlencoded", 415),
    ],
)
def test_bodies_that_are_no_json_are_refused(
    office: Office, content: bytes, kind: str, status: int
) -> None:
    url = f"{office.url}/api/v1/subscriptions"
    answer = office.client.post(url, content=content, headers={"Content-Type": kind})
    assert answer.status_code == status


def test_what_may_be_left_out_is_as_in_the_form() -> None:
    assert Wanted().choices() == Choices()


def test_the_openapi_describes_it(office: Office) -> None:
    told = office.get("/api/v1/openapi.json").json()
    paths = {p.removeprefix("/api/v1"): set(v) for p, v in told["paths"].items()}
    assert paths["/subscriptions"] == {"post"}
    assert paths["/subscriptions/{token}"] == {"get", "put", "delete"}
    shape = told["components"]["schemas"]["Wanted"]
    assert shape["properties"]["places"]["maxItems"] == 200
    assert shape["properties"]["notice_days"]["maximum"] == 365


# -- webhooks ----------------------------------------------------------------------------------


def test_a_webhook_gets_its_secret_once_and_agrees_by_answering(office: Office) -> None:
    address = "https://hooks.example/alerts"
    asked = office.post("/subscribe/", form(address, channel="webhook"))
    assert asked.status_code == 202
    secret = re.search(r"whsec_[\w+/=]+", asked.text)
    assert secret is not None
    office.hooks.to(address)
    wait_for(lambda: office.subscriptions.of(ChannelKind.WEBHOOK, address)[0].confirmed_at)
    (found,) = office.subscriptions.of(ChannelKind.WEBHOOK, address)
    assert found.state is SubscriptionState.ACTIVE
    assert found.secrets == (secret[0],)
    token = office.desk.manage_token(found)
    assert secret[0] not in office.get(f"/subscriptions/{token}").text
    first = office.api("POST", f"/{token}/rotate").json()["secret"]
    shown = office.post(f"/subscriptions/{token}/rotate")
    second = re.search(r"whsec_[\w+/=]+", shown.text)
    assert second is not None
    (found,) = office.subscriptions.of(ChannelKind.WEBHOOK, address)
    assert found.secrets == (second[0], first), "the one before signs as well, and no other"


def test_a_server_that_does_not_answer_is_not_subscribed(office: Office) -> None:
    address = "https://silent.example/alerts"
    office.hooks.trouble.append(Undelivered("did not answer the challenge", permanent=True))
    asked = office.api("POST", "", {"channel": "webhook", "address": address})
    assert asked.json()["secret"].startswith("whsec_")
    wait_for(lambda: not office.hooks.trouble)
    (found,) = office.subscriptions.of(ChannelKind.WEBHOOK, address)
    assert found.state is SubscriptionState.PENDING


# -- several, and none -------------------------------------------------------------------------


def test_an_address_may_have_several_and_none_twice(office: Office) -> None:
    first = office.active("wes@example.org", places=["US-AL"])
    office.active("wes@example.org", places=["US-GA"])
    third = office.active("wes@example.org", places=["US-AL"])
    alive = [s for s in office.of("wes@example.org") if s.state is SubscriptionState.ACTIVE]
    assert sorted(s.choices.places for s in alive) == [("US-AL",), ("US-GA",)]
    assert third.split(".")[0] == first.split(".")[0], "the same choices are the same subscription"
    page = office.get(f"/subscriptions/{first}")
    assert "Also to this address" in page.text
    other = re.search(r'<li><a href="([\w.-]+)">Georgia', page.text)
    assert other is not None
    assert office.get(f"/subscriptions/{other[1]}").status_code == 200
    office.post(f"/subscriptions/{first}/leave")
    assert len(office.of("wes@example.org")) > 1, "the other one stays"
    assert office.post(f"/subscriptions/{other[1]}/forget").status_code == 200
    assert office.of("wes@example.org") == []


def test_a_suspended_one_starts_again_when_its_owner_saves(office: Office) -> None:
    token = office.active("xan@example.org")
    (found,) = office.of("xan@example.org")
    office.subscriptions.bounced(found.ref, hard=True, now="2026-11-22T10:00:00Z")
    assert office.of("xan@example.org")[0].state is SubscriptionState.SUSPENDED
    assert "Your address refused" in words(office.get(f"/subscriptions/{token}"))
    assert office.post(f"/subscriptions/{token}", FORM).status_code == 303
    assert office.of("xan@example.org")[0].state is SubscriptionState.ACTIVE


def test_where_nothing_is_set_up_the_page_says_so_and_points_to_feeds(server: Any) -> None:
    for path in ("/subscribe/", "/subscribe/index.html"):
        page = server.get(path)
        assert page.status_code == 200
        assert "KRATOM_ATLAS_SECRET and KRATOM_ATLAS_BASE_URL" in page.text
        assert "feeds/all.atom" in page.text
        assert "<form" not in page.text
    asked = httpx.post(
        f"{server.url}/api/v1/subscriptions", json={"channel": "email", "address": "a@b.example"}
    )
    assert asked.status_code == 404
    assert "sends no alerts" in asked.json()["detail"]
    assert server.get("/subscriptions/x").status_code == 404


class Mailbox:
    """A server of mail that keeps what it is given."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        letter = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        return "250 OK"


def test_by_real_mail_and_without_a_trace_in_the_log(
    tmp_path: Path, site_at: Callable[..., Path], server_of: Any
) -> None:
    box = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mail = Controller(box, hostname="127.0.0.1", port=port)
    mail.start()
    settings = {
        "KRATOM_ATLAS_SECRET": SECRET,
        "KRATOM_ATLAS_BASE_URL": BASE,
        "KRATOM_ATLAS_SMTP_URL": f"smtp://127.0.0.1:{port}",
        "KRATOM_ATLAS_MAIL_FROM": "alerts@atlas.example",
        "KRATOM_ATLAS_ALLOW_HOSTS": f"127.0.0.1 127.0.0.1:{port}",
    }
    words_ = ("--no-schedule", "--proxy", "127.0.0.1")
    site = site_at(tmp_path / "site")
    try:
        with server_of(site, tmp_path / "home", *words_, **settings) as running:
            client = {"X-Forwarded-For": "203.0.113.9"}
            sent = form("zoe@mail-example.org", place="us-al")
            assert httpx.post(f"{running.url}/subscribe/", data=sent, headers=client).is_redirect
            wait_for(lambda: box.letters)
            (letter,) = box.letters
            assert letter["to"] == "zoe@mail-example.org"
            body = letter.get_body(("plain",))
            assert body is not None
            link = re.search(rf"{BASE}/subscriptions/\S+/confirm", body.get_content())
            assert link is not None
            here = running.url + path_of(link[0])
            assert "z...@mail-example.org" in running.get(path_of(link[0])).text
            done = httpx.post(here, data={"yes": "yes"}, headers=client)
            assert "You are subscribed" in done.text
            manage = re.search(r'href="\.\./([\w.-]+)"', done.text)
            assert manage is not None
            assert running.get(f"/subscriptions/{manage[1]}").status_code == 200
            again = {"channel": "email", "address": "zoe@mail-example.org"}
            httpx.post(f"{running.url}/subscribe/again", data=again, headers=client)
            assert running.get("/subscriptions/nonsense").status_code == 404
            told = running.lines()
        kept = running.said.read_text(encoding="utf-8")
    finally:
        mail.stop()
    token = token_of(link[0])
    for trace in (token, token[:22], manage[1], "zoe", "mail-example", "203.0.113", SECRET):
        assert trace not in kept
    assert {"/subscribe/", "/subscriptions/{token}/confirm"} <= {line.get("route") for line in told}


def test_a_short_secret_is_refused_at_the_start(
    tmp_path: Path, site_at: Callable[..., Path]
) -> None:
    from kratom_atlas.errors import AtlasError
    from kratom_atlas.settings import Settings
    from kratom_atlas.web.app import application

    settings = Settings(
        home=tmp_path, database_url=None, base_url=BASE, report_url="", secret="hush"
    )
    with pytest.raises(AtlasError, match="KRATOM_ATLAS_SECRET has 4 characters") as told:
        application(settings, site_at(tmp_path / "site"))
    assert "hush" not in str(told.value)


def test_methods_that_no_address_has_are_refused(office: Office) -> None:
    for method, path in (
        ("PUT", "/subscribe/"),
        ("DELETE", "/subscriptions/x"),
        ("PATCH", "/api/v1/subscriptions/x"),
        ("GET", "/api/v1/subscriptions"),
    ):
        answer = office.client.request(method, office.url + path)
        assert answer.status_code in (404, 405)
        assert json.loads(answer.text)["status"] == answer.status_code


def test_choices_are_those_of_the_vocabulary(office: Office) -> None:
    page = office.get("/subscribe/").text
    for word in (*Topic, *Substance, *Severity, *Rhythm):
        assert f'value="{word}"' in page


@pytest.mark.checkout
def test_the_documentation_says_the_limits() -> None:
    from kratom_atlas.notify.limits import RULES

    text = (Path(__file__).parents[2] / "docs" / "SERVICE.md").read_text(encoding="utf-8")
    told = " ".join(text.split())
    for words_, rule in (
        ("once in 10 minutes and 3 times a day", RULES["greet-address"]),
        ("10 times an hour and 30 a day", RULES["greet-network"]),
        ("60 an hour and 300 a day", RULES["greet-domain"]),
        ("all together 300 an hour", RULES["greet-all"]),
        ("5 an hour from a network", RULES["report-network"]),
    ):
        assert words_ in told
        numbers = set(re.findall(r"\d+", words_.replace("once", "1")))
        assert numbers <= set(re.findall(r"\d+", rule))
