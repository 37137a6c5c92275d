"""Sending to many people in the browser: text, confirmation, progress, stop."""

import pytest
from civicportal_announcements.broadcasts import fill_outbox
from civicportal_announcements.models import Broadcast
from sqlalchemy import func, select

from civicportal.testing import deliver_once, memory

NEW = "/desk/announcements/broadcasts/new"
TEXT = "فردا آب خیابان سعدی قطع است."


def form_of(page, field):
    return next(form for form in page.forms.values() if field in form.fields and "text" in form.fields)


def started(desk):
    with desk.site.work(write=False) as work:
        return work.session.scalar(select(func.count()).select_from(Broadcast))


@pytest.fixture
def officer(desk, sign_in):
    sign_in(desk.officer)
    return desk


def written(app, text=TEXT):
    form = form_of(app.get(NEW), "key")
    form["text"] = text
    return form.submit(status=200)


def test_the_cost_is_shown_before_sending(officer, app):
    officer.opt_in(1, 2, 3)
    page = written(app)
    facts = [" ".join(fact.text.split()) for fact in page.html.select(".sum-up b")]
    assert facts == ["۳", "۱", "۳", "۳۰۰ ریال"]
    assert page.html.select_one(".sms").text == f"{TEXT}\nلغو11"
    assert started(officer) == 0


@pytest.mark.parametrize("number", ["", "2", "4", "x"])
def test_the_number_of_people_must_be_typed_in(officer, app, number):
    officer.opt_in(1, 2, 3)
    form = form_of(written(app), "number")
    form["number"] = number
    answer = form.submit("action", value="send", status=422)
    assert answer.html.select_one("#number.is-invalid")
    assert answer.html.select_one(".sms").text.startswith(TEXT)
    assert started(officer) == 0


def test_a_broadcast_is_sent_once_and_monitored(officer, app, clock):
    officer.opt_in(1, 2, 3)
    form = form_of(written(app), "number")
    form["number"] = "۳"
    page = form.submit("action", value="send", status=303)
    assert form.submit("action", value="send", status=303).location == page.location
    assert started(officer) == 1
    page = page.follow()
    assert page.html.select_one("[data-watch]")
    assert [fact.text.strip() for fact in page.html.select("[data-watched] b")] == ["۰", "۳", "۰"]
    for _portion in range(3):
        fill_outbox(officer.site)
        clock.advance(seconds=10)
        while deliver_once(officer.site, "broadcasts"):
            pass
    page = app.get(page.request.path)
    assert len(memory(officer.site).sent) == 3
    assert not page.html.select_one("[data-watch]")
    assert [fact.text.strip() for fact in page.html.select("[data-watched] b")] == ["۳", "۰", "۰"]
    assert "http-equiv" not in page.text


def test_the_rest_can_be_stopped(officer, app):
    officer.opt_in(1, 2, 3)
    form = form_of(written(app), "number")
    form["number"] = "3"
    page = form.submit("action", value="send").follow()
    stop = next(form for form in page.forms.values() if form.action.endswith("/stop"))
    page = stop.submit().follow()
    fill_outbox(officer.site)
    assert not page.html.select_one("[data-watch]")
    assert memory(officer.site).sent == []
    assert page.html.select_one("[data-watched] .pill.late")


def test_the_text_can_be_changed_before(officer, app):
    officer.opt_in(1)
    page = written(app)
    change = page.forms["change-text"]
    form = form_of(change.submit("action", value="change", status=200), "text")
    assert form["text"].value == TEXT
    assert "number" not in form.fields


def test_without_anybody_nothing_can_be_sent(officer, app):
    page = written(app)
    assert page.html.select_one(".notice.warn")
    assert not page.html.select_one("[name=number]")


def test_a_short_text_is_refused_and_kept(officer, app):
    form = form_of(app.get(NEW), "text")
    form["text"] = "کوتاه"
    answer = form.submit(status=422)
    assert form_of(answer, "text")["text"].value == "کوتاه"


def test_an_announcement_proposes_its_words(officer, app):
    post = officer.put_up("قطع آب", summary="چهارشنبه از ۸ تا ۱۴")
    form = form_of(app.get(NEW, {"post": post}), "text")
    assert form["text"].value.startswith("قطع آب\nچهارشنبه از ۸ تا ۱۴\n")
    app.get(NEW, {"post": officer.put_up(publish=False)}, status=404)


def test_the_list_leads_to_each(officer, app):
    officer.opt_in(1)
    form = form_of(written(app), "number")
    form["number"] = "1"
    form.submit("action", value="send")
    page = app.get("/desk/announcements/broadcasts")
    page.click(href=r"/broadcasts/\d+$").mustcontain(TEXT)
    app.get("/desk/announcements/broadcasts/999", status=404)
