"""Thousands of unknown clients from hundreds of networks, and what citizens and officers can still do."""

import threading
import time
from collections import Counter

import pytest
from other_clients import challenge_of, send, solve
from selection import LONG
from sign_in_forms import PASSWORD, code_of, form_with
from webtest import TestApp

from civicportal.core.serving.proxies import trust_proxies
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.testing import make_case, make_category, make_citizen, make_unit
from civicportal.util.tracking import new_code

pytestmark = pytest.mark.usefixtures("easy_challenges")

NETWORKS, EACH = (600, 50) if LONG else (300, 7)
OFFICER, KNOWN, NEW = "+989120000001", "+989120000002", "+989120000003"
SHARE = NETWORKS * EACH // 10
"""Codes by SMS that strangers may have sent within the hour."""


@pytest.fixture
def civic_settings():
    # A password costs 40 ms of a processor: strangers get fifty of them.
    limits = {"otp_send_site": [[2 * SHARE, 3600], [5000, 86400]], "password_site": [[100, 300]]}
    return {"site": {"plugins": ["reports"]}, "contact": {"phone": "137"}, "limits": limits}


@pytest.fixture
def wsgi(civic_environment):
    return trust_proxies(civic_environment.app, ["127.0.0.1"])


def browser(wsgi, address, **cookies):
    app = TestApp(wsgi, extra_environ={"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": address})
    for name, value in cookies.items():
        app.set_cookie(name.replace("_", "-"), value)
    return app


class Storm(threading.Thread):
    """Sends codes, wrong codes, wrong passwords and wrong tracking codes, each address a little of each.

    :ivar at_its_height: set when most of it has been sent.
    """

    def __init__(self, wsgi):
        super().__init__(daemon=True)
        self.wsgi, self.at_its_height = wsgi, threading.Event()
        self.answers, self.refused, self.processor, self.failure = Counter(), 0, 0.0, None
        self.forms = {
            path: self._form(path, field)
            for path, field in (
                ("/login", "mobile"),
                ("/login/password", "password"),
                ("/staff/login", "password"),
                ("/track", "proof"),
            )
        }
        page = browser(wsgi, "198.51.100.1")
        code = send(page.get("/login"), mobile="09359999999").follow()
        self.forms["/login/code"] = (page, form_with(code, "code")["csrf_token"].value)

    def _form(self, path, field):
        page = browser(self.wsgi, "198.51.100.1")
        return page, form_with(page.get(path), field)["csrf_token"].value

    def run(self):
        try:
            for number in range(NETWORKS * EACH):
                self.one(
                    number, f"100.{number % NETWORKS // 200 + 64}.{number % NETWORKS % 200}.{number % 7 + 1}"
                )
                if number == NETWORKS * EACH * 6 // 10:
                    self.at_its_height.set()
        except Exception as failure:
            self.failure = failure
        finally:
            self.at_its_height.set()

    def one(self, number, address):
        path, values = (
            ("/login", {"mobile": f"0935{number:07}"}),
            ("/login/code", {"code": f"{number % 10**6:06}"}),
            ("/login/password", {"mobile": f"0935{number:07}", "password": "wrong"}),
            ("/staff/login", {"username": "s.karimi", "password": "wrong"}),
            ("/track", {"code": new_code(), "proof": "0000"}),
        )[(number + number // NETWORKS) % 5]
        app, token = self.forms[path]
        began = time.thread_time()
        answer = app.post(
            path,
            {"csrf_token": token, **values},
            extra_environ={"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": address},
            status="*",
        )
        self.answers[path, answer.status_int] += 1
        if answer.status_int == 429:
            self.refused += 1
            self.processor += time.thread_time() - began


def report(app, body):
    form = form_with(app.get("/reports/new"), "lat")
    form["category"], form["lat"], form["lon"] = "pothole", "31.0203", "52.015"
    form["body"] = body
    answer = form.submit()
    if answer.status_int == 200:  # similar reports are shown once
        answer = form_with(answer, "lat").submit()
    assert answer.status_int == 303
    return answer


def test_known_people_notice_nothing_and_strangers_have_a_way(site, wsgi, civic_people, clock):
    with site.work() as work:
        accounts = work.get(AccountService)
        accounts.create_staff(username="s.karimi", name="سارا", mobile=OFFICER, password=PASSWORD)
        accounts.citizen_by_mobile(KNOWN, "نادر")
        person = make_citizen(work, "+989000000001", name="مریم رضایی")
        unit = make_unit(work, "civil")
        make_unit(work, "pr")
        make_category(work, "pothole", kind="reports", unit=unit, name="چاله")
        code = make_case(work, kind="reports", citizen_id=person.id).code

    def officer(app):
        page = send(app.get("/staff/login"), status=303, username="s.karimi", password=PASSWORD)
        send(page.follow(), status=303, code=code_of(site, OFFICER))

    def citizen(app, mobile=KNOWN):
        send(
            send(app.get("/login"), status=303, mobile=mobile).follow(),
            status=303,
            code=code_of(site, mobile),
        )

    devices = []
    for enter in (officer, citizen):
        app = browser(wsgi, "203.0.113.1")
        enter(app)
        devices.append(app.cookies["cp-device"])
    signed_in = browser(wsgi, "203.0.113.2", cp=civic_people.sign_in(person))
    clock.advance(hours=1)

    storm = Storm(wsgi)
    storm.start()
    storm.at_its_height.wait()

    # Behind the address of a stranger who has used up everything: that of a telephone company.
    shared = "100.64.1.1"
    report(signed_in, "چراغ کوچه خاموش است.")
    officer(browser(wsgi, shared, cp_device=devices[0]))
    citizen(browser(wsgi, shared, cp_device=devices[1]))
    page = send(signed_in.get("/track"), status=303, code=code, proof="0001")
    page.follow(status=200)

    newcomer = browser(wsgi, "203.0.113.9")
    page = newcomer.get("/login")
    form = solve(page)
    form["mobile"] = NEW
    page = form.submit(status=303).follow()
    form = solve(page) if challenge_of(page) else form_with(page, "code")
    form["code"] = code_of(site, NEW)
    form.submit(status=303)

    new_computer = browser(wsgi, "203.0.113.10")
    form = solve(new_computer.get("/staff/login"))
    form["username"], form["password"] = "s.karimi", PASSWORD
    send(form.submit(status=303).follow(), status=303, code=code_of(site, OFFICER))

    storm.join()
    assert storm.failure is None
    report(signed_in, "نیمکت پارک شکسته است.")
    with site.work(write=False) as work:
        sent = work.session.query(OutboxMessage).filter(OutboxMessage.recipient.startswith("+98935")).count()
        assert work.session.query(User).filter(User.mobile == NEW).count() == 1
    alarms = {alarm.name for alarm in site.limits.alarms() if alarm.requesters == "unknown"}
    print(  # noqa: T201 - figures of a long run
        f"{NETWORKS * EACH} requests from {NETWORKS} networks: {sent} codes sent, {storm.refused} refused, "
        f"{storm.processor / max(1, storm.refused) * 1000:.1f} ms of processor for each; {dict(storm.answers)}; {alarms}"
    )
    assert {status for _path, status in storm.answers} == {303, 422, 429}
    assert alarms >= {"otp_send_site", "track_site"}
    assert 0 < sent <= SHARE
