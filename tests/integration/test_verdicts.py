"""Answers to the notice of a closing: one digit accepts, another objects and opens the case again."""

import pytest
from sqlalchemy import select

from civicportal.core.messages import LookupFailed, Receipt, UncertainDelivery
from civicportal.core.plugins import hookimpl
from civicportal.domain.accounts.models import User
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.errors import Refused
from civicportal.domain.cases.models import Case, CaseEvent, Rating
from civicportal.domain.cases.ratings import RatingService
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.services import CaseService
from civicportal.domain.notifications.delivery import deliver_once
from civicportal.domain.notifications.inbound import InboundService
from civicportal.domain.notifications.transports import memory
from civicportal.domain.notifications.verdicts import ClosingReply, read
from civicportal.domain.statistics import remembered
from civicportal.domain.statistics.hiding import FEWEST
from civicportal.portal.dashboard.services import CityMetricsService
from civicportal.testing import (
    identity,
    make_case,
    make_category,
    make_citizen,
    make_staff,
    make_unit,
    mark_alive,
    outbox,
)
from civicportal.util.i18n import _

pytestmark = pytest.mark.both_databases

CITIZEN, OTHER = "+989000000001", "+989000000002"
CODE = "4059031274"


@pytest.fixture
def civic_settings():
    return {"notifications": {"accept": "1", "object": "2"}}


@pytest.mark.parametrize(
    ("text", "accepts", "code", "words"),
    [
        ("1", True, "", ""),
        (" ۲ ", False, "", ""),
        ("٢.", False, "", ""),
        ("2 هنوز خراب است", False, "", "هنوز خراب است"),
        (f"1 {CODE}", True, CODE, ""),
        ("2 - ۴۰۵ ۹۰۳ ۱۲۷۴ باز هم", False, CODE, "باز هم"),
        ("1\n405-903-1274", True, CODE, ""),
    ],
)
def test_answers_to_a_closing_are_recognised(text, accepts, code, words):
    assert read(text, "1", "2") == ClosingReply(accepts=accepts, code=code, words=words)


@pytest.mark.parametrize("text", ["", "3", "12", "11", CODE, "سلام", "21", "، 1", "1405/09/03", "21 سطل"])
def test_other_messages_are_no_answer_to_a_closing(text):
    assert read(text, "1", "2") is None


def test_words_of_a_site_are_words_too():
    assert read("بله", "بله", "خير") == ClosingReply(accepts=True, code="", words="")
    assert read("خیر، هنوز نه", "بله", "خير") == ClosingReply(accepts=False, code="", words="هنوز نه")
    assert read("1", "", "2") is None
    assert read("", "", "") is None


@pytest.fixture
def close(site, clock):
    """Return a function that closes a new case and tells its citizen: ``close(mobile, step) -> code``."""
    mark_alive(site)
    with site.work() as work:
        unit = make_unit(work)
        category = make_category(work, unit=unit)
        officer = identity(work, make_staff(work, unit=unit))
        people = {mobile: make_citizen(work, mobile) for mobile in (CITIZEN, OTHER)}

    def close(mobile=CITIZEN, step="finish", told=True):
        with site.work() as work:
            code = make_case(work, citizen=people[mobile], category=category).code
        with site.work(actor=officer) as work:
            case = work.get(CaseService).fetch(code)
            if step == "finish":
                work.get(CaseService).apply(case, "accept")
            work.get(CaseService).apply(case, step)
        if told:
            clock.advance(minutes=1)
            deliver(site)
        memory(site).sent.clear()
        return code

    return close


@pytest.fixture
def citizen(site, close):
    """Return the citizen, signed in."""
    with site.work(write=False) as work:
        user = work.session.scalars(select(User).where(User.mobile == CITIZEN)).one()
        return identity(work, user, "citizen")


def deliver(site):
    while deliver_once(site, "notices"):
        pass


def say(site, text, sender=CITIZEN):
    """Send a message to the line; return the words of what comes back."""
    with site.work() as work:
        number = f"test:{sender}:{text}:{work.clock.now()}"
        work.get(InboundService).keep(number, sender, text, work.clock.now())
    InboundService.answer_waiting(site)
    deliver(site)
    sent = [message.text for message in memory(site).sent if message.recipient == sender]
    memory(site).sent.clear()
    return sent


def case(site, code):
    with site.work(write=False) as work:
        return work.session.scalars(select(Case).where(Case.code == code)).one()


def ratings(site):
    with site.work(write=False) as work:
        return [(rating.stars, rating.words) for rating in work.session.scalars(select(Rating))]


def scales(site):
    with site.work(write=False) as work:
        return [
            (one.two_answers, one.stars) for one in work.session.scalars(select(Rating).order_by(Rating.id))
        ]


def test_accepting_is_one_of_two_answers_and_no_stars(site, close):
    code = close()
    assert say(site, "۱ ممنون") == [f"نمونه: از پاسخ شما سپاسگزاریم. رضایت از {code} ثبت شد."]
    assert ratings(site) == [(5, "ممنون")]
    assert scales(site) == [(True, 5)]
    found = case(site, code)
    assert (found.rated, found.satisfied) == (1, 1)
    with site.work(write=False) as work:
        assert work.get(RatingService).summary(found).mean is None


def test_objecting_is_the_other_answer(site, close):
    close()
    say(site, "2 هنوز خراب است")
    assert scales(site) == [(True, 1)]
    assert ratings(site) == [(1, "")]


def test_stars_given_afterwards_count_as_stars(site, close, citizen):
    code = close()
    say(site, "1")
    with site.work(actor=citizen) as work:
        work.get(RatingService).rate(work.get(CaseService).fetch_own(code, lock=True), 4)
    assert scales(site) == [(False, 4)]


def test_an_objection_keeps_the_stars(site, close, citizen):
    code = close()
    with site.work(actor=citizen) as work:
        work.get(RatingService).rate(work.get(CaseService).fetch_own(code, lock=True), 3)
    say(site, "2")
    assert not case(site, code).closed_at
    assert scales(site) == [(False, 3)]


def test_the_two_scales_are_apart_in_the_figures(site, close, citizen, clock):
    codes = [close() for _number in range(2 * FEWEST)]
    with site.work(actor=citizen) as work:
        for code in codes[:FEWEST]:
            work.get(RatingService).rate(work.get(CaseService).fetch_own(code, lock=True), 3)
    for code in codes[FEWEST:]:
        say(site, f"1 {code}")
        clock.advance(hours=1)
    with site.work(write=False) as work:
        metrics = work.get(CityMetricsService).city()
    assert (metrics.satisfaction, metrics.satisfied_share) == (3.0, 100)
    assert case(site, code).status == "done"


def test_a_city_with_many_cases_reads_the_means_once_a_minute(site, close, citizen, clock, monkeypatch):
    monkeypatch.setattr(remembered, "WORTHWHILE", FEWEST)
    codes = [close() for _number in range(FEWEST)]

    def satisfaction(stars):
        with site.work(actor=citizen) as work:
            for code in codes:
                work.get(RatingService).rate(work.get(CaseService).fetch_own(code, lock=True), stars)
        with site.work(write=False) as work:
            return work.get(CityMetricsService).city().satisfaction

    assert (satisfaction(3), satisfaction(5)) == (3.0, 3.0)
    clock.advance(seconds=61)
    assert satisfaction(5) == 5.0


def test_accepting_does_not_overwrite_stars(site, clock, close):
    close()
    say(site, "1")
    with site.work() as work:
        work.session.scalars(select(Rating)).one().stars = 3
    clock.advance(minutes=1)
    assert len(say(site, "1")) == 1
    assert ratings(site) == [(3, "")]


def test_objecting_opens_the_case_again_in_the_citizens_name(site, close):
    code = close()
    assert say(site, "2 هنوز خراب است") == [f"Petition {code} is open again."]
    assert case(site, code).status == "working"
    with site.work(write=False) as work:
        event = work.session.scalars(select(CaseEvent).order_by(CaseEvent.id.desc())).first()
        assert (event.realm, event.internal_text, event.data["objection"]) == (
            "citizen",
            "هنوز خراب است",
            True,
        )
        # It goes back to the officer who closed it, as a new case.
        referral = work.get(AccessService).action_referral(work.session.get(Case, event.case_id))
        closing = work.session.get(Referral, referral.id - 1)
        assert (referral.to_user_id, referral.read_at) == (closing.closed_by_id, None)


def test_objecting_is_answered_at_night_too(site, clock, close):
    code = close()
    clock.advance(hours=12)
    assert say(site, "2") == [f"Petition {code} is open again."]


def test_an_objection_without_a_notice_has_an_answer(site, close, monkeypatch):
    code = close()
    for name in ("petitions.reopened", "petitions.working"):
        monkeypatch.delitem(site.messages, name)
    assert say(site, "2") == [f"نمونه: {code} دوباره باز شد و بررسی می‌شود."]


def test_an_acceptance_by_mistake_can_become_an_objection(site, close):
    code = close()
    say(site, "1")
    assert say(site, "2") == [f"Petition {code} is open again."]


def test_a_changed_answer_is_about_the_case_answered_last(site, clock, close):
    first = close()
    clock.advance(hours=1)
    second = close()
    say(site, f"1 {first}")
    clock.advance(hours=1)
    assert say(site, "2") == [f"Petition {first} is open again."]
    assert not case(site, second).is_open


def test_a_case_closed_after_the_answer_is_meant_by_the_next_one(site, clock, close):
    first = close()
    say(site, "1")
    clock.advance(hours=1)
    second = close()
    clock.advance(hours=1)
    assert say(site, "2") == [f"Petition {second} is open again."]
    assert not case(site, first).is_open


def test_a_second_acceptance_means_the_other_case(site, clock, close):
    first = close()
    clock.advance(hours=1)
    second = close()
    say(site, f"1 {second}")
    clock.advance(hours=1)
    assert say(site, "1") == [f"نمونه: از پاسخ شما سپاسگزاریم. رضایت از {first} ثبت شد."]


def test_a_withdrawn_case_asks_for_no_verdict(site, clock, citizen, close):
    code = close()
    clock.advance(hours=1)
    with site.work() as work:
        withdrawn = make_case(work, citizen=work.session.get(User, citizen.user_id)).code
    with site.work(actor=citizen) as work:
        cases = work.get(CaseService)
        cases.apply(cases.fetch_own(withdrawn), "withdraw")
    clock.advance(minutes=1)
    deliver(site)
    memory(site).sent.clear()
    assert say(site, "2") == [f"Petition {code} is open again."]
    assert not case(site, withdrawn).is_open


def test_of_several_the_code_must_be_named(site, clock, close):
    first = close()
    clock.advance(hours=1)
    second = close()
    assert say(site, "2") == [f"نمونه: کدام یک؟ رقم و کد را بفرستید: {second} {first}"]
    assert say(site, f"2 {first}") == [f"Petition {first} is open again."]
    assert say(site, "1") == [f"نمونه: از پاسخ شما سپاسگزاریم. رضایت از {second} ثبت شد."]


NOTHING = ["نمونه: درخواستی که در ۷ روز گذشته بسته شده باشد ندارید."]


def test_after_the_window_there_is_one_clear_answer(site, clock, close):
    code = close()
    clock.advance(days=7, minutes=1)
    assert say(site, "2") == NOTHING
    assert say(site, f"1 {code}") == NOTHING
    assert case(site, code).status == "done"


def test_cases_of_others_cannot_be_answered(site, close):
    code = close()
    close(OTHER)
    assert say(site, f"2 {code}", OTHER) == NOTHING
    assert say(site, "2", "+989000000009") == NOTHING
    assert case(site, code).status == "done"


def test_an_answer_is_not_about_a_closing_without_notification(site, close):
    close(told=False)
    with site.work() as work:
        for message in outbox(work):
            message.state = "cancelled"
    assert say(site, "2") == NOTHING


def test_a_notice_whose_delivery_is_unknown_may_be_answered(site, clock, close):
    memory(site).script.extend(
        [Receipt(), Receipt(), UncertainDelivery("the receipt was lost"), LookupFailed("no list")]
    )
    code = close()
    clock.advance(minutes=2)
    deliver(site)
    with site.work(write=False) as work:
        assert [message.state for message in outbox(work, CITIZEN)] == ["sent", "sent", "unknown"]
    memory(site).sent.clear()
    say(site, "2 هنوز خراب است")
    assert case(site, code).is_open


def test_a_rejected_case_is_objected_to_but_not_accepted(site, close):
    code = close(step="reject")
    assert say(site, "1") == NOTHING
    assert say(site, "2") == [f"Petition {code} is open again."]


def test_a_message_that_comes_twice_counts_once(site, close):
    code = close()
    with site.work() as work:
        for _again in range(2):
            work.get(InboundService).keep("test:1", CITIZEN, "2", work.clock.now())
    InboundService.answer_waiting(site)
    InboundService.answer_waiting(site)
    deliver(site)
    assert [message.text for message in memory(site).sent] == [f"Petition {code} is open again."]
    assert case(site, code).status == "working"


def test_what_a_plugin_refuses_stays_closed(site, close):
    class Gadget:
        @hookimpl
        def case_changed(self, change):
            if change.reopens:
                raise Refused(_("not now"))

    code, gadget = close(), Gadget()
    site.hooks.register(gadget)
    try:
        assert say(site, "2") == NOTHING
    finally:
        site.hooks.unregister(gadget)
    assert case(site, code).status == "done"


@pytest.mark.parametrize("closed", ["disabled_at", "deleted_at"])
def test_a_closed_account_is_closed_to_messages_too(site, close, clock, closed):
    code = close(CITIZEN)
    with site.work() as work:
        setattr(work.session.scalar(select(User).where(User.mobile == CITIZEN)), closed, clock.now())
    answers = [text for words in ("2 هنوز خراب است", code) for text in say(site, words)]
    assert not any(code in text for text in answers)
    with site.work(write=False) as work:
        assert not work.session.scalar(select(Case).where(Case.code == code)).is_open
