"""A session ends while a person writes: the submitted form waits until they sign in, for them only."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from civicportal.domain.accounts.models import Session
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.cases.models import CaseEvent
from civicportal.domain.notifications.services import NotificationService
from civicportal.testing import make_case, make_category, make_citizen, make_staff, make_unit, outbox

PASSWORD = "سپیدار بلند کنار رود"
WORDS = "چاله را دیدیم\nو فردا پر می‌کنیم"


@pytest.fixture
def desk(site):
    """A case, an officer of its unit who has a password, and a colleague."""
    with site.work() as work:
        waste = make_unit(work, "waste")
        case = make_case(work, citizen=make_citizen(work), category=make_category(work, unit=waste))
        officer, colleague = (make_staff(work, "officer", unit=waste, username=name) for name in ("a", "b"))
        work.get(AccountService).set_password(officer, PASSWORD)
        return {"officer": officer, "colleague": colleague, "page": f"/kartable/cases/{case.code}"}


@pytest.fixture
def written(app, login, desk, clock):
    """The form of a comment that the officer has filled in, half an hour later."""
    login(desk["officer"])
    form = form_to(app.get(desk["page"]), "/comment")
    form["text"] = WORDS
    clock.advance(minutes=31)
    return form


def form_to(response: Any, path: str) -> Any:
    return next(form for form in response.forms.values() if form.action.partition("?")[0].endswith(path))


def sent(form: Any, page: str, status: int = 303) -> Any:
    return form.submit(headers={"Referer": f"http://localhost{page}"}, status=status)


def comments(site: Any) -> list[str]:
    with site.work(write=False) as work:
        found = select(CaseEvent.internal_text).where(CaseEvent.internal_text != "")
        return list(work.session.scalars(found))


def sessions(site: Any) -> list[Session]:
    with site.work(write=False) as work:
        return list(work.session.scalars(select(Session)))


def written_words(page: Any) -> list[str]:
    return [text.text.removeprefix("\n") for text in page.html.select("textarea[readonly]")]


def signed_in_as(site: Any, app: Any, user: Any) -> Any:
    """Sign a person in on this browser, as the sign-in page does for a known device."""
    with site.work() as work:
        token = work.get(SessionService).open(
            "staff", user, replaces=app.cookies[site.cookie_name].strip('"')
        )
    app.set_cookie(site.cookie_name, token)
    return app.get("/unsent")


def test_a_form_is_stored_during_a_sign_in_in_another_tab(site, app, desk, written):
    answer = app.get("/staff/login").forms
    form = next(one for one in answer.values() if "username" in one.fields)
    form["username"], form["password"] = "a", PASSWORD
    assert "/staff/login/code" in form.submit(status=303).location
    answer = sent(written, desk["page"])
    assert answer.location.endswith("next=/unsent")
    assert written_words(signed_in_as(site, app, desk["officer"])) == [WORDS]


def test_a_stored_form_is_submitted_once_after_sign_in(site, app, desk, written):
    answer = sent(written, desk["page"])
    assert (answer.status_int, answer.location) == (303, "http://localhost/staff/login?next=/unsent")
    page = answer.follow()
    form = page.forms[0]
    form["username"], form["password"] = "a", PASSWORD
    page = form.submit().follow()
    form = next(form for form in page.forms.values() if "code" in form.fields)
    with site.work(write=False) as work:
        form["code"] = str(
            work.get(NotificationService).fields_of(outbox(work, desk["officer"].mobile)[-1])["CODE"]
        )
    page = form.submit().follow()
    assert page.request.path == "/unsent"
    assert written_words(page) == [WORDS]
    again = form_to(page, "/unsent/send")
    onward = again.submit(status=307)
    assert onward.location == f"http://localhost{desk['page']}/comment"
    assert comments(site) == []
    app.post(onward.location, again.submit_fields(), status=303)
    assert comments(site) == [WORDS]
    assert again.submit(status=303).location.endswith("/unsent")
    assert app.get("/unsent", status=303).location.endswith("/desk")


def test_two_tabs_lose_nothing(site, app, desk, written):
    sent(written, desk["page"])
    answer = app.post(
        f"{desk['page']}/refer",
        {"csrf_token": written["csrf_token"].value, "note": "به واحد روشنایی برود"},
    )
    assert answer.location.endswith("next=/unsent")
    page = signed_in_as(site, app, desk["officer"])
    assert written_words(page) == [WORDS, "به واحد روشنایی برود"]
    assert form_to(page, "/unsent/forget").submit().location == f"http://localhost{desk['page']}"
    assert WORDS not in app.get("/unsent")


def test_a_word_is_kept_and_a_press_without_words_is_not(site, app, desk, written):
    written["text"] = "می‌رسیم"
    sent(written, desk["page"])
    press = {"csrf_token": written["csrf_token"].value, "seen": "1"}
    answer = app.post(f"{desk['page']}/take", press, headers={"Referer": f"http://localhost{desk['page']}"})
    assert answer.location == f"http://localhost/staff/login?next={desk['page']}"
    page = signed_in_as(site, app, desk["officer"])
    assert written_words(page) == ["می‌رسیم"]
    assert f'href="{desk["page"]}"' in page.text


def test_a_stored_form_is_hidden_from_other_people(site, app, desk, written):
    sent(written, desk["page"])
    page = signed_in_as(site, app, desk["colleague"])
    assert page.status_int == 303
    form = {"csrf_token": app.get(desk["page"]).forms[0]["csrf_token"].value}
    assert app.post(f"/unsent/send?of={desk['page']}/comment", form).location.endswith("/unsent")


def test_a_stored_form_is_encrypted(site, desk, written):
    sent(written, desk["page"])
    kept = json.dumps([row.data for row in sessions(site)], ensure_ascii=False)
    assert "unsent:" in kept
    assert "چاله" not in kept


def test_a_password_is_kept_nowhere(site, app, login, desk, clock):
    login(desk["officer"])
    token = app.get(desk["page"]).forms[0]["csrf_token"].value
    clock.advance(minutes=31)
    form = {"csrf_token": token, "present": "x y", "new": "کلمهٔ تازه", "again": "کلمهٔ تازه"}
    assert app.post("/account/password", form).location == "http://localhost/login"
    assert [row.data for row in sessions(site)] == [{}]


def test_forms_from_other_sites_are_not_stored(site, desk, written):
    written["csrf_token"].force_value("0" * 64)
    sent(written, desk["page"], status=403)
    assert [row.data for row in sessions(site)] == [{}]


def test_who_was_never_signed_in_is_redirected_to_the_sign_in(app, site, desk):
    token = app.get("/staff/login").forms[0]["csrf_token"].value
    answer = app.post(f"{desk['page']}/comment", {"csrf_token": token, "text": WORDS})
    assert (answer.status_int, answer.location) == (303, "http://localhost/staff/login")
    assert all(not row.data for row in sessions(site))


def test_a_too_large_form_redirects_to_its_page(app, site, desk, written):
    written["text"] = WORDS * 2000
    answer = sent(written, desk["page"])
    assert answer.location == f"http://localhost/staff/login?next={desk['page']}"
    assert [row.data for row in sessions(site)] == [{}]


def test_a_script_is_told_so_and_nothing_of_it_is_kept(site, app, desk, written):
    form = {"csrf_token": written["csrf_token"].value, "public_text": WORDS}
    app.post(f"{desk['page']}/preview?transition=start_review", form, xhr=True, status=401)
    app.get(desk["page"], xhr=True, status=401)
    assert [row.data for row in sessions(site)] == [{}]


@pytest.fixture
def stale(site, app, login, desk):
    """The form of a comment that was filled in before the officer signed in again in another tab."""
    login(desk["officer"])
    form = form_to(app.get(desk["page"]), "/comment")
    form["text"] = WORDS
    login(desk["officer"])
    return form


@pytest.mark.parametrize("header", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}])
def test_a_form_of_an_earlier_sign_in_is_given_back_and_sent_on_demand(site, desk, stale, header):
    page = stale.submit(headers=header, status=400)
    assert comments(site) == []
    assert written_words(page) == [WORDS]
    form_to(page, "/comment").submit(status=303)
    assert comments(site) == [WORDS]


@pytest.mark.parametrize("header", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}])
def test_another_sites_form_is_not_given_back(site, desk, stale, header):
    page = stale.submit(headers=header, status=400)
    assert "چاله" not in page.text
    assert comments(site) == []
