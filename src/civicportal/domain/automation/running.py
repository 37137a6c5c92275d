"""Running automations: each run in a transaction of its own, by the worker."""

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import BindParameter, Select, bindparam, select
from translationstring import TranslationString

from civicportal.core.jobs import Job
from civicportal.core.security import Identity
from civicportal.core.work import Service
from civicportal.domain.audit.services import AuditService
from civicportal.domain.automation.actions import ActionService
from civicportal.domain.automation.ages import AgeService, queue_due
from civicportal.domain.automation.conditions import ConditionService
from civicportal.domain.automation.models import Automation, AutomationRun
from civicportal.domain.automation.triggers import AGES
from civicportal.domain.cases.models import AUTOMATION, Case
from civicportal.domain.cases.services import CaseService
from civicportal.domain.notifications.troubles import keep
from civicportal.util.errors import CivicportalError, Refused
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

log = logging.getLogger(__name__)

BATCH, MOST_BATCHES = 100, 5
"""Runs that are read at once, and batches of one run of the job: quick jobs of others wait behind it."""
MOST_ATTEMPTS = 3
"""Attempts of a run that ends with an error of the portal."""
MOST_FAILURES = 5
"""Refused or failed runs in a row after which an automation is switched off."""
# A literal in the statement, as the partial index requires.
_WAITING: BindParameter[str] = bindparam("waiting", "waiting", literal_execute=True)
NOT_POSSIBLE = _("The case did not allow it.")
ERROR = _("An error of the portal, described in its log.")


class RunService(Service):
    """Run automations on cases."""

    def run(self, run_id: int) -> None:
        """Run an automation for a case, if it still waits.

        A refused action leaves the case as it was.
        """
        waiting = (AutomationRun.id == run_id, AutomationRun.state == "waiting")
        run = self.session.scalar(select(AutomationRun).where(*waiting).with_for_update(skip_locked=True))
        if run is None:
            return
        automation = self.session.get_one(Automation, run.automation_id)
        case = self.session.scalar(select(Case).where(Case.id == run.case_id).with_for_update())
        if case is None or not self._applies(automation, case, run):
            self._nothing(automation, run, case)
            return
        actor = Identity(user_id=None, name=f"{AUTOMATION}{automation.title}", realm="system")
        try:
            with self.work.acting_as(actor), self.work.savepoint():
                acted = self.work.get(ActionService).act(automation, case)
        except CivicportalError as refusal:
            reason = refusal.reason if isinstance(refusal, Refused) else NOT_POSSIBLE
            self._refuse(automation, run, "refused", reason)
            return
        if acted:
            run.state, run.done_at = "done", self.work.clock.now()
        else:
            self._nothing(automation, run, case)

    def fail(self, run_id: int) -> None:
        """Count an attempt that ended with an error."""
        run = self.session.get(AutomationRun, run_id, with_for_update=True)
        if run is None or run.state != "waiting":
            return
        run.attempts += 1
        if run.attempts >= MOST_ATTEMPTS:
            automation = self.session.get_one(Automation, run.automation_id)
            self._refuse(automation, run, "failed", ERROR)

    def _applies(self, automation: Automation, case: Case, run: AutomationRun) -> bool:
        if not automation.active or not self.work.get(ConditionService).fits(automation, case):
            return False
        if automation.trigger in AGES:
            ages = self.work.get(AgeService)
            found = (
                one.cause
                for scope in ages.scopes(automation)
                if scope.kind.name == case.kind and scope.status in (None, case.status)
                for one in ages.due(automation, scope, case_id=case.id)
            )
            return run.event_id in found
        events = self.work.get(CaseService).events(case)
        return run.event_id not in {event.data.get("event") for event in events if event.type == "undone"}

    def _nothing(self, automation: Automation, run: AutomationRun, case: Case | None) -> None:
        """Leave a case alone.

        An event does not come again; a case that reached an age is looked at again when it has changed.
        """
        if automation.trigger in AGES and case is not None:
            run.state, run.done_at, run.case_version = "nothing", self.work.clock.now(), case.version
        else:
            self.session.delete(run)

    def _refuse(
        self, automation: Automation, run: AutomationRun, state: str, reason: TranslationString
    ) -> None:
        run.state, run.reason, run.done_at = state, keep(reason), self.work.clock.now()
        self.session.flush()
        if automation.active and self._fails(automation):
            automation.active, automation.failing = False, True
            self.work.get(AuditService).record("automation:pause", id=automation.id, title=automation.title)

    def _fails(self, automation: Automation) -> bool:
        """Return whether the last runs since the automation was switched on have all failed."""
        lately = (
            select(AutomationRun.state)
            .where(
                AutomationRun.automation_id == automation.id,
                AutomationRun.state.in_(("done", "refused", "failed")),
                AutomationRun.done_at >= automation.active_since,
            )
            .order_by(AutomationRun.done_at.desc(), AutomationRun.id.desc())
            .limit(MOST_FAILURES)
        )
        states = self.session.scalars(lately).all()
        return len(states) == MOST_FAILURES and "done" not in states


def waiting(work: "Work", after: int = 0) -> Select[int]:
    """Return the query for the ids of a batch of runs that are due."""
    due = (AutomationRun.state == _WAITING, AutomationRun.due_at <= work.clock.now())
    query = select(AutomationRun.id).where(*due, AutomationRun.id > after)
    return query.order_by(AutomationRun.id).limit(BATCH)


def run_waiting(site: "Site") -> None:
    """Run what waits, in the order of the events, each in a separate transaction."""
    after = 0
    for _batch in range(MOST_BATCHES):
        with site.work(write=False) as work:
            found = work.session.scalars(waiting(work, after)).all()
        for run_id in found:
            _run(site, run_id)
        if len(found) < BATCH:
            return
        after = found[-1]


def _run(site: "Site", run_id: int) -> None:
    try:
        with site.work() as work:
            work.get(RunService).run(run_id)
    except Exception:
        log.exception("the automation of run %s has failed", run_id)
        with site.work() as work:
            work.get(RunService).fail(run_id)


JOBS = (
    Job(name="core.automations", every=timedelta(seconds=10), run=run_waiting, lane="messages"),
    Job(name="core.automations-due", every=timedelta(minutes=10), run=queue_due),
)
