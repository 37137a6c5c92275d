"""Follow-up by tracking code: one answer for every miss, and what a hit shows."""

import re
from typing import Any

import pytest
from sqlalchemy import select

from civicportal.core.limits import DEFAULTS
from civicportal.domain.accounts.models import Session, User
from civicportal.domain.cases.follow_up import FollowUpService
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.services import CaseService
from civicportal.util.i18n import persian_digits
from civicportal.util.tracking import grouped, new_code


def ask(browser: Any, code: str, proof: str, **more: Any) -> Any:
    return browser.post("/track", {"csrf_token": browser.token(), "code": code, "proof": proof}, **more)


def summary(page: Any) -> str:
    return re.search(r'role="alert".*?</div>', page.text, re.S)[0]


@pytest.fixture
def anonymous_case(site: Any, open_case: Any) -> tuple[str, str]:
    """Return code and PIN of a case without a citizen."""
    code = open_case(citizen_id=None)
    with site.work() as work:
        pin = work.get(FollowUpService).give_pin(work.get(CaseService).fetch(code))
    return code, pin


def wrong(pin: str) -> str:
    return f"{(int(pin) + 1) % 10**4:04}"


def test_a_hit_shows_the_course_without_the_citizens_words(
    site: Any, browser: Any, stranger: Any, open_case: Any, officer: Any, citizen: Any, step: Any
) -> None:
    code = open_case(body="همسایه‌ام دیوار ساخته")
    step(officer, code, "start", public_text="بازدید انجام شد")
    persian = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
    page = ask(browser, grouped(code).translate(persian), citizen.mobile[-4:].translate(persian)).follow()
    assert "بازدید انجام شد" in page.text
    assert "همسایه‌ام" not in page.text
    assert citizen.name not in page.text
    assert page.headers["Referrer-Policy"] == "strict-origin"
    assert stranger.get(f"/track/{code}", status=303).headers["Location"].endswith("/track")


def test_every_miss_gets_the_same_answer(browser: Any, open_case: Any, anonymous_case: Any) -> None:
    answers = {
        summary(ask(browser, code, wrong(anonymous_case[1]), status=422))
        for code in (open_case(), anonymous_case[0], new_code())
    }
    assert len(answers) == 1


def test_a_code_alone_asks_for_the_second_part(browser: Any, open_case: Any) -> None:
    code = open_case()
    page = browser.post("/track/code", {"code": code}, headers={"Sec-Fetch-Site": "same-origin"})
    assert f'value="{persian_digits(code)}"' in page.text
    assert "one-time-code" not in page.text
    assert 'role="alert"' not in page.text
    assert code not in page.request.url
    assert browser.get("/track/code", status=303).location.endswith("/track")


def test_a_form_from_another_site_replaces_no_session(stranger: Any) -> None:
    answer = stranger.post("/track/code", {"code": "1"}, headers={"Sec-Fetch-Site": "cross-site"}, status=303)
    assert answer.location.endswith("/track")
    assert "Set-Cookie" not in answer.headers


def test_over_https_a_form_is_taken_with_the_origin_that_its_page_lets_a_browser_say(browser: Any) -> None:
    page = browser.get("/track")
    # With "no-referrer" browsers say "null" instead, see the Fetch standard on the Origin header.
    assert page.headers["Referrer-Policy"] == "strict-origin"
    form = {"csrf_token": browser.token(), "code": "1111111111", "proof": "1111"}
    https = {"wsgi.url_scheme": "https", "HTTP_HOST": "localhost"}
    for origin, status in (("https://localhost", 422), ("null", 400), ("https://evil.example", 400)):
        browser.post("/track", form, headers={"Origin": origin}, extra_environ=https, status=status)


def test_a_pin_opens_a_case_without_a_citizen(site: Any, browser: Any, anonymous_case: Any) -> None:
    code, pin = anonymous_case
    ask(browser, code, wrong(pin), status=422)
    ask(browser, code, pin, status=303)
    with site.work(write=False) as work:
        kept = work.session.scalars(select(Case.pin_hash).where(Case.code == code)).one()
        assert kept is not None
        assert len(kept) == 64


def test_who_has_signed_in_and_looks_after_an_anonymous_case_leaves_no_code(
    site: Any, as_citizen: Any, anonymous_case: Any
) -> None:
    """The session says whose it is: with the code beside it, it would say whose the case is."""
    code, pin = anonymous_case
    ask(as_citizen, code, pin).follow(status=200)
    with site.work(write=False) as work:
        [row] = work.session.scalars(select(Session).where(Session.user_id.is_not(None)))
        kept = str(row.data["proved"])
    assert code not in kept
    # Not even an attacker with the site's keys, who computes this for every code, finds it without the cookie.
    made = {site.keys.mac("proved", part, code).hex() for part in ("", row.token_hash)}
    assert not any(mark in kept for mark in made | {site.keys.mac("proved", code).hex()})


def test_a_pin_is_four_digits_and_another_code_does_not_take_it(site: Any, open_case: Any) -> None:
    codes = [open_case(citizen_id=None) for _ in range(2)]
    with site.work() as work:
        service = work.get(FollowUpService)
        one, two = (work.get(CaseService).fetch(code) for code in codes)
        pin = service.give_pin(one)
        assert re.fullmatch(r"\d{4}", pin)
        two.pin_hash = one.pin_hash
        work.session.flush()
        assert service.prove(one.code, pin) is one
        assert service.prove(two.code, pin) is None


@pytest.mark.parametrize("proof", ["", "0", "-", "----", "۱۲۳۴", "12345", "abcd"])
@pytest.mark.parametrize("has_pin", [True, False])
def test_what_is_no_proof_opens_no_case(site: Any, open_case: Any, proof: str, has_pin: bool) -> None:
    code = open_case(citizen_id=None)
    with site.work() as work:
        service = work.get(FollowUpService)
        if has_pin:
            service.give_pin(work.get(CaseService).fetch(code))
        work.session.flush()
        assert service.prove(code, proof) is None


def test_the_mobile_of_a_deleted_citizen_opens_none_of_their_cases(
    site: Any, open_case: Any, citizen: Any
) -> None:
    code, proof = open_case(), citizen.mobile[-4:]
    with site.work() as work:
        assert work.get(FollowUpService).prove(code, proof) is not None
        work.session.get_one(User, citizen.user_id).deleted_at = work.clock.now()
    with site.work(write=False) as work:
        assert work.get(FollowUpService).prove(code, proof) is None


@pytest.mark.parametrize("name", ["track_code", "track_address", "track_site"])
def test_misses_are_limited(site: Any, browser: Any, open_case: Any, citizen: Any, name: str) -> None:
    code = open_case()
    parts = {"track_code": (code,), "track_address": ("192.0.2.1",), "track_site": ()}[name]
    for _ in range(DEFAULTS[name][0].hits):
        site.limits.hit(name, *parts)
    ask(browser, code, citizen.mobile[-4:], status=429)


def test_only_misses_are_counted(site: Any, browser: Any, open_case: Any, citizen: Any) -> None:
    code = open_case()
    for _ in range(DEFAULTS["track_code"][0].hits + 1):
        ask(browser, code, citizen.mobile[-4:], status=303)


def test_a_miss_counts_for_the_whole_site(site: Any, browser: Any, open_case: Any) -> None:
    for _ in range(DEFAULTS["track_site"][0].hits - 1):
        site.limits.hit("track_site")
    site.limits.check("track_site")
    ask(browser, open_case(), "0000", status=422)
    ask(browser, open_case(), "0000", status=429)
