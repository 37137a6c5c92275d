"""Detection of a second writer beside ``request.work``.

A page that would fail on SQLite with an empty cache fails in its test, with an explanation.
"""

from collections.abc import Callable

from pyramid.threadlocal import get_current_request
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from civicportal.core.db.connections import WRITE
from civicportal.core.reference import ReferenceData, Value
from civicportal.core.site import Site
from civicportal.core.work import Work

_BEGAN = "civicportal.testing.began"
MESSAGE = (
    "A second unit of work writes while the transaction of request.work is open, and SQLite has room for one writer. The page has"
    " read through request.work before pictures, limits or other things were written that are committed at once. Read it apart:"
    " civicportal.api.submission.case_form takes a function for its bindings; elsewhere write"
    " `with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:` before the first use of request.work."
    " See docs/plugins/request-work.md."
)


def refuse_second_writers(site: Site) -> None:
    """Fail tests in which a page needs a second writing transaction on SQLite beside ``request.work``."""
    event.listen(site.engines.read, "engine_connect", _refuse)
    site.reference = _UncachedReference(site)


class _UncachedReference(ReferenceData):
    """Reference data without a cache.

    Reading it through ``request.work`` opens its transaction.
    """

    def get(self, work: Work, name: str, load: Callable[[Session], Value]) -> Value:
        if work.writing and work is _work_of_page():
            work.session.connection()
        return super().get(work, name, load)


def _work_of_page() -> Work | None:
    request = get_current_request()
    # Looked for in the instance: asking for the attribute itself would open a unit of work.
    work: Work | None = vars(request).get("work") if request is not None else None
    return work


@event.listens_for(Session, "after_begin")
def _note(session: Session, *_more: object) -> None:
    session.info[_BEGAN] = True


def _refuse(connection: Connection) -> None:
    work = _work_of_page()
    if work is None or not work.writing or not connection.get_execution_options().get(WRITE):
        return
    if work.session.info.get(_BEGAN) and work.session.in_transaction():
        # The demo of a plugin may import the kit where there is no pytest.
        import pytest

        # No ordinary exception: the portal would answer it with a page of status 500.
        pytest.fail(MESSAGE)
