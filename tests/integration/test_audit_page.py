"""The administrators' page of the trail, and the commands beside it."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, select, update

import civicportal
from civicportal.cli import main
from civicportal.core.logging import mask
from civicportal.domain.audit import jobs
from civicportal.domain.audit.append_only import without_guards
from civicportal.domain.audit.models import AuditEvent, AuditSeal
from civicportal.domain.audit.seals import SealService
from civicportal.domain.audit.services import AuditService
from civicportal.domain.audit.titles import titles_of
from civicportal.domain.audit.trail import TrailService
from civicportal.domain.cases.services import CaseService
from civicportal.testing import identity, make_case, make_citizen, make_staff, make_unit
from civicportal.util import tracking


@pytest.fixture
def boss(site, sign_in):
    with site.work() as work:
        user = make_staff(work, "administrator")
    sign_in(user)
    return user


@pytest.fixture
def opened(site):
    """Let a handler open a case, which the trail remembers."""
    with site.work() as work:
        case = make_case(work, citizen=make_citizen(work))
        handler = identity(work, make_staff(work, "handler", unit=make_unit(work, "waste")))
    with site.work(actor=handler) as work:
        work.get(AuditService).record("case:open", subject_id=case.citizen_id, case_id=case.id)
    return case


def rows(page):
    return page.html.select("tbody tr")


def test_the_trail_is_for_administrators(app, site, sign_in):
    with site.work() as work:
        user = make_staff(work, "handler")
    sign_in(user)
    app.get("/admin/audit", status=403)


def test_filters_by_code_action_and_person(app, site, boss, opened):
    page = app.get("/admin/audit", status=200)
    assert opened.code in page
    assert len(rows(app.get(f"/admin/audit?case={opened.code}", status=200))) == 1
    assert "رویدادی نیست" in app.get(f"/admin/audit?case={tracking.new_code()}", status=200)
    assert len(rows(app.get(f"/admin/audit?subject={opened.citizen_id}&action=case:open"))) == 1
    assert len(rows(app.get("/admin/audit?action=reveal:"))) == 0
    assert app.get("/admin/audit?action=nonsense&first=x", status=200)


def test_pages_lead_back_and_forth(app, site, boss):
    with site.work() as work:
        for number in range(60):
            work.get(AuditService).record("logout", number=number)
    page = app.get("/admin/audit?action=logout")
    assert len(rows(page)) == 50
    older = page.click(linkid=None, href=r"before=\d+", index=0)
    assert len(rows(older)) == 10
    assert len(rows(older.click(href=r"after=\d+", index=0))) == 50


def test_the_button_says_what_it_found(app, site, clock, boss, opened):
    clock.advance(seconds=11)
    jobs.seal(site)
    assert "مُهر تازه‌تر" in press(app)
    with site.work() as work, without_guards(work.session.connection()):
        changed = update(AuditEvent).where(AuditEvent.action == "case:open").values(actor_id=4)
        work.session.execute(changed)
    assert "دست خورده است" in press(app)


def press(app):
    page = app.get("/admin/audit")
    form = next(form for form in page.forms.values() if form.action == "/admin/audit/verify")
    return form.submit(status=303).follow()


def test_once_a_day_the_whole_is_verified(app, site, clock, boss, sign_in, opened, caplog):
    assert "هنوز راستی‌آزمایی نشده است" in app.get("/admin/audit")
    clock.advance(seconds=11)
    jobs.seal(site)
    jobs.verify(site)
    assert "همهٔ دفتر رویدادها درست است" in app.get("/admin/audit")
    with site.work() as work, without_guards(work.session.connection()):
        work.session.execute(
            update(AuditEvent).where(AuditEvent.action == "case:open").values(realm="citizen")
        )
    jobs.verify(site)
    assert "همهٔ دفتر رویدادها درست است" in app.get("/admin/audit")
    clock.advance(days=1)
    jobs.verify(site)
    sign_in(boss)
    assert "دفتر رویدادها دست خورده است" in app.get("/admin/audit")
    with site.work(write=False) as work:
        last = work.get(SealService).last()
    assert f"audit anchor {mask(last.anchor)}" in caplog.text
    assert mask(last.anchor) == last.anchor
    assert "a row or the seal itself was changed" in caplog.text


def verified(site):
    """What verifying has written into the trail."""
    with site.work(write=False) as work:
        events = select(AuditEvent).where(AuditEvent.action.startswith("audit:")).order_by(AuditEvent.id)
        return [(event.action.removeprefix("audit:"), event.data) for event in work.session.scalars(events)]


@pytest.fixture
def three_seals(site, clock):
    for _number in range(3):
        with site.work() as work:
            work.get(AuditService).record("logout")
        clock.advance(seconds=11)
        jobs.seal(site)
    with site.work(write=False) as work:
        return work.session.scalars(select(AuditSeal.id).order_by(AuditSeal.id)).all()


def test_a_long_trail_is_verified_in_steps(site, clock, three_seals, monkeypatch):
    monkeypatch.setattr(jobs, "MOST_SEALS", 2)
    monkeypatch.setattr(jobs, "RUN_SECONDS", 0)
    first, second, third = three_seals
    for _step in range(3):
        jobs.verify(site)
    assert verified(site) == [
        ("verifying", {"seals": 2, "rows": 2, "flaws": [], "last": second}),
        ("verified", {"seals": 3, "rows": 3, "flaws": [], "last": third}),
    ]
    clock.advance(days=1)
    with site.work() as work, without_guards(work.session.connection()):
        work.session.execute(update(AuditSeal).where(AuditSeal.id == first).values(rows=7))
    jobs.verify(site)
    with site.work(write=False) as work:
        assert work.get(TrailService).flawed().action == "audit:verifying"
    with site.work() as work, without_guards(work.session.connection()):
        work.session.execute(delete(AuditSeal).where(AuditSeal.id == second))
    jobs.verify(site)
    [*_before, (_under_way, some), (done, all_)] = verified(site)
    assert some["flaws"] == [f"{first} audit_events"]
    assert (done, all_["flaws"]) == ("verified", [f"{first} audit_events", f"{third} audit_events"])


def test_all_is_verified_in_one_run_while_there_is_time(site, three_seals, monkeypatch):
    monkeypatch.setattr(jobs, "MOST_SEALS", 1)
    jobs.verify(site)
    assert verified(site) == [("verified", {"seals": 3, "rows": 3, "flaws": [], "last": three_seals[-1]})]


def test_the_commands(site, clock, opened):

    def run(*words):
        return CliRunner().invoke(main, ["--site", str(site.path), "audit", *words])

    assert "nothing is sealed yet" in run("anchor").output
    clock.advance(seconds=11)
    jobs.seal(site)
    anchor = run("anchor").output.strip()
    assert run("verify", "--anchor", anchor).exit_code == 0
    assert run("verify", "--anchor", "nonsense").exit_code == 2
    with site.work() as work:
        case = work.get(CaseService).fetch(opened.code)
        event = work.session.scalars(select(AuditEvent).where(AuditEvent.case_id == case.id)).one()
        event.data = {"other": True}
    answer = run("verify")
    assert answer.exit_code == 1
    assert f"the words of row {event.id} were changed (data)" in answer.output


def test_every_action_that_the_sources_name_has_a_title(site):
    """What is written with a name put together at run time is left to the eye."""
    root = Path(civicportal.__file__).parent
    written = re.compile(r"""(?:record|_record)\(\s*"([a-z_]+:[a-z_-]+)\"""")
    found = {
        name for path in root.rglob("*.py") for name in written.findall(path.read_text(encoding="utf-8"))
    }
    assert len(found) > 20
    assert not found - set(titles_of(site))
