"""Sending through kill -9: every letter arrives, and what comes twice was in hand."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from email import message_from_bytes
from pathlib import Path

import pytest
from post_sample import Box, mailbox, notice, subscription

from kratom_atlas.model.subscription import ChannelKind
from kratom_atlas.store.database import open_store
from kratom_atlas.store.outbox import Outbox, Reach
from kratom_atlas.store.subscriptions import Subscriptions

WORK = """
import sys
from datetime import UTC, datetime
from pathlib import Path
sys.path.insert(0, {here!r})
from post_sample import SampleLinks
from kratom_atlas.notify.channels import channels
from kratom_atlas.notify.deliver import deliver
from kratom_atlas.settings import Settings
from kratom_atlas.store.database import open_store
from kratom_atlas.store.outbox import Outbox
from kratom_atlas.store.subscriptions import Subscriptions

store = open_store({url!r})
settings = Settings(
    Path(), None, "", "", smtp_url="smtp://127.0.0.1:{port}", mail_from="a@example.org",
    mail_rate=0.0,
)
deliver(
    Outbox(store, lease=2), Subscriptions(store), channels(settings, SampleLinks()),
    lambda: datetime.now(UTC), worker="w", stop=lambda: False, until_empty=True,
)
store.close()
"""
AT_ONCE = 20


@pytest.mark.parametrize("kills", [3, pytest.param(60, marks=pytest.mark.long)])
def test_every_letter_arrives_through_kills(kills: int, tmp_path: Path) -> None:
    chance = random.Random(kills)
    readers = 100 * kills
    url = f"sqlite:///{tmp_path / 'atlas.sqlite'}"
    store = open_store(url)
    Subscriptions(store).add_all(
        subscription(f"r{n}@example.org", ChannelKind.EMAIL, ref=f"r{n}") for n in range(readers)
    )
    outbox = Outbox(store)
    now = "2026-11-02T03:00:00Z"
    outbox.publish([notice()], now)
    outbox.match(now, lambda code: Reach(at=frozenset({code}), above=frozenset()))
    box = Box()
    with mailbox(box):
        here = str(Path(__file__).parent)
        code = WORK.format(here=here, url=url, port=box.port)
        for _ in range(kills):
            before, wanted = len(box.taken), chance.randint(1, 60)
            child = subprocess.Popen([sys.executable, "-c", code])
            while len(box.taken) < before + wanted and child.poll() is None:
                time.sleep(0.001)
            child.kill()
            child.wait()
        while outbox.next_due() is not None:
            subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
            time.sleep(0.3)
    store.close()
    letters = [message_from_bytes(taken.original_content) for taken in box.taken]
    times = Counter(letter["to"] for letter in letters)
    assert set(times) == {f"r{n}@example.org" for n in range(readers)}
    assert len({letter["message-id"] for letter in letters}) == readers
    assert max(times.values()) <= 3
    assert len(letters) - readers <= kills * AT_ONCE
