"""Dry run of an automation on past cases, without changes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from civicportal.core.work import Service
from civicportal.domain.automation.ages import AgeService
from civicportal.domain.automation.conditions import ConditionService
from civicportal.domain.automation.models import Automation
from civicportal.domain.automation.services import AutomationService
from civicportal.domain.automation.triggers import triggers_of
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.cases.opening import OpeningService
from civicportal.domain.cases.services import CaseService
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.questionnaires.services import QuestionnaireService

if TYPE_CHECKING:
    from civicportal.core.work import Work

PERIOD = timedelta(days=90)
MOST = 1000
"""Maximum number of cases in one dry run."""
SHOWN = 20
"""Maximum number of cases that are listed."""


@dataclass(frozen=True, kw_only=True)
class TrialCase:
    """A case on which the automation would have acted.

    :ivar at: the first time.
    :ivar seen: whether the actor may see the case.
    """

    case: Case
    at: datetime
    seen: bool


@dataclass(kw_only=True)
class Trial:
    """The result of a dry run.

    :ivar cases: number of cases examined, the newest of the last 90 days.
    :ivar hits: number of those on which the automation would have acted.
    :ivar shown: the newest of these.
    :ivar complete: whether no case of the period was left out.
    """

    cases: int = 0
    hits: int = 0
    shown: list[TrialCase] = field(default_factory=list)
    complete: bool = True


class TrialService(Service):
    """Apply an automation to past cases without changing them.

    The status is that which a case had; unit and urgency are those that it has today.
    """

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.conditions = work.get(ConditionService)
        self.calendar = work.get(OrganizationService).calendar

    def run(self, automation: Automation) -> Trial:
        """Find the newest cases of the last 90 days on which an automation would have acted."""
        found = self.session.scalars(self.query(automation)).all()
        outcome = Trial(cases=len(found[:MOST]), complete=len(found) <= MOST)
        found = found[:MOST]
        seen = self.work.get(AutomationService).visible(case.id for case in found)
        if automation.facts:
            self.work.get(OpeningService).read_details(found)
        if automation.choice_id:
            self.work.get(QuestionnaireService).read_choices(found)
        cases = self.work.get(CaseService)
        cases.load_events(found)
        for case in found:
            if not self.conditions.fits(automation, case, but_status=True):
                continue
            at = min(self._times(automation, case, cases.events(case)), default=None)
            if at is None:
                continue
            outcome.hits += 1
            if len(outcome.shown) < SHOWN:
                outcome.shown.append(TrialCase(case=case, at=at, seen=case.id in seen))
        return outcome

    def query(self, automation: Automation) -> Select[Case]:
        """Return the query for the cases that are examined, and one more."""
        query = select(Case).where(
            Case.created_at > self.work.clock.now() - PERIOD, *self.conditions.sql(automation)
        )
        if automation.kind:
            query = query.where(Case.kind == automation.kind)
        return query.order_by(Case.created_at.desc(), Case.id.desc()).limit(MOST + 1)

    def _times(self, automation: Automation, case: Case, events: Sequence[CaseEvent]) -> Iterator[datetime]:
        """Yield when the automation would have acted.

        :param events: the latest first.
        """
        kind, status = kind_of(self.work.site, case.kind), ""
        duration = self.work.get(AgeService).duration(automation)
        history = [*reversed(events)]
        for number, event in enumerate(history):
            status = event.after or status
            if automation.status not in (None, status):
                continue
            if automation.trigger in triggers_of(kind, event):
                yield event.at
            elif automation.trigger == "status_age" and event.after:
                ends = next((one.at for one in history[number + 1 :] if one.after), self.work.clock.now())
                state = kind.workflow.by_name.get(status)
                if state and state.is_open:
                    yield from self._reached(event.at, duration, ends)
        if automation.trigger in ("age", "overdue") and automation.status in (None, case.status):
            start = case.created_at if automation.trigger == "age" else case.deadline
            yield from self._reached(start, duration, case.closed_at or self.work.clock.now())

    def _reached(self, start: datetime, duration: timedelta, ends: datetime) -> Iterator[datetime]:
        # Most cases end earlier, and the distant date that stands for no deadline lies after every end.
        if start + duration <= ends and (at := self.calendar.add_working_time(start, duration)) <= ends:
            yield at
