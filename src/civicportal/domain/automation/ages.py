"""Cases that have reached the age at which an automation runs.

They are read in the order of an index and in batches: however many cases there are, only open ones are looked at.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, exists, or_, select, tuple_

from civicportal.core.work import Service
from civicportal.domain.automation.conditions import ConditionService
from civicportal.domain.automation.models import Automation, AutomationRun
from civicportal.domain.automation.triggers import AGES
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.cases.workflow import OPEN_STAGES, CaseKind
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.queries import Expression, Rows

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

BATCH = 200
"""Cases per transaction."""

# Literals in the statement, as the partial index requires.
_OPEN: BindParameter[Sequence[str]] = bindparam("open", OPEN_STAGES, expanding=True, literal_execute=True)
_OPENED = CaseEvent.type == "opened"
_MOVED = and_(CaseEvent.type.in_(("transition", "undone")), CaseEvent.before != CaseEvent.after)
_BY_PEOPLE = CaseEvent.realm != "system"


@dataclass(frozen=True, kw_only=True)
class AgeScope:
    """Cases that one index serves: of a kind, and in a status unless their deadlines count."""

    kind: CaseKind
    status: str | None = None


@dataclass(frozen=True, kw_only=True)
class DueCase:
    """A case that has reached the age.

    :ivar moment: its place in the order of the batches, with the id.
    :ivar cause: id of the event for which the automation runs once.
    """

    case_id: int
    moment: datetime
    version: int
    cause: int


class AgeService(Service):
    """Find the cases that are due for automations with a trigger of age."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.conditions = work.get(ConditionService)

    def scopes(self, automation: Automation) -> Iterator[AgeScope]:
        """Yield the scopes of an automation."""
        for kind in kinds_of(self.work.site).values():
            if automation.kind not in (None, kind.name):
                continue
            if automation.trigger == "overdue":
                yield AgeScope(kind=kind, status=automation.status)
                continue
            for state in kind.workflow.states:
                if state.is_open and automation.status in (None, state.name):
                    yield AgeScope(kind=kind, status=state.name)

    def due(
        self,
        automation: Automation,
        scope: AgeScope,
        after: DueCase | None = None,
        *,
        case_id: int | None = None,
    ) -> list[DueCase]:
        """Return a batch of cases for which the automation has not run yet.

        :param after: the last of the previous batch.
        :param case_id: only this case, whether it has run or not.
        """
        query = self.query(automation, scope, after)
        if case_id is not None:
            query = self._query(automation, scope).where(Case.id == case_id)
        return [
            DueCase(case_id=row.id, moment=row.moment, version=row.version, cause=row.cause)
            for row in self.session.execute(query)
            if row.cause is not None
        ]

    def query(self, automation: Automation, scope: AgeScope, after: DueCase | None = None) -> Rows:
        """Return the query of a batch."""
        moment, cause = self._moment(automation), self._cause(automation, scope.kind)
        query = self._query(automation, scope).where(
            ~exists().where(
                AutomationRun.automation_id == automation.id,
                AutomationRun.event_id == cause,
                or_(AutomationRun.state != "nothing", AutomationRun.case_version == Case.version),
            )
        )
        if after is not None:
            query = query.where(tuple_(moment, Case.id) > tuple_(after.moment, after.case_id))
        return query.order_by(moment, Case.id).limit(BATCH)

    def period(self, automation: Automation) -> tuple[datetime | None, datetime]:
        """Return the times between which the counted time of a due case began; the first is excluded."""
        calendar = self.work.get(OrganizationService).calendar
        duration = self.duration(automation)
        latest = calendar.subtract_working_time(self.work.clock.now(), duration)
        earliest = calendar.subtract_working_time(automation.active_since, duration)
        return None if automation.backlog else earliest, latest

    def duration(self, automation: Automation) -> timedelta:
        """Return the working time of the age."""
        unit = self.work.get(OrganizationService).calendar.full_day
        return (automation.age or 0) * (unit if automation.age_unit == "days" else timedelta(hours=1))

    def _query(self, automation: Automation, scope: AgeScope) -> Rows:
        earliest, latest = self.period(automation)
        moment = self._moment(automation)
        query: Rows = select(
            Case.id, Case.version, moment.label("moment"), self._cause(automation, scope.kind).label("cause")
        ).where(Case.kind == scope.kind.name, *self.conditions.sql(automation))
        if scope.status:
            query = query.where(Case.status == scope.status)
        if automation.trigger == "overdue":
            query = query.where(Case.stage.in_(_OPEN), Case.paused_at.is_(None))
        begun: Expression = moment
        if automation.trigger == "status_age":
            # In the status since a time after its registration.
            query = query.where(Case.created_at <= latest)
            begun = _last(CaseEvent.at, or_(_OPENED, _MOVED))
        query = query.where(begun <= latest)
        return query if earliest is None else query.where(begun > earliest)

    @staticmethod
    def _moment(automation: Automation) -> Expression:
        return Case.deadline if automation.trigger == "overdue" else Case.created_at

    @staticmethod
    def _cause(automation: Automation, kind: CaseKind) -> Expression:
        """Return the id of the event for which an automation acts once.

        It is one of a person: what the portal or an automation does begins no new period.
        """
        if automation.trigger == "age":
            return _last(CaseEvent.id, _OPENED)
        moved = and_(_MOVED, _BY_PEOPLE)
        if automation.trigger == "overdue":
            closed = [state.name for state in kind.workflow.states if not state.is_open]
            moved = and_(moved, CaseEvent.before.in_(closed))
        return _last(CaseEvent.id, or_(_OPENED, moved))


def _last(column: Expression, which: ColumnElement[bool]) -> Expression:
    """Return a column of the last of certain events of a case."""
    query: Select[tuple[object]] = select(column).where(CaseEvent.case_id == Case.id, which)
    return query.order_by(CaseEvent.id.desc()).limit(1).correlate(Case).scalar_subquery()


def queue_due(site: "Site") -> None:
    """Queue runs for the cases that have reached an age."""
    with site.work(write=False) as work:
        query = select(Automation).where(Automation.active, Automation.trigger.in_(AGES))
        automations = work.session.scalars(query.order_by(Automation.position, Automation.id)).all()
        scopes = [(one, scope) for one in automations for scope in work.get(AgeService).scopes(one)]
    for automation, scope in scopes:
        last: DueCase | None = None
        while True:
            with site.work(write=False) as work:
                found = work.get(AgeService).due(automation, scope, last)
            if found:
                with site.work() as work:
                    _queue(work, automation, found)
            if len(found) < BATCH:
                break
            last = found[-1]


def _queue(work: "Work", automation: Automation, found: Sequence[DueCase]) -> None:
    now = work.clock.now()
    rows = [
        {
            "automation_id": automation.id,
            "case_id": one.case_id,
            "event_id": one.cause,
            "state": "waiting",
            "due_at": now,
            "attempts": 0,
            "reason": "",
            "created_at": now,
        }
        for one in found
    ]
    statement = work.site.engines.insert(AutomationRun).values(rows)
    work.session.execute(
        statement.on_conflict_do_update(
            index_elements=["automation_id", "event_id"],
            set_={"state": "waiting", "due_at": now},
            where=AutomationRun.state == "nothing",
        )
    )
