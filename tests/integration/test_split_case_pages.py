"""The page that splits a case and the jobs on the page of a case, as a browser without a script sends them."""

from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select
from webtest import Upload

from civicportal.domain.accounts.permissions import LEAD
from civicportal.domain.cases.models import Attachment, Case
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.jobs import JobService, NewJob
from civicportal.testing import identity, make_case, make_category, make_citizen, make_staff, make_unit
from civicportal.testing.asking import statements

ANSWER = "چراغ و باغچه هر دو درست شد."


@pytest.fixture
def desk(site):
    """A case of the unit waste with an officer, and officers of the units lighting and green."""
    with site.work() as work:
        units = {name: make_unit(work, name) for name in ("waste", "lighting", "green", "roads")}
        citizen = make_citizen(work, "+989123456789", name="زهرا احمدی")
        category = make_category(work, unit=units["waste"])
        case = make_case(work, citizen=citizen, category=category, place="میدان ساعت")
        users = {
            name: make_staff(work, "officer", unit=units[name]) for name in ("waste", "lighting", "green")
        }
        users["roads"] = make_staff(work, "head", unit=units["roads"], permissions=[LEAD])
        code, officer = case.code, identity(work, users["waste"])
        found = {"code": code, "users": users, "units": {name: unit.id for name, unit in units.items()}}
    with site.work(actor=officer) as work:
        work.get(CaseService).apply(work.get(CaseService).fetch(code, lock=True), "accept")
    return {**found, "officer": officer, "page": f"/kartable/cases/{code}"}


def form_to(response, path):
    return next(form for form in response.forms.values() if form.action.partition("?")[0].endswith(path))


def split_form(app, desk, sign_in):
    sign_in(desk["users"]["waste"])
    return form_to(app.get(desk["page"]).click("تقسیم به چند کار"), "/split")


def fill(form, desk, *names):
    for number, name in enumerate(names, 1):
        form[f"unit_{number}"] = str(desk["units"][name])
        form[f"task_{number}"] = f"وظیفهٔ {name}"


def split(site, desk, *names, answer=ANSWER):
    with site.work(actor=desk["officer"]) as work:
        case = work.get(CaseService).fetch(desk["code"], lock=True)
        jobs = [NewJob(unit_id=desk["units"][name], task=f"وظیفهٔ {name}") for name in names]
        work.get(JobService).split(case, jobs, answer=answer)


def status(site, desk):
    with site.work(write=False) as work:
        return work.session.scalar(select(Case.status).where(Case.code == desk["code"]))


def picture():
    file = BytesIO()
    Image.new("RGB", (640, 480), "green").save(file, "JPEG")
    return Upload("after.jpg", file.getvalue(), "image/jpeg")


def test_a_case_is_split_done_and_closed(site, app, sign_in, desk):
    form = split_form(app, desk, sign_in)
    fill(form, desk, "lighting", "green")
    form["due_1"] = "1500/01/01"
    form["public_text"] = ANSWER
    page = form.submit(status=303).follow(status=200)
    assert [row["data-job"] for row in page.html.select("[data-job]")] == ["new", "new"]
    assert "وظیفهٔ lighting" in page
    assert ANSWER in page
    assert "کارهای این پرونده هنوز باز است" in page
    assert "منتظر واحد دیگر" in app.get("/kartable")
    sign_in(desk["users"]["lighting"])
    listed = app.get("/kartable")
    assert "وظیفهٔ lighting" in listed.html.select_one("[data-task]").text
    shown = listed.click(href=desk["page"])
    assert "زهرا" not in shown
    assert "میدان ساعت" in app.get("/kartable")
    form_to(shown, "/take-job").submit(status=303)
    done = form_to(app.get(desk["page"]), "/finish-job")
    done["result"] = "لامپ عوض شد."
    done["photos_files"] = [picture()]
    after = done.submit(status=303)
    assert after.location.endswith("/kartable"), "the right to see the case has ended"
    app.get(desk["page"], status=404)
    with site.work(write=False) as work:
        (photo,) = work.session.scalars(select(Attachment)).all()
        assert (photo.audience, photo.purpose) == ("staff", "after")
    sign_in(desk["users"]["waste"])
    page = app.get(desk["page"])
    assert [row["data-job"] for row in page.html.select("[data-job]")] == ["done", "new"]
    assert "لامپ عوض شد." in page
    sign_in(desk["users"]["green"])
    form_to(app.get(desk["page"]), "/finish-job").submit(status=303)
    assert status(site, desk) == "done"
    with site.work(write=False) as work:
        (photo,) = work.session.scalars(select(Attachment)).all()
        assert photo.audience == "citizen"


def test_a_job_that_cannot_be_done_needs_its_reason(site, app, sign_in, desk):
    split(site, desk, "lighting", "green")
    sign_in(desk["users"]["lighting"])
    form = form_to(app.get(desk["page"]), "/finish-job")
    form.action = form.action.replace("finish", "refuse")
    refused = form.submit(status=422)
    assert "بنویسید چرا این کار انجام‌شدنی نیست" in refused
    form = form_to(refused, "/finish-job")
    form.action = form.action.replace("finish", "refuse")
    form["result"] = "تیر برق از شرکت توزیع است."
    form.submit(status=303)
    sign_in(desk["users"]["green"])
    form_to(app.get(desk["page"]), "/finish-job").submit(status=303)
    sign_in(desk["users"]["waste"])
    page = app.get(desk["page"])
    assert "کارهای این پرونده به پایان رسیده است" in page
    assert "تیر برق از شرکت توزیع است." in page
    with site.work() as work:
        make_case(work, category=None)
    first = app.get("/kartable").html.select("tbody tr")[0]
    assert "برگشته از کارها" in first.text


def test_mistakes_are_shown_at_their_fields_and_nothing_is_lost(site, app, sign_in, desk):
    form = split_form(app, desk, sign_in)
    form["task_1"] = "بدون واحد"
    form["unit_4"] = str(desk["units"]["green"])
    form["public_text"] = ANSWER
    page = form.submit(status=422)
    wrong = {field["name"] for field in page.html.select("[aria-invalid=true]")}
    assert wrong == {"unit_1", "unit_2", "task_2"}
    again = form_to(page, "/split")
    fill(again, desk, "lighting", "waste")
    page = again.submit(status=422)
    assert {field["name"] for field in page.html.select("[aria-invalid=true]")} == {"task_4"}
    again = form_to(page, "/split")
    assert (again["task_1"].value, again["public_text"].value) == ("وظیفهٔ lighting", ANSWER)
    again["due_2"] = "دیروز"
    wrong = {field["name"] for field in again.submit(status=422).html.select("[aria-invalid=true]")}
    assert wrong == {"due_2"}
    empty = split_form(app, desk, sign_in).submit(status=422)
    wrong = {field["name"] for field in empty.html.select("[aria-invalid=true]")}
    assert wrong == {"unit_1", "task_1", "unit_2", "task_2"}


def test_a_unit_without_people_is_refused_and_one_with_a_head_only_is_asked_about(site, app, sign_in, desk):
    with site.work() as work:
        nobody = make_unit(work, "nobody").id
    form = split_form(app, desk, sign_in)
    fill(form, desk, "lighting", "roads")
    form["unit_2"] = str(nobody)
    page = form.submit(status=422)
    assert [field["name"] for field in page.html.select("[aria-invalid=true]")] == ["unit_2"]
    form = form_to(page, "/split")
    form["unit_2"] = str(desk["units"]["roads"])
    page = form.submit(status=422)
    assert "رئیس" in page.html.select_one("[role=alert]").text
    form = form_to(page, "/split")
    form["anyway"].checked = True
    form.submit(status=303)


def test_a_form_made_before_a_colleague_acted_is_kept(site, app, sign_in, desk):
    form = split_form(app, desk, sign_in)
    fill(form, desk, "lighting", "green")
    with site.work(actor=desk["officer"]) as work:
        work.get(CaseService).apply(work.get(CaseService).fetch(desk["code"], lock=True), "finish")
    page = form.submit(status=409)
    assert form_to(page, "/split")["task_2"].value == "وظیفهٔ green"


def test_what_was_typed_for_a_withdrawn_job_is_kept(site, app, sign_in, desk):
    split(site, desk, "lighting", "green")
    sign_in(desk["users"]["lighting"])
    form = form_to(app.get(desk["page"]), "/finish-job")
    form["result"] = "لامپ عوض شد."
    with site.work(actor=desk["officer"]) as work:
        case = work.get(CaseService).fetch(desk["code"], lock=True)
        service = work.get(JobService)
        for job in service.of(case).jobs:
            service.withdraw(case, job.id)
    page = form.submit(status=404)
    assert page.html.select_one("textarea").text.strip() == "لامپ عوض شد."


def test_the_splitter_withdraws_a_job_and_adds_another(site, app, sign_in, desk):
    split(site, desk, "lighting", "green")
    sign_in(desk["users"]["waste"])
    form_to(app.get(desk["page"]), "/withdraw-job").submit(status=303)
    page = app.get(desk["page"])
    assert [row["data-job"] for row in page.html.select("[data-job]")] == ["withdrawn", "new"]
    form = form_to(page.click("افزودن کار"), "/split")
    assert form["public_text"].value == ANSWER
    fill(form, desk, "waste")
    form.submit(status=303)
    page = app.get(desk["page"])
    assert [row["data-job"] for row in page.html.select("[data-job]")] == ["withdrawn", "new", "new"]
    form_to(page, "/finish-job").submit(status=303)
    app.get(desk["page"], status=200)


def test_the_page_of_a_split_case_asks_for_names_once(site, app, sign_in, desk):
    sign_in(desk["users"]["waste"])

    def count():
        app.get(desk["page"])
        with statements(site) as texts:
            app.get(desk["page"])
        return len(texts)

    before = count()
    split(site, desk, "lighting", "green", "roads")
    assert count() <= before + 1


def test_a_case_that_cannot_be_split_leads_back(app, sign_in, desk):
    sign_in(desk["users"]["lighting"])
    app.get(f"{desk['page']}/split", status=404)
