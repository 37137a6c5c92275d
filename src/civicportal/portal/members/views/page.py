"""Content of a member's page."""

from dataclasses import dataclass

from civicportal.core.translated import text_in
from civicportal.core.work import Work
from civicportal.domain.accounts.deputies import DeputyService
from civicportal.domain.accounts.factors import FactorService
from civicportal.domain.accounts.members import MemberService
from civicportal.domain.accounts.memberships import MembershipService
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.pending_forms import pending_draft
from civicportal.domain.accounts.rights import RightsService
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.audit.titles import titles_of
from civicportal.domain.audit.trail import TrailQuery, TrailService
from civicportal.domain.kartable.transfer import TransferService
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.tokens.views.shown import shown as shown_tokens
from civicportal.portal.members.options import people_options, scope_options
from civicportal.portal.members.schemas import Absence, RoleGiven
from civicportal.web.forms import BoundForm
from civicportal.web.request import Request

SHOWN_EVENTS = 8


@dataclass(frozen=True, kw_only=True)
class Held:
    """A role for display.

    :ivar may_take: whether the actor may revoke it.
    :ivar unlimited: titles of the role's rights that a membership with this unit or category does not give.
    """

    id: int
    role: str
    unit: str
    category: str
    may_take: bool
    unlimited: str


def numbered(request: Request, name: str = "id") -> int:
    """Return a number of the URL."""
    return int(request.matchdict[name])


def member_path(request: Request) -> str:
    """Return the URL of the member of the request."""
    return str(request.route_path("admin.member", id=request.matchdict["id"]))


def role_form(request: Request, work: Work) -> BoundForm:
    """Return the form for granting a role."""
    user = work.get(MemberService).fetch(numbered(request))
    return BoundForm(
        request,
        RoleGiven(),
        initial={"seen": work.get(MembershipService).seen(user)},
        bindings=scope_options(work),
        action=f"{member_path(request)}/roles",
        prefix="give",
    )


def absence_form(request: Request, work: Work, user: User, action: str) -> BoundForm:
    """Return the form for setting a deputy."""
    people = people_options(work.get(DeputyService).candidates(user))
    return BoundForm(request, Absence(), bindings={"people": people}, action=action, prefix="absence")


def absence_path(request: Request) -> str:
    """Return the URL of the deputy section of a member's page."""
    return f"{member_path(request)}#deputy"


def held_by(work: Work, user: User) -> list[Held]:
    """Return a person's roles for display."""
    organization, rights = work.get(OrganizationService), work.get(RightsService)
    return [
        Held(
            id=row.id,
            role=text_in(row.role, "title", work.locale),
            unit=organization.unit_name(row.unit_id),
            category=organization.category_name(row.category_id),
            may_take=rights.manages_within(row.unit_id),
            unlimited=rights.titles(rights.unlimited_rights(row.role, row.unit_id, row.category_id)),
        )
        for row in work.get(MembershipService).of(user)
    ]


def member_page(
    request: Request, *, form: BoundForm, absence: BoundForm | None = None, status: int = 200
) -> dict[str, object]:
    """Return the template variables of the page, with its forms.

    :raises NotFound: when there is no such member.
    """
    request.response.status_int = status
    work = request.work
    user = work.get(MemberService).fetch(numbered(request))
    deputies = work.get(DeputyService)
    if status == 409:
        # The input is submitted again on top of the current state.
        form.fill({**form.draft(), "seen": [work.get(MembershipService).seen(user)]})
    return {
        "user": user,
        "held": held_by(work, user),
        "may_change": work.get(RightsService).manages(user),
        "form": form,
        "absence": absence or _kept_absence(request, work, user),
        "factors": work.get(FactorService).of(user),
        "sessions": len(work.get(SessionService).list_of(user)),
        "open_referrals": work.get(TransferService).open_referrals(user.id),
        "deputies": deputies.of(user),
        "stands_in": deputies.for_whom(user),
        "kept_until": MemberService.kept_until(user),
        "tokens": [token for token in shown_tokens(request, user) if token.is_valid],
        "events": _events(work, user),
        "titles": titles_of(request.site),
    }


def _kept_absence(request: Request, work: Work, user: User) -> BoundForm:
    """Return the form with the input that waited for re-authentication, if any."""
    absence = absence_form(request, work, user, f"{member_path(request)}/deputies")
    if draft := pending_draft(request, absence_path(request)):
        absence.fill(draft)
    return absence


def _events(work: Work, user: User) -> list[AuditEvent]:
    if not work.actor.permits("core:audit:view"):
        return []
    page = work.get(TrailService).page(TrailQuery(subject=user.id))
    return [event for (event,) in page.rows[:SHOWN_EVENTS]]
