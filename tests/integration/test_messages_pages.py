"""The administrators' pages of messages, through the real application."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from civicportal.core.messages import GatewayMisconfigured, PermanentFailure
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.notifications.book import MessageBook
from civicportal.domain.notifications.delivery import deliver_once
from civicportal.domain.notifications.gate import SendingGateService
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.notifications.services import NotificationService
from civicportal.domain.notifications.texts import TextService
from civicportal.domain.notifications.transports import memory
from civicportal.testing import (
    make_case,
    make_category,
    make_citizen,
    make_staff,
    make_unit,
    mark_alive,
    outbox,
)

CITIZEN = "+989000000001"
TEXTS = "/admin/messages/texts"
TEXT = f"{TEXTS}/petitions.working"


@pytest.fixture
def boss(site, sign_in):
    with site.work() as work:
        user = make_staff(work, "administrator")
    sign_in(user)
    return user


def queue(site, count):
    with site.work() as work:
        for number in range(count):
            recipient = f"+98900000{number:04}"
            work.get(NotificationService).send("staff.overdue", recipient=recipient, fields={"COUNT": "3"})


def actions(work):
    return list(work.session.scalars(select(AuditEvent.action)))


def form_of(page, action):
    return next(form for form in page.forms.values() if form.action == action)


def test_the_list_shows_the_fate_and_hides_the_number(site, app, boss):
    mark_alive(site)
    memory(site).script.append(PermanentFailure("blacklisted"))
    with site.work() as work:
        code = make_case(work, citizen=make_citizen(work, CITIZEN)).code
    deliver_once(site, "notices")
    page = app.get("/admin/messages", status=200)
    assert "blacklisted" in page
    assert f"Petition {code} is registered." in page
    assert "09000000001" not in page.text.translate(str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789"))
    assert CITIZEN not in page


def test_why_nothing_goes_out_is_told_in_the_language_of_the_page(site, app, boss, monkeypatch):
    monkeypatch.setattr(site, "transport", "pigeon")
    mark_alive(site)
    queue(site, 1)
    deliver_once(site, "notices")
    for address, times in (("/admin/messages", 2), ("/desk", 1)):
        page = app.get(address, status=200)
        assert page.html.text.count("هیچ افزونه‌ای از راه pigeon پیامک نمی‌فرستد") == times
        assert "no plugin sends" not in page


def test_a_list_of_one_page_has_no_buttons_to_others(site, app, boss):
    queue(site, 1)
    page = app.get("/admin/messages", status=200)
    assert page.html.select("tbody tr")
    assert page.html.select("main .disabled, a[rel=next], a[rel=prev]") == []


def test_filters_and_search_without_a_number_in_the_address(site, app, boss):
    queue(site, 1)
    with site.work() as work:
        code = make_case(work, citizen=make_citizen(work, CITIZEN)).code
    search = form_of(app.get("/admin/messages"), "/admin/messages/find")
    search["q"] = "۰۹۰۰۰۰۰۰۰۰۱"
    answer = search.submit(status=303)
    assert re.fullmatch(r"http://localhost/admin/messages\?person=\d+", answer.location)
    assert len(answer.follow().html.select("tbody tr")) == 1
    search["q"] = code
    assert search.submit(status=303).location.endswith(f"?code={code}")
    search["q"] = "09999999999"
    assert search.submit(status=303).location.endswith("/admin/messages")
    assert len(app.get("/admin/messages?state=new").html.select("tbody tr")) == 2
    assert app.get("/admin/messages?state=dead").html.select("tbody tr") == []
    assert len(app.get("/admin/messages?kind=staff.overdue").html.select("tbody tr")) == 1
    assert len(app.get("/admin/messages?state=nonsense&before=x&first=99").html.select("tbody tr")) == 2


def test_pages_follow_one_another(site, app, boss):
    queue(site, 120)
    page = app.get("/admin/messages")
    sizes = [len(page.html.select("tbody tr"))]
    while page.html.select("a[rel=next]"):
        page = app.get(page.html.select("a[rel=next]")[0]["href"])
        sizes.append(len(page.html.select("tbody tr")))
    assert sizes == [50, 50, 20]
    page = app.get(page.html.select("a[rel=prev]")[0]["href"])
    assert len(page.html.select("tbody tr")) == 50
    page = app.get(page.html.select("a[rel=prev]")[0]["href"])
    assert page.html.select("a[rel=prev]") == []


def test_a_failed_message_is_sent_again(site, app, boss):
    queue(site, 1)
    with site.work() as work:
        message = outbox(work)[0]
        message.state, message.attempts = "dead", 12
        number = message.id
    page = app.get("/admin/messages?state=dead")
    form_of(page, f"/admin/messages/{number}/again?next=%2Fadmin%2Fmessages%3Fstate%3Ddead").submit(
        status=303
    )
    with site.work(write=False) as work:
        message = outbox(work)[0]
        assert (message.state, message.attempts) == ("new", 0)
        assert work.session.scalar(select(AuditEvent).where(AuditEvent.action == "message:again"))


def test_a_sent_message_and_a_code_are_not_sent_again(site, app, boss):
    queue(site, 2)
    with site.work() as work:
        sent, code = outbox(work)
        sent.state, sent.sent_at = "sent", work.clock.now()
        code.state, code.lane = "dead", "codes"
        ids = [sent.id, code.id]
    token = form_of(app.get("/admin/messages"), "/admin/messages/find")["csrf_token"].value
    for number in ids:
        app.post(f"/admin/messages/{number}/again", {"csrf_token": token}, status=303)
    with site.work(write=False) as work:
        assert set(work.session.scalars(select(OutboxMessage.state))) == {"sent", "dead"}


def test_the_wording_is_changed_and_taken_back(site, app, boss):
    assert "petitions.working" in app.get("/admin/messages/texts", status=200)
    form = app.get(TEXT, status=200).forms
    form = next(f for f in form.values() if "text" in f.fields)
    form["text"] = "دادخواست {TRACK} در دست بررسی است"
    form.submit(status=303)
    with site.work(write=False) as work:
        rendered = work.get(TextService).render("petitions.working", None, {"TRACK": "1"})
        assert rendered == "دادخواست 1 در دست بررسی است"
    asked = app.get(TEXT).click(href="/reset$")
    assert "دادخواست {TRACK} در دست بررسی است" in asked.html.select_one("main").text
    assert "Petition {TRACK} is in work." in asked.html.select_one("main").text
    with site.work(write=False) as work:
        assert work.get(TextService).is_changed("petitions.working")
    next(form for form in asked.forms.values() if form.action == "").submit(status=303)
    with site.work(write=False) as work:
        assert not work.get(TextService).is_changed("petitions.working")
        assert actions(work).count("message_text:reset") == 1


def test_a_wording_that_no_message_uses_is_shown_and_deleted(site, app, boss):
    with site.work() as work:
        work.get(TextService).save("otp.Logim", "کد شما {CODE}")
    page = app.get(TEXTS, status=200)
    assert "کد شما {CODE}" in page.html.select_one("#unused-title").find_parent("section").text
    app.get(f"{TEXTS}/otp.Logim", status=404)
    asked = page.click(href="/reset$")
    assert "کد شما {CODE}" in asked.html.select_one("main").text
    page = next(form for form in asked.forms.values() if form.action == "").submit(status=303).follow()
    assert page.html.select_one("#unused-title") is None
    with site.work(write=False) as work:
        assert work.get(TextService).own_wordings() == {}
        assert actions(work).count("message_text:reset") == 1
    app.get(f"{TEXTS}/otp.Logim/reset", status=404)


def test_a_usual_wording_is_not_taken_back(site, app, boss):
    assert f"{TEXT}/reset" not in app.get(TEXT)
    assert app.get(f"{TEXT}/reset", status=303).location.endswith(TEXT)
    token = form_of(app.get("/admin/messages"), "/admin/messages/find")["csrf_token"].value
    assert app.post(f"{TEXT}/reset", {"csrf_token": token}, status=303).location.endswith(TEXT)
    with site.work(write=False) as work:
        assert "message_text:reset" not in actions(work)


@pytest.mark.parametrize(
    ("address", "words", "hint"),
    [
        (TEXT, "{TRACK} {SECRET}", "{SECRET}"),
        (f"{TEXTS}/otp.login.short", "no digits", "{CODE}"),
        (f"{TEXTS}/petitions.registered", "ثبت شد", "{TRACK}"),
        (f"{TEXTS}/contractor.link", "کار شما", "https://{HOST}/job/{LINK}"),
        (f"{TEXTS}/contractor.link", "کار شما: {LINK}", "https://{HOST}/job/{LINK}"),
        (f"{TEXTS}/inbound.which", "کدام یک؟", "{CODES}"),
        (TEXT, "{TRACK} سلام {", "آکولاد"),
        (TEXT, "{TRACK} سلام }", "آکولاد"),
        (TEXT, "{track} سلام", "آکولاد"),
        (TEXT, "", ""),
    ],
)
def test_a_wording_that_would_not_work_is_refused(site, app, boss, address, words, hint):
    form = next(f for f in app.get(address).forms.values() if "text" in f.fields)
    form["text"] = words
    page = form.submit(status=422)
    assert hint in page.html.select_one(".err-summary").text
    assert page.html.select_one("textarea").text.strip() == words


@pytest.mark.parametrize(
    ("key", "words"),
    [
        # By a later change the citizen has the tracking code, and an officer finds the case in the kartable.
        ("petitions.working", "دادخواست شما در دست بررسی است"),
        ("staff.kartable_new", "کارتابل: {COUNT} پروندهٔ تازه"),
        ("petitions.registered", "دادخواست {TRACK} ثبت شد"),
        ("contractor.link", "{SITE} https://{HOST}/job/{LINK} را باز کنید"),
    ],
)
def test_a_wording_with_what_it_is_for_is_kept(site, app, boss, key, words):
    form = next(f for f in app.get(f"{TEXTS}/{key}").forms.values() if "text" in f.fields)
    form["text"] = words
    form.submit(status=303)
    with site.work(write=False) as work:
        assert work.get(TextService).wording(key) == words


def test_who_may_see_what(site, app, sign_in):
    app.get("/admin/messages", status=303)
    with site.work() as work:
        reader = make_staff(work, "reader", permissions=["core:message:view"])
        nobody = make_staff(work, "nobody", permissions=[])
    sign_in(reader)
    assert "/admin/messages/texts" not in app.get("/admin/messages", status=200)
    app.get("/admin/messages/texts", status=403)
    app.get(TEXT, status=403)
    sign_in(nobody)
    app.get("/admin/messages", status=403)
    app.get("/admin/messages/texts/no.such", status=403)


def rows(page):
    return page.html.select("tbody tr")


def test_it_shows_whether_a_message_arrived_and_why_not(site, app, boss):
    queue(site, 3)
    with site.work() as work:
        arrived, lost, _unknown = outbox(work)
        for message in outbox(work):
            message.state, message.sent_at = "sent", work.clock.now()
        work.get(NotificationService).note_delivery(arrived.id, "arrived")
        work.get(NotificationService).note_delivery(lost.id, "off")
    assert len(rows(app.get("/admin/messages?arrival=arrived"))) == 1
    page = app.get("/admin/messages?arrival=off")
    assert "به گوشی نرسید" in rows(page)[0].text
    assert len(rows(app.get("/admin/messages?arrival=nonsense"))) == 3


def test_a_message_that_is_sent_again_has_not_arrived_yet(site, app, boss):
    queue(site, 1)
    with site.work() as work:
        message = outbox(work)[0]
        message.state, message.delivery = "dead", "off"
        work.session.flush()
        work.get(MessageBook).send_again(message.id)
    with site.work(write=False) as work:
        assert outbox(work)[0].delivery == ""


def test_the_last_digits_of_a_number_find_its_messages(site, app, boss):
    queue(site, 12)
    assert len(rows(app.get("/admin/messages?ending=0007"))) == 1
    assert len(rows(app.get("/admin/messages", {"ending": "۰۰۰۷"}))) == 1
    assert len(rows(app.get("/admin/messages?ending=%25%25%25%25"))) == 12
    with site.work() as work:
        for message in outbox(work):
            message.created_at -= timedelta(days=31)
    assert rows(app.get("/admin/messages?ending=0007")) == []


def close_gate(site):
    mark_alive(site)
    queue(site, 1)
    memory(site).script.append(GatewayMisconfigured("the key is not valid"))
    deliver_once(site, "notices")


def test_a_closed_gate_is_told_once_and_opened_by_hand(site, app, boss, caplog):
    close_gate(site)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "no message gets through memory any more: the key is not valid"
    ]
    assert "the key is not valid" in app.get("/desk", status=200)
    page = app.get("/admin/messages")
    assert "the key is not valid" in page
    form_of(page, "/admin/messages/gate/open").submit(status=303)
    assert deliver_once(site, "notices")
    with site.work(write=False) as work:
        assert outbox(work)[0].state == "sent"
        assert work.session.scalar(select(AuditEvent).where(AuditEvent.action == "gate:open"))
    assert "the key is not valid" not in app.get("/desk")
    token = form_of(app.get("/admin/messages"), "/admin/messages/find")["csrf_token"].value
    app.post("/admin/messages/gate/open", {"csrf_token": token}, status=303)


def test_the_gate_needs_the_right_to_change_settings(site, app, sign_in):
    close_gate(site)
    with site.work() as work:
        reader = make_staff(work, "reader", permissions=["core:message:view"])
        worker = make_staff(work, "worker", permissions=[])
    sign_in(reader)
    page = app.get("/admin/messages")
    assert "gate/open" not in page
    token = form_of(page, "/admin/messages/find")["csrf_token"].value
    app.post("/admin/messages/gate/open", {"csrf_token": token}, status=403)
    sign_in(worker)
    assert "the key is not valid" not in app.get("/desk")


def test_the_credit_stands_beside_the_transport(site, app, boss):
    mark_alive(site)
    with site.work() as work:
        work.get(SendingGateService).note_credit(1234.4)
    assert "۱٬۲۳۴" in app.get("/admin/messages")


def test_the_page_of_a_case_shows_its_notices_and_no_number(site, app, boss):
    with site.work() as work:
        category = make_category(work, unit=make_unit(work))
        case = make_case(work, citizen=make_citizen(work, CITIZEN), category=category)
        message = outbox(work)[0]
        message.state, message.sent_at = "sent", work.clock.now()
        work.get(NotificationService).note_delivery(message.id, "blocked")
        code = case.code
    panel = app.get(f"/kartable/cases/{code}", status=200).html.select_one(
        "section[aria-labelledby=notices-title]"
    )
    assert f"Petition {code} is registered." in panel.text
    assert "نمی‌پذیرد" in panel.text
    assert "0001" not in panel.text.replace(code, "").translate(str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789"))
