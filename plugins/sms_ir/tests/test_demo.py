"""The simulator of a demo shows the exact messages."""

import pytest
from civicportal_sms_ir import demo
from civicportal_sms_ir.doctor import findings
from civicportal_sms_ir.inbound import poll_inbound
from civicportal_sms_ir.plugin import demo_phones, load_demo, register_jobs

from civicportal.api.notifications import NotificationService
from civicportal.testing import (
    deliver_once,
    make_case,
    make_category,
    make_citizen,
    make_unit,
    mark_alive,
    outbox,
)

CITIZEN, MOBILE = "+989000000001", "09000000001"


@pytest.fixture
def civic_settings():
    """A demo that knows neither key nor line."""
    return {
        "site": {"plugins": ["sms_ir"], "mode": "demo", "languages": ["fa", "en"]},
        "notifications": {"transport": "sms_ir"},
    }


@pytest.fixture
def phones(site, app):
    load_demo(site)
    mark_alive(site)
    with demo_phones(site) as running:
        site.registry.phones = running
        yield running


def open_case(site):
    with site.work() as work:
        category = make_category(work, unit=make_unit(work))
        return make_case(work, citizen=make_citizen(work, CITIZEN), category=category).code


def deliver(site, lane="notices"):
    while deliver_once(site, lane):
        pass


def on_the_phone(site, phones):
    with site.work(write=False) as work:
        return [message.text for message in phones.messages(work, CITIZEN)]


def test_hook_demo_phones_show_the_words_that_were_promised(site, phones):
    open_case(site)
    deliver(site)
    with site.work(write=False) as work:
        promised = [row.text for row in outbox(work)]
        assert phones.counts(work) == {CITIZEN: len(promised)}
    assert on_the_phone(site, phones) == promised[::-1]
    assert {sms.template_id is None for sms in phones.simulator.sent} == {False}


def test_words_that_were_changed_a_moment_ago_arrive(site, phones):
    with site.work() as work:
        work.get(NotificationService).texts.save("petitions.registered", "ثبت شد: {TRACK}\n{SITE}")
    code = open_case(site)
    deliver(site)
    assert f"ثبت شد: {code}\nنمونه" in on_the_phone(site, phones)


@pytest.mark.parametrize(("language", "words"), [("fa", "کد ورود"), ("en", "Sign-in code")])
def test_a_code_has_the_language_of_its_recipient(site, app, phones, language, words):
    app.set_cookie("lang", language)
    form = next(form for form in app.get("/login").forms.values() if "mobile" in form.fields)
    form["mobile"] = MOBILE
    form.submit(status=303)
    deliver(site, "codes")
    (text,) = on_the_phone(site, phones)
    assert words in text


def test_an_answer_from_the_phone_page_comes_back_there(site, app, phones):
    code = open_case(site)
    page = app.get(f"/demo/phones/{MOBILE}")
    form = next(form for form in page.forms.values() if "text" in form.fields)
    form["text"] = code
    page = form.submit(status=303).follow()
    assert [bubble.text for bubble in page.html.select(".sms-out")] == [code]
    (inbound, *_rest) = register_jobs(site)
    assert inbound.every.total_seconds() <= 2
    inbound.run(site)
    deliver(site)
    answer = app.get(f"/demo/phones/{MOBILE}").html.select(".sms")[0].text
    assert code in answer
    assert "Registered" in answer


def test_an_empty_answer_is_refused(app, phones):
    form = next(form for form in app.get(f"/demo/phones/{MOBILE}").forms.values() if "text" in form.fields)
    form.submit(status=422)
    assert phones.simulator.received == []


def test_a_viewer_can_make_the_provider_fail(site, app, phones):
    form = next(form for form in app.get("/demo/phones").forms.values() if "mode" in form.fields)
    form["mode"] = "bad_key"
    form.submit(status=303)
    open_case(site)
    deliver(site)
    assert on_the_phone(site, phones) == []
    app.post("/demo/provider", {"csrf_token": form["csrf_token"].value, "mode": "nonsense"}, status=303)
    assert phones.mode == "bad_key"


def test_a_server_that_is_started_again_goes_on(site, phones):
    open_case(site)
    deliver(site)
    with site.work() as work:
        phones.answer(work, CITIZEN, "سلام")
    before = on_the_phone(site, phones)
    with demo.run(site) as again:
        assert on_the_phone(site, again) == before
        poll_inbound(site)
        deliver(site)
        assert len(on_the_phone(site, again)) == len(before) + 1
    with demo.run(site) as later:
        poll_inbound(site)
        assert not later.simulator.unread


def test_a_demo_has_nothing_for_the_doctor(site, phones):
    with site.work(write=False) as work:
        assert list(findings(work)) == []
    phones.behave("bad_key")
    with site.work(write=False) as work:
        (finding,) = findings(work)
    assert (finding.level, finding.place) == ("error", "plugins.sms_ir.api_key")


def test_a_demo_whose_server_does_not_run_is_not_called_broken(site):
    load_demo(site)
    with site.work(write=False) as work:
        assert list(findings(work)) == []


def test_without_a_server_nothing_is_sent_and_nothing_is_lost(site, app):
    load_demo(site)
    mark_alive(site)
    open_case(site)
    deliver(site)
    with site.work(write=False) as work:
        assert {row.state for row in outbox(work)} == {"new"}
        assert all("not reached" in row.last_error for row in outbox(work)[:1])
