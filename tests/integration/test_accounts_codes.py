"""One-time codes: once, in time, from the browser that asked, five tries."""

import threading
from datetime import timedelta
from typing import Any, get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from civicportal.core.crypto import new_token
from civicportal.domain.accounts.identity import load_identity
from civicportal.domain.accounts.models import OtpChallenge, User
from civicportal.domain.accounts.otp import LIFE, OtpService, Purpose
from civicportal.domain.accounts.passwords import hash_password
from civicportal.domain.accounts.proofs import ProofService, proof_of
from civicportal.domain.accounts.recovery import RecoveryService, match_recovery_code, new_recovery_codes
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.accounts.totp import TotpService
from civicportal.domain.notifications.services import NotificationService
from civicportal.testing import make_citizen, make_staff, outbox

MOBILE, COOKIE, OTHER = "+989120000000", "a" * 64, "b" * 64


def ask(site: Any, mobile: str = MOBILE, cookie: str = COOKIE) -> tuple[int, str]:
    """Return the challenge's id and its code."""
    with site.work() as work:
        challenge = work.get(OtpService).ask("login", mobile, cookie)
        return challenge.id, site.keys.otp_code(challenge.nonce)


def verify(site: Any, challenge_id: int, code: str, cookie: str = COOKIE) -> str:
    with site.work() as work:
        return str(work.get(OtpService).verify(challenge_id, code, cookie))


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def test_right_code_is_taken_once(site: Any) -> None:
    challenge, code = ask(site)
    assert verify(site, challenge, wrong(code)) == "wrong"
    assert verify(site, challenge, code) == "accepted"
    assert verify(site, challenge, code) == "expired"


@pytest.mark.parametrize(("seconds", "outcome"), [(179, "accepted"), (180, "expired")])
def test_code_lives_three_minutes(site: Any, clock: Any, seconds: int, outcome: str) -> None:
    challenge, code = ask(site)
    clock.advance(seconds=seconds)
    assert verify(site, challenge, code) == outcome


@pytest.mark.both_databases
@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(days=1)])
@pytest.mark.parametrize("waited", [timedelta(), timedelta(seconds=10)])
def test_a_clock_that_is_set_back_lengthens_no_code(
    site: Any, clock: Any, back: timedelta, waited: timedelta
) -> None:
    challenge, code = ask(site)
    clock.advance(seconds=waited.total_seconds())
    clock.set(clock.now() - back)
    assert verify(site, challenge, code) == "expired"
    # Until the clock shows once more when it was sent.
    clock.advance(seconds=back.total_seconds())
    assert verify(site, challenge, code) == "expired"


def test_a_code_of_another_machine_is_good_by_its_clock(site: Any, clock: Any) -> None:
    challenge, code = ask(site)
    with site.work() as work:
        work.session.get(OtpChallenge, challenge).boot = "another"
    clock.advance(seconds=-3)
    assert verify(site, challenge, code) == "accepted"


def test_a_code_of_another_machine_ends_by_its_clock(site: Any, clock: Any) -> None:
    challenge, code = ask(site)
    with site.work() as work:
        work.session.get(OtpChallenge, challenge).boot = "another"
    clock.advance(seconds=181)
    assert verify(site, challenge, code) == "expired"


@pytest.mark.both_databases
@pytest.mark.parametrize("realm", ["staff", "citizen"])
def test_a_clock_that_is_set_back_lengthens_no_session_and_no_proof(
    site: Any, clock: Any, realm: Any
) -> None:
    with site.work() as work:
        sessions = work.get(SessionService)
        person = make_staff(work) if realm == "staff" else make_citizen(work)
        token = sessions.open(realm, person)
        session_id = sessions.live(token)[0].id
    clock.set(clock.now() - timedelta(days=1))
    with site.work(write=False) as work:
        sessions = work.get(SessionService)
        # A citizen's lasts a month, left alone or not.
        assert (sessions.live(token) is None) is (realm == "staff")
        assert load_identity(site, token).user_id == (None if realm == "staff" else person.id)
        assert not sessions.is_proved(session_id)


@pytest.mark.both_databases
@pytest.mark.parametrize(("back", "counts"), [(timedelta(seconds=4), True), (timedelta(days=1), False)])
def test_a_clock_that_is_set_back_lengthens_no_proof_for_the_next_page(
    site: Any, clock: Any, back: timedelta, counts: bool
) -> None:
    token = new_token()
    with site.work() as work:
        person = make_staff(work)
        work.get(ProofService).keep(token, "number", proof_of(person))
    clock.set(clock.now() - back)
    with site.work(write=False) as work:
        assert (work.get(ProofService).person_kept(token, "number") is not None) == counts


@pytest.mark.both_databases
def test_a_clock_that_is_corrected_by_seconds_ends_nothing(site: Any, clock: Any) -> None:
    challenge, code = ask(site)
    with site.work() as work:
        sessions = work.get(SessionService)
        token = sessions.open("staff", make_staff(work))
        session_id = sessions.live(token)[0].id
    clock.set(clock.now() - timedelta(seconds=4))
    with site.work(write=False) as work:
        sessions = work.get(SessionService)
        assert sessions.live(token) is not None
        assert sessions.is_proved(session_id)
    assert load_identity(site, token).session_id == session_id
    assert verify(site, challenge, code) == "accepted"


@pytest.mark.parametrize(("back", "outcome"), [(0, "accepted"), (5, "accepted"), (6, "expired")])
def test_a_code_from_the_future_is_refused(site: Any, clock: Any, back: int, outcome: str) -> None:
    challenge, code = ask(site)
    clock.set(clock.now() - timedelta(seconds=back))
    assert verify(site, challenge, code) == outcome


@pytest.mark.parametrize(
    ("seconds", "boot", "outcome"),
    [
        (179, "fake", "accepted"),
        (180, "fake", "expired"),
        # Another machine's uptime says nothing, nor does none.
        (180, "another", "accepted"),
        (180, "one more", "accepted"),
        (180, None, "accepted"),
    ],
)
def test_a_clock_that_is_set_back_makes_no_code_live_longer(
    site: Any, clock: Any, seconds: int, boot: str | None, outcome: str
) -> None:
    challenge, code = ask(site)
    begun = clock.now()
    with site.work() as work:
        work.session.get(OtpChallenge, challenge).boot = boot
    clock.advance(seconds=seconds)
    clock.set(begun)
    assert verify(site, challenge, wrong(code)) == ("wrong" if outcome == "accepted" else "expired")
    assert verify(site, challenge, code) == outcome


def test_code_belongs_to_its_browser(site: Any) -> None:
    challenge, code = ask(site)
    for another in (OTHER, "0" * 64):
        assert verify(site, challenge, code, another) == "expired"
    assert verify(site, challenge, code) == "accepted"


def test_a_valid_code_does_not_extend_an_expired_one(site: Any, clock: Any) -> None:
    first, first_code = ask(site)
    clock.advance(seconds=180)
    begun = clock.now()
    second, second_code = ask(site)
    assert verify(site, first, first_code) == "expired"
    clock.set(begun - timedelta(seconds=100))
    third, third_code = ask(site)
    clock.set(begun + timedelta(seconds=80))
    assert verify(site, third, third_code) == "expired"
    assert verify(site, second, second_code) == "accepted"


def test_code_of_another_challenge_is_wrong(site: Any) -> None:
    first, code = ask(site)
    second, other_code = ask(site)
    third, last_code = ask(site)
    assert code != other_code
    assert verify(site, second, code) == "wrong"
    assert verify(site, second, other_code) == "accepted"
    assert verify(site, first, code) == "accepted", "each is used up by itself"
    assert verify(site, third, last_code) == "accepted"


def test_a_challenge_is_of_the_person_with_the_number(site: Any) -> None:
    with site.work() as work:
        people = {
            mobile: make_citizen(work, mobile).id for mobile in ("+989110000000", MOBILE, "+989130000000")
        }
    for mobile in (*people, "+989100000000", "+989120000001", "+989140000000"):
        challenge, _code = ask(site, mobile)
        with site.work(write=False) as work:
            assert work.session.get(OtpChallenge, challenge).user_id == people.get(mobile)


def test_five_wrong_codes_end_the_challenge(site: Any) -> None:
    challenge, code = ask(site)
    outcomes = [verify(site, challenge, wrong(code)) for _try in range(5)]
    assert outcomes == ["wrong"] * 4 + ["exhausted"]
    assert verify(site, challenge, code) == "exhausted"


@pytest.mark.both_databases
def test_parallel_verifies_accept_once(site: Any) -> None:
    challenge, code = ask(site)
    outcomes: list[str] = []
    start = threading.Barrier(16)

    def try_code() -> None:
        start.wait()
        outcomes.append(verify(site, challenge, code))

    threads = [threading.Thread(target=try_code) for _number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["accepted"] + ["expired"] * 15


def test_number_that_may_not_pass_gets_a_hollow_challenge(site: Any, clock: Any) -> None:
    with site.work() as work:
        make_citizen(work, MOBILE, disabled_at=clock.now())
    challenge, code = ask(site)
    assert verify(site, challenge, code) == "wrong"
    with site.work(write=False) as work:
        assert outbox(work) == []


def test_a_browser_is_asked_for_the_code_that_it_asked_for_last(site: Any, clock: Any) -> None:
    def latest(purpose: Purpose = "login", cookie: str = COOKIE) -> int | None:
        with site.work(write=False) as work:
            found = work.get(OtpService).latest(purpose, cookie)
            return found.id if found else None

    assert latest() is None
    first, _code = ask(site)
    second, code = ask(site)
    third, _other_code = ask(site, cookie=OTHER)
    ask(site, cookie="0" * 64)
    assert first < second == latest() < third == latest(cookie=OTHER)
    assert (latest("confirm"), latest("staff")) == (None, None)
    clock.advance(seconds=3599)
    assert latest() == second
    for _second in range(2):
        clock.advance(seconds=1)
        assert latest() is None
    used, code = ask(site)
    assert latest() == used
    assert verify(site, used, code) == "accepted"
    assert latest() is None


@pytest.mark.parametrize(
    ("state", "passes"),
    [("unknown", True), ("a citizen", True), ("disabled", False), ("deleted", False), ("has left", True)],
)
def test_who_may_pass_by_a_code(site: Any, clock: Any, state: str, passes: bool) -> None:
    with site.work() as work:
        person = None if state == "unknown" else make_citizen(work, MOBILE)
        if person and state == "disabled":
            person.disabled_at = clock.now()
        if person and state == "deleted":
            person.deleted_at = clock.now()
        if person and state == "has left":
            person.deleted_at, person.deleted_by_id = clock.now(), person.id
        work.session.flush()
        challenge = work.get(OtpService).ask("login", MOBILE, COOKIE)
        assert challenge.hollow is not passes
        assert challenge.user_id == (person and person.id)
        assert len(outbox(work, MOBILE)) == passes


@pytest.mark.parametrize("new", ["+989110000000", "+989130000000"])
@pytest.mark.parametrize(
    ("purpose", "outcome"),
    [
        ("staff", "wrong"),
        ("confirm", "wrong"),
        ("password_reset", "wrong"),
        ("leave", "wrong"),
        ("mobile_change", "accepted"),
    ],
)
def test_a_code_to_a_number_that_was_given_up_is_wrong(
    site: Any, purpose: Purpose, outcome: str, new: str
) -> None:
    with site.work() as work:
        person = make_citizen(work, MOBILE)
        challenge = work.get(OtpService).ask(purpose, MOBILE, COOKIE, user=person)
        work.session.flush()
        person.mobile = new
    assert verify(site, challenge.id, site.keys.otp_code(challenge.nonce)) == outcome


@pytest.mark.parametrize("purpose", ["staff", "confirm", "password_reset", "leave"])
def test_a_code_to_the_current_number_is_accepted_among_other_people(site: Any, purpose: Purpose) -> None:
    with site.work() as work:
        make_citizen(work, "+989110000000")
        person = make_citizen(work, MOBILE)
        make_citizen(work, "+989130000000")
        challenge = work.get(OtpService).ask(purpose, MOBILE, COOKIE, user=person)
    assert verify(site, challenge.id, site.keys.otp_code(challenge.nonce)) == "accepted"


def test_no_message_goes_where_another_proof_is_asked_for_or_to_no_number(site: Any) -> None:
    with site.work() as work:
        person = make_staff(work)
        for mobile, sms in ((MOBILE, False), ("", True)):
            assert work.get(OtpService).ask("staff", mobile, COOKIE, user=person, sms=sms).hollow
        assert outbox(work) == []


def test_known_and_unknown_numbers_are_sent_a_code(site: Any) -> None:
    with site.work() as work:
        make_citizen(work, MOBILE)
    for mobile in (MOBILE, "+989130000000"):
        ask(site, mobile)
        with site.work(write=False) as work:
            (message,) = outbox(work, mobile)
            assert message.text == ""


def test_code_is_stored_nowhere(site: Any) -> None:
    _challenge, code = ask(site)
    with site.work(write=False) as work:
        rows = [*work.session.query(OtpChallenge), *outbox(work)]
        assert not any(code in str(value) for row in rows for value in vars(row).values())


class OtpMachine(RuleBasedStateMachine):
    """Whatever happens to a challenge: it lets in its own browser at most once, in time, within five tries."""

    site: Any
    clock: Any

    def __init__(self) -> None:
        super().__init__()
        self.new_challenge()

    @property
    def open(self) -> bool:
        in_time = self.passed < LIFE and timedelta() <= self.clock.now() - self.issued < LIFE
        return not self.taken and self.tries < 5 and in_time

    @rule(seconds=st.integers(1, 90))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)
        self.passed += timedelta(seconds=seconds)

    @rule(seconds=st.sampled_from([-86_400, -3600, -30, 30, 3600, 86_400]))
    def set_the_clock(self, seconds: int) -> None:
        self.clock.set(self.clock.now() + timedelta(seconds=seconds))

    @rule()
    def right_code(self) -> None:
        assert (verify(self.site, self.id, self.code) == "accepted") is self.open
        self.taken = self.taken or self.open

    @rule()
    def wrong_code(self) -> None:
        assert verify(self.site, self.id, wrong(self.code)) != "accepted"
        self.tries += self.open

    @rule()
    def other_browser(self) -> None:
        assert verify(self.site, self.id, self.code, OTHER) == "expired"

    @rule()
    def new_challenge(self) -> None:
        self.id, self.code = ask(self.site)
        self.issued, self.passed = self.clock.now(), timedelta()
        self.tries, self.taken = 0, False

    @invariant()
    def used_rows_are_those_taken(self) -> None:
        with self.site.work(write=False) as work:
            row = work.session.get(OtpChallenge, self.id)
            assert (row.used_at is not None) is self.taken
            assert row.attempts <= 5


@pytest.mark.both_databases
def test_otp_machine(site: Any, clock: Any) -> None:
    machine = type("Machine", (OtpMachine,), {"site": site, "clock": clock})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=15, stateful_step_count=15, deadline=None, database=None)
    )


@pytest.fixture
def secret() -> str:
    return "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def _app_code(secret: str, moment: Any) -> str:
    import pyotp

    return str(pyotp.TOTP(secret).at(moment))


def test_app_code_counts_once(site: Any, clock: Any, secret: str) -> None:
    code = _app_code(secret, clock.now())
    with site.work() as work:
        officer = make_staff(work)
        totp = work.get(TotpService)
        step = totp.matching_step(secret, _app_code(secret, clock.now() - timedelta(seconds=30)))
        assert step is not None
        totp.enable(officer, secret, step)
    outcomes = []
    for _try in range(2):
        with site.work() as work:
            outcomes.append(work.get(TotpService).accept(work.session.get(User, officer.id), code))
    assert outcomes == [True, False]
    with site.work() as work:
        earlier = _app_code(secret, clock.now() - timedelta(seconds=30))
        assert not work.get(TotpService).accept(work.session.get(User, officer.id), earlier)


def test_app_secret_is_stored_encrypted(work: Any, secret: str) -> None:
    officer = make_staff(work)
    work.get(TotpService).enable(officer, secret, 1)
    assert secret not in officer.totp_secret


def test_recovery_code_counts_once(site: Any) -> None:
    codes = new_recovery_codes()[:2]
    hashes = [hash_password(code.replace("-", "")) for code in codes]
    with site.work() as work:
        officer = make_staff(work)
        work.get(TotpService).enable(officer, "secret", 1)
        recovery = work.get(RecoveryService)
        recovery.replace(officer, hashes)
        work.session.flush()
        stored = recovery.hashes(officer.id)
        assert match_recovery_code(stored, "aaaaa-aaaaa") is None
        found = match_recovery_code(stored, codes[1].upper())
        assert found is not None
        assert recovery.use(found)
        assert not recovery.use(found)
        assert set(recovery.hashes(officer.id)) == set(stored) - {found}


class TestOfAPortalWithAnAddress:
    """The last line is what a browser fills the code in by (WICG, origin-bound one-time codes)."""

    @pytest.fixture
    def civic_settings(self) -> dict[str, Any]:
        return {"site": {"public_url": "https://city.example"}}

    @pytest.mark.parametrize("purpose", get_args(Purpose))
    def test_every_code_is_filled_in_by_the_browser(self, site: Any, purpose: Purpose) -> None:
        with site.work() as work:
            challenge = work.get(OtpService).ask(purpose, MOBILE, COOKIE)
            [message] = outbox(work)
            text = work.get(NotificationService).text_of(message)
        code = site.keys.otp_code(challenge.nonce)
        assert text.splitlines()[-1] == f"@city.example #{code}"
        assert len(text.encode("utf-16-be")) // 2 <= 70


@pytest.mark.parametrize("purpose", get_args(Purpose))
def test_without_an_address_no_code_names_one(site: Any, purpose: Purpose) -> None:
    with site.work() as work:
        work.get(OtpService).ask(purpose, MOBILE, COOKIE)
        [message] = outbox(work)
        text = work.get(NotificationService).text_of(message)
    assert "@" not in text
    assert "{" not in text
