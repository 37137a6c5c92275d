"""Idempotent opening of cases."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from civicportal.domain.cases.services import CaseService

if TYPE_CHECKING:
    from civicportal.core.work import Work
    from civicportal.domain.cases.models import Case


def open_once(work: "Work", key: str | None, open_case: Callable[[], "Case"]) -> "Case":
    """Open a case, or return the one that an earlier attempt of the same form has opened.

    :param key: the case's ``idempotency_key``; without one every attempt opens a case.
    """
    cases = work.get(CaseService)
    before = cases.by_idempotency_key(key) if key else None
    if before is not None:
        return before
    try:
        with work.savepoint():
            return open_case()
    except IntegrityError:
        # A concurrent submission of the same form has committed first.
        before = cases.by_idempotency_key(key) if key else None
        if before is None:
            raise
        return before
