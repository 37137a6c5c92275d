"""Several cases on one printable page."""

from collections.abc import Sequence
from dataclasses import asdict

from pyramid.httpexceptions import HTTPSeeOther
from sqlalchemy import select

from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.access.rights import AccessService, visible
from civicportal.domain.cases.models import Case
from civicportal.domain.kartable.rows import RowService, holder_id
from civicportal.domain.kartable.timeline import StaffHistory
from civicportal.domain.kartable.views.bulk_result import SourceList
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.questionnaires.services import QuestionnaireService
from civicportal.web.request import Request, ViewResult

KEY = "kartable:print"
LIMIT = "export_print"
MOST_PRINTED = 50
"""Maximum number of cases on one page."""


def print_later(request: Request, codes: Sequence[str]) -> HTTPSeeOther:
    """Store the selection and redirect to the printable page, which stays after reloading."""
    kept = {"codes": list(codes), "source": asdict(SourceList.sent(request))}
    request.work.get(SessionService).keep_visitor_data(request.ensure_session_token(), KEY, kept)
    return HTTPSeeOther(request.route_path("kartable.print"))


def printed(request: Request) -> ViewResult:
    """Show the selected cases, each on a page of its own.

    The printing is recorded for each case, in a separate unit of work. Personal data are those that the page of the
    case shows: the name with the right to it, the mobile masked.

    :raises LimitExceeded: when this person has printed too much.
    """
    kept = request.work.get(SessionService).visitor_data(request.ensure_session_token(), KEY)
    if kept is None:
        return HTTPSeeOther(request.route_path("kartable"))
    request.site.limits.hit(LIMIT, request.identity.user_id)
    codes = kept["codes"]
    query = select(Case).where(Case.code.in_(codes), visible(request.identity))
    cases = sorted(request.work.session.scalars(query), key=lambda case: codes.index(case.code))
    shown = cases[:MOST_PRINTED]
    with request.site.work(actor=request.identity, locale=request.locale_name) as work:
        for case in shown:
            work.get(AuditService).record(
                "case:print", subject_id=case.citizen_id, case_id=case.id, number=len(shown)
            )
    return {
        **_sheets(request, shown),
        "left_out": len(codes) - len(shown),
        "back": SourceList(**kept.get("source", {})).link(request),
    }


def _sheets(request: Request, cases: Sequence[Case]) -> dict[str, object]:
    """Return rows, citizens and histories of cases; the number of statements does not depend on theirs."""
    work = request.work
    access = work.get(AccessService)
    access.load_referrals(cases)
    referrals = {case.id: access.action_referral(case) for case in cases}
    names = work.get(AccountService).names(holder_id(referral) for referral in referrals.values())
    known = [case.citizen_id for case in cases if case.citizen_id and access.can(case, "contact")]
    people = work.session.scalars(select(User).where(User.id.in_(known))) if known else ()
    citizens = {user.id: user for user in people}
    categories = work.get(OrganizationService).categories
    history = work.get(StaffHistory).of_many(cases)
    return {
        "answers_of": work.get(QuestionnaireService).answers(cases),
        "rows": [work.get(RowService).row(case, referrals[case.id], names) for case in cases],
        "citizens": {
            case.id: citizens[case.citizen_id]
            for case in cases
            if case.citizen_id in citizens and access.can(case, "contact")
        },
        "categories": {case.id: [one.name for one in categories.path(case.category_id)] for case in cases},
        "history": history,
    }
