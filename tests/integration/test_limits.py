"""Rate limits: counted exactly under concurrency."""

import logging
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from sign_in_forms import MOBILE, TYPED, send
from sqlalchemy import select

from civicportal.core.limits import (
    DEFAULTS,
    UNKNOWN,
    ChallengeNeeded,
    CountedUses,
    LimitExceeded,
    LimitHit,
    Limits,
    Requester,
)
from civicportal.web.counting import statements

pytestmark = pytest.mark.both_databases


@pytest.fixture
def civic_settings():
    return {"limits": {"track_code": [[5, 60], [7, 3600]]}}


def test_exactly_five_of_two_hundred_are_let_through(site):
    allowed, refused, failed = [], [], []

    def knock():
        for _ in range(50):
            try:
                site.limits.hit("track_code", "1234567890")
            except LimitExceeded:
                refused.append(1)
            except Exception as error:
                failed.append(error)
            else:
                allowed.append(1)

    threads = [threading.Thread(target=knock) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert (len(allowed), len(refused)) == (5, 195)


def test_the_next_window_lets_through_again(site, clock):
    for _ in range(5):
        site.limits.hit("track_code", "a")
    with pytest.raises(LimitExceeded) as refused:
        site.limits.hit("track_code", "a")
    clock.set(refused.value.retry_after)
    site.limits.hit("track_code", "a")


def test_the_longer_window_counts_refused_uses_too(site, clock):
    for _ in range(5):
        site.limits.hit("track_code", "a")
    with pytest.raises(LimitExceeded):
        site.limits.hit("track_code", "a")
    clock.advance(minutes=1)
    site.limits.hit("track_code", "a")
    with pytest.raises(LimitExceeded) as refused:
        site.limits.hit("track_code", "a")
    assert (refused.value.retry_after - clock.now()).total_seconds() > 60


def test_everybody_is_counted_apart(site):
    for _ in range(5):
        site.limits.hit("track_code", "a")
    site.limits.hit("track_code", "b")
    site.limits.check("track_code", "b")
    with pytest.raises(LimitExceeded):
        site.limits.check("track_code", "a")


def test_a_look_does_not_count(site):
    for _ in range(20):
        site.limits.check("track_code", "a")
    site.limits.hit("track_code", "a")


def test_numbers_stand_nowhere(site):
    site.limits.hit("track_code", "+989123456789")
    with site.work(write=False) as work:
        keys = work.session.scalars(select(LimitHit.key)).all()
    assert len(keys) == 2
    assert not any("989123456789" in key for key in keys)


def test_old_windows_are_swept(site, clock):
    site.limits.hit("track_code", "a")
    clock.advance(minutes=2)
    site.limits.sweep()
    with site.work(write=False) as work:
        assert len(work.session.scalars(select(LimitHit)).all()) == 1
    clock.advance(hours=2)
    site.limits.sweep()
    with site.work(write=False) as work:
        assert work.session.scalars(select(LimitHit)).all() == []


def test_retry_after_is_long_enough(site, app, clock):
    clock.advance(seconds=0.3)
    for _ in range(DEFAULTS["otp_send_number"][0].hits):
        site.limits.hit("otp_send_number", MOBILE)
    page = app.get("/login")
    refused = send(page, status=429, mobile=TYPED)
    clock.advance(seconds=int(refused.headers["Retry-After"]))
    send(page, status=303, mobile=TYPED)


def test_several_limits_are_counted_in_one_statement_and_the_longest_refuses(site, clock):
    uses = (("track_code", "a"), ("track_address", "192.0.2.1"))
    with statements(site.engines.read) as texts:
        site.limits.count_uses(*uses)
    assert len(texts) == 1
    for _ in range(4):
        site.limits.count_uses(*uses)
    with pytest.raises(LimitExceeded) as refused:
        site.limits.count_uses(*uses)
    assert refused.value.name == "track_code"
    with site.work(write=False) as work:
        counted = work.session.execute(select(LimitHit.key, LimitHit.n)).all()
    # What is refused counts in every window of the limit that refuses it, and nowhere else.
    assert sorted(n for _key, n in counted) == [5, 6, 6]


def let_through(site, name, *parts, most=20, limits=None, by=UNKNOWN):
    """Return how many uses pass until one is refused."""
    for number in range(most):
        try:
            (limits or site.limits).hit(name, *parts, by=by)
        except LimitExceeded:
            return number
    return most


def test_what_is_given_back_can_be_used_again_and_no_more(site, clock):
    assert let_through(site, "track_code", "a") == 5
    # The one that was refused counts too.
    for _number in range(2):
        site.limits.give_back("track_code", "a")
    assert let_through(site, "track_code", "a") == 1
    site.limits.give_back("track_code", "b")
    assert let_through(site, "track_code", "b") == 5
    clock.advance(minutes=1)
    # Of seven an hour one is left: five, the one given back, and both refused uses count.
    assert let_through(site, "track_code", "a") == 1


def test_a_good_use_is_taken_back_where_it_was_counted(site, clock):
    hits = site.limits.hit("track_code", "a")
    clock.advance(minutes=1)
    site.limits.take_back(hits)
    site.limits.take_back(CountedUses())
    assert let_through(site, "track_code", "a") == 5
    clock.advance(minutes=1)
    assert let_through(site, "track_code", "a") == 1


def test_a_window_begins_and_ends_at_whole_steps_of_the_clock(site, clock):
    clock.set(datetime(2026, 3, 1, 12, 0, 59, tzinfo=UTC))
    assert let_through(site, "track_code", "a") == 5
    with pytest.raises(LimitExceeded) as refused:
        site.limits.check("track_code", "a")
    assert refused.value.retry_after == datetime(2026, 3, 1, 12, 1, tzinfo=UTC)
    clock.advance(seconds=1)
    site.limits.check("track_code", "a")


def test_something_is_used_once(site, clock):
    start = clock.now()
    ends = start + timedelta(minutes=1)
    assert [site.limits.once("a", start, ends) for _number in range(3)] == [True, False, False]
    assert site.limits.once("b", start, ends)


def test_a_refused_client_gets_no_challenge(site):
    limits = Limits(site, {"password_address": [[1, 60]], "otp_send_number": [[1, 3600]]})
    uses = (("password_address", "192.0.2.1"), ("otp_send_number", "+98"))
    limits.count_uses(*uses)
    with pytest.raises(LimitExceeded) as refused:
        limits.count_uses(*uses)
    assert (type(refused.value), refused.value.name) == (LimitExceeded, "otp_send_number")
    with pytest.raises(ChallengeNeeded):
        limits.count_uses(uses[0])


def test_those_who_pass_are_slowed_and_not_refused(site):
    limits = Limits(site, {"track_site": [[8, 3600]], "password_site": [[100, 3600]]})
    passed = Requester(challenged=True)
    found = [limits.pressure("track_site")]
    for _number in range(12):
        limits.hit("track_site", by=passed)
        found.append(limits.pressure("track_site"))
    assert found == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 4, 4, 4]
    assert (limits.pressure("password_site"), limits.pressure("track_code")) == (0, 0)


def test_the_ceilings_tell_what_each_class_has_used(site, clock):
    limits = Limits(site, {"password_site": [[20, 300]]})
    for _number in range(3):
        limits.hit("password_site")
    limits.hit("password_site", by=Requester("citizen", "user 1"))
    found = {one.requesters: one for one in limits.usage() if one.name == "password_site"}
    assert {kind: (one.used, one.hits) for kind, one in found.items()} == {
        "unknown": (3, 10),
        "known": (0, 4),
        "citizen": (1, 2),
        "challenged": (0, 4),
    }
    assert all(one.since <= clock.now() < one.until for one in found.values())
    assert {(one.until - one.since).total_seconds() for one in found.values()} == {300}
    assert limits.alarms() == ()
    # Reached is not beyond.
    assert let_through(site, "password_site", limits=limits) == 7
    assert [(one.name, one.requesters, one.used) for one in limits.alarms()] == [
        ("password_site", "unknown", 11)
    ]


def test_what_another_process_reaches_is_known_within_five_seconds(site, clock):
    table = {"password_site": [[20, 300]]}
    here, there = Limits(site, table), Limits(site, table)
    assert not here.slows_unknown(["password_site"])
    assert let_through(site, "password_site", limits=there) == 10
    assert there.slows_unknown(["password_site", "track_site"])
    assert not there.slows_unknown(["track_site"])
    clock.advance(seconds=4)
    assert not here.slows_unknown(["password_site"])
    clock.advance(seconds=1)
    assert here.slows_unknown(["password_site"])
    # A clock that was put back is no reason to wait longer.
    clock.advance(minutes=-10)
    assert not here.slows_unknown(["password_site"])


def test_a_ceiling_of_others_does_not_slow_unknown_clients(site):
    limits = Limits(site, {"password_site": [[20, 300]]})
    assert let_through(site, "password_site", limits=limits, by=Requester("known", "device")) == 4
    assert [one.requesters for one in limits.alarms()] == ["known"]
    assert not limits.slows_unknown(["password_site"])


def test_a_ceiling_is_logged_at_its_first_use_beyond(site, caplog):
    limits = Limits(site, {"identity_site": [[2, 3600]]})
    with caplog.at_level(logging.WARNING, "civicportal.security"):
        for _number in range(5):
            with suppress(LimitExceeded):
                limits.hit("identity_site")
        assert let_through(site, "track_code", "a") == 5
    told = [one for one in caplog.records if getattr(one, "event", "") == "limit.site"]
    assert [(one.limit, one.requesters, one.hits) for one in told] == [("identity_site", "everybody", 2)]
