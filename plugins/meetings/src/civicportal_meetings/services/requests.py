"""Requests for a meeting: one open request per citizen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import IntegrityError
from translationstring import TranslationString

from civicportal.api.cases import Case, CaseService, Workflow, kind_of
from civicportal.api.database import Service, Work
from civicportal.api.forms import Values
from civicportal.api.organization import Category
from civicportal.api.plugins import Forbidden, Refused
from civicportal_meetings.i18n import _
from civicportal_meetings.models import Appointment, MeetingRequest
from civicportal_meetings.names import KIND
from civicportal_meetings.services.appointments import AppointmentService
from civicportal_meetings.steps import Seat, Time, seat_values, time_values

_YOUR_OPEN_ONE = _("You have an open request already. A new one is possible when it is closed.")
_THEIR_OPEN_ONE = _("This citizen has an open request already. A new one is possible when it is closed.")


@dataclass(frozen=True, kw_only=True)
class Applicant:
    """The applicant.

    :ivar party: "natural", or "legal" for the representative of an organisation.
    :ivar national_code: plain digits.
    """

    name: str
    party: str = "natural"
    national_code: str = ""
    birth_date: date | None = None
    organization: str = ""
    legal_id: str = ""
    position: str = ""


@dataclass(frozen=True, kw_only=True)
class NewMeeting:
    """A new request.

    :ivar suitable_days: weekdays by the names of ``[calendar] weekend``; none means any.
    :ivar suitable_part: "morning", "noon" or "".
    :ivar companions: names.
    :ivar photos: keys of uploaded pictures.
    :ivar owner: their uploader.
    :ivar idempotency_key: of the form; one citizen's key opens one case.
    """

    subject: str
    reason: str
    applicant: Applicant
    category: Category | None = None
    suitable_days: Sequence[str] = ()
    suitable_part: str = ""
    companions: Sequence[str] = ()
    photos: Sequence[str] = ()
    owner: str = ""
    idempotency_key: str = ""
    source: str = "web"


class MeetingService(Service):
    """Submit a request, find the open one, set and change its time."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.cases = work.get(CaseService)

    # -- asking ---------------------------------------------------------------------------------------------

    def submit(self, new: NewMeeting) -> Case:
        """Open a request of the acting citizen.

        A resubmitted form returns the same case.

        :raises Forbidden: below the identity level of the kind.
        :raises Refused: when the citizen has an open request already.
        :raises AttachmentNotFound: when a picture is missing or not the owner's.
        """
        actor = self.work.actor
        if actor.user_id is None or actor.level < kind_of(self.work.site, KIND).level:
            raise Forbidden("the identity level is too low")
        key = f"{KIND}:{actor.user_id}:{new.idempotency_key}" if new.idempotency_key else None
        return self._open_once(new, actor.user_id, key, _YOUR_OPEN_ONE)

    def make_for(self, citizen_id: int | None, new: NewMeeting, key: str) -> Case:
        """Open a request for a caller; one without a mobile is identified by the national code.

        :param citizen_id: None without a mobile.
        :param key: the case's ``idempotency_key``.
        :raises Refused: when the person has an open request already.
        :raises AttachmentNotFound: when a picture is missing or not the owner's.
        """
        return self._open_once(new, citizen_id, key, _THEIR_OPEN_ONE)

    def open_request(self) -> Case | None:
        """Return the open request of the acting citizen, if any."""
        me = self.work.actor.user_id
        return self._open_where(MeetingRequest.open_of == me) if me else None

    def request(self, case: Case) -> MeetingRequest | None:
        """Return the detail of a case, if it is a meeting."""
        return self.session.get(MeetingRequest, case.id) if case.kind == KIND else None

    def _open_once(
        self, new: NewMeeting, citizen_id: int | None, key: str | None, refusal_reason: TranslationString
    ) -> Case:
        before = self.cases.by_idempotency_key(key) if key else None
        if before is not None:
            return before
        standing = self._open_one(citizen_id, new.applicant)
        if standing is not None:
            # The same form may have opened it since the lookup by key.
            if key is None or standing.idempotency_key != key:
                raise Refused(refusal_reason)
            return standing
        try:
            with self.work.savepoint():
                return self._open(new, citizen_id, key)
        except IntegrityError:
            # A concurrent submission of the same form has committed first.
            before = self.cases.by_idempotency_key(key) if key else None
            if before is None:
                raise Refused(refusal_reason) from None
            return before

    def _open_one(self, citizen_id: int | None, who: Applicant) -> Case | None:
        if citizen_id is not None:
            return self._open_where(MeetingRequest.open_of == citizen_id)
        if not who.national_code:
            return None
        index = self.work.site.keys.blind_index(who.national_code)
        return self._open_where(
            MeetingRequest.national_code_index == index, Case.stage.in_(Workflow.OPEN_STAGES)
        )

    def _open_where(self, *conditions: ColumnElement[bool]) -> Case | None:
        query = select(Case).join(MeetingRequest, MeetingRequest.case_id == Case.id)
        return self.session.scalar(query.where(*conditions).limit(1))

    def _open(self, new: NewMeeting, citizen_id: int | None, key: str | None) -> Case:
        return self.cases.open(
            kind_of(self.work.site, KIND),
            subject=new.subject,
            body=new.reason,
            people=(new.applicant.name, new.applicant.organization),
            citizen_id=citizen_id,
            category=new.category,
            detail=self._detail(new, citizen_id),
            attachments=new.photos,
            owner=new.owner,
            source=new.source,
            idempotency_key=key,
        )

    def _detail(self, new: NewMeeting, citizen_id: int | None) -> MeetingRequest:
        who, keys = new.applicant, self.work.site.keys
        code, born = who.national_code, who.birth_date
        return MeetingRequest(
            open_of=citizen_id,
            party=who.party,
            name=who.name,
            national_code=keys.encrypt(code) if code else None,
            national_code_index=keys.blind_index(code) if code else None,
            birth_date=keys.encrypt(born.isoformat()) if born else None,
            organization=who.organization,
            legal_id=who.legal_id,
            position=who.position,
            suitable_days=list(new.suitable_days),
            suitable_part=new.suitable_part,
            companions=list(new.companions),
        )

    # -- the time -------------------------------------------------------------------------------------------

    def appointment(self, case: Case) -> Appointment | None:
        """Return the current appointment of a request; of a closed request else the last one."""
        return self.work.get(AppointmentService).current(case)

    def schedule(self, case: Case, time: Time, *, version: int | None = None, notify: bool = True) -> None:
        """Set the time of a request.

        :raises Refused: when the time is booked.
        """
        self._apply(case, "schedule", time_values(time), version, notify)

    def reschedule(
        self, case: Case, time: Time, *, reason: str = "", version: int | None = None, notify: bool = True
    ) -> None:
        """Change the time of a request; see :meth:`schedule`."""
        self._apply(case, "reschedule", time_values(time, reason), version, notify)

    def invite(self, case: Case, seat: Seat, *, version: int | None = None, notify: bool = True) -> None:
        """Give a request a seat of a session.

        :raises Refused: when no such seat is free.
        """
        self._apply(case, "invite", seat_values(seat), version, notify)

    def _apply(self, case: Case, step: str, values: Values, version: int | None, notify: bool) -> None:
        self.cases.apply_form(case, step, values, version=version, notify=notify)
