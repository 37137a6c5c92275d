"""Broadcasts: each recipient gets the text exactly once, whatever fails or changes while it is sent."""

from collections import Counter
from datetime import timedelta
from itertools import chain

import pytest
from civicportal_announcements.broadcasts import BroadcastService, fill_outbox, with_opt_out
from civicportal_announcements.models import Broadcast
from sqlalchemy import select

from civicportal.api.notifications import PermanentFailure, PreferenceService
from civicportal.api.people import User
from civicportal.api.plugins import Conflict, Forbidden
from civicportal.testing import deliver_once, memory, outbox

pytestmark = pytest.mark.both_databases

TEXT = "فردا از ساعت ۸ تا ۱۴ آب خیابان سعدی قطع است."
KEY = "k" * 22


def start(desk, number, *, by=None, form_key=KEY, text=TEXT):
    with desk.site.work(actor=by or desk.officer) as work:
        return work.get(BroadcastService).start(text, number=number, form_key=form_key).id


def progress(desk, broadcast):
    with desk.site.work(write=False) as work:
        service = work.get(BroadcastService)
        return service.progress(service.fetch(broadcast))


def bring_out(desk, clock, portions):
    """Let the job run and everything that is due leave."""
    for _portion in range(portions):
        fill_outbox(desk.site)
        clock.advance(seconds=10)
        while deliver_once(desk.site, "broadcasts"):
            pass


def restored(desk):
    """Do what a restore asks of plugins; return what they tell."""
    with desk.site.work() as work:
        return list(chain.from_iterable(desk.site.hooks.hook.portal_restored(work=work)))


def received(desk):
    return Counter(message.recipient for message in memory(desk.site).sent)


class TestWayOut:
    @pytest.mark.parametrize(
        "text",
        [
            "آب قطع است.",
            "آب قطع است.\nلغو11",
            "آب قطع است.\nلغو۱۱\n",
            "آب قطع است.\nلغو 11\n\nلغو١١",
        ],
    )
    def test_stands_at_the_end_once(self, text):
        assert with_opt_out(text, "لغو11") == "آب قطع است.\nلغو11"

    def test_is_left_out_where_there_is_none(self):
        assert with_opt_out("آب قطع است. ", "") == "آب قطع است."


class TestStart:
    def test_the_estimate_counts_people_parts_and_cost(self, desk):
        desk.opt_in(1, 2, 3)
        with desk.site.work(actor=desk.officer, write=False) as work:
            estimate = work.get(BroadcastService).estimate("ا" * 64)
            longer = work.get(BroadcastService).estimate("ا" * 65)
        assert (estimate.recipients, estimate.length.units, estimate.length.parts) == (3, 70, 1)
        assert estimate.cost == 300
        assert (longer.length.parts, longer.cost) == (2, 600)

    def test_another_number_than_that_of_the_people_is_refused(self, desk):
        desk.opt_in(1, 2)
        for number in (1, 3):
            with pytest.raises(Conflict):
                start(desk, number)

    def test_an_empty_audience_is_refused(self, desk):
        with pytest.raises(Conflict):
            start(desk, 0)

    def test_needs_the_right(self, desk):
        desk.opt_in(1)
        with pytest.raises(Forbidden):
            start(desk, 1, by=desk.writer)

    def test_a_form_sent_twice_starts_one(self, desk, clock):
        desk.opt_in(1)
        first = start(desk, 1)
        bring_out(desk, clock, 2)
        assert start(desk, 1) == first
        bring_out(desk, clock, 2)
        assert received(desk).total() == 1


class TestBringingOut:
    def test_only_subscribers_get_it_and_each_once(self, desk, clock):
        mobiles = desk.opt_in(*range(1, 6))
        broadcast = start(desk, 5)
        bring_out(desk, clock, 5)
        assert received(desk) == Counter(mobiles)
        assert {message.text for message in memory(desk.site).sent} == {f"{TEXT}\nلغو11"}
        assert progress(desk, broadcast).phase == "finished"
        assert progress(desk, broadcast).sent == 5

    def test_leaves_no_faster_than_the_site_says(self, desk, clock):
        desk.opt_in(*range(1, 8))
        broadcast = start(desk, 7)
        sent = []
        for _portion in range(4):
            bring_out(desk, clock, 1)
            sent.append(received(desk).total())
        # Twelve in a minute: two in ten seconds.
        assert sent == [2, 4, 6, 7]
        assert progress(desk, broadcast).phase == "finished"

    def test_a_kill_between_portions_loses_and_repeats_no_message(self, desk, clock):
        mobiles = desk.opt_in(*range(1, 6))
        broadcast = start(desk, 5)
        fill_outbox(desk.site)
        with pytest.raises(KeyboardInterrupt), desk.site.work() as work:
            assert work.get(BroadcastService).fill()
            raise KeyboardInterrupt
        assert progress(desk, broadcast).promised == 2
        bring_out(desk, clock, 5)
        assert received(desk) == Counter(mobiles)

    def test_the_outbox_itself_refuses_a_second_message(self, desk, clock):
        mobiles = desk.opt_in(1, 2, 3)
        broadcast = start(desk, 3)
        bring_out(desk, clock, 1)
        with desk.site.work() as work:
            row = work.session.get(Broadcast, broadcast)
            row.cursor, row.filled_at = 0, None
        bring_out(desk, clock, 4)
        assert received(desk) == Counter(mobiles)

    def test_people_who_unsubscribe_during_a_broadcast_are_left_out(self, desk, clock):
        mobiles = desk.opt_in(1, 2, 3)
        broadcast = start(desk, 3)
        bring_out(desk, clock, 1)
        with desk.site.work() as work:
            last = work.session.scalar(select(User.id).where(User.mobile == mobiles[2]))
            work.get(PreferenceService).change(last, broadcasts=False)
        bring_out(desk, clock, 3)
        assert received(desk) == Counter(mobiles[:2])
        assert progress(desk, broadcast).phase == "finished"

    def test_who_comes_later_was_not_confirmed(self, desk, clock):
        desk.opt_in(1)
        start(desk, 1)
        desk.opt_in(2)
        bring_out(desk, clock, 3)
        assert received(desk).total() == 1

    def test_nothing_is_promised_at_night(self, desk, clock):
        desk.opt_in(1)
        clock.advance(hours=11)
        broadcast = start(desk, 1)
        bring_out(desk, clock, 2)
        assert progress(desk, broadcast).to_come == 1
        assert received(desk).total() == 0
        clock.advance(hours=9)
        bring_out(desk, clock, 2)
        assert received(desk).total() == 1

    def test_what_fails_is_counted(self, desk, clock):
        desk.opt_in(1, 2)
        memory(desk.site).script.append(PermanentFailure("the number is on the blacklist"))
        broadcast = start(desk, 2)
        bring_out(desk, clock, 2)
        found = progress(desk, broadcast)
        assert (found.sent, found.failed, found.phase) == (1, 1, "finished")


class TestStop:
    def test_takes_back_what_has_not_left(self, desk, clock):
        desk.opt_in(*range(1, 6))
        broadcast = start(desk, 5)
        bring_out(desk, clock, 1)
        fill_outbox(desk.site)
        with desk.site.work(actor=desk.officer) as work:
            work.get(BroadcastService).stop(broadcast)
        clock.advance(minutes=5)
        bring_out(desk, clock, 3)
        found = progress(desk, broadcast)
        assert received(desk).total() == found.sent == 2
        assert (found.cancelled, found.waiting, found.phase) == (2, 0, "stopped")

    def test_needs_the_right(self, desk):
        desk.opt_in(1)
        broadcast = start(desk, 1)
        with pytest.raises(Forbidden), desk.site.work(actor=desk.writer) as work:
            work.get(BroadcastService).stop(broadcast)

    def test_after_a_restore_no_message_is_repeated(self, desk, clock):
        """How far it had come by then stands in no backup."""
        desk.opt_in(*range(1, 6))
        filled, broadcast = start(desk, 5, form_key="n" * 22), start(desk, 5)
        bring_out(desk, clock, 4)
        assert progress(desk, filled).phase == "finished"
        sent = received(desk)
        assert restored(desk) == [
            "1 SMS to many people went no further: look whom they reached before you send them again"
        ]
        bring_out(desk, clock, 3)
        assert received(desk) == sent
        assert progress(desk, filled).phase == "finished"
        assert progress(desk, broadcast).phase == "stopped"
        assert restored(desk) == []

    def test_two_broadcasts_are_told_apart(self, desk, clock):
        desk.opt_in(1)
        first, second = start(desk, 1), start(desk, 1, form_key="n" * 22)
        with desk.site.work(actor=desk.officer) as work:
            work.get(BroadcastService).stop(first)
        bring_out(desk, clock, 3)
        assert (progress(desk, first).sent, progress(desk, second).sent) == (0, 1)


def test_messages_go_their_own_lane_and_have_no_template(desk):
    desk.opt_in(1)
    start(desk, 1)
    fill_outbox(desk.site)
    with desk.site.work(write=False) as work:
        (message,) = outbox(work)
    assert (message.lane, message.kind) == ("broadcasts", "announcements.broadcast")
    assert message.kind not in desk.site.messages
    assert message.next_at - message.created_at < timedelta(seconds=10)
