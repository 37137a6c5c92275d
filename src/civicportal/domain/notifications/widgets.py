"""Panels of the outbox on other pages."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlalchemy import select

from civicportal.domain.notifications.arrivals import ARRIVALS
from civicportal.domain.notifications.gate import SendingGateService
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.notifications.schemas import STATES
from civicportal.domain.notifications.troubles import localized_reason
from civicportal.web.items import DashboardWidget, Panel
from civicportal.web.request import Request

if TYPE_CHECKING:
    from civicportal.domain.cases.models import Case

SEE = "core:message:view"
MOST_NOTICES = 20
_TEMPLATES = "civicportal:templates/notifications"


def case_panels(case: "Case", request: Request) -> Iterator[Panel]:
    """Return the notifications of a case with their states, without numbers, for staff."""
    if not request.identity.is_staff:
        return
    query = select(OutboxMessage).where(OutboxMessage.case_id == case.id)
    notices = request.display_work.session.scalars(
        query.order_by(OutboxMessage.id.desc()).limit(MOST_NOTICES)
    )
    context = {
        "notices": notices.all(),
        "titles": request.site.messages,
        "states": STATES,
        "arrivals": ARRIVALS,
    }
    yield Panel(
        name="notices", area="aside", template=f"{_TEMPLATES}/panel.jinja2", weight=-50, context=context
    )


def gate_widget(request: Request) -> Iterator[DashboardWidget]:
    """Warn users who may see messages while the gate is closed."""
    if not request.identity.permits(SEE):
        return
    gate = request.display_work.get(SendingGateService)
    if gate.row is not None and not gate.works:
        yield DashboardWidget(
            name="gate",
            area="desk",
            template=f"{_TEMPLATES}/gate.jinja2",
            weight=1000,
            context={
                "gate": gate.row,
                "is_worker_alive": gate.is_worker_alive,
                "reason": localized_reason(gate.row.reason, request.localizer),
            },
        )
