"""Rate limits: counted exactly, whoever asks at once."""

import threading

import pytest
from sqlalchemy import select

from civicportal.limits import LimitHit, TooMany
from civicportal.web.counting import statements


@pytest.fixture
def civic_settings():
    return {"limits": {"track_code": [[5, 60], [7, 3600]]}}


def test_exactly_five_of_two_hundred_are_let_through(site):
    allowed, refused, failed = [], [], []

    def knock():
        for _ in range(50):
            try:
                site.limits.hit("track_code", "1234567890")
            except TooMany:
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
    with pytest.raises(TooMany) as refused:
        site.limits.hit("track_code", "a")
    clock.set(refused.value.retry_after)
    site.limits.hit("track_code", "a")


def test_the_longer_window_counts_refused_uses_too(site, clock):
    for _ in range(5):
        site.limits.hit("track_code", "a")
    with pytest.raises(TooMany):
        site.limits.hit("track_code", "a")
    clock.advance(minutes=1)
    site.limits.hit("track_code", "a")
    with pytest.raises(TooMany) as refused:
        site.limits.hit("track_code", "a")
    assert (refused.value.retry_after - clock.now()).total_seconds() > 60


def test_everybody_is_counted_apart(site):
    for _ in range(5):
        site.limits.hit("track_code", "a")
    site.limits.hit("track_code", "b")
    site.limits.check("track_code", "b")
    with pytest.raises(TooMany):
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


def test_several_limits_are_counted_in_one_statement_and_the_longest_refuses(site, clock):
    uses = (("track_code", "a"), ("track_address", "192.0.2.1"))
    with statements(site.engines.read) as texts:
        site.limits.hit_all(*uses)
    assert len(texts) == 1
    for _ in range(4):
        site.limits.hit_all(*uses)
    with pytest.raises(TooMany) as refused:
        site.limits.hit_all(*uses)
    assert refused.value.name == "track_code"
    with site.work(write=False) as work:
        counted = work.session.execute(select(LimitHit.key, LimitHit.n)).all()
    # What is refused counts in every window of the limit that refuses it, and nowhere else.
    assert sorted(n for _key, n in counted) == [5, 6, 6]
