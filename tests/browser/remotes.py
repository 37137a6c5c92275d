"""Open311 servers of other organisations: one that works, with every kind of delivery, and one that fails."""

from collections.abc import Sequence
from datetime import timedelta

from civicportal_reports.categories import topics
from civicportal_reports.open311_client.delivery import RemoteQueue
from civicportal_reports.open311_client.models import OwnUpdate, RemoteDelivery
from civicportal_reports.open311_client.services import RemoteService
from portal import Portal
from sqlalchemy import select

from civicportal.api.cases import Case, CaseService
from civicportal.core.security import Identity

SERVICES = [
    {"code": code, "name": name, "metadata": True, "type": "realtime"}
    for code, name in (("leak", "نشت آب از لوله"), ("manhole", "دریچهٔ منهول"))
]
DEFINITION = [
    {
        "code": "danger",
        "title": "آیا خطری دارد؟",
        "type": "singlevaluelist",
        "required": True,
        "values": [["1", "بله"], ["2", "خیر"]],
    },
    {"code": "meter", "title": "شمارهٔ کنتور", "type": "string", "required": False, "values": []},
]
STATES = (
    {"state": "sent", "remote_id": "40871", "remote_status": "open", "remote_notes": "در دست بررسی"},
    {"state": "sent", "remote_id": "40869", "remote_status": "closed", "remote_notes": "رسیدگی شد"},
    {"state": "unclear", "last_error": "پاسخی نرسید و سرور نیز نشان نمی‌دهد که گزارش رسیده است یا نه."},
    {"state": "dead", "last_error": "گیرنده با وضعیت ۴۰۰ پاسخ داد. پاسخ سرور: service_code نامعتبر است"},
)


def facts(portal: Portal, who: Identity, codes: Sequence[str]) -> dict[str, str]:
    """Make them, and return the ids of the first one and of its rule.

    :param codes: of the cases that were delivered.
    """
    with portal.site.work(actor=who) as work:
        service, now = work.get(RemoteService), work.clock.now()
        made = [
            service.add(
                {
                    "name": name,
                    "address": f"https://{host}/open311/v2",
                    "jurisdiction": "",
                    "personal": host.startswith("power"),
                    "pictures": "files",
                    "tells": host.startswith("power"),
                    "closes_with": "",
                },
                "key",
            )
            for name, host in (
                ("شرکت آب و فاضلاب شهر نمونه", "water.city.example"),
                ("توزیع برق استان", "power.city.example"),
            )
        ]
        first, failing = made
        service.keep_services(first, list(SERVICES))
        leaves = [leaf for topic in topics(work) for leaf in topic.leaves]
        rules = [
            service.save_rule(
                first,
                None,
                {
                    "category_id": leaf.id,
                    "unit_id": None,
                    "service_code": code,
                    "definition": definition,
                    "attributes": {},
                },
            )
            for leaf, code, definition in zip(leaves[-2:], ("leak", "valve"), (DEFINITION, []), strict=True)
        ]
        # The worker of the portal leaves them as they are.
        for server, failures in ((first, 0), (failing, 4)):
            health = RemoteQueue(work).health(server.id)
            health.failures, health.retry_at = failures, now + timedelta(days=1)
            health.last_ok_at = now - timedelta(hours=3)
        RemoteQueue(work).health(failing.id).last_error = "گیرنده به‌موقع پاسخ نداد."
        cases = work.session.scalars(select(Case).where(Case.code.in_(codes)).order_by(Case.id)).all()
        for case, values in zip(cases, STATES, strict=True):
            told = {"attempts": 2, "sent_at": now if values["state"] == "sent" else None, "checked_at": now}
            delivery = RemoteDelivery(
                server_id=first.id, case_id=case.id, created_at=now, next_at=now, **{**told, **values}
            )
            work.session.add(delivery)
            work.session.flush()
            work.session.add(
                OwnUpdate(
                    delivery_id=delivery.id,
                    event_id=work.get(CaseService).events(case)[-1].id,
                    state=values["state"],
                    attempts=1,
                    sent_at=told["sent_at"],
                    last_error=values.get("last_error", ""),
                    created_at=now,
                    next_at=now,
                )
            )
        return {"remote": str(first.id), "remote_rule": str(rules[0].id)}
