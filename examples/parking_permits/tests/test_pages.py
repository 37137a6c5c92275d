"""The pages in a browser without a script."""

import io

import pytest
from civicportal_parking_permits.models import Zone
from PIL import Image
from sqlalchemy import select
from webtest import Upload

from civicportal.api.cases import Case

NEW = "/parking_permits/new"


def picture():
    file = io.BytesIO()
    Image.new("RGB", (320, 240), "white").save(file, "JPEG")
    return [Upload("document.jpg", file.getvalue(), "image/jpeg")]


def the_form(page):
    return next(form for form in page.forms.values() if "plate" in form.fields)


def filled(app, path=NEW, **values):
    form = the_form(app.get(path, status=200))
    usual = {"zone": "harbour", "plate": "RT 100", "months": "3", "photo_key_files": picture()}
    for name, value in {**usual, **values}.items():
        form[name] = value
    return form


def cases(city):
    with city.site.work(write=False) as work:
        return work.session.scalars(select(Case).order_by(Case.id)).all()


def test_the_home_offers_it(city, app):
    assert app.get("/").html.select(f"a.svc[href='{NEW}']")


def test_a_citizen_applies_and_reads_it(city, app, sign_in):
    sign_in(city.citizen, "citizen")
    answer = filled(app).submit(status=303)
    (case,) = cases(city)
    assert answer.location.endswith(f"/my/{case.code}")
    page = answer.follow(status=200)
    assert "RT100" in page
    assert page.html.html["dir"] == "ltr"
    form = app.get(NEW).html.select_one("form[data-draft]")
    done = page.html.select_one("[data-draft-done]")
    assert (done["data-draft-done"], done["data-owner"]) == (form["data-draft"], form["data-owner"])
    assert app.get(f"/my/{case.code}").html.select_one("[data-draft-done]") is None


def test_the_same_form_sent_again_is_one_application_and_counts_once(city, app, sign_in):
    sign_in(city.citizen, "citizen")
    form = filled(app)
    assert len({form.submit(status=303).location for _click in range(12)}) == 1
    assert len(cases(city)) == 1


def test_zones_that_take_none_are_not_offered(city, app):
    form = the_form(app.get(NEW))
    assert [value for value, _checked, _text in form["zone"].options] == ["harbour"]


def test_the_document_is_not_shown_for_code_and_digits(city, app, login):
    login(city.citizen)
    code = filled(app).submit(status=303).location.rpartition("/")[2]
    [address] = [link["href"] for link in app.get(f"/my/{code}").html.select("a.thumb-link")]
    app.reset()
    token = app.get("/track").forms[0]["csrf_token"].value
    sent = {"csrf_token": token, "code": code, "proof": city.citizen.mobile[-4:]}
    page = app.post("/track", sent, status=303).follow(status=200)
    assert page.html.select("img[src^='/attachments']") == []
    app.get(address, status=404)


@pytest.mark.parametrize(("name", "value"), [("plate", "XY-1"), ("photo_key_files", []), ("plate", "")])
def test_what_is_wrong_is_said_and_the_rest_kept(city, app, sign_in, name, value):
    sign_in(city.citizen, "citizen")
    page = filled(app, body="Blue car", **{name: value}).submit(status=422)
    assert the_form(page)["body"].value == "Blue car"
    assert page.html.select(".err-summary li")
    assert cases(city) == []


def test_a_visitor_is_asked_to_sign_in(city, app):
    assert "/login?next=" in filled(app).submit(status=303).location
    assert cases(city) == []


def test_a_permit_that_ends_is_renewed_from_its_page(city, app, sign_in, clock):
    code = city.apply()
    city.issue(code)
    sign_in(city.citizen, "citizen")
    early = app.get(f"/parking_permits/renew/{code}", status=303)
    assert early.location.endswith(f"/my/{code}")
    clock.advance(days=70)
    sign_in(city.citizen, "citizen")
    page = app.get(f"/my/{code}")
    link = page.html.select_one(f"a[href$='/parking_permits/renew/{code}']")["href"]
    assert the_form(app.get(link))["plate"].value == "RT-100"
    filled(app, link, plate="RT-100", months="6").submit(status=303)
    assert len(cases(city)) == 2


def test_an_officer_finds_it_on_the_desk_and_in_the_kartable(city, app, sign_in):
    code = city.apply()
    sign_in(city.officer)
    desk = app.get("/desk/parking_permits?stage=open&zone=harbour", status=200)
    assert desk.html.select(f"a[href='/kartable/cases/{code}']")
    assert not app.get("/desk/parking_permits?stage=done").html.select("tr[data-row]")
    assert app.get("/kartable").html.select(f"a[href*='{code}']")
    assert "RT-100" in app.get(f"/kartable/cases/{code}", status=200)


def test_the_case_page_takes_the_steps(city, app, sign_in):
    code = city.apply()
    city.step(code, "check")
    sign_in(city.officer)
    page = app.get(f"/kartable/cases/{code}/ask_payment")
    form = next(form for form in page.forms.values() if form.action.endswith("/ask_payment"))
    assert form["fee"].value == "36"
    form.submit(status=303)
    assert cases(city)[0].status == "payment_due"


def test_the_list_is_taken_along(city, app, sign_in):
    city.apply()
    sign_in(city.officer)
    menu = app.get("/desk/parking_permits").html.select("a[href*='parking_permits.list']")
    assert menu


def test_figures_are_told_by_zone(city, app, sign_in):
    city.apply()
    sign_in(city.officer)
    assert "Harbour" in app.get("/desk/parking_permits/statistics?period=all", status=200)


def test_a_zone_is_changed_by_right(city, app, sign_in):
    sign_in(city.cashier)
    assert not app.get("/desk/parking_permits/zones").html.select("td a.subj")
    app.get("/desk/parking_permits/zones/harbour", status=403)
    sign_in(city.officer)
    page = app.get("/desk/parking_permits/zones").click("Harbour")
    form = next(form for form in page.forms.values() if "quota" in form.fields)
    form["quota"] = "3"
    form.submit(status=303)
    with city.site.work(write=False) as work:
        assert work.session.scalars(select(Zone.quota).where(Zone.key == "harbour")).one() == 3


def test_the_desk_is_for_officers(city, app, sign_in):
    app.get("/desk/parking_permits", status=303)
    sign_in(city.citizen, "citizen")
    app.get("/desk/parking_permits", status=403)


def test_nothing_is_inline(city, app):
    page = app.get(NEW)
    assert not page.html.select("[style]")
    assert all(script.get("src") for script in page.html.find_all("script"))
