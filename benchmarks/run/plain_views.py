"""Pages of the plain floor: they read or write the rows that the portal's pages do, by SQLAlchemy's ORM."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from civicportal_announcements.models import Post
from civicportal_reports.models import Report
from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session
from transaction import TransactionManager

from civicportal.domain.accounts.models import Membership, User
from civicportal.domain.cases.counter_models import CaseCount, CaseTotal
from civicportal.domain.cases.models import Attachment, Case, CaseEvent, Rating
from civicportal.domain.cases.referral import Referral
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.organization.models import Category, Unit
from civicportal.util.lists import MOST_COUNTED
from civicportal.util.tracking import new_code

ROWS = 25
LATEST = 6
NEAR = 0.002
"""Degrees."""
POINTS = 1000
_OPEN = ("registered", "in_progress")


class PlainRequest(Request):
    """A request of the plain floor.

    :ivar tm: the transaction of the request.
    :ivar dbsession: the session that joins it.
    :ivar identity: the signed-in user.
    """

    tm: TransactionManager
    dbsession: Session
    identity: User | None


class Views:
    """The pages."""

    def __init__(self, request: PlainRequest) -> None:
        self.request = request
        self.now = datetime.now(UTC)

    def hello(self) -> Response:
        """Answer without a database."""
        return Response("ok\n", content_type="text/plain")

    def home(self) -> dict[str, Any]:
        """Show figures and the latest public cases."""
        month = self.now - timedelta(days=30)
        stages = select(CaseCount.stage, func.sum(CaseCount.n)).where(CaseCount.day > month.date())
        ratings = select(func.avg(Rating.stars), func.count()).where(Rating.updated_at > month)
        public = select(Case).where(Case.kind == "reports", Case.public).order_by(Case.created_at.desc())
        stars, number = self.db.execute(ratings).one()
        return {
            "stages": self.db.execute(stages.group_by(CaseCount.stage)).all(),
            "stars": stars,
            "ratings": number,
            "cases": self.db.scalars(public.limit(LATEST)).all(),
            "posts": self._posts(),
        }

    def kartable(self) -> dict[str, Any]:
        """List the open cases of the officer's units, or of all for administrators, by deadline."""
        mine = [Referral.closed_at.is_(None), Referral.type == "action"]
        if units := self._units:
            mine.append(Referral.to_unit_id.in_(units))
        query = select(Case).join(Referral, Referral.case_id == Case.id).where(*mine)
        some = select(Referral.read_at, Referral.deadline).where(*mine).limit(MOST_COUNTED + 1).subquery()
        sums = {
            "all": func.count(),
            "new": func.count().filter(some.c.read_at.is_(None)),
            "overdue": func.count().filter(some.c.deadline < self.now),
        }
        tabs = zip(sums, self.db.execute(select(*sums.values()).select_from(some)).one(), strict=True)
        return self._list("کارتابل", query.order_by(Referral.deadline, Referral.case_id), tabs)

    def reports(self) -> dict[str, Any]:
        """List the newest reports."""
        query = select(Case).where(Case.kind == "reports")
        counts = select(CaseTotal.stage, func.sum(CaseTotal.n)).where(CaseTotal.kind == "reports")
        tabs = self.db.execute(counts.group_by(CaseTotal.stage)).all()
        return self._list("گزارش‌ها", query.order_by(Case.created_at.desc(), Case.id.desc()), tabs)

    def case(self) -> dict[str, Any]:
        """Show a case with its history."""
        case = self._case()
        report = self.db.get(Report, case.id)
        units = self._unit_names
        return {
            "case": case,
            "report": report,
            "unit": units.get(case.unit_id or 0, ""),
            "units": units,
            "citizen": self.db.get(User, case.citizen_id) if case.citizen_id else None,
            "events": self._of(CaseEvent, case),
            "referrals": self._of(Referral, case),
            "pictures": self._of(Attachment, case),
            "messages": self._of(OutboxMessage, case),
            "nearby": self._near(report) if report and report.lat is not None else [],
        }

    def step(self) -> Response:
        """Take a case over: the case, its referral, the history and the outbox change."""
        case = self._case()
        referral = select(Referral).where(
            Referral.case_id == case.id, Referral.type == "action", Referral.closed_at.is_(None)
        )
        self.db.scalars(referral).one().read_at = self.now
        case.updated_at = self.now
        self._record(case, "transition", transition="start_review")
        return HTTPSeeOther(f"/kartable/cases/{case.code}")

    def submit(self) -> Response:
        """Receive a report."""
        form = self.request.POST
        category = select(Category).where(Category.kind == "reports", Category.key == form["category"])
        subject = self.db.scalars(category).one()
        case = Case(
            code=new_code(),
            kind="reports",
            citizen_id=self._user.id,
            subject=subject.name,
            body=form["body"],
            category_id=subject.id,
            unit_id=subject.unit_id,
            status="registered",
            stage="registered",
            created_at=self.now,
            updated_at=self.now,
            deadline=self.now + timedelta(days=subject.deadline_days or 5),
            search_text=form["body"],
            idempotency_key=form["key"],
        )
        self.db.add(case)
        self.db.flush()
        self.db.add(Report(case_id=case.id, lat=float(form["lat"]), lon=float(form["lon"])))
        self.db.add(Referral(case_id=case.id, to_unit_id=subject.unit_id, created_at=self.now))
        self._record(case, "opened", after="registered")
        return HTTPSeeOther(f"/my/{case.code}")

    def desk(self) -> dict[str, Any]:
        """Show the numbers of all services."""
        number = func.sum(CaseTotal.n).label("number")
        query = select(CaseTotal.kind, CaseTotal.status, number).group_by(CaseTotal.kind, CaseTotal.status)
        kinds: dict[str, list[Any]] = {}
        for row in self.db.execute(query):
            kinds.setdefault(row.kind, []).append(row)
        late = select(Case.id).where(Case.kind == "reports", Case.stage.in_(_OPEN), Case.deadline < self.now)
        return {
            "kinds": sorted(kinds.items()),
            "overdue": self.db.scalar(_counted(late)),
            "posts": self._posts(),
        }

    def points(self) -> dict[str, Any]:
        """Return the reports of a part of the map."""
        west, south, east, north = map(float, self.request.GET["bbox"].split(","))
        query = select(Case.code, Case.status, Case.category_id, Report.lat, Report.lon)
        query = query.join(Report, Report.case_id == Case.id).where(
            Report.lat.between(south, north), Report.lon.between(west, east)
        )
        rows = self.db.execute(query.order_by(Case.id.desc()).limit(POINTS)).all()
        return {"total": len(rows), "points": [[*row] for row in rows]}

    @property
    def db(self) -> Any:
        """Return the session of SQLAlchemy, committed by the transaction manager."""
        return self.request.dbsession

    # -- inside ---------------------------------------------------------------------------------------------

    def _list(self, title: str, query: Select[Case], tabs: Any) -> dict[str, Any]:
        cases = self.db.scalars(query.limit(ROWS + 1)).all()
        shown = cases[:ROWS]
        pictures = select(Attachment.case_id, func.count()).where(
            Attachment.case_id.in_([case.id for case in shown])
        )
        return {
            "title": title,
            "tabs": tabs,
            "cases": shown,
            "more": len(cases) > ROWS,
            "units": self._unit_names,
            "pictures": dict(self.db.execute(pictures.group_by(Attachment.case_id)).all()),
            "now": self.now,
        }

    def _case(self) -> Case:
        found: Case | None = self.db.scalar(select(Case).where(Case.code == self.request.matchdict["code"]))
        if found is None:
            raise HTTPNotFound
        return found

    def _of(self, model: Any, case: Case) -> Sequence[Any]:
        found: Sequence[Any] = self.db.scalars(
            select(model).where(model.case_id == case.id).order_by(model.id.desc())
        ).all()
        return found

    def _near(self, report: Report) -> Sequence[Any]:
        query = select(Case.code, Case.subject).join(Report, Report.case_id == Case.id)
        box = [
            column.between(value - NEAR, value + NEAR)
            for column, value in ((Report.lat, report.lat or 0.0), (Report.lon, report.lon or 0.0))
        ]
        rows: Sequence[Any] = self.db.execute(
            query.where(*box, Case.stage.in_(_OPEN), Case.id != report.case_id).limit(LATEST)
        ).all()
        return rows

    def _record(self, case: Case, type_: str, **values: Any) -> None:
        """Add an entry to the history, and a message to the citizen."""
        user = self._user
        event = CaseEvent(
            case_id=case.id,
            type=type_,
            actor_id=user.id,
            actor_name=user.name,
            realm="staff",
            at=self.now,
            **values,
        )
        self.db.add(event)
        self.db.flush()
        self.db.add(
            OutboxMessage(
                event_key=f"plain:{event.id}",
                kind=f"reports.{type_}",
                recipient=user.mobile or "",
                user_id=case.citizen_id,
                case_id=case.id,
                event_id=event.id,
                text=f"{case.subject} {case.code}",
                created_at=self.now,
                next_at=self.now,
            )
        )

    def _posts(self) -> int:
        return int(self.db.scalar(select(func.count()).where(Post.published, Post.deleted_at.is_(None))))

    @cached_property
    def _user(self) -> User:
        user = self.request.identity
        assert user is not None, "a page for visitors asks for the user"
        return user

    @cached_property
    def _units(self) -> list[int]:
        query = select(Membership.unit_id).where(Membership.user_id == self._user.id)
        return [unit for unit in self.db.scalars(query) if unit]

    @cached_property
    def _unit_names(self) -> dict[int, str]:
        return dict(self.db.execute(select(Unit.id, Unit.name)).all())


def _counted(query: Select[Any]) -> Any:
    return select(func.count()).select_from(query.limit(MOST_COUNTED + 1).subquery())
