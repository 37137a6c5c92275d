"""Work on the jobs of split cases: taking, finishing and refusing them, and the closing of a case after the last one."""

from collections.abc import Sequence

from sqlalchemy import select

from civicportal.core.security import Identity
from civicportal.domain.cases.access.sql import JOB, persons
from civicportal.domain.cases.attachments import AttachmentService
from civicportal.domain.cases.changes import CaseChange
from civicportal.domain.cases.errors import Refused
from civicportal.domain.cases.events import ONCE
from civicportal.domain.cases.models import JOB_DONE, JOB_REFUSED, Case, CaseEvent
from civicportal.domain.cases.public_texts import ALLOWED
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.errors import ReferralError
from civicportal.domain.kartable.rows import holder_id
from civicportal.domain.kartable.services import HELD, KartableService
from civicportal.domain.kartable.types import JOB_WITHDRAWN, SPLIT
from civicportal.util.errors import Conflict, Forbidden
from civicportal.util.i18n import _

ENDED = _("This job was finished or withdrawn before.")
_ENDS = {JOB_DONE: "done", JOB_REFUSED: "refused", JOB_WITHDRAWN: "withdrawn"}
"""``Referral.closed_how`` by the type of the event that ends a job."""


class JobWorkService(KartableService):
    """Take and end jobs, and close the case after the last one.

    Every change needs the case to be locked, so that of two jobs that end at the same moment only the second one finds none
    left, and closes the case.
    """

    def take_job(self, case: Case, job_id: int) -> CaseEvent:
        """Take a job of the actor's unit in hand.

        :raises Forbidden: when it is not in their kartable, or they may not work on the case there.
        :raises ReferralError: when it has ended, or another person holds it.
        """
        job = self._open(case, job_id)
        if holder_id(job) not in {None, *persons(self.work.actor)}:
            raise ReferralError(HELD)
        job.taken_by_id = self.work.actor.user_id
        job.read_at = job.read_at or self.work.clock.now()
        return self._tell(case, "job_taken", job, notify=False)

    def release_job(self, case: Case, job_id: int) -> CaseEvent:
        """Return a job that was taken to the whole unit.

        :raises Forbidden: see :meth:`take_job`.
        :raises ReferralError: see :meth:`take_job`.
        """
        job = self._open(case, job_id)
        if holder_id(job) not in {None, *persons(self.work.actor)}:
            raise ReferralError(HELD)
        job.taken_by_id = None
        return self._tell(case, "job_released", job, notify=False)

    def was_finished(self, code: str, once: str) -> bool:
        """Return whether a form of the actor has finished a job before; with the job, their sight of the case may have ended.

        :param code: of the case.
        :param once: the idempotency key of the form.
        """
        query = select(CaseEvent).join(Case, Case.id == CaseEvent.case_id)
        query = query.where(
            Case.code == code, CaseEvent.type == JOB_DONE, CaseEvent.actor_id == self.work.actor.user_id
        )
        return any(event.data.get(ONCE) == once for event in self.session.scalars(query))

    def finish(
        self,
        case: Case,
        job_id: int,
        *,
        text: str = "",
        attachments: Sequence[str] = (),
        owner: str = "",
        once: str = "",
    ) -> CaseEvent:
        """Report a job as done.

        :param attachments: keys of pictures of the work. Staff alone see them until the case closes by itself.
        :param once: idempotency key of the form, for :meth:`was_finished`.
        :raises Forbidden: see :meth:`take_job`.
        :raises ReferralError: when it has ended.
        """
        return self._end(case, self._open(case, job_id), JOB_DONE, text, attachments, owner, once)

    def refuse(
        self, case: Case, job_id: int, *, text: str, attachments: Sequence[str] = (), owner: str = ""
    ) -> CaseEvent:
        """Return a job that cannot be done; after the last job the case comes back to its holder.

        :param text: the reason.
        :raises Forbidden: see :meth:`take_job`.
        :raises ReferralError: when it has ended, or without a reason.
        """
        job = self._open(case, job_id)
        if not text.strip():
            raise ReferralError(_("Write why the job cannot be done."))
        return self._end(case, job, JOB_REFUSED, text, attachments, owner)

    def _find(self, case: Case, job_id: int) -> Referral:
        job = next((one for one in self.access.open_jobs(case) if one.id == job_id), None)
        if job is None:
            raise ReferralError(ENDED)
        return job

    def _open(self, case: Case, job_id: int) -> Referral:
        job = self._find(case, job_id)
        if not self.access.may_do(case, job):
            raise Forbidden("the job is not in the actor's kartable")
        return job

    def _end(
        self,
        case: Case,
        job: Referral,
        type_: str,
        text: str,
        attachments: Sequence[str] = (),
        owner: str = "",
        once: str = "",
    ) -> CaseEvent:
        with self.work.savepoint():
            # While the job is open, the event still names the person whom a deputy represents.
            data = {"unit_id": job.to_unit_id, "user_id": job.to_user_id, **({ONCE: once} if once else {})}
            event = self.cases.record(case, type_, internal_text=text, data=data)
            self.session.flush()
            self.work.get(AttachmentService).claim(attachments, owner, case, event, purpose="after")
            job.answer = text
            self._close(job, _ENDS[type_])
            job.closed_event_id = event.id
            case.updated_at = self.work.clock.now()
            self._relay(case, event, job)
            if type_ != JOB_WITHDRAWN:
                self._settle(case)
        return event

    def _relay(self, case: Case, event: CaseEvent, job: Referral | None = None) -> None:
        kind = self.cases.kind(case)
        self.work.relay(CaseChange(case=case, event=event, kind=kind, referral=job, notify=False))

    # -- the end --------------------------------------------------------------------------------------------

    def _settle(self, case: Case) -> None:
        """Close a case without open jobs, or give it back to its holder."""
        action = self.access.action_referral(case)
        if action is None or self.access.open_jobs(case):
            return
        if not self._close_case(case, action):
            action.jobs_ended, action.read_at = True, None

    def _close_case(self, case: Case, action: Referral) -> bool:
        """Close a case with the answer of its splitter, if every job was done and nothing else is open."""
        kind, splits = self.cases.kind(case), self._splits(case)
        answer = str(splits[0].data.get("answer", "")) if splits else ""
        state = kind.workflow.by_name.get(case.status)
        asks = state is not None and state.answer is not None
        first = next((one for one in splits if not one.data.get("adds")), None)
        if not answer or not kind.split or asks or first is None or self.access.open_inquiries(case):
            return False
        ended = [
            one
            for one in self.access.referrals(case)
            if one.type == JOB and (one.opened_event_id or 0) >= first.id
        ]
        if any(one.closed_how == "refused" for one in ended):
            return False
        holder = holder_id(action) or splits[0].actor_id
        try:
            with self.work.acting_as(Identity.SYSTEM), self.work.savepoint():
                event = self.work.get(CaseService).apply(
                    case, kind.split, public_text=answer, allowed=splits[0].data.get(ALLOWED, ())
                )
                shown = [one.closed_event_id for one in ended if one.closed_how == "done"]
                self.work.get(AttachmentService).show_with(case, [one for one in shown if one], event)
        except (Refused, Conflict):
            # A guard, a plugin, or personal data in the answer to a case that was published since.
            self.access.forget(case)
            return False
        # The statistics of a team count it for its holder, to whom it comes back if it is opened again.
        action.closed_by_id = holder
        return True

    def _splits(self, case: Case) -> list[CaseEvent]:
        """Return the events that split a case and were not undone, latest first."""
        events = self.cases.events(case)
        undone = {event.data.get("event") for event in events if event.type == "undone"}
        return [event for event in events if event.type == SPLIT and event.id not in undone]
