"""A site that sends through the simulator, and the ways tests look at what became of a message."""

import pytest

from civicportal.api import NotificationService
from civicportal.testing import deliver_once, mark_alive, outbox
from civicportal.testing.sms_simulator import API_KEY, LINE

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


class Outbox:
    """Promises messages, brings them out and tells their fate."""

    citizen = CITIZEN

    def __init__(self, site):
        self.site = site

    def promise(self, kind="petitions.registered", lane="notices", recipient=CITIZEN, **fields):
        with self.site.work() as work:
            service = work.get(NotificationService)
            fields = fields or {"TRACK": "4059031274"}
            assert service.send(kind, recipient=recipient, fields=fields, lane=lane, at_once=True)

    def deliver(self, lane="notices"):
        """Bring out whatever is due."""
        while deliver_once(self.site, lane):
            pass

    def rows(self):
        with self.site.work(write=False) as work:
            return outbox(work)

    def states(self):
        return [row.state for row in self.rows()]


@pytest.fixture
def messages(site, provider):
    mark_alive(site)
    return Outbox(site)
