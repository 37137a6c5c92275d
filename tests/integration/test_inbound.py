"""What people send to the city's line: kept once, answered at once, each message on its own."""

import logging
from collections import Counter

import pytest
from sqlalchemy import select

from civicportal.core.messages import Reply
from civicportal.core.plugins import hookimpl
from civicportal.domain.accounts.models import User
from civicportal.domain.notifications import inbound
from civicportal.domain.notifications.choices import NotificationPreferences, PreferenceService
from civicportal.domain.notifications.inbound import InboundService, delete_unknown_senders
from civicportal.domain.notifications.models import InboundMessage
from civicportal.testing import make_case, make_category, make_citizen, make_unit, outbox
from civicportal.util.tracking import is_valid

pytestmark = pytest.mark.both_databases

CITIZEN, OTHER = "+989000000001", "+989000000002"


@pytest.fixture
def code(site):
    """The tracking code of the citizen's case; what was promised so far is another matter."""
    with site.work() as work:
        citizen = make_citizen(work, CITIZEN)
        category = make_category(work, unit=make_unit(work))
        code = make_case(work, citizen=citizen, category=category).code
        for message in outbox(work):
            work.session.delete(message)
    return code


def receive(site, text, sender=CITIZEN, number="1"):
    with site.work() as work:
        work.get(InboundService).keep(f"test:{number}", sender, text, work.clock.now())


def answers(site):
    with site.work(write=False) as work:
        return [(message.kind, message.recipient, message.next_at) for message in outbox(work)]


def ask_for_announcements(site):
    """Both citizens tick in their profiles that they want to be told."""
    with site.work() as work:
        make_citizen(work, OTHER)
        for user_id in work.session.scalars(select(User.id)).all():
            work.get(PreferenceService).save(user_id, NotificationPreferences(broadcasts=True))


def wants_announcements(site):
    with site.work(write=False) as work:
        audience = work.session.execute(work.get(PreferenceService).broadcast_audience())
        return {mobile for _, mobile in audience}


def unanswered(site):
    with site.work(write=False) as work:
        query = select(InboundMessage.provider_id).where(InboundMessage.handled_at.is_(None))
        return list(work.session.scalars(query))


def test_a_message_is_kept_and_answered_once_at_any_hour(site, clock, code):
    clock.advance(hours=12)
    receive(site, code)
    receive(site, code)
    InboundService.answer_waiting(site)
    InboundService.answer_waiting(site)
    assert answers(site) == [("petitions.status", CITIZEN, clock.now())]


def test_the_core_has_words_for_kinds_without_words(site, code, monkeypatch):
    monkeypatch.delitem(site.messages, "petitions.status")
    receive(site, code)
    InboundService.answer_waiting(site)
    assert [kind for kind, *_ in answers(site)] == ["inbound.status"]


class TestOfASiteOfTwoLanguages:
    @pytest.fixture
    def civic_settings(self):
        return {"site": {"languages": ["fa", "en"]}}

    def test_everybody_is_answered_in_their_own_language(self, site, code):
        with site.work() as work:
            for citizen in work.session.scalars(select(User).where(User.mobile == CITIZEN)):
                citizen.locale = "en"
            make_citizen(work, OTHER)
        for number, (sender, text) in enumerate([(CITIZEN, code), (CITIZEN, "?"), (OTHER, "?")]):
            receive(site, text, sender=sender, number=str(number))
        InboundService.answer_waiting(site)
        with site.work(write=False) as work:
            status, help_, other = outbox(work)
        assert [message.locale for message in (status, help_, other)] == ["en", "en", "fa"]
        assert "Registered" in status.text
        assert "send the 10 digits" in help_.text
        assert "بفرستید" in other.text


def test_unknown_messages_get_help_once_a_day(site, clock, code):
    for number, text in enumerate(("سلام", "9999999999", "چه خبر؟")):
        receive(site, text, number=str(number))
    receive(site, code, OTHER, "of somebody else")
    InboundService.answer_waiting(site)
    assert [(kind, who) for kind, who, _ in answers(site)] == [
        ("inbound.help", CITIZEN),
        # As for a code that no case has.
        ("inbound.unknown_code", OTHER),
    ]
    clock.advance(days=1)
    receive(site, "سلام", number="tomorrow")
    InboundService.answer_waiting(site)
    assert len(answers(site)) == 3


def test_a_code_of_no_case_and_of_another_person_are_answered_alike(site, code):
    with site.work() as work:
        free = next(one for one in map(str, range(10**9, 10**10)) if is_valid(one) and one != code)
        make_citizen(work, OTHER)
    receive(site, free, OTHER, "1")
    receive(site, code, OTHER, "2")
    InboundService.answer_waiting(site)
    with site.work(write=False) as work:
        first, second = outbox(work)
        assert (first.text, first.kind) == (second.text, second.kind)
        assert "این کد" in first.text


@pytest.mark.parametrize("word", ["11", "۱۱", "لغو۱۱", " لغو 11 ", "لغو11.", "«لغو ۱۱»!"])
def test_the_word_of_farewell_is_kept_until_the_return(site, clock, code, word):
    ask_for_announcements(site)
    receive(site, word)
    receive(site, "یازده", OTHER, "2")
    InboundService.answer_waiting(site)
    assert ("inbound.stopped", CITIZEN, clock.now()) in answers(site)
    assert wants_announcements(site) == {OTHER}
    clock.advance(hours=1)
    receive(site, "۱۲", number="3")
    InboundService.answer_waiting(site)
    assert ("inbound.resumed", CITIZEN, clock.now()) in answers(site)
    assert wants_announcements(site) == {CITIZEN, OTHER}


def test_one_number_gets_only_so_many_answers(site, code):
    ask_for_announcements(site)
    for number in range(12):
        receive(site, code, number=str(number))
    receive(site, "11", number="farewell")
    InboundService.answer_waiting(site)
    assert len(answers(site)) == 10
    assert unanswered(site) == []
    assert wants_announcements(site) == {OTHER}


def test_a_plugin_answers_before_the_core_and_its_failure_is_its_own(site, clock, code, caplog):
    class Gadget:
        @hookimpl
        def message_received(self, message):
            if message.text == "boom":
                raise ValueError("boom")
            return Reply(kind="staff.overdue", fields={"COUNT": "1"}) if message.text == "count" else None

    gadget = Gadget()
    site.hooks.register(gadget)
    try:
        for number, text in enumerate(("boom", "count", code)):
            receive(site, text, number=str(number))
        with caplog.at_level(logging.ERROR):
            InboundService.answer_waiting(site)
        assert [kind for kind, *_ in answers(site)] == ["staff.overdue", "petitions.status"]
        assert unanswered(site) == ["test:0"]
        assert "could not be answered" in caplog.text
        clock.advance(days=1)
        caplog.clear()
        InboundService.answer_waiting(site)
        assert caplog.text == ""
    finally:
        site.hooks.unregister(gadget)


@pytest.fixture
def boom(site):
    """A plugin that fails at a message of this word, and counts how often it was asked about each."""
    asked = Counter()

    class Gadget:
        @hookimpl
        def message_received(self, message):
            asked[message.provider_id] += 1
            if message.text == "boom":
                raise ValueError("boom")

    gadget = Gadget()
    site.hooks.register(gadget)
    yield asked
    site.hooks.unregister(gadget)


def test_a_failing_plugin_uses_up_no_answers(site, code, boom):
    receive(site, "boom", number="failing")
    for _ in range(12):
        InboundService.answer_waiting(site)
    receive(site, code)
    InboundService.answer_waiting(site)
    assert boom["test:failing"] == 13
    assert [kind for kind, *_ in answers(site)] == ["petitions.status"]


def test_many_failing_messages_hold_up_no_other(site, clock, code, boom, monkeypatch):
    monkeypatch.setattr(inbound, "BATCH", 3)
    for number in range(4):
        receive(site, "boom", number=f"failing {number}")
    InboundService.answer_waiting(site)
    clock.advance(seconds=30)
    receive(site, code)
    InboundService.answer_waiting(site)
    assert [kind for kind, *_ in answers(site)] == ["petitions.status"]
    # Each has its turn: who was not tried yet comes first, then who waits the longest.
    assert [boom[f"test:failing {number}"] for number in range(4)] == [2, 1, 1, 1]


def test_a_message_answered_by_two_workers_counts_once(site, code, monkeypatch):
    receive(site, code)
    hit = type(site.limits).hit

    def hit_late(limits, name, *parts):
        hit(limits, name, *parts)
        if name == "inbound_sender" and unanswered(site):
            with site.work() as work:
                (message,) = work.session.scalars(select(InboundMessage))
                message.handled_at = work.clock.now()

    with monkeypatch.context() as patch:
        patch.setattr(type(site.limits), "hit", hit_late)
        InboundService.answer_waiting(site)
    for number in range(10):
        receive(site, code, number=f"later {number}")
    InboundService.answer_waiting(site)
    assert len(answers(site)) == 10


def test_messages_of_unknown_numbers_are_deleted_after_ninety_days(site, clock, code):
    receive(site, "از عضو")
    receive(site, "از غریبه", sender=OTHER, number="2")
    clock.advance(days=89)
    receive(site, "تازه", sender=OTHER, number="3")
    delete_unknown_senders(site)
    assert len(kept(site)) == 3
    clock.advance(days=2)
    delete_unknown_senders(site)
    assert kept(site) == ["از عضو", "تازه"]


def kept(site):
    with site.work(write=False) as work:
        return list(work.session.scalars(select(InboundMessage.text).order_by(InboundMessage.id)))


def test_what_no_database_keeps_is_left_out_of_a_message(site):
    receive(site, "نیمه \ud83d و تهی \x00")
    with site.work(write=False) as work:
        assert work.session.scalars(select(InboundMessage.text)).all() == ["نیمه  و تهی "]
