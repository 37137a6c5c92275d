"""Jobs: a case split between several units."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from translationstring import TranslationString

from civicportal.domain.accounts.services import AccountService
from civicportal.domain.cases.access.sql import JOB, persons
from civicportal.domain.cases.attachments import AttachmentService
from civicportal.domain.cases.models import Attachment, Case, CaseEvent
from civicportal.domain.cases.public_texts import ALLOWED, PublicTexts
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.snapshots import snapshot
from civicportal.domain.kartable.errors import ReferralError
from civicportal.domain.kartable.job_work import JobWorkService
from civicportal.domain.kartable.recent import RecentAddresseeService
from civicportal.domain.kartable.types import JOB_WITHDRAWN, SPLIT
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.errors import Forbidden
from civicportal.util.i18n import _

MOST = 6
"""Jobs of one form."""
State = Literal["new", "taken", "done", "refused", "withdrawn", "closed"]
STATES: Mapping[State, TranslationString] = {
    "new": _("Not taken yet"),
    "taken": _("Taken in hand"),
    "done": _("Done"),
    "refused": _("Cannot be done"),
    "withdrawn": _("Withdrawn"),
    "closed": _("Ended with the case"),
}
_MOVED = ("referred", "undone")
"""Ways of closing after which another referral goes on with the job, or there never was one."""


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """A part of the work on a case for one unit.

    :ivar task: what is to be done.
    :ivar due_on: the last day for it.
    """

    unit_id: int
    task: str
    due_on: date | None = None


class RefusedJob(ReferralError):
    """One of the jobs is not possible.

    :ivar number: which one, from 0.
    :ivar field: the field of :class:`NewJob`.
    """

    def __init__(self, number: int, field: str, reason: TranslationString) -> None:
        super().__init__(reason)
        self.number, self.field = number, field

    @property
    def pointers(self) -> Mapping[str, str]:
        """Return the reason for the job, as the body of a call contains it."""
        return {f"#/jobs/{self.number}/{self.field}": self.reason}


@dataclass(frozen=True, kw_only=True)
class CaseJob:
    """A job as the page of its case shows it.

    :ivar unit: name of the unit.
    :ivar holder: name of the person who holds it, empty for the whole unit.
    :ivar mine: the actor holds it, or someone whom they represent.
    :ivar may_do: the actor may take, finish and refuse it.
    :ivar is_free: no one holds it.
    :ivar result: what the unit has written.
    """

    id: int
    unit: str
    task: str
    state: State
    holder: str
    mine: bool
    may_do: bool
    is_free: bool
    due_on: date | None
    is_late: bool
    ended_at: datetime | None
    result: str
    photos: Sequence[Attachment]

    @property
    def title(self) -> TranslationString:
        """Return the state in words."""
        return STATES[self.state]

    @property
    def is_open(self) -> bool:
        """Return whether the unit still has to do it."""
        return self.ended_at is None


@dataclass(frozen=True, kw_only=True)
class CaseSplit:
    """The jobs of a case.

    :ivar answer: what the citizen reads when all are done; empty if the case then comes back.
    """

    jobs: Sequence[CaseJob] = ()
    answer: str = ""

    @property
    def is_open(self) -> bool:
        """Return whether any job is open."""
        return any(job.is_open for job in self.jobs)


class JobService(JobWorkService):
    """Split cases into jobs, and show and withdraw these.

    A job is a referral: it stands in the kartable of its unit, for the people who would get a referral of the case.
    The case stays with its holder.
    """

    # -- reading --------------------------------------------------------------------------------------------

    def of(self, case: Case) -> CaseSplit:
        """Return the jobs of a case, oldest first."""
        found = [
            one for one in self.access.referrals(case) if one.type == JOB and one.closed_how not in _MOVED
        ]
        if not found:
            return CaseSplit()
        names = self.work.get(AccountService).names(one.taken_by_id or one.to_user_id for one in found)
        splits = self._splits(case)
        return CaseSplit(
            jobs=[self._described(case, one, names) for one in found],
            answer=str(splits[0].data.get("answer", "")) if splits else "",
        )

    def may_split(self, case: Case) -> bool:
        """Return whether the actor may split a case: act on it, and close it in the end."""
        kind = self.cases.kind(case)
        steps = kind.workflow.from_state(case.status) if kind.split and case.is_open else ()
        return any(step.name == kind.split for step in steps) and all(
            self.access.may_act(case, kind.permission(verb)) for verb in ("refer", "work")
        )

    def _described(self, case: Case, job: Referral, names: Mapping[int, str]) -> CaseJob:
        holder = job.taken_by_id or job.to_user_id
        open_state: State = "new" if holder is None else "taken"
        ended: dict[str | None, State] = {"done": "done", "refused": "refused", "withdrawn": "withdrawn"}
        photos = self.work.get(AttachmentService).of_case(case)
        return CaseJob(
            id=job.id,
            unit=self.work.get(OrganizationService).unit_name(job.to_unit_id),
            task=job.note,
            state=ended.get(job.closed_how, "closed") if job.closed_at else open_state,
            holder=names.get(holder or 0, ""),
            mine=holder in persons(self.work.actor),
            may_do=job.closed_at is None and self.access.may_do(case, job),
            is_free=holder is None,
            due_on=self._last_day(job.due_at) if job.due_at else None,
            is_late=job.closed_at is None and job.due_at is not None and job.due_at <= self.work.clock.now(),
            ended_at=job.closed_at,
            result=job.answer,
            photos=[
                one for one in photos if one.event_id is not None and one.event_id == job.closed_event_id
            ],
        )

    # -- splitting ------------------------------------------------------------------------------------------

    def split(
        self,
        case: Case,
        jobs: Sequence[NewJob],
        *,
        answer: str = "",
        version: int | None = None,
        allowed: Collection[str] = (),
    ) -> CaseEvent:
        """Split a case into jobs, or add jobs to those that are open.

        The citizen is not notified.

        :param answer: what the citizen reads when all jobs are done, and the case closes by itself; without it, it comes
            back to its holder. It replaces that of the open jobs.
        :param allowed: words that are not names in the answer, see
            :class:`~civicportal.domain.cases.public_texts.PublicTexts`.
        :raises Forbidden: without the right to refer and to close the case.
        :raises ReferralError: with fewer than two jobs.
        :raises RefusedJob: when a unit takes no cases, has a job of this case already, or would not attend to it, or
            when a job is due in the past.
        :raises PersonalDataFound: when the case is public and the answer contains personal data.
        """
        referral = self._own_referral(case, version, "refer")
        if not self.may_split(case):
            raise Forbidden("may not split it")
        running = self.access.open_jobs(case)
        if len(jobs) + len(running) < 2 or not jobs:
            raise ReferralError(_("Write two jobs at least; for a single unit, refer the case."))
        self.check(case, jobs)
        if case.public and answer:
            texts = {"public_text": answer}
            self.work.get(PublicTexts).check(case, texts, allowed=allowed, addressed=True)
        with self.work.savepoint():
            data: dict[str, object] = {
                "units": [job.unit_id for job in jobs],
                "answer": answer,
                "adds": bool(running),
                "undo": {**snapshot(case), "taken_by_id": referral.taken_by_id},
            }
            if allowed:
                data[ALLOWED] = sorted(allowed)
            event = self.cases.record(case, SPLIT, data=data)
            # Flush the event before its referrals, which contain its id.
            self.session.flush()
            for job in jobs:
                self._add(
                    case,
                    job.unit_id,
                    type_=JOB,
                    note=job.task,
                    from_unit_id=case.unit_id,
                    due_at=self._end_of(job.due_on) if job.due_on else None,
                    opened_event_id=event.id,
                )
                self.work.get(RecentAddresseeService).remember(job.unit_id, None)
            case.updated_at = self.work.clock.now()
            self._take_silently(case, release=False)
            self._note_work(case)
            self._relay(case, event)
        return event

    def check(self, case: Case, jobs: Sequence[NewJob]) -> None:
        """Refuse jobs that are not possible.

        :raises RefusedJob: see :meth:`split`.
        """
        taken = {one.to_unit_id for one in self.access.open_jobs(case)}
        for number, job in enumerate(jobs):
            if job.unit_id in taken:
                raise RefusedJob(number, "unit", _("This unit has a job of this case already."))
            taken.add(job.unit_id)
            if job.due_on and self._end_of(job.due_on) <= self.work.clock.now():
                raise RefusedJob(number, "due", _("This day has passed."))
            try:
                self._check_addressee(job.unit_id, None)
                self._require_attended(case, job.unit_id, None)
            except ReferralError as error:
                raise RefusedJob(number, "unit", error.reason) from error

    def _last_day(self, end: datetime) -> date:
        return self.work.site.calendar.today(end - timedelta(microseconds=1))

    def _end_of(self, day: date) -> datetime:
        return self.work.site.calendar.day_bounds(day)[1]

    def withdraw(self, case: Case, job_id: int, *, version: int | None = None) -> CaseEvent:
        """Withdraw an open job.

        Who may refer the case may do so. The case then stays open, even if it was the last job: its holder goes on.

        :raises Forbidden: without the right, or without the case in the actor's kartable.
        :raises ReferralError: when the job has ended.
        """
        self._own_referral(case, version, "refer")
        return self._end(case, self._find(case, job_id), JOB_WITHDRAWN, "")
