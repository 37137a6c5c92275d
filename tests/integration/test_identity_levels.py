"""Who one is by the word of a provider: matched, mismatched, unavailable, and nothing of it in any log."""

import logging
import threading
from datetime import date, timedelta

import pytest
from integration.profile import MOBILE, OTHER, events, fresh, kinds_of
from sign_in_forms import send
from sqlalchemy import select

from civicportal.core.plugins import hookimpl
from civicportal.domain.accounts.identity_checks import retry_identity_checks
from civicportal.domain.accounts.mobile import MobileService
from civicportal.domain.accounts.models import PendingClaim, User
from civicportal.domain.accounts.people import PeopleService
from civicportal.domain.accounts.types import IdentityClaim, IdentityVerdict
from civicportal.domain.accounts.verification import (
    CodeTaken,
    VerificationService,
    ask_provider,
)
from civicportal.testing import NOON, identity, make_citizen

CODE, BORN, TYPED = "1000000001", date(1983, 7, 8), "۱۳۶۲/۰۴/۱۷"


class Provider:
    """A register of people that says what it is told to."""

    def __init__(self):
        self.outcome, self.asked, self.meanwhile = "matched", [], lambda: None

    @hookimpl
    def verify_identity(self, claim, site):
        self.asked.append(claim)
        self.meanwhile()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return IdentityVerdict(outcome=self.outcome, checked_at=site.clock.now())


@pytest.fixture
def provider(site):
    provider = Provider()
    site.hooks.register(provider, "register-of-people")
    yield provider
    site.hooks.unregister(provider)


@pytest.fixture
def citizen(site, sign_in):
    with site.work() as work:
        user = make_citizen(work, MOBILE)
    sign_in(user, "citizen")
    return user


def claim(app, code=CODE, born=TYPED, status=None, path="/account/identity"):
    return send(app.get(path), status, national_code=code, birth_date=born)


def test_who_is_known_has_level_two_and_is_kept_sealed(site, app, provider, citizen):
    assert claim(app).location.endswith("/account")
    user = fresh(site, citizen)
    assert user.level == 2
    assert provider.asked == [IdentityClaim(mobile=MOBILE, national_code=CODE, birth_date=BORN)]
    assert CODE not in user.national_code
    assert site.keys.decrypt(user.national_code) == CODE
    assert user.national_code_index == site.keys.blind_index(CODE)
    page = app.get("/account/identity").text
    assert CODE not in page
    assert "۱۰۰*****۰۱" in page
    with site.work(write=False) as work:
        me = identity(work, user, "citizen")
    with site.work(actor=me, write=False) as work:
        assert work.get(PeopleService).verified().birth_date == BORN


def test_verification_returns_to_the_form(app, provider, citizen):
    page = app.get("/account/identity?next=/meetings/new%235")
    assert send(page, national_code=CODE, birth_date=TYPED).location.endswith("/meetings/new#5")


def test_a_mismatch_is_shown_and_counted(site, app, provider, citizen):
    provider.outcome = "mismatched"
    for _try in range(3):
        page = claim(app, status=422)
    assert TYPED in page.text
    assert fresh(site, citizen).level == 1
    assert claim(app, status=429).status_int == 429
    assert len(provider.asked) == 3
    assert events(site).count("identity:mismatched") == 3


@pytest.mark.parametrize(("code", "born"), [("1000000002", TYPED), (CODE, "۱۴۹۹/۰۱/۰۱"), ("", "")])
def test_an_invalid_claim_is_not_sent_to_the_provider(app, provider, citizen, code, born):
    claim(app, code, born, status=422)
    assert provider.asked == []


def test_two_who_are_verified_by_one_code_at_one_moment(site, citizen, monkeypatch):
    monkeypatch.setattr(VerificationService, "is_taken", lambda self, user, code: False)
    said = IdentityClaim(mobile=MOBILE, national_code=CODE, birth_date=BORN)
    with site.work() as work:
        other = make_citizen(work, OTHER)
        work.get(VerificationService).accept(other, said)
    with site.work() as work, pytest.raises(CodeTaken):
        work.get(VerificationService).accept(work.session.get(User, citizen.id), said)
    assert fresh(site, citizen).level == 1


def test_a_national_code_belongs_to_one_account(site, app, provider, citizen):
    with site.work() as work:
        other = make_citizen(work, OTHER, name="نام دیگری")
        work.get(VerificationService).accept(
            other, IdentityClaim(mobile=OTHER, national_code=CODE, birth_date=BORN)
        )
    page = claim(app, status=422)
    assert "نام دیگری" not in page.text
    assert fresh(site, citizen).level == 1


def test_only_the_holder_of_a_code_learns_that_it_has_an_account(site, app, provider, citizen):
    provider.outcome = "mismatched"
    unknown = claim(app, status=422).html.select_one("form").parent.text.strip()
    with site.work() as work:
        said = IdentityClaim(mobile=OTHER, national_code=CODE, birth_date=BORN)
        work.get(VerificationService).accept(make_citizen(work, OTHER), said)
    assert claim(app, status=422).html.select_one("form").parent.text.strip() == unknown


def test_an_unavailable_provider_is_asked_once_a_minute(site, app, clock, provider, citizen):
    provider.outcome = "unavailable"
    for _try in range(3):
        claim(app, status=303)
    assert len(provider.asked) == 1
    clock.advance(minutes=1)
    provider.outcome = "matched"
    claim(app, status=303)
    assert len(provider.asked) == 2
    assert fresh(site, citizen).level == 2


@pytest.mark.parametrize("outcome", ["unavailable", RuntimeError(f"no answer for {CODE}")])
def test_an_unavailable_provider_is_asked_later_by_the_job(site, app, clock, provider, citizen, outcome):
    provider.outcome = outcome
    assert claim(app).location.endswith("/account/identity")
    assert fresh(site, citizen).level == 1
    with site.work(write=False) as work:
        waiting = work.session.get(PendingClaim, citizen.id)
        assert CODE not in waiting.national_code
    retry_identity_checks(site)
    assert len(provider.asked) == 1
    clock.advance(minutes=11)
    retry_identity_checks(site)
    provider.outcome = "matched"
    clock.advance(minutes=11)
    retry_identity_checks(site)
    assert len(provider.asked) == 2
    clock.advance(minutes=10)
    retry_identity_checks(site)
    assert fresh(site, citizen).level == 2
    assert kinds_of(site) == ["identity.verified"]
    with site.work(write=False) as work:
        assert work.session.scalars(select(PendingClaim)).all() == []


def test_a_late_mismatch_is_notified_and_deleted(site, app, clock, provider, citizen):
    provider.outcome = "unavailable"
    claim(app)
    provider.outcome = "mismatched"
    clock.advance(minutes=11)
    retry_identity_checks(site)
    assert (fresh(site, citizen).level, kinds_of(site)) == (1, ["identity.mismatched"])
    with site.work(write=False) as work:
        assert work.session.scalars(select(PendingClaim)).all() == []


def test_after_a_week_of_silence_it_is_given_up(site, app, clock, provider, citizen):
    provider.outcome = "unavailable"
    claim(app)
    for _hours in range(30):
        clock.advance(hours=6, minutes=1)
        retry_identity_checks(site)
    assert kinds_of(site) == ["identity.given_up"]
    assert 20 < len(provider.asked) < 35


@pytest.fixture
def waiting(site):
    """Return people whose claims wait, the first of them the longest."""
    with site.work() as work:
        people = [make_citizen(work, f"+98900000002{number}") for number in range(2)]
        for number, person in enumerate(people):
            claimed = IdentityClaim(mobile=person.mobile, national_code=f"100000000{number}", birth_date=BORN)
            work.get(VerificationService).keep_claim(person, claimed)
            work.session.get(PendingClaim, person.id).next_at = NOON + timedelta(minutes=number)
    return people


def test_an_unreadable_claim_does_not_block_others_and_is_given_up(site, clock, provider, waiting):
    locked, readable = waiting
    with site.work() as work:
        work.session.get(PendingClaim, locked.id).national_code = "of a key that was taken away"
    clock.advance(minutes=1)
    retry_identity_checks(site)
    assert [asked.mobile for asked in provider.asked] == [readable.mobile]
    assert fresh(site, readable).level == 2
    with site.work(write=False) as work:
        kept = work.session.get(PendingClaim, locked.id)
        assert (kept.attempts, kept.next_at > NOON + timedelta(minutes=1)) == (2, True)
    clock.advance(days=7)
    retry_identity_checks(site)
    assert kinds_of(site, locked.mobile) == ["identity.given_up"]


def test_a_failing_claim_does_not_block_others(site, clock, provider, waiting):
    failing, other = waiting

    class Listener:
        @hookimpl
        def verify_identity(self, claim):
            return "no verdict" if claim.mobile == failing.mobile else None

    listener = Listener()
    site.hooks.register(listener, "listener")
    try:
        clock.advance(minutes=1)
        retry_identity_checks(site)
    finally:
        site.hooks.unregister(listener)
    assert (fresh(site, failing).level, fresh(site, other).level) == (1, 2)


def test_silence_is_never_held_against_anybody(app, provider, citizen):
    provider.outcome = "unavailable"
    for _try in range(8):
        assert claim(app).status_int == 303


def test_a_provider_that_hangs_is_not_waited_for(site, provider):
    release = threading.Event()

    class Slow:
        @hookimpl
        def verify_identity(self):
            release.wait(10)

    slow = Slow()
    site.hooks.register(slow, "slow")
    try:
        verdict = ask_provider(
            site, IdentityClaim(mobile=MOBILE, national_code=CODE, birth_date=BORN), patience=0.05
        )
    finally:
        release.set()
        site.hooks.unregister(slow)
    assert verdict.outcome == "unavailable"


def test_a_new_number_is_verified_again(site, app, provider, citizen):
    claim(app)
    with site.work() as work:
        work.get(MobileService).change(work.session.get(User, citizen.id), "+989121234567")
    assert fresh(site, citizen).level == 1
    retry_identity_checks(site)
    assert provider.asked[-1].mobile == "+989121234567"
    assert fresh(site, citizen).level == 2


def test_a_new_number_can_be_verified_before_the_job_runs(site, app, provider, citizen, sign_in):
    claim(app)
    with site.work() as work:
        work.get(MobileService).change(work.session.get(User, citizen.id), OTHER)
    sign_in(fresh(site, citizen), "citizen")
    assert "پاسخ نداد" not in app.get("/account/identity")
    assert claim(app).location.endswith("/account")
    assert [asked.mobile for asked in provider.asked] == [MOBILE, OTHER]
    assert fresh(site, citizen).level == 2


@pytest.mark.parametrize("outcome", ["matched", "mismatched", "unavailable"])
def test_an_answer_for_the_former_number_counts_for_nothing(site, app, provider, citizen, outcome):
    def change():
        with site.work() as work:
            work.get(MobileService).change(work.session.get(User, citizen.id), OTHER)

    provider.outcome, provider.meanwhile = outcome, change
    claim(app, status=422)
    assert [asked.mobile for asked in provider.asked] == [MOBILE]
    assert fresh(site, citizen).level == 1
    assert [action for action in events(site) if action.startswith("identity:")] == []


def test_a_portal_without_a_provider_says_so(app, citizen):
    page = app.get("/account/identity")
    assert "national_code" not in page.text
    assert "/account/identity" not in app.get("/account").text


def test_identity_data_is_not_logged(site, app, clock, provider, citizen, caplog):
    with caplog.at_level(logging.DEBUG):
        for outcome in ("mismatched", "unavailable", RuntimeError(f"{CODE} {BORN}"), "matched"):
            provider.outcome = outcome
            claim(app, status="*")
        clock.advance(minutes=11)
        retry_identity_checks(site)
    logged = caplog.text + " ".join(str(record.__dict__) for record in caplog.records)
    for secret in (CODE, "۱۰۰۰۰۰۰۰۰۱", TYPED, BORN.isoformat(), "9000000001"):
        assert secret not in logged
