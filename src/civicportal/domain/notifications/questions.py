"""The job that reminds citizens of open questions, and ends those without an answer."""

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from civicportal.core.jobs import Job
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.questions import CHUNK, QuestionService
from civicportal.domain.notifications.services import NotificationService

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

log = logging.getLogger(__name__)

REMINDER = "question.reminder"


def end_questions(site: "Site") -> None:
    """Remind citizens of open questions and end expired ones, each case in a separate transaction."""
    if not site.settings["questions"]["days"]:
        return
    after = 0
    while True:
        with site.work(write=False) as work:
            found = work.get(QuestionService).waiting(after)
        for case_id in found:
            try:
                with site.work() as work:
                    _go_on(work, case_id)
            except Exception:
                log.exception("the question of case %s could not be ended; the next run tries again", case_id)
        if len(found) < CHUNK:
            return
        after = found[-1]


def _go_on(work: "Work", case_id: int) -> None:
    case = work.session.scalar(select(Case).where(Case.id == case_id).with_for_update())
    questions = work.get(QuestionService)
    question = questions.of(case) if case is not None else None
    if case is None or question is None or question.until is None or questions.end(case) is not None:
        return
    before = timedelta(days=work.site.settings["questions"]["remind_before"])
    if before and question.until - before <= work.clock.now():
        work.get(NotificationService).remind(
            case,
            REMINDER,
            moment=question.until,
            once=f"question:{question.event_id}",
            expires_at=question.until,
        )


JOBS = (Job(name="core.questions", every=timedelta(hours=1), run=end_questions),)
