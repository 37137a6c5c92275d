"""Actors and objects of a run: sessions opened directly, cases and words chosen from the database."""

from dataclasses import dataclass
from random import Random
from typing import Any

from civicportal_reports.models import Report
from sqlalchemy import Connection, func, select, text

from benchmarks.seed.words import COMMON
from civicportal.core.site import Site
from civicportal.core.work import Work
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.organization.models import Category, Unit
from civicportal.domain.questionnaires.services import QuestionnaireService
from civicportal.testing.tokens import token_for

CITIZENS = 300
CASES = 4000
POINTS = 400
"""Nearest points to the middle of the map; the box around them holds about twice as many, and at most a thousand are drawn singly."""
PATIENCE = 600
"""Seconds that a statement may take: the database may have just begun."""


@dataclass(frozen=True)
class Person:
    """A person with a session.

    :ivar csrf: the token of their forms.
    """

    token: str
    csrf: str


@dataclass(frozen=True)
class OpenCase:
    """A case for a transition.

    :ivar seen: id of its last event.
    """

    code: str
    version: int
    unit_id: int
    seen: int


class Cast:
    """The people and cases of one run, the same for one database.

    :ivar steps: registered reports, each to be used once.
    :ivar box: part of the map whose points are drawn singly.
    :ivar api_token: token of the administrator for the API; empty where the portal has none.
    :ivar asks_for_similar: whether the form of a report asks for similar ones; that of an older commit does not.
    """

    asks_for_similar = True
    api_token = ""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.rng = Random(7)
        with site.work(patience=PATIENCE) as work:
            self.staff = {name: self.member(work, name) for name in ("admin", "waste1", "pr")}
            self._read_cases(work)
            self.citizens = self._citizens(work)
            self.places = [tuple(row) for row in work.session.execute(_some(Report.lat, Report.lon))]
            leaves = select(Category.key).where(Category.kind == "reports", Category.unit_id.is_not(None))
            asking = self._asking(work)
            leaves = leaves.where(Category.id.not_in(asking))
            self.categories = list(work.session.scalars(leaves.order_by(Category.id)))
            self.unit_ids = list(work.session.scalars(select(Unit.id).order_by(Unit.id)))
            self.box = box_of_points(work.session.connection())
            admin = work.session.scalars(select(User).where(User.username == "admin")).one()
        self.api_token = token_for(site, admin, "cases:read", "cases:write", "cases:personal")
        self.words = list(COMMON)

    def _asking(self, work: Work) -> set[int]:
        """Return the categories with questions, which a report must answer."""
        return set(work.get(QuestionnaireService).asking_categories())

    def member(self, work: Work, username: str) -> Person:
        """Return a member of staff with a session."""
        return self._person(work, work.session.scalars(select(User).where(User.username == username)).one())

    def _person(self, work: Work, user: User) -> Person:
        realm: Any = "staff" if user.username else "citizen"
        token = work.get(SessionService).open(realm, user)
        return Person(token=token, csrf=self.site.keys.mac("csrf", token).hex())

    def _citizens(self, work: Work) -> dict[int, Person]:
        owners = dict.fromkeys(case.citizen_id for case in self.own if case.citizen_id)
        users = work.session.scalars(select(User).where(User.id.in_(list(owners)[:CITIZENS])))
        return {user.id: self._person(work, user) for user in users}

    def _read_cases(self, work: Work) -> None:
        last = select(func.max(CaseEvent.id)).where(CaseEvent.case_id == Case.id).scalar_subquery()
        query = select(Case.code, Case.version, Case.unit_id, last).where(
            Case.kind == "reports", Case.status == "registered", Case.unit_id.is_not(None)
        )
        rows = work.session.execute(query.order_by(Case.id.desc()).limit(CASES)).all()
        self.steps = [OpenCase(*row) for row in rows]
        recent = select(Case).where(Case.kind == "reports").order_by(Case.id.desc())
        self.own = list(work.session.scalars(recent.limit(CITIZENS * 2)))
        self.codes = list(
            work.session.scalars(
                select(Case.code)
                .where(Case.kind == "reports", Case.stage == "in_progress")
                .order_by(Case.id)
                .limit(500)
            )
        )


class StoredCast(Cast):
    """People and cases of a database that another version of the portal has filled.

    :param found: what that version's cast holds, as JSON values.
    """

    def __init__(self, site: Site, found: dict[str, Any], connection: Connection) -> None:
        self.site = site
        self.box = box_of_points(connection)
        self.staff = {name: Person(**person) for name, person in found["staff"].items()}
        self.citizens = {int(key): Person(**person) for key, person in found["citizens"].items()}
        self.steps = [OpenCase(**case) for case in found["steps"]]
        self.places = [tuple(place) for place in found["places"]]
        self.categories, self.unit_ids = found["categories"], found["unit_ids"]
        self.codes, self.words = found["codes"], list(COMMON)


def box_of_points(connection: Connection) -> tuple[float, float, float, float]:
    """Return south, west, north and east of a part of the map with fewer points than are drawn as clusters."""
    query = (
        "SELECT min(lat), min(lon), max(lat), max(lon) FROM (SELECT lat, lon FROM reports_report WHERE lat IS NOT NULL "
        "ORDER BY abs(lat - 33.05) * 1.2 + abs(lon - 52.2) LIMIT :most) AS nearest"
    )
    south, west, north, east = connection.execute(text(query), {"most": POINTS}).one()
    return south, west, north, east


def _some(*columns: Any) -> Any:
    return select(*columns).where(Report.lat.is_not(None)).order_by(Report.case_id).limit(500)
