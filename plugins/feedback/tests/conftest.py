"""The test site with the feedback plugin, two units, a citizen and staff."""

from copy import copy
from dataclasses import dataclass

import pytest
from civicportal_feedback.publications import PublicationService
from civicportal_feedback.services import FeedbackService, NewFeedback

from civicportal.api.cases import CaseService
from civicportal.api.kartable import KartableService
from civicportal.api.organization import OrganizationService
from civicportal.api.people import Identity
from civicportal.api.plugins import Site
from civicportal.testing import identity, make_citizen, make_staff, make_unit

#: The rights of public relations, and those of an officer who is asked for an opinion.
OFFICER = [
    *(f"feedback:case:{verb}" for verb in ("view", "work", "refer", "comment", "contact")),
    "feedback:answer:publish",
    "core:text:manage",
]
EXPERT = ["feedback:case:view", "feedback:case:comment"]


@pytest.fixture
def civic_settings():
    return {"site": {"plugins": ["feedback"]}, "contact": {"phone": "137"}}


@dataclass
class City:
    """What the tests of this plugin start from."""

    #: What is written unless a test says otherwise, and what is answered.
    body = "پیشنهاد می‌کنم در ایستگاه‌ها نیمکت بگذارید."
    answer = "در هشت ایستگاه نیمکت نصب شد."

    site: Site
    citizen: Identity
    other: Identity
    officer: Identity
    expert: Identity

    def new(self, work, **values):
        """Return the values of a message form; ``unit`` by its key."""
        unit = values.pop("unit", "bus")
        return NewFeedback(
            unit=work.get(OrganizationService).unit(unit) if unit else None,
            **{"type": "suggestion", "body": self.body, **values},
        )

    def send(self, *, by=None, **values):
        """Send a message under a name and return its tracking code."""
        with self.site.work(actor=by or self.citizen) as work:
            return work.get(FeedbackService).submit(self.new(work, **values)).code

    def send_anonymously(self, *, by=None, **values):
        """Send a message without a name and return its tracking code and PIN."""
        with self.site.work(actor=by or self.citizen) as work:
            case, pin = work.get(FeedbackService).submit_anonymously(self.new(work, **values))
            return case.code, pin

    def step(self, code, name, *, by=None, **more):
        """Take a step of the workflow."""
        with self.site.work(actor=by or self.officer) as work:
            cases = work.get(CaseService)
            case = cases.fetch_own(code, lock=True) if by else cases.fetch(code, lock=True)
            cases.apply(case, name, **more)

    def ask(self, code, unit="bus"):
        """Ask a unit for its opinion."""
        with self.site.work(actor=self.officer) as work:
            case = work.get(CaseService).fetch(code, lock=True)
            work.get(KartableService).inquire(
                case, work.get(OrganizationService).unit(unit).id, note="نظر شما؟"
            )

    def opine(self, code, text):
        """Answer as the unit that was asked."""
        with self.site.work(actor=self.expert) as work:
            work.get(KartableService).answer(work.get(CaseService).fetch(code, lock=True), text)

    def publish(self, code, heard="ایستگاه‌ها نیمکت ندارد.", done="در هشت ایستگاه نیمکت نصب شد."):
        """Publish message and answer in an officer's words."""
        with self.site.work(actor=self.officer) as work:
            case = work.get(CaseService).fetch(code, lock=True)
            work.get(PublicationService).publish(case, heard, done)

    def case(self, code):
        """Return a case as it stands."""
        with self.site.work(write=False) as work:
            return work.get(CaseService).fetch(code)


@pytest.fixture
def city(civic_environment):
    return copy(civic_environment.filled(founded))


def founded(site):
    with site.work() as work:
        units = {key: make_unit(work, key, name=name) for key, name in UNITS.items()}
        return City(
            site=site,
            citizen=identity(work, make_citizen(work, "+989000000001", name="مریم رضایی"), "citizen"),
            other=identity(work, make_citizen(work, "+989000000002", name="علی کریمی"), "citizen"),
            officer=identity(
                work, make_staff(work, "pr", unit=units["pr"], permissions=OFFICER, name="کیانا فرهادی")
            ),
            expert=identity(
                work, make_staff(work, "expert", unit=units["bus"], permissions=EXPERT, name="داریوش رهنورد")
            ),
        )


UNITS = {"pr": "روابط عمومی", "bus": "سازمان اتوبوسرانی"}
