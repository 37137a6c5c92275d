"""Attacks on site-wide limits: unknown clients are slowed down, and known ones are never refused because of them."""

import logging
from contextlib import suppress
from typing import Any

import pytest
from other_clients import answer, at, challenge_of, send, solve
from selection import LONG
from sign_in_forms import PASSWORD, code_of

from civicportal.core.limits import LIMITS, ChallengeNeeded, Challenges, LimitExceeded, Requester
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.services import AccountService
from civicportal.portal.health import metrics as monitoring
from civicportal.testing import make_citizen, outbox
from civicportal.testing.asking import statements
from civicportal.util.tracking import new_code

pytestmark = pytest.mark.usefixtures("easy_challenges")

OFFICER, CITIZEN, NEW = "+989120000001", "+989120000002", "+989120000003"


@pytest.fixture
def civic_settings() -> dict[str, Any]:
    limits = {
        "otp_send_site": [[20, 86400]],
        "password_site": [[20, 300]],
        "track_site": [[300, 3600], [900, 86400]],
    }
    return {"limits": limits}


@pytest.fixture
def wsgi(civic_environment: Any) -> Any:
    return civic_environment.app


@pytest.fixture
def people(site: Any) -> None:
    with site.work() as work:
        accounts = work.get(AccountService)
        accounts.create_staff(username="s.karimi", name="سارا", mobile=OFFICER, password=PASSWORD)
        accounts.set_password(make_citizen(work, CITIZEN), PASSWORD)


def staff_enter(site: Any, browser: Any) -> Any:
    page = send(browser.get("/staff/login"), status=303, username="s.karimi", password=PASSWORD)
    return send(page.follow(), status=303, code=code_of(site, OFFICER))


def known_device(site: Any, wsgi: Any, clock: Any, enter: Any) -> str:
    """Sign in once somewhere else, and return the cookie of the device."""
    browser = at(wsgi, "203.0.113.1")
    enter(browser)
    clock.advance(minutes=11)
    return str(browser.cookies["cp-device"])


def wrong_codes(wsgi: Any, addresses: range, each: int) -> None:
    for number in addresses:
        browser = at(wsgi, f"198.51.{number}.7")
        page = send(browser.get("/login"), mobile=f"0935000{number:04}").follow()
        for _try in range(each):
            send(page, code="000000")


TRIES, MOST = (30, {}) if LONG else (6, {"otp_verify_site": [[40, 300]]})
"""Wrong codes of each address, and a limit that eight addresses exceed; in the long form that of every site."""


class TestWrongCodes:
    """Eight addresses sent thirty wrong codes each, and an officer with the right password and code was refused."""

    @pytest.fixture
    def civic_settings(self) -> dict[str, Any]:
        return {"limits": MOST}

    @pytest.mark.usefixtures("people")
    def test_staff_come_in_with_a_new_device_too(self, site: Any, wsgi: Any) -> None:
        wrong_codes(wsgi, range(8), TRIES)
        assert [alarm.name for alarm in site.limits.alarms()] == ["otp_verify_site"]
        staff_enter(site, at(wsgi, "203.0.113.9"))

    def test_a_citizen_on_a_known_device_comes_in(self, site: Any, wsgi: Any, clock: Any) -> None:
        def enter(browser: Any) -> Any:
            page = send(browser.get("/login"), status=303, mobile=NEW).follow()
            return send(page, status=303, code=code_of(site, NEW))

        device = known_device(site, wsgi, clock, enter)
        wrong_codes(wsgi, range(8), TRIES)
        browser = at(wsgi, "203.0.113.9")
        browser.set_cookie("cp-device", device)
        enter(browser)

    def test_a_stranger_comes_in_by_a_challenge(self, site: Any, wsgi: Any) -> None:
        wrong_codes(wsgi, range(8), TRIES)
        browser = at(wsgi, "203.0.113.9")
        page = send(browser.get("/login"), status=303, mobile=NEW).follow()
        assert challenge_of(page), "the page of the code brings the challenge along"
        form = solve(page)
        form["code"] = code_of(site, NEW)
        form.submit(status=303)


class TestCodesSent:
    """Seventeen networks had 5,000 codes sent in 92 seconds, and everybody was refused for seventeen hours."""

    def flood(self, wsgi: Any, many: int = 17) -> None:
        for number in range(many):
            browser = at(wsgi, f"198.51.{number}.7")
            send(browser.get("/login"), mobile=f"0935000{number:04}")

    @pytest.mark.usefixtures("people")
    def test_strangers_use_up_no_more_than_their_share(self, site: Any, wsgi: Any) -> None:
        self.flood(wsgi)
        with site.work(write=False) as work:
            assert len(outbox(work)) == 10
        staff_enter(site, at(wsgi, "203.0.113.9"))

    @pytest.mark.usefixtures("people")
    def test_a_known_device_gets_its_code(self, site: Any, wsgi: Any, clock: Any) -> None:
        device = known_device(
            site,
            wsgi,
            clock,
            lambda browser: send(
                browser.get("/login/password"), status=303, mobile=CITIZEN, password=PASSWORD
            ),
        )
        self.flood(wsgi)
        browser = at(wsgi, "203.0.113.9")
        browser.set_cookie("cp-device", device)
        page = send(browser.get("/login"), status=303, mobile=CITIZEN).follow()
        send(page, status=303, code=code_of(site, CITIZEN))

    def test_a_stranger_gets_a_code_by_a_challenge_and_loses_nothing(self, site: Any, wsgi: Any) -> None:
        browser = at(wsgi, "203.0.113.9")
        before = browser.get("/login")
        self.flood(wsgi)
        page = send(before, status=429, mobile=NEW)
        assert page.headers["Retry-After"]
        form = solve(page)
        assert form["mobile"].value, "what was typed still stands there"
        answer = form.submit(status=303)
        send(answer.follow(), status=303, code=code_of(site, NEW))

    def test_the_share_of_those_who_pass_has_its_own_end_and_is_there_again_within_the_hour(
        self, site: Any, wsgi: Any, clock: Any
    ) -> None:
        self.flood(wsgi)
        browser = at(wsgi, "203.0.113.9")

        def ask(status: int) -> Any:
            form = solve(send(browser.get("/login"), status=429, mobile=NEW))
            return form.submit(status=status)

        ask(303)
        clock.advance(minutes=1)
        refused = ask(429)
        assert not challenge_of(refused)
        assert "/login/password" in refused, "there is another way in"
        clock.advance(minutes=60)
        ask(303)


def test_wrong_tracking_codes_of_many_do_not_close_the_page(site: Any, wsgi: Any) -> None:
    for number in range(16):
        browser = at(wsgi, f"198.51.{number}.7")
        page = browser.get("/track")
        for _try in range(20):
            send(page, code=new_code(), proof="0000")
    assert [alarm.name for alarm in site.limits.alarms()] == ["track_site"]
    page = at(wsgi, "203.0.113.9").get("/track")
    form = solve(page)
    form["code"], form["proof"] = new_code(), "0000"
    refused = form.submit(status=422)
    assert challenge_of(refused), "each further try asks for another one"


class TestOneAddress:
    """Ten wrong passwords from one address blocked every account that was tried from it, on known devices too."""

    @pytest.fixture
    def civic_settings(self) -> dict[str, Any]:
        return {}

    def block(self, wsgi: Any) -> None:
        browser = at(wsgi, "198.51.1.7")
        page = browser.get("/login/password")
        for number in range(11):
            send(page, mobile=f"0935000{number:04}", password="wrong")

    @pytest.mark.usefixtures("people")
    def test_known_devices_behind_it_come_in(self, site: Any, wsgi: Any, clock: Any) -> None:
        def enter(browser: Any) -> Any:
            return send(browser.get("/login/password"), status=303, mobile=CITIZEN, password=PASSWORD)

        device = known_device(site, wsgi, clock, enter)
        self.block(wsgi)
        browser = at(wsgi, "198.51.1.7")
        browser.set_cookie("cp-device", device)
        enter(browser)

    @pytest.mark.usefixtures("people")
    def test_strangers_behind_it_wait_without_a_script(self, wsgi: Any, clock: Any) -> None:
        self.block(wsgi)
        browser = at(wsgi, "198.51.1.7")
        page = send(browser.get("/login/password"), status=429, mobile=CITIZEN, password=PASSWORD)
        early = send(page, status=429, password=PASSWORD)
        ticket = page.forms[0]["challenge_ticket"].value
        assert early.forms[0]["challenge_ticket"].value == ticket, "the wait does not start again"
        clock.advance(seconds=int(challenge_of(page)["data-seconds"]))
        send(early, status=303, password=PASSWORD)

    def test_it_raises_no_alarm_of_the_site(self, site: Any, wsgi: Any) -> None:
        browser = at(wsgi, "198.51.1.7")
        page = browser.get("/login/password")
        for number in range(30):
            send(page, mobile=f"0935000{number:04}", password="wrong")
        assert site.limits.alarms() == ()

    def test_a_customer_of_ipv6_is_one_address(self, wsgi: Any) -> None:
        for number in range(10):
            browser = at(wsgi, f"2001:db8:1:2:{number:x}::1")
            send(browser.get("/login/password"), status=422, mobile=f"0935000{number:04}", password="wrong")
        page = at(wsgi, "2001:db8:1:2:ffff::9").get("/login/password")
        send(page, status=429, mobile="09350001111", password="wrong")
        page = at(wsgi, "2001:db8:1:3::1").get("/login/password")
        send(page, status=422, mobile="09350001111", password="wrong")


def test_a_ceiling_is_told_once_and_ends_by_itself(
    site: Any, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "civicportal.security"):
        for number in range(14):
            with suppress(ChallengeNeeded):
                site.limits.count_uses(("password_address", f"198.51.{number}.7"), ("password_site",))
    told = [record for record in caplog.records if getattr(record, "event", "") == "limit.site"]
    assert [(one.event, one.limit, one.requesters) for one in told] == [
        ("limit.site", "password_site", "unknown")
    ]
    [alarm] = site.limits.alarms()
    assert (alarm.name, alarm.requesters, alarm.used, alarm.hits) == ("password_site", "unknown", 14, 10)
    assert site.limits.slows_unknown(["password_site"])
    clock.set(alarm.until)
    assert site.limits.alarms() == ()
    assert not site.limits.slows_unknown(["password_site"])


def test_another_accounts_device_is_a_strangers(site: Any, wsgi: Any, clock: Any) -> None:
    """An attacker who has an account and a device of it gets no further with other accounts."""

    def enter(browser: Any) -> Any:
        page = send(browser.get("/login"), status=303, mobile=NEW).follow()
        return send(page, status=303, code=code_of(site, NEW))

    device = known_device(site, wsgi, clock, enter)
    with site.work() as work:
        work.get(AccountService).set_password(make_citizen(work, CITIZEN), PASSWORD)
        assert work.session.query(User).count() == 2
    TestOneAddress().block(wsgi)
    browser = at(wsgi, "198.51.1.7")
    browser.set_cookie("cp-device", device)
    send(browser.get("/login/password"), status=429, mobile=CITIZEN, password=PASSWORD)


def test_more_devices_of_one_person_give_no_more_tries(site: Any, wsgi: Any) -> None:
    """A password signs in as often as one likes, and each time it may make another device."""
    with site.work() as work:
        work.get(AccountService).set_password(make_citizen(work, CITIZEN), PASSWORD)
    answers = []
    for _device in range(3):
        browser = at(wsgi, "203.0.113.1")
        send(browser.get("/login/password"), status=303, mobile=CITIZEN, password=PASSWORD)
        known = at(wsgi, "203.0.113.1")
        known.set_cookie("cp-device", browser.cookies["cp-device"])
        page = known.get("/track")
        answers += [send(page, code=new_code(), proof="0000").status_int for _try in range(8)]
    assert answers == [422] * 20 + [429] * 4


class TestStatements:
    """Counting is one statement of one transaction, and taking back another: not one for each limit."""

    @staticmethod
    def written(texts: list[str]) -> list[str]:
        return [text for text in texts if text.startswith("INSERT INTO limit_hits")]

    @pytest.mark.usefixtures("people")
    def test_a_good_password_is_counted_and_taken_back_at_once(self, site: Any, app: Any) -> None:
        page = app.get("/login/password")
        with statements(site) as texts:
            send(page, status=303, mobile=CITIZEN, password=PASSWORD)
        assert len(self.written(texts)) == 2

    def test_a_code_is_counted_once(self, site: Any, app: Any) -> None:
        page = app.get("/login")
        with statements(site) as texts:
            answer = send(page, status=303, mobile=NEW)
        assert len(self.written(texts)) == 1
        page = answer.follow()
        with statements(site) as texts:
            send(page, status=422, code="000000")
        assert len(self.written(texts)) == 1


class TestTheSameForm:
    """Twelve clicks on one button used up a citizen's ten cases an hour: two of them were refused."""

    def test_it_counts_once(self, site: Any, clock: Any) -> None:
        limits = site.limits
        for _click in range(12):
            limits.count_uses(("submit_citizen", 7), same=("submit_same", "key", 7))
        for _form in range(9):
            limits.hit("submit_citizen", 7)
        with pytest.raises(LimitExceeded):
            limits.hit("submit_citizen", 7)

    def test_it_has_an_end(self, site: Any) -> None:
        for _click in range(20):
            site.limits.count_uses(("submit_citizen", 7), same=("submit_same", "key", 7))
        with pytest.raises(LimitExceeded) as refused:
            site.limits.count_uses(("submit_citizen", 7), same=("submit_same", "key", 7))
        assert refused.value.name == "submit_same"


def test_a_page_without_a_form_of_its_own_asks_for_the_challenge_too(
    site: Any, wsgi: Any, clock: Any
) -> None:
    """Sending a code again is a button alone."""
    browser = at(wsgi, "203.0.113.9")
    page = send(browser.get("/login"), status=303, mobile=NEW).follow()
    TestCodesSent().flood(wsgi)
    clock.advance(minutes=1)
    resend = next(form for form in page.forms.values() if form.action.endswith("/resend"))
    asked = resend.submit(status=429)
    solve(asked).submit(status=303)
    with site.work(write=False) as work:
        assert len(outbox(work, NEW)) == 2


class TestTickets:
    """A ticket is worth one form of one browser."""

    @pytest.fixture
    def issue(self, site: Any) -> Any:
        return lambda: Challenges(site).issue("password_site", "browser", "/login")

    def passes(self, site: Any, ticket: str, numbers: str = "", **other: str) -> bool:
        asked = {"browser": "browser", "path": "/login", "address": "192.0.2.1", **other}
        return Challenges(site).passes(ticket, numbers, **asked)

    def test_it_passes_once(self, site: Any, issue: Any) -> None:
        made = issue()
        numbers = answer(made.nonce, made.bits, made.parts)
        assert not self.passes(site, made.ticket, numbers, browser="another")
        assert not self.passes(site, made.ticket, numbers, path="/track")
        assert not self.passes(site, made.ticket, numbers[:-1] + "x")
        assert not self.passes(site, made.ticket.replace(".0.", ".1."), numbers)
        assert self.passes(site, made.ticket, numbers)
        assert not self.passes(site, made.ticket, numbers)

    def test_it_passes_by_waiting_and_not_when_it_is_too_old(self, site: Any, issue: Any, clock: Any) -> None:
        first, second = issue(), issue()
        clock.advance(seconds=9)
        assert not self.passes(site, first.ticket)
        clock.advance(seconds=1)
        assert self.passes(site, first.ticket)
        clock.advance(minutes=15)
        assert not self.passes(site, second.ticket)

    def test_waiting_with_many_is_no_quicker(self, site: Any, issue: Any, clock: Any) -> None:
        made = [issue() for _number in range(12)]
        clock.advance(seconds=10)
        passed = 0
        for number, one in enumerate(made):
            try:
                passed += self.passes(site, one.ticket, address=f"192.0.2.{number}")
            except LimitExceeded:
                continue
        assert passed == 10

    def test_it_grows_with_those_who_pass(self, site: Any, issue: Any) -> None:
        before = issue()
        for number in range(4):
            by = Requester(challenged=True)
            site.limits.count_uses(("password_address", f"198.51.{number}.7"), ("password_site",), by=by)
        after = issue()
        assert after.bits == before.bits + 4
        assert after.ready_at - site.clock.now() == 16 * (before.ready_at - site.clock.now())


def test_the_health_page_shows_a_ceiling_while_it_lasts(
    site: Any, app: Any, clock: Any, login: Any, staff: Any
) -> None:
    login(staff("administrator"))
    for number in range(14):
        with suppress(ChallengeNeeded):
            site.limits.count_uses(("password_address", f"198.51.{number}.7"), ("password_site",))
    assert "limits.password_site" in app.get("/admin/plugins")
    clock.advance(minutes=5)
    assert "limits.password_site" not in app.get("/admin/plugins")


class TestEveryCeiling:
    NAMES = tuple(name for name, limit in LIMITS.items() if limit.counts == "site")

    @pytest.fixture
    def civic_settings(self) -> dict[str, Any]:
        return {"limits": {name: [[4, 3600]] for name in self.NAMES}}

    def test_the_health_page_has_words_for_it(self, site: Any, app: Any, login: Any, staff: Any) -> None:
        for name in self.NAMES:
            with suppress(LimitExceeded):
                for _use in range(5):
                    site.limits.hit(name)
        assert {alarm.name for alarm in site.limits.alarms()} == set(self.NAMES)
        login(staff("administrator"))
        page = app.get("/admin/plugins", status=200)
        assert [name for name in self.NAMES if f"limits.{name}" not in page] == []


def test_the_metrics_tell_how_much_is_used(site: Any) -> None:
    for number in range(12):
        with suppress(ChallengeNeeded):
            site.limits.count_uses(("password_address", f"198.51.{number}.7"), ("password_site",))
    with site.work(write=False) as work:
        [family] = monitoring.limits(work)
    used = {tuple(one.labels.values()): one.value for one in family.samples}
    assert len(used) == len(family.samples), "several windows of a limit are one figure"
    assert used["password_site", "unknown"] == 1.2
    assert used["password_site", "known"] == 0
    assert ("track_site", "unknown") in used
