"""Demo messages of several months."""

import tomllib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from civicportal.api.cases import AccessService, Case, CaseService, RatingService
from civicportal.api.database import Work
from civicportal.api.demo import DemoRandom, set_time
from civicportal.api.forms import Values
from civicportal.api.kartable import KartableService, ReadyTextService
from civicportal.api.organization import OrganizationService
from civicportal.api.people import Identity, PeopleService
from civicportal.api.plugins import Site
from civicportal_feedback.publications import PERMISSION, PublicationService
from civicportal_feedback.services import FeedbackService, NewFeedback
from civicportal_feedback.workflow import FEEDBACK, KIND

SEED = 1888
SPAN = timedelta(days=150)
NOTICES = timedelta(days=2)
"""Transitions older than this notify no one: no SMS about last month."""
ANSWERED_AFTER = timedelta(days=12)
"""Most messages older than this are answered."""
STARS = {5: 40, 4: 30, 3: 15, 2: 9, 1: 6}

Progress = Callable[[int, int], None]


def load(site: Site, files: Path, progress: Progress) -> None:
    """Create the messages in ``feedback.toml``; none without the file."""
    source = files / "feedback.toml"
    if not source.is_file():
        return
    teller = FeedbackDemo(site, tomllib.loads(source.read_text(encoding="utf-8")))
    try:
        teller.generate(progress)
    finally:
        set_time(site, None)


class FeedbackDemo:
    """Generate messages, each in a separate unit of work."""

    def __init__(self, site: Site, data: Values) -> None:
        self.site = site
        self.data = data
        self.rng = DemoRandom(SEED)
        with site.work() as work:
            self.citizens = work.get(PeopleService).citizens()
            self.staff = work.get(PeopleService).staff()
            for text in data.get("texts", []):
                work.get(ReadyTextService).add(KIND, **text)
        self.now = site.clock.now()

    def generate(self, progress: Progress) -> None:
        """Generate all of them, in random order."""
        rows = self.rng.sample(self.data["feedback"], len(self.data["feedback"]))
        times = self.rng.moments(len(rows), self.now, SPAN)
        for number, (row, sent) in enumerate(zip(rows, times, strict=True), 1):
            set_time(self.site, sent)
            with self.site.work(actor=self.rng.choice(self.citizens)) as work:
                MessageStory(self, work, row).generate()
            progress(number, len(rows))

    def line(self, name: str) -> str:
        """Return a random sentence of a list."""
        return str(self.rng.choice(self.data[name]))


class MessageStory:
    """The history of one message until today."""

    def __init__(self, teller: FeedbackDemo, work: Work, row: Values) -> None:
        self.teller, self.work, self.row, self.rng = teller, work, row, teller.rng
        self.citizen = work.actor
        self.cases = work.get(CaseService)
        self.calendar = work.get(OrganizationService).calendar

    def generate(self) -> None:
        """Send the message and take its past transitions."""
        sent = self.work.clock.now()
        case = self._send()
        old = self.teller.now - sent > ANSWERED_AFTER
        if not self._later(0.2, 1.5):
            return
        self._apply(case, "start_review")
        if "opinion" in self.row and self._later(0.1, 0.5):
            self._ask(case)
        if (old or self.rng.random() < 0.4) and self._later(0.5, 2.5):
            self._settle(case)

    def _send(self) -> Case:
        service, unit = self.work.get(FeedbackService), self.row.get("unit")
        new = NewFeedback(
            type=self.row["type"],
            body=self.row["text"],
            unit=self.work.get(OrganizationService).unit(unit) if unit else None,
            consent=self.row.get("consent", False),
        )
        if self.row.get("anonymous"):
            return service.submit_anonymously(new)[0]
        return service.submit(new)

    def _ask(self, case: Case) -> None:
        """Send an inquiry to a member of the unit, if it has any."""
        unit = self.work.get(OrganizationService).unit(self.row["unit"])
        people = [person for person in self.teller.staff if unit.id in _units(person)]
        if not people:
            return
        expert, kartable = self.rng.choice(people), self.work.get(KartableService)
        self.work.actor = self._officer(case)
        kartable.inquire(case, unit.id, user_id=expert.user_id, note=self.teller.line("questions"))
        if self._later(0.3, 1.5):
            self.work.actor = expert
            kartable.answer(case, self.row["opinion"])

    def _settle(self, case: Case) -> None:
        if self.work.get(AccessService).open_inquiries(case):
            return
        if "archive" in self.row:
            self._apply(case, "archive", self.row["archive"])
            return
        self._apply(case, "answer", self.row.get("answer") or self.teller.line("answers"))
        if not self.row.get("anonymous"):
            self._respond(case)
        if case.status == "answered" and "done" in self.row and self._later(0.5, 2):
            self.work.actor = self._officer(case)
            self.work.get(PublicationService).publish(case, self.row["heard"], self.row["done"])

    def _respond(self, case: Case) -> None:
        """Let the citizen rate the answer, or object and get another one."""
        chance = self.rng.random()
        if chance > 0.6 or not self._later(0.1, 1.5):
            return
        self.work.actor = self.citizen
        if chance > 0.1:
            self.work.get(RatingService).rate(case, self.rng.weighted_choice(STARS))
            return
        self.work.get(RatingService).object(case, self.teller.line("objections"))
        if self._later(0.5, 1.5):
            self._apply(case, "answer", self.teller.line("answers"))

    def _apply(self, case: Case, step: str, text: str = "") -> None:
        self.work.actor = self._officer(case)
        recent = self.teller.now - self.work.clock.now() < NOTICES
        self.cases.apply(case, step, public_text=text, notify=recent)

    def _later(self, least: float, most: float) -> bool:
        """Advance by some office days; return False if that would be in the future."""
        now = self.work.clock.now()
        moment: datetime = self.calendar.add_working_days(now, self.rng.uniform(least, most))
        if moment >= self.teller.now:
            return False
        set_time(self.work.site, moment)
        return True

    def _officer(self, case: Case) -> Identity:
        """Return an officer who may act, preferably one without city-wide rights."""
        found = [person for person in self.teller.staff if self._acts(person, case)]
        local = [person for person in found if not person.permits(FEEDBACK.permission("act_any"))]
        return self.rng.choice(local or found)

    def _acts(self, person: Identity, case: Case) -> bool:
        # A head of a unit may act too, but is not an officer of this service.
        if not person.permits(PERMISSION):
            return False
        with self.work.acting_as(person):
            return self.work.get(AccessService).may_act(case, FEEDBACK.permission("work"))


def _units(person: Identity) -> set[int | None]:
    return {grant.unit_id for grant in person.grants if grant.own}
