"""Correction of a case in place: subject, category and what its kind defines."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from civicportal.domain.cases.changes import CaseChange
from civicportal.domain.cases.correction import CORRECTED, InvalidCorrection
from civicportal.domain.cases.deadlines import extend
from civicportal.domain.cases.errors import CannotUndo
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.cases.public_texts import PersonalDataFound, PublicTexts
from civicportal.domain.cases.search_index import as_lines, citizen_name, words_of
from civicportal.domain.cases.snapshots import snapshot
from civicportal.domain.kartable.routing import RoutingService
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.errors import Forbidden
from civicportal.util.i18n import _
from civicportal.util.values import Values

if TYPE_CHECKING:
    from collections.abc import Collection

    from civicportal.domain.cases.referral import Referral
    from civicportal.domain.kartable.types import RoutingTarget
    from civicportal.domain.organization.models import Category

OF_CASE = ("subject", "place", "category_id")
"""Columns of the case that a correction may change; further ones are of the kind's detail row."""


class CorrectionService(KartableService):
    """Correct a case, and undo a correction.

    Unit and deadline stay unless the officer wants otherwise.
    """

    def may_correct(self, case: Case) -> bool:
        """Return whether the actor may correct a case: not an officer of a unit that had it before."""
        return self.access.may_correct(case)

    def correct(
        self,
        case: Case,
        *,
        subject: str | None = None,
        category: "Category | None" = None,
        own: Values | None = None,
        move: bool = False,
        deadline: bool = False,
        notify: bool = False,
        version: int | None = None,
        allowed: "Collection[str]" = (),
    ) -> CaseEvent:
        """Correct a locked case.

        :param subject: the new subject; None leaves it unchanged.
        :param category: the new category; None leaves it unchanged.
        :param own: values of the fields that the kind defines, see
            :class:`~civicportal.domain.cases.correction.Correction`; None leaves them unchanged.
        :param move: route the case again, possibly to another unit.
        :param deadline: recompute the deadline, as for a new case with these values.
        :param notify: notify the citizen and the followers.
        :param version: version of the case in the form; None when the caller has just read it.
        :param allowed: words that are not names in the subject of a public case.
        :raises StaleVersion: when the case was changed since the form was shown.
        :raises Forbidden: without the right to work on it in its unit, or with ``move`` to refer it.
        :raises InvalidCorrection: when nothing changes, or a value is refused.
        :raises PersonalDataFound: when the case is public and its subject contains personal data.
        """
        self.cases.check_version(case, version)
        if not self.may_correct(case):
            raise Forbidden("may not correct it")
        if move:
            self._require(case, "refer")
        if (move or deadline) and not case.is_open:
            raise InvalidCorrection(_("A closed case keeps its unit and its deadline."))
        with self.work.savepoint():
            before, undo = self.values(case), {**snapshot(case), "public": case.public}
            unattended = self._is_unattended(case)
            with self.cases.recounting(case):
                self._write(case, subject, category, own, allowed)
                case.updated_at = self.work.clock.now()
            target = self.work.get(RoutingService).route(case) if move or deadline else None
            to = self._follow_route(case, target) if move and target else None
            if deadline and target:
                self._set_deadline_again(case, target)
            after = self.values(case)
            changed = [name for name in before if before[name] != after[name]]
            data: dict[str, object] = {
                "before": {name: before[name] for name in changed},
                "after": {name: after[name] for name in changed},
                "undo": undo,
            }
            if case.deadline.isoformat() != undo["deadline"]:
                data["deadline"] = True
            elif not changed and to is None:
                raise InvalidCorrection(_("Nothing was changed."))
            if to is None and not unattended and self._is_unattended(case):
                self._refuse_unattended(case)
            return self._record(case, data, to, notify)

    def reverse(self, case: Case, event: CaseEvent) -> None:
        """Restore the corrected values.

        The undo itself restores unit, deadline and referrals.
        """
        was_public = bool(event.data["undo"].get("public"))
        with self.cases.recounting(case):
            for name, value in event.data["before"].items():
                if name == "subject":
                    self._retitle_back(case, value, was_public)
                else:
                    setattr(case if name in OF_CASE else self.cases.detail(case), name, value)
            self._index(case)

    def values(self, case: Case) -> dict[str, object]:
        """Return the current values that a correction may change, by name."""
        correction, detail = self.cases.kind(case).correction, self.cases.detail(case)
        columns = correction.columns if correction and detail is not None else ()
        return {
            **{name: getattr(case, name) for name in OF_CASE},
            **{name: getattr(detail, name) for name in columns},
        }

    def values_at(self, case: Case, event_id: int) -> dict[str, object]:
        """Return the values that a correction may change as they were after an event, by name."""
        found, events = self.values(case), self.cases.events(case)
        corrections = {event.id: event.data for event in events if event.type == CORRECTED}
        for event in events:
            if event.id <= event_id:
                break
            if event.type == CORRECTED:
                found |= event.data.get("before", {})
            elif event.type == "undone":
                found |= corrections.get(event.data.get("event", 0), {}).get("after", {})
        return found

    # -- inside ---------------------------------------------------------------------------------------------

    def _write(
        self,
        case: Case,
        subject: str | None,
        category: "Category | None",
        own: Values | None,
        allowed: "Collection[str]",
    ) -> None:
        correction, wanted = self.cases.kind(case).correction, case.subject
        generate = correction.subject if correction else None
        was_generated = generate is not None and case.subject == generate(case, self.work)
        if category is not None:
            case.category_id = category.id
        if correction is not None and own is not None:
            correction.apply(case, own, self.work)
        if subject is not None and subject != case.subject:
            wanted = subject
        elif generate is not None and was_generated:
            wanted = generate(case, self.work)
        if wanted != case.subject:
            self.work.get(PublicTexts).retitle(case, wanted, allowed=allowed)
        self._index(case)

    def _index(self, case: Case) -> None:
        organization = self.work.get(OrganizationService)
        category = organization.category_name(case.category_id, self.work.site.locale)
        correction = self.cases.kind(case).correction
        if correction and correction.people:
            case.people = as_lines(correction.people(case, self.work))
        names = (citizen_name(self.work, case.citizen_id), *case.people.split("\n"))
        words = words_of(case.subject, case.place, case.body, category, *names)
        case.search_text, case.search_person = words["search_text"], words["search_person"]

    def _follow_route(self, case: Case, target: "RoutingTarget") -> "RoutingTarget | None":
        """Move the case to the unit of a route; return the route.

        It is None if the case is there already.
        """
        referral = self.access.action_referral(case)
        unit_id = self.work.get(OrganizationService).unit(target.unit).id
        if referral is None:
            return None
        there = referral.to_unit_id == unit_id
        if there and target.user_id in (None, referral.to_user_id, referral.taken_by_id):
            return None
        self.cases.assign(case, unit_id, passed_on=True)
        return target

    def _set_deadline_again(self, case: Case, target: "RoutingTarget") -> None:
        calendar = self.work.get(OrganizationService).calendar
        start = case.deadline_from or case.created_at
        self.cases.set_deadline(case, start, self.work.get(RoutingService).days(case, target.deadline_days))
        extend(case, self._waited(case, start), calendar)

    def _waited(self, case: Case, start: datetime) -> timedelta:
        """Return the working time of the pauses that have ended since a time."""
        calendar, states = self.work.get(OrganizationService).calendar, self.cases.kind(case).workflow.by_name
        waited, since = timedelta(), None
        for event in reversed(self.cases.events(case)):
            if event.at < start or event.after not in states:
                continue
            pauses = states[event.after].pauses_deadline
            if pauses and since is None:
                since = event.at
            elif not pauses and since is not None:
                waited += calendar.working_time_between(since, event.at)
                since = None
        return waited

    def _is_unattended(self, case: Case) -> bool:
        return case.is_open and self.custody.of(case) == "none"

    def _refuse_unattended(self, case: Case) -> None:
        organization = self.work.get(OrganizationService)
        raise InvalidCorrection(
            _(
                "No one in “${unit}” works on “${topic}”: tick that the case moves to the unit of this category.",
                mapping={
                    "unit": organization.unit_name(case.unit_id),
                    "topic": organization.category_name(case.category_id),
                },
            ),
            "category",
        )

    def _record(
        self, case: Case, data: dict[str, object], to: "RoutingTarget | None", notify: bool
    ) -> CaseEvent:
        left = self.access.action_referral(case) if to else None
        if left and to:
            data |= {"from_unit_id": left.to_unit_id, "unit_id": case.unit_id, "user_id": to.user_id}
        event = self.cases.record(case, CORRECTED, public=notify, data=data)
        new = self._move_referral(case, left, to, event) if left and to else None
        kind = self.cases.kind(case)
        self.work.relay(CaseChange(case=case, event=event, kind=kind, referral=new, notify=notify))
        return event

    def _move_referral(
        self, case: Case, left: "Referral", to: "RoutingTarget", event: CaseEvent
    ) -> "Referral":
        self._close(left, "referred")
        left.closed_event_id = event.id
        self.session.flush()
        return self._add(
            case,
            self.work.get(OrganizationService).unit(to.unit).id,
            to_user_id=to.user_id,
            rule=to.rule,
            from_unit_id=left.to_unit_id,
            previous=left,
            opened_event_id=event.id,
        )

    def _retitle_back(self, case: Case, subject: str, was_public: bool) -> None:
        try:
            self.work.get(PublicTexts).retitle(case, subject, checked=was_public)
        except PersonalDataFound as found:
            raise CannotUndo("the case is public now") from found
