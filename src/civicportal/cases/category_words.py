"""Cases are found by the name of their category: when that has changed, their words follow, not in the request that changed it."""

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from civicportal.cases.models import Case
from civicportal.cases.search_index import fold_words, spans, wrong_words
from civicportal.jobs import Job

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from civicportal.site import Site

PATIENCE = 60
"""Seconds that a statement may take: one looks for the oldest case of each category among all."""


def follow_names(site: "Site") -> None:
    """Write the words of cases anew whose category has another name by now, some in one short transaction after the other.

    The newest first: the oldest one of a category says whether all have followed, after an interruption too.
    """
    with site.work(write=False, patience=PATIENCE) as work:
        renamed = _renamed(work.session)
    for first, last in spans(site.engines) if renamed else ():
        with site.engines.write.begin() as connection:
            fold_words(connection, Case.category_id.in_(renamed) & Case.id.between(first, last))


def _renamed(session: "Session") -> list[int]:
    oldest = select(func.min(Case.id)).where(Case.category_id.is_not(None)).group_by(Case.category_id)
    wrong = dict(wrong_words(session.connection(), Case.id.in_(oldest)))
    return list(session.scalars(select(Case.category_id).where(Case.id.in_(wrong)).distinct()))


JOBS = (Job(name="core.category_words", every=timedelta(hours=1), run=follow_names),)
