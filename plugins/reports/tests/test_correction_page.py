"""The page that corrects a report, without scripts."""

import pytest
from civicportal_reports.models import Report
from sqlalchemy import select

from civicportal.api.cases import Case, CaseService
from civicportal.testing import CorrectionService, identity, make_staff, outbox


@pytest.fixture
def code(city, sign_in):
    code = city.send()
    sign_in(city.officer)
    return code


def form_of(page):
    return next(form for form in page.forms.values() if "subject" in form.fields)


def open_form(app, code):
    page = app.get(f"/kartable/cases/{code}", status=200)
    return form_of(page.click(href=rf"/kartable/cases/{code}/correct$"))


def texts(page, selector):
    return [" ".join(found.text.split()) for found in page.html.select(selector)]


def stored(site, code):
    with site.work(write=False) as work:
        return work.session.execute(select(Case, Report).join(Report).where(Case.code == code)).one()


def test_a_category_and_a_pin_are_corrected_and_taken_back(site, city, app, code):
    form = open_form(app, code)
    assert float(form["lat"].value) == city.street.lat
    form["category"] = "sidewalk"
    form["lat"], form["lon"] = "۳۱٫۰۲۰۳", "52.03"
    form["notify"] = True
    page = form.submit(status=303).follow(status=200)
    history = texts(page, ".tl > li")[0]
    assert "موضوع از «موضوع pothole» به «موضوع sidewalk» اصلاح شد" in history
    assert "محل نشانگر روی نقشه تغییر کرد" in history
    case, report = stored(site, code)
    assert (case.category_id, report.district) == (city.categories["sidewalk"], "منطقهٔ دو")
    with site.work(write=False) as work:
        assert outbox(work)[-1].kind == "reports.corrected"
    undo = next(form for form in page.forms.values() if "/undo" in form.action)
    undo.submit(status=303)
    case, report = stored(site, code)
    assert (case.category_id, report.district) == (city.categories["pothole"], "منطقهٔ یک")


def test_the_citizen_is_told_only_if_ticked(site, app, code):
    form = open_form(app, code)
    assert not form["notify"].checked
    form["subject"] = "چالهٔ روبه‌روی مدرسه"
    form.submit(status=303)
    with site.work(write=False) as work:
        assert [message.kind for message in outbox(work)] == ["reports.registered"]


def test_mistakes_stand_at_their_fields_and_nothing_is_lost(site, city, app, code):
    form = open_form(app, code)
    form["subject"], form["street"] = "", "خیابان آزاد"
    page = form.submit(status=422)
    form = form_of(page)
    assert form["street"].value == "خیابان آزاد"
    form["subject"] = "چاله"
    page = form.submit(status=422)
    assert any("خیابان آزادی" in text for text in texts(page, ".err"))
    form = form_of(page)
    form["street"], form["lat"] = "", "35"
    page = form.submit(status=422)
    assert any("بیرون از" in text or "خارج از" in text for text in texts(page, ".err"))
    form = form_of(page)
    form["lat"], form["subject"] = str(city.street.lat), stored(site, code)[0].subject
    assert any("چیزی تغییر نکرد" in text for text in texts(form.submit(status=422), ".err-summary"))


def test_a_colleagues_correction_stays_where_the_form_was_left_alone(site, city, app, code):
    form = open_form(app, code)
    with site.work(actor=city.officer) as work:
        colleague = identity(work, make_staff(work, "colleague", unit=None))
    with site.work(actor=colleague) as work:
        case = work.get(CaseService).fetch(code, lock=True)
        work.get(CorrectionService).correct(case, subject="چالهٔ دیگر")
    form["address"] = "روبه‌روی بانک"
    page = form.submit(status=409)
    assert "عنوان از" in texts(page, "#merge")[0]
    form = form_of(page)
    assert (form["subject"].value, form["address"].value) == ("چالهٔ دیگر", "روبه‌روی بانک")
    form.submit(status=303)
    case, _report = stored(site, code)
    assert case.subject == "چالهٔ دیگر"
    assert case.place.startswith("روبه‌روی بانک")


def test_who_may_not_work_on_it_sees_no_form(site, city, app, code, sign_in):
    with site.work() as work:
        observer = identity(work, make_staff(work, "observer", permissions=["reports:case:view"]))
    sign_in(observer)
    assert "/correct" not in app.get(f"/kartable/cases/{code}", status=200)
    page = app.get(f"/kartable/cases/{code}/correct", status=303).follow(status=200)
    token = page.html.select_one("[name=csrf_token]")["value"]
    sent = {
        "csrf_token": token,
        "version": "1",
        "subject": "چیز دیگر",
        "address": "کنار بانک",
        "category": "bin",
    }
    app.post(f"/kartable/cases/{code}/correct", sent, status=403)
