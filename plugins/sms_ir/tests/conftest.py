"""A site with the SMS simulator, and helpers for message states."""

import threading
from collections import Counter
from concurrent.futures import Future
from datetime import timedelta

import pytest
from civicportal_sms_ir import exchange

from civicportal.api.notifications import BroadcastLane
from civicportal.testing import mark_alive
from civicportal.testing.sms_simulator import API_KEY, LINE

BULK = "send/bulk"
CITIZEN = "+989000000001"
TEMPLATES = {
    "otp.login.short": {"id": 2001, "parameters": {"CODE": "CODE"}},
    "petitions.registered": {"id": 1001, "parameters": {"TRACK": "TRACK"}},
    "petitions.referred": {"id": 1002, "parameters": {"TRACK": "Code", "UNIT": "UNIT"}},
}


@pytest.fixture
def sms_settings(sms_simulator):
    """Return the tables of a site that sends by the simulator, some settings of sms.ir changed."""

    def tables(**changes):
        usual = {
            "api_key": API_KEY,
            "line": str(LINE),
            "base_url": sms_simulator.url,
            "templates": TEMPLATES,
        }
        return {
            "site": {"plugins": ["sms_ir"]},
            "notifications": {"transport": "sms_ir"},
            "plugins": {"sms_ir": {**usual, **changes}},
        }

    return tables


@pytest.fixture
def civic_settings(sms_settings):
    return sms_settings()


@pytest.fixture
def provider(sms_simulator, clock):
    """The simulator with the panel's templates, at the time of the site."""
    sms_simulator.now = clock.now
    sms_simulator.templates |= {
        1001: "گزارش شما ثبت شد.\nکد رهگیری: #TRACK#",
        1002: "گزارش #Code# به «#UNIT#» ارجاع شد.",
        2001: "نمونه\nکد ورود: #CODE#",
    }
    return sms_simulator


@pytest.fixture
def impatient(provider, monkeypatch):
    """Time out an exchange as soon as the provider leaves it hanging; the others have unlimited time."""

    class Impatient(Future):
        def __init__(self):
            super().__init__()
            self.before = provider.hung

        def result(self, timeout=None):
            pause = threading.Event()
            while not self.done() and provider.hung == self.before:
                pause.wait(0.002)
            return super().result(0)

    monkeypatch.setattr(exchange, "Future", Impatient)


class Messages:
    """Promises messages, brings them out and tells their fate."""

    citizen = CITIZEN

    def __init__(self, site, outbox):
        self.site, self.outbox = site, outbox
        self.rows, self.deliver = outbox, outbox.deliver

    def queue(self, kind="petitions.registered", lane="notices", recipient=CITIZEN, **fields):
        self.outbox.queue(recipient, kind, lane=lane, **fields)

    def states(self):
        return [row.state for row in self.rows()]


@pytest.fixture
def messages(site, outbox, provider):
    mark_alive(site)
    return Messages(site, outbox)


class Crowd:
    """People of broadcasts, and what became of their messages."""

    text = "فردا از ساعت ۸ تا ۱۴ آب خیابان سعدی قطع است."

    def __init__(self, site, clock, provider, messages):
        self.site, self.clock, self.provider, self.messages = site, clock, provider, messages

    def queue(self, count=250, batch="one", text=text, mobiles=()):
        mobiles = mobiles or [f"+9890000{number:05}" for number in range(1, count + 1)]
        with self.site.work() as work:
            lane = work.get(BroadcastLane)
            lane.queue(batch, "news", text, list(enumerate(mobiles, 1)), timedelta())

    def deliver(self):
        self.messages.deliver("broadcasts")

    def later(self, **span):
        self.clock.advance(**span)
        self.deliver()

    def states(self):
        return Counter(self.messages.states())

    def calls(self):
        """How many people each bulk call was for."""
        return [len(entry["body"]["mobiles"]) for entry in self.provider.entries(BULK)]

    def nobody_twice(self, people):
        arrived = Counter(sms.mobile for sms in self.provider.sent)
        return len(arrived) == people and set(arrived.values()) == {1}


@pytest.fixture
def crowd(site, clock, provider, messages):
    return Crowd(site, clock, provider, messages)
