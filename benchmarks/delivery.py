"""`python -m benchmarks.delivery`: letters from a real outbox to a sink, against `smtp-source`.

`smtp-sink` and `smtp-source` come with Postfix. All is sent to the same sink in the same run, in
turns; `smtp-source` sends letters as long as ours, made beforehand, and keeps no account of them.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from kratom_atlas.model.subscription import (
    ChannelKind,
    Choices,
    Envelope,
    Notice,
    Subscription,
    SubscriptionState,
    Topic,
)
from kratom_atlas.model.vocabulary import Severity, Substance
from kratom_atlas.notify.channels.email import Mail
from kratom_atlas.notify.channels.smtp import Letter
from kratom_atlas.notify.deliver import deliver
from kratom_atlas.settings import Settings
from kratom_atlas.store.database import open_store
from kratom_atlas.store.outbox import Outbox, Reach
from kratom_atlas.store.subscriptions import Subscriptions

NOW = "2026-11-23T03:00:00Z"
STATES = 50
PEERS = {
    "smtp-source -s 1 (a connection each)": ["-s", "1"],
    "smtp-source -s 1 -d (one connection, kept)": ["-s", "1", "-d"],
    "smtp-source -s 10 -d (ten, kept)": ["-s", "10", "-d"],
}


class Links:
    """Links as long as the signed ones."""

    def manage(self, subscription: Subscription) -> str:
        return f"https://atlas.example.org/subscriptions/{subscription.ref}.{'m' * 60}"

    def leave(self, subscription: Subscription) -> str:
        return f"https://atlas.example.org/subscriptions/{subscription.ref}.{'l' * 60}"

    def confirm(self, subscription: Subscription) -> str:
        return f"https://atlas.example.org/subscriptions/{subscription.ref}.{'c' * 60}"

    def changes(self) -> str:
        return "https://atlas.example.org/changes/"


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.delivery", description=__doc__)
    parser.add_argument("--letters", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--store", help="an empty store of PostgreSQL; one round")
    chosen = parser.parse_args()
    if not shutil.which("smtp-source"):
        raise SystemExit("smtp-source is not here: install postfix (it need not be started)")
    rounds = 1 if chosen.store else chosen.rounds
    rates: dict[str, list[float]] = {}
    with sink() as port:
        size = 0
        for _ in range(rounds):
            took, size = ours(chosen.letters, port, chosen.store)
            rates.setdefault("ours", []).append(chosen.letters / took)
            for label, options in PEERS.items():
                took = theirs(chosen.letters, size, port, options)
                rates.setdefault(label, []).append(chosen.letters / took)
    best = statistics.median(rates["ours"])
    print(f"{chosen.letters:,} letters of {size:,} octets, median of {rounds}")
    for label, found in rates.items():
        rate = statistics.median(found)
        print(f"{label:<46} {rate:8,.0f} a second   ours: {best / rate:.2f} of it")


@contextmanager
def sink() -> Iterator[int]:
    """`smtp-sink`, which throws away what it takes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    process = subprocess.Popen(
        ["smtp-sink", "-u", "nobody", f"127.0.0.1:{port}", "100"], stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def theirs(letters: int, size: int, port: int, options: list[str]) -> float:
    """Seconds that smtp-source takes."""
    started = time.perf_counter()
    subprocess.run(
        ["smtp-source", *options, "-m", str(letters), "-l", str(size),
         "-f", "alerts@example.org", "-t", "reader@example.org", f"127.0.0.1:{port}"],
        check=True,
    )  # fmt: skip
    return time.perf_counter() - started


class Weighed(Mail):
    """Mail that knows how long its last letter was."""

    size = 0

    def _letter(self, envelope: Envelope) -> Letter:
        letter = super()._letter(envelope)
        self.size = len(letter.data)
        return letter


def ours(letters: int, port: int, url: str | None) -> tuple[float, int]:
    """Seconds that the loop takes for what was matched beforehand, and how long a letter is."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(url or f"sqlite:///{folder}/atlas.sqlite")
        outbox, subscriptions = Outbox(store), Subscriptions(store)
        if not outbox.is_new():
            raise SystemExit("the store is not empty")
        subscriptions.add_all(reader(n) for n in range(letters))
        outbox.publish([notice(n) for n in range(2 * STATES)], NOW)
        outbox.match(NOW, lambda code: Reach(at=frozenset({code}), above=frozenset({"US", ""})))
        settings = Settings(
            Path(folder),
            None,
            "",
            "",
            smtp_url=f"smtp://127.0.0.1:{port}",
            mail_from="Kratom Atlas <alerts@example.org>",
            mail_bounces="bounces@example.org",
            mail_rate=0.0,
        )
        mail = Weighed(settings, Links())
        started = time.perf_counter()
        done = deliver(
            outbox,
            subscriptions,
            {ChannelKind.EMAIL: mail},
            lambda: datetime(2026, 11, 23, 3, 0, 1, tzinfo=UTC),
            worker="bench",
            stop=lambda: False,
            until_empty=True,
        )
        took = time.perf_counter() - started
        mail.close()
        store.close()
    if done.all.sent != letters:
        raise SystemExit(f"{done.all.sent:,} of {letters:,} letters were sent")
    return took, mail.size


def reader(n: int) -> Subscription:
    """Somebody who follows one state."""
    return Subscription(
        ref=f"bench-{n:016}",
        channel=ChannelKind.EMAIL,
        address=f"reader{n}@example.org",
        choices=Choices(places=(f"US-{n % STATES:02}",)),
        state=SubscriptionState.ACTIVE,
        created_at="2026-11-01T08:00:00Z",
        confirmed_at="2026-11-01T08:05:00Z",
    )


def notice(n: int) -> Notice:
    """A change of law of one state: two for each, so that each reader gets both in one letter."""
    said = (
        f"State {n} (US-{n % STATES:02}), from 2026-05-06. A change of law. Severity: major.",
        "7-OH: from regulated to banned.",
        f"Code section {n}-37-4 (https://law.example.org/{n}-37-4)",
        "Recorded 2026-11-22T10:00:00Z.",
    )
    return Notice(
        key=f"n{n}",
        topic=Topic.NEW_LAW,
        severity=Severity.MAJOR,
        places=(f"US-{n % STATES:02}",),
        substances=(Substance.SEVEN_OH,),
        title=f"State {n}: 7-OH: from regulated to banned, from 2026-05-06",
        text="\n".join(said),
        html="".join(f"<p>{line}</p>" for line in said),
        facts=f'{{"kind":"law","place":"US-{n % STATES:02}"}}',
        act=f"act-{n}",
        date="2026-05-06",
    )


if __name__ == "__main__":
    main()
