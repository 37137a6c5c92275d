"""Imports of the administrator: mapped and checked, without columns, running, and from a server."""

from io import BytesIO

from portal import Portal

from civicportal.core.db import NEVER
from civicportal.core.jobs import JobRun
from civicportal.core.security import Identity
from civicportal.core.storage import new_key
from civicportal.core.work import Work
from civicportal.portal.importing import working
from civicportal.portal.importing.editing import empty_mapping
from civicportal.portal.importing.models import ImportBatch, ImportTask
from civicportal.portal.importing.tasks import ImportTaskService

TABLE = """شماره درخواست;کد پیگیری;تاریخ ثبت;موضوع;شرح درخواست;نام متقاضی;تلفن همراه;واحد مسئول;وضعیت;تاریخ خاتمه
98-1;137-98-001;1398/02/03 08:15;زباله;سطل زبالهٔ سر کوچه پر است;مریم احمدی;09123456789;پسماند;خاتمه یافته;1398/02/05
98-2;137-98-002;1398/02/32;روشنایی;چراغ کوچه خاموش است;علی رضایی;0912345;روشنایی;در دست اقدام;
98-3;137-98-003;1398/02/30;آسفالت;چاله در خیابان;;;;رد شده;1398/03/32
"""


def facts(portal: Portal, who: Identity) -> dict[str, str]:
    """Upload the files and let the worker take the steps; return the keys of the imports and the id of a batch."""
    hold_job(portal)
    checked, empty = _add(portal, who, TABLE), _add(portal, who, "a,b\n1,2\n")
    working.run_waiting(portal.site)
    with portal.site.work(actor=who) as work:
        service = work.get(ImportTaskService)
        service.order_check(service.fetch(checked))
    working.run_waiting(portal.site)
    running = _add(portal, who, TABLE)
    with portal.site.work(actor=who) as work:
        task = work.get(ImportTaskService).fetch(running)
        task.state, task.total, task.done, task.step = "running", 48_000, 17_000, "apply"
        now = work.clock.now()
        batch = ImportBatch(
            source="سامانهٔ ۱۳۷",
            files=["requests.csv", "history.csv"],
            digest="0" * 64,
            state="done",
            created_at=now,
            finished_at=now,
            counts={"cases": 47_312, "people": 21_004},
        )
        work.session.add(batch)
        work.session.flush()
        server = _server(portal, work)
        return {
            "import_checked": checked,
            "import_server": server,
            "import_empty": empty,
            "import_running": running,
            "import_batch": str(batch.id),
        }


def _server(portal: Portal, work: Work) -> str:
    """Add an import from a server whose reading has failed."""
    days = (portal.site.calendar.today(portal.site.clock.now()), None)
    task = work.get(ImportTaskService).add_server(
        "https://city.example/open311/v2", "", days, "reports", empty_mapping("city.example")
    )
    task.state = "failed"
    task.error = "https://city.example/open311/v2/requests.json: گیرنده با وضعیت 500 پاسخ داد."
    task.reasons = [("گیرنده با وضعیت 404 پاسخ داد.", 12)]
    return task.key


def hold_job(portal: Portal) -> None:
    """Keep the worker of the portal from taking steps, as if another one had the job."""
    values = {"locked_until": NEVER, "next_at": NEVER, "last_error": ""}
    with portal.site.work() as work:
        row = portal.site.engines.insert(JobRun).values(name="core.imports", **values)
        work.session.execute(row.on_conflict_do_update(index_elements=[JobRun.name], set_=values))


def _add(portal: Portal, who: Identity, table: str) -> str:
    key, content = new_key(), table.encode()
    portal.site.storage.put(key, BytesIO(content))
    with portal.site.work(actor=who) as work:
        files = [("requests.csv", key, len(content))]
        task: ImportTask = work.get(ImportTaskService).add(files, "reports", empty_mapping("سامانهٔ ۱۳۷"))
        return task.key
