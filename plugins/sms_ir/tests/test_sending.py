"""Outcomes of each response of the provider."""

import logging
import re

import pytest
from sqlalchemy import text

from civicportal.api.database import NEVER
from civicportal.testing import NOON, make_staff
from civicportal.testing.sms_simulator import API_KEY, LINE, MODES

VERIFY, BULK, LIVE = "send/verify", "send/bulk", "send/live"
#: Faults after which it is unknown whether the message went out, and whether it did.
UNCERTAIN = {"500": False, "html": False, "lost": True, "truncated": True, "hang": False}


def gate(site):
    with site.work(write=False) as work:
        return work.session.execute(text("SELECT open, reason FROM gates")).one()


def test_hook_send_message_sends_templates(messages, provider):
    messages.queue("petitions.referred", TRACK="4059031274", UNIT="سازمان مدیریت پسماند و بازیافت شهرداری")
    messages.deliver()
    (row,) = messages.rows()
    (sms,) = provider.sent
    assert (row.state, row.provider_id) == ("sent", str(sms.message_id))
    (entry,) = provider.entries()
    assert entry["body"] == {
        "mobile": "09000000001",
        "templateId": 1002,
        "parameters": [
            {"name": "Code", "value": "4059031274"},
            {"name": "UNIT", "value": "سازمان مدیریت پسماند و ب"},
        ],
    }


def test_a_text_without_a_template_goes_over_the_line(messages, provider):
    messages.queue("petitions.working")
    messages.deliver()
    (entry,) = provider.entries()
    assert (entry["path"], entry["body"]["lineNumber"]) == (BULK, LINE)
    assert entry["body"]["mobiles"] == ["09000000001"]
    assert entry["body"]["messageText"] == messages.rows()[0].text
    assert messages.states() == ["sent"]


@pytest.mark.parametrize("blacklisted", ["petitions.registered", "petitions.working"])
def test_blacklisted_numbers_get_nothing(messages, provider, blacklisted):
    provider.blacklist.add("09000000001")
    messages.queue(blacklisted)
    messages.deliver()
    assert messages.states() == ["dead"]
    assert "blacklist" in messages.rows()[0].last_error


@pytest.mark.parametrize("mode", ["bad_key", "no_credit", "redirect"])
def test_a_wrong_setting_closes_the_gate_and_keeps_the_queue(site, clock, messages, provider, mode):
    provider.mode = mode
    for number in range(3):
        messages.queue(TRACK=f"405903127{number}")
    messages.deliver()
    assert messages.states() == ["new"] * 3
    assert len(provider.entries()) == 1
    is_open, reason = gate(site)
    assert not is_open
    assert reason
    provider.mode = "ok"
    clock.advance(minutes=2)
    messages.deliver()
    assert messages.states() == ["sent"] * 3
    assert [sms.parameters["TRACK"][-1] for sms in provider.sent] == ["0", "1", "2"]


def test_a_redirect_is_not_followed(messages, provider):
    provider.mode = "redirect"
    messages.queue()
    messages.deliver()
    assert [entry["path"] for entry in provider.entries()] == [VERIFY]


def test_the_provider_says_when_to_come_back(clock, messages, provider):
    provider.script.append("429")
    messages.queue()
    messages.deliver()
    (row,) = messages.rows()
    assert row.state == "new"
    assert (row.next_at - NOON).total_seconds() >= 90
    clock.advance(minutes=3)
    messages.deliver()
    assert messages.states() == ["sent"]


def test_a_refused_connection_is_tried_again(clock, messages, provider):
    provider.refuse()
    messages.queue()
    messages.deliver()
    assert messages.states() == ["new"]
    provider.listen()
    clock.advance(minutes=1)
    messages.deliver()
    assert messages.states() == ["sent"]
    assert len(provider.sent) == 1


def test_a_malformed_request_is_never_repeated(messages, provider):
    provider.mode = "problem_details"
    messages.queue()
    messages.deliver()
    assert messages.states() == ["dead"]
    assert len(provider.entries()) == 1


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", ["petitions.registered", "petitions.working"])
@pytest.mark.parametrize("mode", UNCERTAIN)
def test_an_uncertain_end_is_looked_up_before_anything_is_sent_again(clock, messages, provider, mode, kind):
    provider.script.append(mode)
    messages.queue(kind)
    messages.deliver()
    assert messages.states() == ["unknown"]
    assert len(provider.sent) == UNCERTAIN[mode]
    clock.advance(minutes=2)
    messages.deliver()
    assert messages.states() == ["sent"]
    (sms,) = provider.sent
    assert messages.rows()[0].provider_id == str(sms.message_id)
    asked = [entry["path"] for entry in provider.entries()]
    assert asked.count(LIVE) == 1
    assert len(asked) == (2 if UNCERTAIN[mode] else 3)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("mode", UNCERTAIN)
def test_a_code_is_never_sent_twice(clock, messages, provider, mode):
    provider.script.append(mode)
    messages.queue("otp.login.short", lane="codes", CODE="493817")
    messages.deliver("codes")
    clock.advance(hours=1)
    messages.deliver("codes")
    (row,) = messages.rows()
    assert (row.state, row.next_at) == ("unknown", NEVER)
    assert [entry["path"] for entry in provider.entries()] == [VERIFY]


def test_a_wrong_template_costs_its_own_notice_only(site, messages, provider):
    del provider.templates[1001]
    messages.queue()
    messages.queue("petitions.referred", TRACK="4059031274", UNIT="پسماند")
    messages.deliver()
    assert messages.states() == ["dead", "sent"]
    assert "no such template" in messages.rows()[0].last_error
    assert gate(site).open


def test_a_wrong_template_of_codes_closes_the_gate(site, messages, provider):
    del provider.templates[2001]
    messages.queue("otp.login.short", lane="codes", CODE="493817")
    messages.deliver("codes")
    assert messages.states() == ["new"]
    assert not gate(site).open


def test_an_outage_of_an_hour_loses_and_repeats_nothing(site, clock, messages, provider):
    codes = [f"40590312{number:02}" for number in range(12)]
    provider.refuse()
    for code in codes:
        messages.queue(TRACK=code)
        messages.deliver()
        clock.advance(minutes=5)
    assert not gate(site).open
    provider.listen()
    clock.advance(minutes=2)
    messages.deliver()
    assert messages.states() == ["sent"] * 12
    assert sorted(sms.parameters["TRACK"] for sms in provider.sent) == codes


def test_no_key_and_no_number_is_logged(messages, provider, caplog):
    caplog.set_level(logging.DEBUG)
    for mode in ("ok", "bad_key", "no_credit", "lost", "html", "500", "problem_details"):
        provider.script.append(mode)
        messages.queue("otp.login.short", lane="codes", CODE="493817")
        messages.deliver("codes")
    provider.refuse()
    messages.queue("otp.login.short", lane="codes", CODE="493817")
    messages.deliver("codes")
    assert caplog.records
    written = caplog.text + "".join(row.last_error for row in messages.rows())
    for secret in (API_KEY, messages.citizen, messages.citizen[3:], "493817"):
        assert secret not in written
    assert API_KEY not in provider.ledger.path.read_text()


@pytest.fixture
def page(site, app, login, messages):
    """Return a function that gives what the Persian page of messages says of the last error, and of the gate."""
    with site.work() as work:
        administrator = make_staff(work, "administrator")
    login(administrator)

    def page():
        html = app.get("/admin/messages", status=200).html
        errors = [
            term.find_next_sibling("dd").text.strip() for term in html.find_all("dt", string="آخرین خطا")
        ]
        return errors, html.find(class_="notice").text

    return page


PLAIN = re.compile(r"[A-Za-z]{3,}")
NAMES = re.compile(r"plugins\.sms_ir\.templates|sms[._]ir|HTTP|petitions\.working")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("mode", sorted({*MODES, "refuse", "403", "unlisted", "blacklist"} - {"ok"}))
@pytest.mark.parametrize("kind", ["petitions.registered", "petitions.working"])
def test_a_persian_page_says_in_persian_what_went_wrong(messages, provider, monkeypatch, page, mode, kind):
    if mode == "refuse":
        provider.refuse()
    elif mode in MODES:
        provider.mode = mode
    elif mode == "blacklist":
        provider.blacklist.add("09000000001")
    else:
        code, payload = {"403": (403, {"status": 403}), "unlisted": (400, {"status": 121, "data": None})}[
            mode
        ]
        monkeypatch.setattr(provider, "answer", lambda *_, **__: (code, payload))
    messages.queue(kind)
    messages.deliver()
    (error,), gate = page()
    assert error
    for told in (error, gate):
        assert not PLAIN.search(NAMES.sub("", told)), told


def test_a_persian_page_names_the_text_without_a_template(site, messages, page, monkeypatch):
    monkeypatch.setitem(site.plugin_settings, "sms_ir", {**site.plugin_settings["sms_ir"], "line": ""})
    messages.queue("petitions.working")
    messages.deliver()
    ((error,), _gate) = page()
    assert "petitions.working" in error
    assert not PLAIN.search(NAMES.sub("", error))


def test_a_persian_page_says_why_the_provider_cannot_be_asked(clock, messages, provider, page):
    provider.script += ["lost", "problem_details"]
    messages.queue()
    messages.deliver()
    clock.advance(minutes=2)
    messages.deliver()
    ((error,), _gate) = page()
    assert "HTTP ۴۰۰" in error
    assert not PLAIN.search(NAMES.sub("", error))
