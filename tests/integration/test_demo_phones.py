"""The phones of a demo whose site lists no plugin that sends messages."""

import pytest

from civicportal.domain.notifications.delivery import deliver_once
from civicportal.portal.demo import runner
from civicportal.portal.worker.jobs import JobRunner
from civicportal.testing import make_case, make_category, make_citizen, make_unit, mark_alive

CITIZEN, MOBILE = "+989000000001", "09000000001"


@pytest.fixture
def civic_settings():
    return {"site": {"mode": "demo"}, "notifications": {"transport": "somebody"}}


@pytest.fixture
def code(site):
    mark_alive(site)
    with site.work() as work:
        category = make_category(work, unit=make_unit(work))
        return make_case(work, citizen=make_citizen(work, CITIZEN), category=category).code


def deliver(site):
    while deliver_once(site, "notices"):
        pass


def write(app, text):
    form = next(form for form in app.get(f"/demo/phones/{MOBILE}").forms.values() if "text" in form.fields)
    form["text"] = text
    return form.submit(status=303).follow()


def test_a_demo_never_sends_by_a_transport_without_a_stand_in(site):
    assert site.transport == "console"


def test_what_the_console_took_is_on_the_phone(site, app, code):
    deliver(site)
    page = app.get(f"/demo/phones/{MOBILE}", status=200)
    assert f"Petition {code} is registered." in [bubble.text for bubble in page.html.select(".sms")]
    assert "09000000001" in app.get("/demo/phones").text.translate(str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789"))
    app.get("/demo/phones/12", status=404)


def test_the_phones_of_a_new_demo_ring_once_with_what_their_owners_were_told_last(site, app, clock, code):
    deliver(site)
    clock.advance(days=1)
    assert runner.ring(site) == 1
    deliver(site)
    clock.advance(days=31)
    assert runner.ring(site) == 0
    phone = app.get(f"/demo/phones/{MOBILE}", status=200)
    assert [bubble.text for bubble in phone.html.select(".sms")] == [f"Petition {code} is registered."]


def test_a_tracking_code_is_answered(site, app, clock, code):
    deliver(site)
    clock.advance(minutes=1)
    assert code in write(app, code).html.select_one(".sms-out").text
    assert "demo.answers" in JobRunner(site).run_due()
    clock.advance(seconds=1)
    deliver(site)
    assert f"{code}: Registered" in app.get(f"/demo/phones/{MOBILE}").html.select(".sms")[0].text


def test_there_is_no_provider_to_spoil(site, app, code):
    page = app.get("/demo/phones", status=200)
    assert page.html.select("[name=mode]") == []
    token = app.get(f"/demo/phones/{MOBILE}").html.select_one("[name=csrf_token]")["value"]
    app.post("/demo/provider", {"csrf_token": token, "mode": "hang"}, status=303)
