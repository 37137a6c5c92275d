"""Open inquiries and jobs of a case, for those who wait for them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from civicportal.domain.accounts.services import AccountService
from civicportal.domain.cases.access.sql import JOB
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.cases.referral import Referral
from civicportal.domain.kartable.errors import ReferralError
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.i18n import _


@dataclass(frozen=True, kw_only=True)
class OpenInquiry:
    """An inquiry that waits for its answer, or a job that waits to be done.

    :ivar unit: name of the unit that was asked.
    :ivar person: name of the person of it, empty for the whole unit.
    :ivar is_read: whether it was opened there.
    """

    id: int
    unit: str
    person: str
    since: datetime
    note: str
    is_read: bool
    is_job: bool = False


class InquiryService(KartableService):
    """List and withdraw the inquiries of a case."""

    def waiting(self, case: Case) -> list[OpenInquiry]:
        """Return the open inquiries of a case, oldest first."""
        return [one for one in self.waiting_by_case([case])[case.id] if not one.is_job]

    def waiting_by_case(self, cases: Collection[Case]) -> dict[int, list[OpenInquiry]]:
        """Return the open inquiries and jobs of cases by case id, in two statements at most."""
        self.access.load_referrals(cases)
        found = {case.id: [*self.access.open_inquiries(case), *self.access.open_jobs(case)] for case in cases}
        people = (one.taken_by_id or one.to_user_id for inquiries in found.values() for one in inquiries)
        names = self.work.get(AccountService).names(people)
        return {
            case_id: [self._described(one, names) for one in inquiries]
            for case_id, inquiries in found.items()
        }

    def _described(self, inquiry: Referral, names: Mapping[int, str]) -> OpenInquiry:
        return OpenInquiry(
            id=inquiry.id,
            unit=self.work.get(OrganizationService).unit_name(inquiry.to_unit_id),
            person=names.get(inquiry.taken_by_id or inquiry.to_user_id or 0, ""),
            since=inquiry.created_at,
            note=inquiry.note,
            is_read=inquiry.read_at is not None,
            is_job=inquiry.type == JOB,
        )

    def withdraw(self, case: Case, inquiry_id: int, *, version: int | None = None) -> CaseEvent:
        """Withdraw an open inquiry: it leaves the kartable of the unit that was asked.

        Who may refer the case may withdraw its inquiries, also those that an earlier holder has sent.

        :raises Forbidden: without the right, or without the case in the actor's kartable.
        :raises ReferralError: when it was answered or withdrawn before.
        """
        self._own_referral(case, version, "refer")
        inquiry = next((one for one in self.access.open_inquiries(case) if one.id == inquiry_id), None)
        if inquiry is None:
            raise ReferralError(_("The inquiry was answered or withdrawn before."))
        self._close(inquiry, "withdrawn")
        event = self._tell(case, "withdrawn", inquiry, notify=False)
        inquiry.closed_event_id = event.id
        return event
