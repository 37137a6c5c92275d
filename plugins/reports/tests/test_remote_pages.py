"""The pages of administrators about the Open311 servers of others, and the case page."""

import pytest
from civicportal_reports.open311_client.delivery import deliver
from civicportal_reports.open311_client.models import RemoteRule, RemoteServer
from civicportal_reports.open311_client.services import RemoteService
from sqlalchemy import select
from two_cities import change_rule, change_server, deliveries, said

from civicportal.testing import make_question, make_staff

PAGES = "/desk/reports/servers"


@pytest.fixture
def admin(site, city, login, neighbour):
    with site.work() as work:
        person = make_staff(work, "administrator", name="نگار راد")
    login(person, "staff")
    return person


def read(site, model):
    with site.work(write=False) as work:
        return work.session.scalars(select(model).order_by(model.id)).all()


def fill(form, status=303, **values):
    for name, value in values.items():
        form[name] = value
    return form.submit(status=status)


def page_form(page):
    return next(form for form in page.forms.values() if {"name", "service"} & form.fields.keys())


def press(page, url, **fields):
    form = next(form for form in page.forms.values() if form.action.endswith(url))
    for name, value in fields.items():
        form[name] = value
    return form.submit().follow()


def test_a_server_is_added_and_its_key_is_never_shown(site, app, admin, neighbour):
    page = app.get(f"{PAGES}/new")
    wrong = fill(page_form(page), 422, name="", address="http://10.0.0.1/v2", api_key="my-secret-key")
    assert "شبکه" in wrong.text
    assert "my-secret-key" not in wrong.text
    form = page_form(wrong)
    form["pictures"] = "files"
    done = fill(form, name="آب و فاضلاب", address="http://127.0.0.1:9/open311/v2/", api_key="my-secret-key")
    shown = done.follow()
    assert "my-secret-key" not in shown.text
    added = read(site, RemoteServer)[1]
    assert (added.address, added.pictures, added.personal) == (
        "http://127.0.0.1:9/open311/v2",
        "files",
        False,
    )
    assert "my-secret-key" not in added.api_key
    edit = app.get(f"{PAGES}/{added.id}/edit")
    assert "my-secret-key" not in edit.text
    fill(page_form(edit), name="آبفا")
    with site.work(write=False) as work:
        service = work.get(RemoteService)
        assert service.address_of(service.fetch(added.id)).api_key == "my-secret-key"
    fill(page_form(app.get(f"{PAGES}/{added.id}/edit")), no_key=True)
    assert read(site, RemoteServer)[1].api_key is None


def test_the_connection_is_tested_and_the_services_are_fetched(site, app, admin, neighbour):
    page = app.get(f"{PAGES}/{neighbour.server_id}")
    tested = press(page, "/test")
    assert "سرور پاسخ می‌دهد" in tested.text
    assert read(site, RemoteServer)[0].services == []
    press(page, "/services")
    codes = {one["code"] for one in read(site, RemoteServer)[0].services}
    assert codes == {"pothole", "sidewalk", "bin", "other"}
    with site.work() as work:
        work.session.get_one(RemoteServer, neighbour.server_id).address = "http://127.0.0.1:9/v2"
    failed = press(page, "/test")
    assert "ارتباط با گیرنده برقرار نشد" in failed.text


def test_a_rule_with_the_attributes_of_its_service(site, app, city, admin, neighbour):
    from civicportal.api.organization import OrganizationService

    with neighbour.site.work() as work:
        bin_ = work.get(OrganizationService).category("reports", "bin")
        make_question(work, bin_, "full", choices={"yes": "بله", "no": "خیر"}, required=True)
    with site.work() as work:
        ours = work.get(OrganizationService).category("reports", "sidewalk")
        make_question(work, ours, "overflows", choices={"si": "بله", "no_idea": "نمی‌دانم"})
    press(app.get(f"{PAGES}/{neighbour.server_id}"), "/services")
    page = app.get(f"{PAGES}/{neighbour.server_id}/rules/new")
    empty = fill(page_form(page), 422, service="bin")
    assert "یک دسته یا یک واحد انتخاب کنید" in empty.text
    again = fill(page_form(page), 422, category=str(city.categories["pothole"]), service="bin")
    assert "پیش‌تر قاعده‌ای" in again.text
    page = fill(page_form(page), category=str(city.categories["sidewalk"]), service="bin").follow()
    assert "مقداری برای آن‌ها نیست" in page.text
    rule = read(site, RemoteRule)[1]
    assert [one["code"] for one in rule.definition] == ["full"]
    fill(page_form(page), q0="overflows", v0="no").follow()
    rule = read(site, RemoteRule)[1]
    assert rule.attributes == {"full": {"question": "overflows", "value": "no"}}
    city.send("sidewalk", answers={"overflows": "si"})
    city.send("sidewalk", answers={"overflows": "no_idea"})
    deliver(site)
    from civicportal.api.submission import QuestionnaireService

    with neighbour.site.work(write=False) as work:
        told = [
            answer.value
            for case in neighbour.requests()
            for answer in work.get(QuestionnaireService).of(work.session.merge(case))
        ]
    assert told == ["yes", "no"]
    page = app.get(f"{PAGES}/{neighbour.server_id}/rules/{rule.id}")
    press(page, "/delete")
    assert len(read(site, RemoteRule)) == 1


def test_a_server_whose_key_is_lost_has_pages_that_tell_so(site, app, city, admin, neighbour):
    from civicportal.api.organization import OrganizationService

    with neighbour.site.work() as work:
        make_question(work, work.get(OrganizationService).category("reports", "bin"), "full")
    press(app.get(f"{PAGES}/{neighbour.server_id}"), "/services")
    change_server(site, neighbour.server_id, api_key="lost")
    told = "رمزگشایی نمی‌شود"
    assert told in press(app.get(f"{PAGES}/{neighbour.server_id}"), "/test").text
    [rule] = read(site, RemoteRule)
    kept = app.get(f"{PAGES}/{neighbour.server_id}/rules/{rule.id}")
    fill(page_form(kept), category=str(city.categories["sidewalk"]))
    page = app.get(f"{PAGES}/{neighbour.server_id}/rules/new")
    refused = fill(page_form(page), 422, category=str(city.categories["bin"]), service="bin")
    assert told in refused.text
    assert len(read(site, RemoteRule)) == 1


def test_a_service_that_is_gone_is_told(site, app, admin, neighbour):
    [rule] = read(site, RemoteRule)
    change_rule(site, rule.id, service_code="tram")
    page = press(app.get(f"{PAGES}/{neighbour.server_id}"), "/services")
    assert "tram" in page.text
    assert "tram" in app.get(PAGES).text
    assert "دیگر در فهرست سرور نیست" in app.get(f"{PAGES}/{neighbour.server_id}/rules/{rule.id}").text


def test_what_failed_is_shown_and_delivered_again(site, app, city, admin, neighbour, clock):
    neighbour.cuts.before += [said("400 Bad", b'[{"code": 400, "description": "no such lane"}]')] * 2
    first, second = city.send(), city.send()
    deliver(site)
    page = app.get(f"{PAGES}/{neighbour.server_id}?show=dead")
    assert page.text.count("no such lane") == 2
    one, other = deliveries(site)
    press(page, f"/{one.id}/again")
    deliver(site)
    assert [row.state for row in deliveries(site)] == ["sent", "dead"]
    press(app.get(f"{PAGES}/{neighbour.server_id}"), f"{neighbour.server_id}/again")
    neighbour.cuts.before.append(said("500 Broken"))
    deliver(site)
    clock.advance(minutes=5)
    deliver(site)
    page = app.get(f"{PAGES}/{neighbour.server_id}?show=unclear")
    press(page, f"/{other.id}/arrived", remote_id=one.remote_id or deliveries(site)[0].remote_id)
    assert deliveries(site)[1].state == "unclear"
    press(page, f"/{other.id}/arrived", remote_id="998")
    assert (deliveries(site)[1].state, deliveries(site)[1].remote_id) == ("sent", "998")
    assert first != second


def test_switching_off_and_deleting(site, app, city, admin, neighbour):
    page = press(app.get(f"{PAGES}/{neighbour.server_id}"), "/switch")
    assert not read(site, RemoteServer)[0].active
    press(page, "/switch")
    assert read(site, RemoteServer)[0].active
    asked = app.get(f"{PAGES}/{neighbour.server_id}/delete")
    next(
        form for form in asked.forms.values() if form.method.lower() == "post" and "danger" in form.text
    ).submit()
    assert read(site, RemoteServer) == []
    assert "سروری ثبت نشده است" in app.get(PAGES).text


def test_only_administrators_see_them(site, app, city, login, neighbour):
    login(city.officer, "staff")
    for path in ("", "/new", f"/{neighbour.server_id}", f"/{neighbour.server_id}/rules/new"):
        app.get(f"{PAGES}{path}", status=(403, 404))


def test_a_change_of_what_leaves_the_portal_asks_for_a_fresh_proof(site, app, admin, neighbour, clock):
    form = page_form(app.get(f"{PAGES}/new"))
    clock.advance(minutes=6)
    asked = fill(form, name="آب و فاضلاب", address="https://water.example/open311/v2", personal=True)
    assert "/account/confirm" in asked.location
    assert len(read(site, RemoteServer)) == 1
    for path in ("new", f"{neighbour.server_id}/edit", f"{neighbour.server_id}/rules/new"):
        assert "/account/confirm" in app.get(f"{PAGES}/{path}", status=303).location
    press_off = next(
        form
        for form in app.get(f"{PAGES}/{neighbour.server_id}").forms.values()
        if form.action.endswith("/switch")
    )
    press_off.submit(status=303).follow()
    press_on = next(
        form
        for form in app.get(f"{PAGES}/{neighbour.server_id}").forms.values()
        if form.action.endswith("/switch")
    )
    assert "/account/confirm" in press_on.submit(status=303).location
    assert not read(site, RemoteServer)[0].active
