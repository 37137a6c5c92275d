"""Rules of parking permits besides those of every case."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select

from civicportal.api.cases import Case, CaseChange, CaseService, Workflow, kind_of
from civicportal.api.database import Service, Work
from civicportal.api.localization import localized_digits
from civicportal.api.plugins import Forbidden, Refused
from civicportal_parking_permits.i18n import _
from civicportal_parking_permits.models import Permit, Zone
from civicportal_parking_permits.names import KIND
from civicportal_parking_permits.zones import ZoneService

_BLANKS = re.compile(r"\s+")


class PermitService(Service):
    """Apply for permits, renew them, and update their details after changes of their cases."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.settings = work.site.plugin_settings[KIND]

    def submit(
        self,
        *,
        zone: Zone,
        plate: str,
        months: int,
        body: str = "",
        photos: Sequence[str] = (),
        owner: str = "",
        renews: Case | None = None,
        idempotency_key: str = "",
    ) -> Case:
        """Open an application of the acting citizen; a resubmitted form returns the same case.

        :param photos: keys of uploaded pictures.
        :param owner: their uploader.
        :param renews: the permit that it renews.
        :param idempotency_key: of the form.
        :raises Forbidden: below the identity level of the kind.
        :raises Refused: when the plate is invalid, or has a permit in this zone already.
        :raises AttachmentNotFound: when a picture is missing or not the owner's.
        """
        actor, kind = self.work.actor, kind_of(self.work.site, KIND)
        if not actor.is_citizen or actor.level < kind.level:
            raise Forbidden("the citizen is not known well enough")
        plate = self._plate(plate)
        key = f"{KIND}:{actor.user_id}:{idempotency_key}" if idempotency_key else None

        def open_case() -> Case:
            self._refuse_second(zone, plate, renews)
            return self.work.get(CaseService).open(
                kind,
                subject=f"{plate} · {zone.name}",
                body=body,
                citizen_id=actor.user_id,
                detail=Permit(
                    zone_id=zone.id,
                    plate=plate,
                    months=months,
                    renews_id=renews.id if renews else None,
                    receipt="",
                ),
                attachments=photos,
                owner=owner,
                idempotency_key=key,
            )

        return self.work.get(CaseService).open_once(key, open_case)

    def detail(self, case: Case) -> Permit | None:
        """Return the detail of a case, if it is of this kind."""
        return self.session.get(Permit, case.id) if case.kind == KIND else None

    def to_renew(self, code: str) -> tuple[Case, Permit]:
        """Return a permit of the acting citizen that can be renewed now.

        :raises NotFound: when it does not exist or belongs to another person.
        :raises Refused: when it is too early, or there is nothing to renew.
        """
        case = self.work.get(CaseService).fetch_own(code)
        permit = self.detail(case)
        if permit is None or not self.may_renew(case, permit):
            raise Refused(_("This permit cannot be renewed now."))
        return case, permit

    def may_renew(self, case: Case, permit: Permit) -> bool:
        """Return whether a permit has ended or ends soon, and is not renewed yet."""
        if case.status not in ("issued", "expired") or permit.last_day is None:
            return False
        begun = select(Permit.case_id).where(Permit.renews_id == case.id)
        return permit.last_day <= self.renewed_until() and self.session.scalar(begun.limit(1)) is None

    def renewed_until(self) -> date:
        """Return the latest last day of permits that can be renewed now."""
        today = self.work.site.calendar.today(self.work.clock.now())
        return today + timedelta(days=self.settings["renewal_days"])

    def follow(self, change: CaseChange) -> None:
        """Update the detail after a transition of its case, and restore it after an undo.

        :raises Refused: when the last place of the zone was taken since.
        """
        permit = self.detail(change.case)
        if permit is None:
            return
        data, step = change.event.data, change.event.transition
        if step == "ask_payment":
            self.work.get(ZoneService).take_place(permit)
            permit.fee = int(str(data["fee"]))
        elif step == "record_payment":
            permit.receipt, permit.paid_at = str(data["receipt"]), change.event.at
        elif step == "issue":
            permit.first_day = date.fromisoformat(str(data["first_day"]))
            permit.last_day = date.fromisoformat(str(data["last_day"]))
        elif change.type == "undone":
            self._restore(permit, change.case.status)

    def _restore(self, permit: Permit, status: str) -> None:
        if status in ("applied", "checked"):
            permit.fee = None
        if status not in ("paid", "issued"):
            permit.receipt, permit.paid_at = "", None
        if status != "issued":
            permit.first_day = permit.last_day = None

    def _plate(self, typed: str) -> str:
        plate = _BLANKS.sub("", localized_digits(typed, "en")).upper()
        if not re.fullmatch(self.settings["plate"], plate):
            raise Refused(_("This does not look like a plate."))
        return plate

    def _refuse_second(self, zone: Zone, plate: str, renews: Case | None) -> None:
        """Refuse a second permit for a plate in a zone, except the renewal of the first."""
        query = (
            select(Case.id)
            .join(Permit, Permit.case_id == Case.id)
            .where(Permit.zone_id == zone.id, Permit.plate == plate)
            .where(Case.stage.in_(Workflow.OPEN_STAGES) | (Case.status == "issued"))
            .where(Case.id != (renews.id if renews else 0))
        )
        if self.session.scalar(query.limit(1)):
            raise Refused(_("This plate has a permit or an application in this zone already."))


def last_moment(work: Work, permit: Permit) -> datetime:
    """Return the beginning of the last day of an issued permit, for messages."""
    if permit.last_day is None:
        raise ValueError(f"the permit of case {permit.case_id} has no last day")
    return work.site.calendar.day_bounds(permit.last_day)[0]
