"""Duplicates: linked, followed up together, and parted again without a trace."""

import pytest
from civicportal_reports.services import ReportService
from sqlalchemy import select, update

from civicportal.api.cases import CaseEvent, CaseLink, CaseService, FollowerService
from civicportal.api.plugins import Refused
from civicportal.testing import UndoService, identity, make_citizen, outbox

pytestmark = pytest.mark.both_databases


def duplicate(city, later, earlier):
    city.step(later, "duplicate", data={"duplicate_of": earlier})


def undo(city, code):
    """Take the officer's last step back."""
    with city.site.work(actor=city.officer) as work:
        case = work.get(CaseService).fetch(code, lock=True)
        undoing = work.get(UndoService)
        undoing.undo(case, undoing.last(case).id)


def me_too(city, code, person):
    case = city.case(code)
    with city.site.work(actor=person) as work:
        work.get(ReportService).me_too(work.session.merge(case, load=False))


def mute(city, code, person):
    case = city.case(code)
    with city.site.work(actor=person) as work:
        work.get(FollowerService).mute(case)


def followers(city, code):
    """Return who follows a case, each with whether they hear nothing of it."""
    case = city.case(code)
    with city.site.work(write=False) as work:
        audience = work.get(FollowerService).audience(case)
        return {user_id: muted for user_id, muted in audience.items() if user_id != case.citizen_id}


@pytest.fixture
def third(city):
    with city.site.work() as work:
        return identity(work, make_citizen(work, "+989000000003", name="زهرا نادری"), "citizen")


@pytest.fixture
def fourth(city):
    with city.site.work() as work:
        return identity(work, make_citizen(work, "+989000000004", name="حسن مرادی"), "citizen")


class TestLinking:
    def links(self, city):
        with city.site.work(write=False) as work:
            return [(link.from_id, link.to_id) for link in work.session.scalars(select(CaseLink))]

    def test_are_linked_and_their_citizen_follows_the_earlier_one(self, city):
        earlier, later = city.send(), city.send(by=city.other)
        duplicate(city, later, earlier)
        first, second = city.case(earlier), city.case(later)
        assert self.links(city) == [(second.id, first.id)]
        assert city.other.user_id in followers(city, earlier)

    def test_ones_own_duplicate_makes_no_follower(self, city):
        earlier, later = city.send(), city.send()
        duplicate(city, later, earlier)
        assert followers(city, earlier) == {}

    def test_opening_it_again_takes_the_link_back(self, city):
        earlier, later = city.send(), city.send()
        duplicate(city, later, earlier)
        city.step(later, "reopen", by=city.citizen, public_text="مشکل دیگری است.")
        assert self.links(city) == []

    @pytest.mark.parametrize("code", ["", "1234567890"])
    def test_a_code_of_nothing_is_refused(self, city, code):
        later = city.send()
        with pytest.raises(Refused):
            city.step(later, "duplicate", data={"duplicate_of": code})
        assert city.case(later).status == "registered"

    def test_a_report_is_not_its_own_duplicate(self, city):
        code = city.send()
        with pytest.raises(Refused):
            city.step(code, "duplicate", data={"duplicate_of": code})

    def test_two_reports_are_not_duplicates_of_each_other(self, city):
        one, two = city.send(), city.send()
        city.step(one, "duplicate", data={"duplicate_of": two})
        with pytest.raises(Refused):
            city.step(two, "duplicate", data={"duplicate_of": one})

    def test_a_report_outside_ones_scope_is_refused(self, city):
        foreign, code = city.send("bin"), city.send()
        with pytest.raises(Refused):
            city.step(code, "duplicate", data={"duplicate_of": foreign})

    @pytest.mark.parametrize("ending", ["close", "reject"])
    def test_with_a_closed_one_is_refused(self, city, ending):
        earlier, later = city.send(), city.send(by=city.other)
        city.step(earlier, ending, public_text="انجام شد.")
        with pytest.raises(Refused, match="Reopen it first"):
            duplicate(city, later, earlier)
        assert city.case(later).status == "registered"
        assert followers(city, earlier) == {}


class TestOneClosureTellsAll:
    def test_a_chain_leads_everybody_to_its_last_report(self, city, third, fourth):
        first, second, last = city.send(by=third), city.send(by=city.other), city.send()
        me_too(city, second, fourth)
        duplicate(city, first, second)
        duplicate(city, second, last)
        everybody = {city.other.user_id, third.user_id, fourth.user_id}
        assert followers(city, last) == dict.fromkeys(everybody, False)
        city.step(last, "close", public_text="انجام شد.")
        with city.site.work(write=False) as work:
            for person in (city.citizen, city.other, third, fourth):
                told = [message.kind for message in outbox(work, person.mobile)]
                assert told.count("reports.reviewed") == 1

    def test_who_wants_no_notices_gets_none_of_the_other_report(self, city, third):
        earlier, later = city.send(), city.send(by=city.other)
        me_too(city, later, third)
        mute(city, later, third)
        me_too(city, earlier, city.other)
        mute(city, earlier, city.other)
        duplicate(city, later, earlier)
        assert followers(city, earlier) == {city.other.user_id: True, third.user_id: True}

    def test_the_citizen_of_the_earlier_report_is_told_once(self, city):
        earlier, later = city.send(), city.send(by=city.other)
        me_too(city, later, city.citizen)
        duplicate(city, later, earlier)
        assert followers(city, earlier) == {city.other.user_id: False}


class TestParting:
    def test_an_undo_leaves_no_stranger_behind(self, city):
        earlier, later = city.send(), city.send(by=city.other)
        duplicate(city, later, earlier)
        undo(city, later)
        assert followers(city, earlier) == {}

    def test_an_objection_leaves_no_stranger_behind(self, city):
        earlier, later = city.send(), city.send(by=city.other)
        duplicate(city, later, earlier)
        city.step(later, "reopen", by=city.other, public_text="مشکل دیگری است.")
        assert followers(city, earlier) == {}

    def test_who_followed_before_does_so_still(self, city, third):
        earlier, later = city.send(), city.send(by=city.other)
        me_too(city, earlier, city.other)
        me_too(city, later, third)
        duplicate(city, later, earlier)
        undo(city, later)
        assert followers(city, earlier) == {city.other.user_id: False}

    def test_who_has_sent_two_duplicates_stays_until_the_second_is_none(self, city):
        earlier, one, two = city.send(), city.send(by=city.other), city.send(by=city.other)
        duplicate(city, one, earlier)
        duplicate(city, two, earlier)
        city.step(one, "reopen", public_text="مشکل دیگری است.")
        assert followers(city, earlier) == {city.other.user_id: False}
        city.step(two, "reopen", public_text="مشکل دیگری است.")
        assert followers(city, earlier) == {}

    def test_who_said_me_too_after_a_wrong_link_stays(self, city):
        earlier, one, two = city.send(), city.send(by=city.other), city.send(by=city.other)
        duplicate(city, one, earlier)
        undo(city, one)
        me_too(city, earlier, city.other)
        duplicate(city, two, earlier)
        undo(city, two)
        assert followers(city, earlier) == {city.other.user_id: False}

    def test_a_chain_is_left_to_its_end(self, city, third):
        first, second, last = city.send(by=third), city.send(by=city.other), city.send()
        duplicate(city, first, second)
        duplicate(city, second, last)
        city.step(first, "reopen", by=third, public_text="مشکل دیگری است.")
        assert followers(city, second) == {}
        assert followers(city, last) == {city.other.user_id: False}

    def test_a_reopening_taken_back_links_them_again(self, city):
        earlier, later = city.send(), city.send(by=city.other)
        duplicate(city, later, earlier)
        city.step(later, "reopen", public_text="اشتباه بود.")
        undo(city, later)
        assert city.case(later).status == "duplicate"
        with city.site.work(write=False) as work:
            link = work.session.scalars(select(CaseLink)).one()
        assert (link.from_id, link.to_id) == (city.case(later).id, city.case(earlier).id)
        assert followers(city, earlier) == {city.other.user_id: False}

    def test_a_history_that_was_blanked_names_no_earlier_report(self, city):
        earlier, later = city.send(), city.send(by=city.other)
        duplicate(city, later, earlier)
        with city.site.work() as work:
            # As the words of a case are when its citizen is forgotten.
            mine = CaseEvent.case_id == city.case(later).id
            work.session.execute(update(CaseEvent).where(mine).values(data={}))
        city.step(later, "reopen", public_text="اشتباه بود.")
        undo(city, later)
        assert city.case(later).status == "duplicate"
