"""Subjects of generated cases: the site's units, categories and officers, places on its map, moments of two years."""

from bisect import bisect
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from random import Random

from civicportal_reports.places import Location, locate_point
from civicportal_reports.workflow import KIND as REPORTS
from sqlalchemy import func, select

from benchmarks.seed.seasons import Seasons
from benchmarks.seed.words import Skew, Vocabulary
from civicportal.core.clock import SystemClock
from civicportal.core.site import Site
from civicportal.core.work import Work
from civicportal.domain.accounts.models import Membership, User
from civicportal.domain.organization.models import Category
from civicportal.domain.organization.services import OrganizationService

YEARS = timedelta(days=730)
#: How many of a hundred reports are sent in each hour of the day.
HOURS = (1, 1, 0, 0, 0, 1, 2, 4, 7, 9, 10, 9, 7, 5, 5, 6, 6, 6, 6, 5, 4, 3, 2, 1)
#: Monday first; Friday is the weekend.
WEEKDAYS = (10, 10, 10, 9, 5, 12, 11)
PLACES = 20_000
FIRST_NAMES = "فاطمه رضا مریم علی زهرا حسین سارا محمد نرگس امیر لیلا بهرام مینا کاوه پروین آرش شیرین سعید الهام یاسر".split()
LAST_NAMES = (
    "احمدی محمدی کریمی رضایی حسینی جعفری موسوی اکبری قاسمی نوری صادقی رستمی باقری یوسفی زارع کاظمی شریفی امینی "
    "مرادی سلیمانی فرهادی نادری توکلی بهرامی هاشمی"
).split()


@dataclass(frozen=True)
class Subject:
    """A leaf of the category tree."""

    id: int
    name: str
    unit_id: int
    days: float
    public: bool


class City:
    """Facts of the site, read once; the same for one seed and one site."""

    def __init__(self, site: Site, rng: Random, until: datetime, cases: int) -> None:
        self.site, self.until, self.cases = site, until, cases
        self.vocabulary = Vocabulary(rng)
        self.seasons = Seasons(until)
        with site.work(write=False) as work:
            self._read(work)
        self.first_citizen = self._first_citizen()
        self.citizens = max(cases // 5, 20)
        self.subject_skew = Skew(len(self.subjects))
        self.places = self._places(rng)
        self.place_skew = Skew(len(self.places), 0.35)
        self.days = [(until - YEARS + timedelta(days=n)).date() for n in range(YEARS.days)]
        self._day_ends = list(accumulate(WEEKDAYS[day.weekday()] for day in self.days))
        self._hour_ends = list(accumulate(HOURS))
        self._deadlines: dict[tuple[date, float], tuple[datetime, datetime, int]] = {}

    def moment(self, number: int) -> datetime:
        """Return the submission time of the n-th case: in order, at waking hours, over two years."""
        share = (number + 0.5) / self.cases * self._day_ends[-1]
        index = bisect(self._day_ends, share)
        before = self._day_ends[index - 1] if index else 0
        within = (share - before) / (self._day_ends[index] - before) * self._hour_ends[-1]
        hour = bisect(self._hour_ends, within)
        began = self._hour_ends[hour - 1] if hour else 0
        seconds = 3600 * (hour + (within - began) / (self._hour_ends[hour] - began))
        midnight = datetime.combine(self.days[index], time(), tzinfo=self.site.timezone)
        return min(midnight + timedelta(seconds=seconds), self.until)

    def deadline(self, sent: datetime, days: float) -> tuple[datetime, datetime, int]:
        """Return the deadline of a case, from when it counts, and the seconds of work until then.

        Counted from the noon of its day: the calendar is asked once a day and number of days.
        """
        day = sent.date()
        if (day, days) not in self._deadlines:
            noon = datetime.combine(day, time(12), tzinfo=self.site.timezone)
            seconds = round((self.calendar.full_day * days).total_seconds())
            found = self.calendar.add_working_days(noon, days)
            self._deadlines[day, days] = (found, noon, seconds)
        return self._deadlines[day, days]

    def person(self, number: int) -> str:
        """Return the name of the n-th citizen."""
        first, last = FIRST_NAMES[number % len(FIRST_NAMES)], LAST_NAMES[number // 7 % len(LAST_NAMES)]
        return f"{first} {last}"

    def mobile(self, number: int) -> str:
        """Return the mobile number of the n-th citizen, from an unassigned block."""
        return f"+98900{1_000_000 + number}"

    def _read(self, work: Work) -> None:
        organization = work.get(OrganizationService)
        self.calendar = organization.calendar
        rows = work.session.scalars(select(Category).order_by(Category.id)).all()
        subjects = [self._subject(row) for row in rows if row.kind == REPORTS and row.unit_id]
        # In an order of its own, so that neighbours of the tree are not equally common.
        self.subjects = sorted(subjects, key=lambda subject: subject.id * 37 % 101)
        units = organization.units.by_id.values()
        self.unit_ids = sorted(unit.id for unit in units)
        self.unit_of = {unit.key: unit.id for unit in units}
        self.officers: dict[int, list[tuple[int, str]]] = {}
        query = select(Membership.unit_id, User.id, User.name).join(User, User.id == Membership.user_id)
        for unit_id, user_id, name in work.session.execute(query.order_by(User.id)):
            if unit_id:
                self.officers.setdefault(unit_id, []).append((user_id, name))

    @staticmethod
    def _subject(row: Category) -> Subject:
        return Subject(row.id, row.name, row.unit_id or 0, row.deadline_days or 5.0, row.public)

    def _first_citizen(self) -> int:
        with self.site.work(write=False) as work:
            last = work.session.scalar(select(func.max(User.id)).where(User.id < 1000)) or 0
        return 1000 if last < 1000 else last + 1

    def _places(self, rng: Random) -> list[Location]:
        city_map = self.site.map
        assert city_map is not None
        streets = list(city_map.streets)
        rng.shuffle(streets)
        skew = Skew(len(streets), 0.6)
        found: list[Location] = []
        while len(found) < min(PLACES, self.cases):
            point = city_map.point_on_street(streets[skew.draw(rng)], round(rng.random(), 4))
            # Streets lead out of the city.
            if city_map.contains(point):
                found.append(locate_point(city_map, point))
        return found


def now() -> datetime:
    """Return the current hour: the cases end here unless another time is given."""
    return SystemClock().now().replace(minute=0, second=0, microsecond=0)
