"""The list of unattended cases."""

from typing import TYPE_CHECKING

from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.kartable.custody import CustodyService, Gap
from civicportal.domain.kartable.rows import RowService
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.i18n import _, localized_digits
from civicportal.web.request import Request

if TYPE_CHECKING:
    from civicportal.core.work import Work


def unattended(request: Request) -> dict[str, object]:
    """Show unattended cases and uncovered categories."""
    work = request.work
    custody = work.get(CustodyService)
    page = custody.page(cursor=request.GET.get("cursor"))

    def url(cursor: str) -> str:
        return str(request.route_path("kartable.unattended", _query={"cursor": cursor}))

    return {
        "count": custody.total(),
        "rows": work.get(RowService).rows([(case, referral) for case, referral in page.rows]),
        "reasons": custody.reasons((case, referral) for case, referral in page.rows),
        "next_url": url(page.next) if page.next else None,
        "previous_url": url(page.previous) if page.previous else None,
        "gaps": [(gap, kind_of(request.site, gap.kind).title, _topics(work, gap)) for gap in custody.gaps()],
        "now": work.clock.now(),
    }


def warn_unattended(request: Request, work: "Work") -> None:
    """Warn, after rights were removed, how many open cases are unattended."""
    work.session.flush()
    count = work.get(CustodyService).count()
    if count:
        shown = localized_digits(str(count), request.locale_name)
        text = _("Unattended cases: ${count}. They must be assigned.", mapping={"count": shown})
        request.session.flash(request.translate(text), "warn")


def _topics(work: "Work", gap: Gap) -> list[str]:
    organization = work.get(OrganizationService)
    return [organization.category_name(category_id) for category_id in gap.categories]
