"""Duplicates of reports: the earlier one is followed by the senders and followers of all."""

from sqlalchemy import select

from civicportal.api.cases import Case, CaseChange, CaseLink, CaseService, FollowerService
from civicportal.api.database import Service, Work
from civicportal.api.plugins import NotFound, Refused
from civicportal_reports.i18n import _
from civicportal_reports.workflow import KIND

STATUS = LINK = "duplicate"
BROUGHT, RELEASED = "followers_brought", "followers_released"
"""Events of the earlier report whose ``data["followers"]`` record followers added and removed by links."""


class DuplicateService(Service):
    """Link duplicates to the earlier report, and undo such links completely."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.cases = work.get(CaseService)
        self.followers = work.get(FollowerService)

    def sync_duplicate_link(self, change: CaseChange) -> None:
        """Link a new duplicate, and unlink a former one.

        :raises Refused: when the named report does not exist, is the same one, or is closed.
        """
        if change.type not in ("transition", "undone"):
            return
        if change.event.before == STATUS:
            self._part(change.case)
        if change.event.after == STATUS:
            earlier = self._named(change) if change.type == "transition" else self._former(change.case)
            if earlier is not None:
                self._link(change.case, earlier)

    def _link(self, case: Case, earlier: Case) -> None:
        link = CaseLink(from_id=case.id, to_id=earlier.id, type=LINK, created_at=self.work.clock.now())
        self.session.add(link)
        self.session.flush()
        self._note(earlier, BROUGHT, self.followers.bring(case, to=earlier))

    def _part(self, case: Case) -> None:
        links = self.session.scalars(
            select(CaseLink).where(CaseLink.from_id == case.id, CaseLink.type == LINK)
        )
        for link in links.all():
            self.session.delete(link)
            self.session.flush()
            self._release(self._locked(link.to_id))

    def _release(self, earlier: Case) -> None:
        """Remove followers that only a removed link had added, along the whole chain."""
        wanted = {user_id for case in self._duplicates(earlier) for user_id in self.followers.audience(case)}
        gone = self._brought(earlier) - wanted
        if not gone:
            return
        self.followers.remove(earlier, gone)
        self._note(earlier, RELEASED, sorted(gone))
        further = select(CaseLink.to_id).where(CaseLink.from_id == earlier.id, CaseLink.type == LINK)
        for case_id in self.session.scalars(further).all():
            self._release(self._locked(case_id))

    def _brought(self, earlier: Case) -> set[int]:
        """Return the followers added by links alone; earlier followers are in none of the events."""
        brought = set[int]()
        for event in reversed(self.cases.events(earlier)):
            data = event.data
            if event.type == BROUGHT:
                brought.update(data.get("followers", ()))
            elif event.type == RELEASED:
                brought.difference_update(data.get("followers", ()))
        return brought

    def _note(self, earlier: Case, type_: str, user_ids: list[int]) -> None:
        if user_ids:
            self.cases.record(earlier, type_, data={"followers": user_ids})

    def _duplicates(self, earlier: Case) -> list[Case]:
        query = select(Case).join(CaseLink, CaseLink.from_id == Case.id)
        return list(self.session.scalars(query.where(CaseLink.to_id == earlier.id, CaseLink.type == LINK)))

    def _locked(self, case_id: int) -> Case:
        return self.session.get_one(Case, case_id, with_for_update=True)

    # -- which one is meant ---------------------------------------------------------------------------------

    def _named(self, change: CaseChange) -> Case:
        """Return the report named in the transition, locked so that it stays open until the link is written."""
        try:
            earlier = self.cases.fetch(str(change.event.data.get("duplicate_of", "")), lock=True)
        except NotFound:
            raise Refused(_("You have no report with this tracking code.")) from None
        if earlier.kind != KIND or earlier.id == change.case.id or earlier.status == STATUS:
            raise Refused(_("A report can only be a duplicate of another one that is none itself."))
        if not earlier.is_open:
            raise Refused(_("The earlier report is closed. Reopen it first."))
        return earlier

    def _former(self, case: Case) -> Case | None:
        """Return the report to which a case was linked before it was reopened.

        The history names it; without one, erased with its citizen, the result is None.
        """
        steps = (event for event in self.cases.events(case) if event.type == "transition")
        code = next(event.data.get("duplicate_of") for event in steps if event.after == STATUS)
        return self.session.scalar(select(Case).where(Case.code == code).with_for_update())
