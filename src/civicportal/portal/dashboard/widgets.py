"""The core's widgets of home page and desk."""

from collections.abc import Iterator

from civicportal.domain.accounts.permissions import UNATTENDED
from civicportal.domain.cases.follow_up import FollowUpService
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.questions import QuestionService
from civicportal.domain.kartable.custody import CustodyService
from civicportal.domain.kartable.team import TeamService
from civicportal.portal.dashboard.navigation import Navigation
from civicportal.portal.dashboard.services import CityMetricsService
from civicportal.util.i18n import _
from civicportal.web.items import DashboardWidget
from civicportal.web.request import Request

OWN_CASES = 3


def core_widgets(request: Request) -> Iterator[DashboardWidget]:
    """Return the core's cards and widgets."""
    if request.identity.is_staff:
        yield from _unattended(request)
        yield _kartable(request)
    yield DashboardWidget.card(
        name="follow_up",
        title=_("Follow up your requests"),
        text=_("All your requests in one place"),
        url="/my" if request.identity.is_citizen else "/track",
        icon="list-check",
        tone="b",
        weight=-10,
    )
    phone = request.site.branding.phone
    if phone:
        yield _phone(request, phone)
    if request.identity.is_citizen:
        yield DashboardWidget(
            name="questions",
            area="top",
            template="civicportal:templates/dashboard/questions.jinja2",
            weight=20,
            context=lambda: _questions(request),
        )
        yield DashboardWidget(
            name="own_cases",
            area="top",
            template="civicportal:templates/dashboard/own_cases.jinja2",
            weight=10,
            context=lambda: _own_cases(request),
        )
    yield DashboardWidget(
        name="figures",
        area="aside",
        template="civicportal:templates/dashboard/metrics.jinja2",
        weight=-10,
        context=lambda: _figures(request),
    )
    yield DashboardWidget(
        name="install", area="aside", template="civicportal:templates/dashboard/install.jinja2", weight=-20
    )


def _unattended(request: Request) -> Iterator[DashboardWidget]:
    """Show the number of unattended cases to people who may refer them."""
    if not request.identity.permits(UNATTENDED):
        return
    number = request.display_work.get(CustodyService).recent_total()
    if number:
        yield DashboardWidget(
            name="unattended",
            area="desk",
            template="civicportal:templates/dashboard/unattended.jinja2",
            weight=2000,
            context={"number": number},
        )


def _phone(request: Request, phone: str) -> DashboardWidget:
    note = request.site.branding_in(request.locale_name).contact.get("phone_note", "")
    return DashboardWidget.card(
        name="phone",
        title=_("Call ${phone}", mapping={"phone": phone}),
        text=note,
        url=f"tel:{phone}",
        icon="headset",
        tone="r",
        weight=-20,
    )


def _questions(request: Request) -> dict[str, object] | None:
    cases = request.display_work.get(QuestionService).own[:OWN_CASES]
    return {"cases": cases} if cases else None


def _own_cases(request: Request) -> dict[str, object] | None:
    cases = request.display_work.get(FollowUpService).own(limit=OWN_CASES)
    return {"cases": cases} if cases else None


def _figures(request: Request) -> dict[str, object] | None:
    figures = request.display_work.get(CityMetricsService).city()
    return {"figures": figures} if figures else None


def _kartable(request: Request) -> DashboardWidget:
    navigation = request.navigation
    assert isinstance(navigation, Navigation)
    lines = navigation.open_referrals
    rows = [(kind_of(request.site, kind), number) for kind, number in sorted(lines.by_kind.items())]
    return DashboardWidget(
        name="kartable",
        area="desk",
        template="civicportal:templates/dashboard/kartable.jinja2",
        weight=100,
        context={"rows": rows, "total": lines.total, "leads": request.display_work.get(TeamService).leads},
    )
