"""Daily repair of the search words of cases.

After a category was renamed, the worker does this soon: the request that renames it does not wait for all its cases.
"""

from typing import TYPE_CHECKING

from sqlalchemy import Connection, event, inspect, update
from sqlalchemy.orm import object_session

from civicportal.core.jobs import Job, JobRun
from civicportal.core.reference import ReferenceSession
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.search_index import fold_words, spans, wrong_words
from civicportal.domain.organization.models import Category

if TYPE_CHECKING:
    from civicportal.core.site import Site

NAME = "core.search_text"
PATIENCE = 60
"""Seconds that a statement may take: the index of two thousand cases is written at the end of a transaction."""


def rebuild_entries(site: "Site") -> None:
    """Rebuild outdated search entries of cases, newest first, in short transactions."""
    for first, last in spans(site.engines):
        with site.engines.read.connect() as connection:
            wrong = [case_id for case_id, _right in wrong_words(connection, Case.id.between(first, last))]
        if wrong:
            with site.work(patience=PATIENCE) as work:
                fold_words(work.session.connection(), Case.id.in_(wrong))


@event.listens_for(Category, "after_update")
def _soon(_mapper: object, connection: Connection, category: Category) -> None:
    session = object_session(category)
    if isinstance(session, ReferenceSession) and inspect(category).attrs.name.history.has_changes():
        connection.execute(update(JobRun).where(JobRun.name == NAME).values(next_at=session.clock.now()))


JOBS = (Job(name=NAME, at="03:00", lane="long", run=rebuild_entries),)
