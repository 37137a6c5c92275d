"""Erasure of a person by privacy tags: columns are emptied or rows deleted.

The history stays without them.
"""

import logging
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Table, delete, exists, select, update

from civicportal.core.tags import link_of, links
from civicportal.core.work import Service
from civicportal.domain.accounts.members import HIDDEN_FOR
from civicportal.domain.accounts.models import User
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.attachments import PictureFiles
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.models import Attachment, Case, CaseEvent, notes_of_follower
from civicportal.domain.cases.search_index import fold_words
from civicportal.domain.cases.steps import OBJECTION_WINDOW
from civicportal.domain.privacy.tags import Owner, belongs, blank, owner_of, tables

if TYPE_CHECKING:
    from civicportal.core.site import Site

log = logging.getLogger(__name__)

MOST_PERSONS = 20
"""Maximum people per run of the job."""
PATIENCE = 300
"""Statement timeout in seconds: the whole audit trail is searched for a person."""


class ErasureService(Service):
    """Erase people and their closed cases.

    The text of an open case stays until it is closed, because its unit needs it. Then its answer can be read by
    its PIN until the citizen can no longer object. Until then it refers to an empty row of its person.
    """

    def erase(self, user: User) -> list[str]:
        """Erase a person and their old closed cases.

        :returns: the keys of their pictures, to be deleted after the commit.
        """
        owner = owner_of(user, closed_by=self._closed_by())
        pictures = self._pictures(owner) + self._erase_notes(user)
        # An open case keeps its text, but cannot be found by the name of its person any more.
        nameless = update(Case).where(Case.citizen_id == user.id).values(people="", search_person="")
        self.session.execute(nameless.execution_options(synchronize_session=False))
        self._rename_cases(owner)
        forgotten = list(self.session.scalars(owner.cases))
        for table in reversed(list(tables(self.work.site))):
            self._erase_rows(table, owner)
        # They are found by the remaining subject and category.
        fold_words(self.session.connection(), Case.id.in_(forgotten))
        if user.erased_at is None:
            self.work.get(AuditService).record("member:erase", subject_id=user.id)
        self.session.execute(
            update(User)
            .where(User.id == user.id)
            .values(erased_at=self.work.clock.now(), level=0)
            .execution_options(synchronize_session=False)
        )
        self.session.expire_all()
        return pictures

    def due(self, after: int = 0, limit: int = MOST_PERSONS) -> list[int]:
        """Return the ids of people to be erased.

        :param after: id of the last one that was tried.
        """
        closed = exists(
            select(Case.id).where(Case.citizen_id == User.id, Case.closed_at <= self._closed_by())
        )
        over = User.deleted_at < self.work.clock.now() - HIDDEN_FOR
        query = select(User.id).where(User.id > after, over, User.erased_at.is_(None) | closed)
        return list(self.session.scalars(query.order_by(User.id).limit(limit)))

    def _closed_by(self) -> datetime:
        return self.work.clock.now() - OBJECTION_WINDOW

    def _pictures(self, owner: Owner) -> list[str]:
        return list(self.session.scalars(select(Attachment.key).where(Attachment.case_id.in_(owner.cases))))

    def _erase_notes(self, user: User) -> list[str]:
        """Erase a person's notes on cases of others; return the keys of their pictures."""
        notes = notes_of_follower(user.id)
        emptied = update(CaseEvent).where(CaseEvent.id.in_(notes)).values(internal_text="")
        self.session.execute(emptied.execution_options(synchronize_session=False))
        pictures = delete(Attachment).where(Attachment.event_id.in_(notes)).returning(Attachment.key)
        return list(self.session.scalars(pictures.execution_options(synchronize_session=False)))

    def _rename_cases(self, owner: Owner) -> None:
        """Replace subjects written by a person.

        Lists need one, so it becomes the title of the kind.
        """
        site = self.work.site
        names = self.session.scalars(select(Case.kind).where(Case.id.in_(owner.cases)).distinct())
        for kind in [kind_of(site, name) for name in names]:
            if kind.own_subject:
                title = site.localizer().translate(kind.title)
                theirs = update(Case).where(Case.id.in_(owner.cases), Case.kind == kind.name)
                renamed = theirs.values(subject=title)
                self.session.execute(renamed.execution_options(synchronize_session=False))

    def _erase_rows(self, table: Table, owner: Owner) -> None:
        for link in links(table):
            mine = belongs(table, link, owner)
            fates = {c: c.info["erase"] for c in table.columns if link in (c.name, link_of(c))}
            blanks = {c.name: blank(c) for c, fate in fates.items() if fate == "null"}
            if "row" in fates.values():
                self.session.execute(delete(table).where(mine))
            elif blanks:
                self.session.execute(update(table).where(mine).values(blanks))


def erase_deleted(site: "Site") -> None:
    """Erase people deleted more than thirty days ago.

    A failure is skipped and tried again in the next run.
    """
    left, after = MOST_PERSONS, 0
    while left:
        with site.work(write=False) as work:
            due = work.get(ErasureService).due(after, left)
        if not due:
            return
        left -= sum(_try_to_erase(site, user_id) for user_id in due)
        after = due[-1]


def _try_to_erase(site: "Site", user_id: int) -> bool:
    try:
        _erase(site, user_id)
    except Exception as problem:
        # The exception's message may contain the data to be erased.
        log.error("the person %s could not be erased: %s", user_id, type(problem).__name__)
        return False
    return True


def _erase(site: "Site", user_id: int) -> None:
    with site.work(patience=PATIENCE) as work:
        user = work.session.get(User, user_id, with_for_update=True)
        pictures = work.get(ErasureService).erase(user) if user and user.deleted_at else []
    PictureFiles(site).drop(pictures)
