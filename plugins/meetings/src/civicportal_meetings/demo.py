"""Demo requests for a meeting."""

import tomllib
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path

from civicportal.api.demo import DemoRandom, set_time
from civicportal.api.forms import Values
from civicportal.api.people import Identity, PeopleService
from civicportal.api.plugins import Site
from civicportal_meetings.demo_history import DemoHistory
from civicportal_meetings.demo_stories import PUBLIC_DAYS, STORIES
from civicportal_meetings.names import SESSIONS
from civicportal_meetings.prefill import usual_place
from civicportal_meetings.services import Applicant, DiaryService, NewSession, PublicDayService

SEED = 1405
KEPT_FREE = 2
"""The first citizens have no open request, so that users of the demo can request a meeting as one of them."""
SESSION_MINUTES = 180
SEATS = {"public_seats": 3, "office_seats": 1, "reserve_seats": 2}
PLANNED_BEFORE = timedelta(days=25)

Progress = Callable[[int, int], None]


def load(site: Site, files: Path, progress: Progress) -> None:
    """Create the requests in ``meetings.toml``; none without the file."""
    source = files / "meetings.toml"
    if not source.is_file():
        return
    data = tomllib.loads(source.read_text(encoding="utf-8"))
    people = tomllib.loads((files / "citizens.toml").read_text(encoding="utf-8"))["citizens"]
    try:
        MeetingsDemo(site, data, people).generate(progress)
    finally:
        set_time(site, None)


class MeetingsDemo:
    """Generate requests, each in a separate unit of work."""

    def __init__(self, site: Site, data: Values, people: list[Values]) -> None:
        self.site, self.data = site, data
        self.rng = DemoRandom(SEED)
        self.numbers = {site.country.normalize_mobile(person["mobile"]): person for person in people}
        with site.work(write=False) as work:
            self.citizens = work.get(PeopleService).citizens()
            self.staff = work.get(PeopleService).staff()
        self.office = min((p for p in self.staff if p.permits(SESSIONS)), key=_is_administrator)
        self.now = site.clock.now()
        self.days: dict[int, int] = {}

    def generate(self, progress: Progress) -> None:
        """Plan the public meeting days, then generate all requests."""
        for key, ago in PUBLIC_DAYS.items():
            self.days[key] = self._plan(self.now - timedelta(days=ago))
        may_wait = cycle(self.citizens[KEPT_FREE:])
        rows = self.rng.evenly_distributed(self.data["meetings"], len(STORIES))
        for number, (story, row) in enumerate(zip(STORIES, rows, strict=True), 1):
            citizen = (
                next(may_wait) if story.may_be_open else self.citizens[(number - 1) % len(self.citizens)]
            )
            set_time(self.site, self.now - timedelta(days=story.sent))
            with self.site.work(actor=citizen) as work:
                DemoHistory(self, work, row, story).generate()
            progress(number, len(STORIES))

    def line(self, name: str) -> str:
        """Return a random sentence of a list."""
        return str(self.rng.choice(self.data[name]))

    def applicant(self, citizen: Identity, row: Values) -> Applicant:
        """Return an applicant with the numbers of the demo's identity register."""
        person = self.numbers[citizen.mobile or ""]
        of_row = {
            name: row[name] for name in ("party", "organization", "legal_id", "position") if name in row
        }
        return Applicant(
            name=citizen.name,
            national_code=person["national_code"],
            birth_date=person["birth_date"],
            **of_row,
        )

    def _plan(self, near: datetime) -> int:
        set_time(self.site, min(near, self.now) - PLANNED_BEFORE)
        with self.site.work(actor=self.office) as work:
            diary = work.get(DiaryService)
            first = self.site.calendar.today(near)
            day = min(diary.free_days(first, first + timedelta(days=6), SESSION_MINUTES))
            start = diary.free_times(day, SESSION_MINUTES)[0]
            planned = NewSession(
                title="",
                start=start,
                end=start + timedelta(minutes=SESSION_MINUTES),
                place=usual_place(work),
                **SEATS,
            )
            return work.get(PublicDayService).plan(planned).id


def _is_administrator(person: Identity) -> bool:
    return any(grant.administrator for grant in person.grants)
