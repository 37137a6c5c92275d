"""One text to many people in the outbox: once for each, at a pace, not at night, counted and taken back by batch."""

from datetime import timedelta

import pytest

from civicportal.domain.notifications.broadcasts import BroadcastLane
from civicportal.testing import deliver_once, make_citizen, memory, outbox

PACE = timedelta(seconds=2)


@pytest.fixture
def people(site):
    """Three people as (user id, mobile)."""
    with site.work() as work:
        mobiles = [f"+98900000000{number}" for number in (1, 2, 3)]
        return [(make_citizen(work, mobile).id, mobile) for mobile in mobiles]


def queue(site, people, batch="one"):
    with site.work() as work:
        work.get(BroadcastLane).queue(batch, "news", "خبر", people, PACE)


def progress(site, batch="one"):
    with site.work(write=False) as work:
        return work.get(BroadcastLane).progress(batch)


def test_each_person_has_one_of_a_batch_and_another_of_the_next(site, people):
    queue(site, people)
    queue(site, people[1:])
    queue(site, people[:1], batch="two")
    assert progress(site).promised == 3
    assert progress(site, "two").promised == 1


def test_a_hundred_leave_together_and_the_next_when_their_time_has_come(site, clock):
    queue(site, [(number, f"+98900000{number:04}") for number in range(250)])
    counts = []
    for _step in range(5):
        while deliver_once(site, "broadcasts"):
            pass
        counts.append(len(memory(site).sent))
        clock.advance(seconds=100)
    assert counts == [100, 100, 200, 200, 250]
    assert {message.text for message in memory(site).sent} == {"خبر"}
    assert progress(site).sent == 250


def test_waiting_messages_are_cancelled(site, clock, people):
    queue(site, people)
    queue(site, people, batch="two")
    deliver_once(site, "broadcasts")
    with site.work() as work:
        work.get(BroadcastLane).cancel("one")
    clock.advance(minutes=1)
    while deliver_once(site, "broadcasts"):
        pass
    assert (progress(site).sent, progress(site).cancelled) == (1, 2)
    assert progress(site, "two").sent == 3


def test_the_night_is_left_out(site, clock, people):
    with site.work(write=False) as work:
        assert work.get(BroadcastLane).quiet_until() is None
    clock.advance(hours=11)
    with site.work(write=False) as work:
        morning = work.get(BroadcastLane).quiet_until()
    queue(site, people)
    with site.work(write=False) as work:
        assert {message.next_at for message in outbox(work)} == {morning}


def test_an_empty_list_is_no_batch(site):
    queue(site, [])
    assert progress(site).promised == 0
