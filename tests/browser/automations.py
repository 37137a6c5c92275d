"""Automations of the administrator: one that acts, one that is switched off after failures."""

from portal import Portal
from sqlalchemy import select

from civicportal.core.security import Identity
from civicportal.domain.automation.models import AutomationRun
from civicportal.domain.automation.services import AutomationService
from civicportal.domain.cases.models import CaseEvent
from civicportal.domain.notifications.troubles import keep
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.i18n import _


def facts(portal: Portal, who: Identity) -> dict[str, str]:
    """Make them, and return their ids."""
    with portal.site.work(actor=who) as work:
        service, now = work.get(AutomationService), work.clock.now()
        unit = work.get(OrganizationService).unit("civil")
        # The worker of the portal leaves both as they are: nothing of this source comes while the pages are looked at.
        usual = {"trigger": "opened", "kind": "reports", "source": "letter"}
        acting = service.add(
            {
                **usual,
                "title": "گزارش‌های خطر زود دیده شوند",
                "words": "برق، سقوط، ریزش",
                "set_urgent": True,
                "to_unit_id": unit.id,
                "note": "لطفاً همین امروز بررسی شود.",
            }
        )
        failing = service.add(
            {
                **usual,
                "title": "پیام به شهروند پس از سه روز",
                "message": "{NAME} گرامی، {CODE} در دست بررسی است.",
            }
        )
        failing.active, failing.failing = False, True
        cases = work.session.execute(
            select(CaseEvent.case_id, CaseEvent.id)
            .where(CaseEvent.type == "opened")
            .order_by(CaseEvent.id.desc())
        ).all()
        reason = _("No one in “${unit}” sees this case and may work on it.", mapping={"unit": unit.name})
        for number, (case_id, event_id) in enumerate(cases[:6]):
            for automation in (acting, failing):
                refused = automation is failing or number == 2
                run = AutomationRun(
                    automation_id=automation.id,
                    case_id=case_id,
                    event_id=event_id,
                    state="refused" if refused else "done",
                    reason=keep(reason) if refused else "",
                    due_at=now,
                    created_at=now,
                    done_at=now,
                )
                work.session.add(run)
        return {"automation": str(acting.id), "failing": str(failing.id)}
