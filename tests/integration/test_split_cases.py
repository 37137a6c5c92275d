"""A case split into jobs: who gets them, how they end, and when the case closes."""

import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from civicportal.domain.accounts.deputies import DeputyService
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.permissions import LEAD
from civicportal.domain.cases.access.rights import AccessService, in_kartable
from civicportal.domain.cases.errors import Refused, StaleVersion
from civicportal.domain.cases.history import PublicHistory
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.cases.public_texts import PersonalDataFound
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.assignment import AssignmentService
from civicportal.domain.kartable.custody import CustodyService
from civicportal.domain.kartable.errors import ReferralError
from civicportal.domain.kartable.inbox import InboxQuery, InboxService
from civicportal.domain.kartable.jobs import JobService, NewJob, RefusedJob
from civicportal.domain.kartable.recent import RecentAddresseeService
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.timeline import StaffHistory
from civicportal.domain.kartable.transfer import TransferService
from civicportal.domain.kartable.undo import UndoService
from civicportal.domain.statistics.services import StatisticsService
from civicportal.testing import identity, make_case, make_category, make_staff, make_unit, outbox
from civicportal.util.errors import Forbidden, NotFound

pytestmark = pytest.mark.both_databases

VERBS = ("view", "work", "refer", "comment", "contact")
RIGHTS = [LEAD, *(f"petitions:case:{verb}" for verb in VERBS)]
ANSWER = "کار انجام شد و محل پاکیزه است."


@pytest.fixture
def city(site):
    with site.work() as work:
        waste, light, green = (make_unit(work, name) for name in ("waste", "lighting", "green"))
        make_unit(work, "empty")
        case = make_case(work, category=make_category(work, unit=waste))
        places = {"officer": waste, "colleague": waste, "far": light, "other": light, "gardener": green}
        people = {name: make_staff(work, "officer", unit=unit) for name, unit in places.items()}
        people["head"] = make_staff(work, "head", unit=light, permissions=RIGHTS)
        people["stranger"] = make_staff(work, "officer", unit=make_unit(work, "far away"))
        identities = {name: identity(work, user) for name, user in people.items()}
        units = {unit.key: unit.id for unit in work.session.scalars(select(type(waste)))}
        found = SimpleNamespace(code=case.code, units=units, users=people, **identities)
    act(site, found, found.officer, lambda work, case: work.get(CaseService).apply(case, "accept"))
    return found


def act(site, city, actor, what):
    with site.work(actor=actor) as work:
        return what(work, work.get(CaseService).fetch(city.code, lock=True))


def split(site, city, *names, answer=ANSWER, actor=None, due_on=None, **more):
    def do(work, case):
        jobs = [NewJob(unit_id=city.units[name], task=f"کار {name}", due_on=due_on) for name in names]
        return work.get(JobService).split(case, jobs, answer=answer, **more)

    return act(site, city, actor or city.officer, do)


def job(site, city, name):
    """Return the id of the open job of a unit."""
    with site.work(write=False) as work:
        query = select(Referral.id).where(
            Referral.type == "job", Referral.to_unit_id == city.units[name], Referral.closed_at.is_(None)
        )
        return work.session.scalars(query).one()


def end(site, city, name, actor, deed="finish", **more):
    number = job(site, city, name)
    more = {"text": "انجام شد.", **more} if deed != "withdraw" else more
    return act(
        site, city, actor, lambda work, case: getattr(work.get(JobService), deed)(case, number, **more)
    )


def state(site, city):
    """Return the status of the case, its marks, and the states of its jobs."""
    with site.work(write=False) as work:
        case = work.session.scalars(select(Case).where(Case.code == city.code)).one()
        action = work.get(AccessService).action_referral(case)
        jobs = [one.state for one in work.get(JobService).of(case).jobs]
        marks = (action.asked, action.jobs_ended) if action else None
        return case.status, marks, jobs


def sees(site, city, actor):
    with site.work(actor=actor, write=False) as work:
        try:
            case = work.get(CaseService).fetch(city.code)
        except NotFound:
            return False
        assert work.get(AccessService).can(case, "view")
        return True


def kartable(site, actor):
    with site.work(actor=actor, write=False) as work:
        return sorted(work.session.scalars(select(Referral.type).where(in_kartable(actor))))


def messages(site):
    with site.work(write=False) as work:
        return len(outbox(work))


def test_the_case_closes_once_when_its_last_job_is_done(site, city):
    before = messages(site)
    split(site, city, "lighting", "green")
    assert state(site, city) == ("working", (True, False), ["new", "new"])
    assert kartable(site, city.far) == kartable(site, city.gardener) == ["job"]
    assert kartable(site, city.officer) == ["action"]
    end(site, city, "lighting", city.far)
    assert state(site, city) == ("working", (True, False), ["done", "new"])
    assert messages(site) == before, "the citizen hears of none of them"
    end(site, city, "green", city.gardener)
    assert state(site, city) == ("done", None, ["done", "done"])
    assert messages(site) == before + 1
    with site.work(write=False) as work:
        case = work.session.scalars(select(Case).where(Case.code == city.code)).one()
        events = work.get(CaseService).events(case)
        closing = next(event for event in events if event.transition == "finish")
        assert (closing.realm, closing.public, closing.public_text) == ("system", True, ANSWER)
        public = work.get(PublicHistory).of(case, own=True)
        assert public[0].text == ANSWER
        assert len(public) == len([event for event in events if event.public])
        assert not any(event.public for event in events if event.type.startswith(("job", "split")))
        last = work.get(AccessService).referrals(case)
        assert [one.closed_by_id for one in last if one.type == "action"] == [city.officer.user_id]


def test_without_an_answer_the_case_comes_back_to_its_holder(site, city):
    split(site, city, "lighting", "green", answer="")
    end(site, city, "lighting", city.far)
    end(site, city, "green", city.gardener)
    assert state(site, city) == ("working", (False, True), ["done", "done"])
    with site.work(actor=city.officer, write=False) as work:
        inbox = work.get(InboxService)
        assert inbox.counts(InboxQuery()).views["jobs_ended"].number == 1
        (row,) = inbox.page("jobs_ended", InboxQuery()).rows
        assert row[1].read_at is None
    act(site, city, city.officer, lambda work, case: work.get(CaseService).apply(case, "pause"))
    assert state(site, city)[1] == (False, False), "the holder goes on with it"


def test_a_job_that_cannot_be_done_brings_the_case_back(site, city):
    split(site, city, "lighting", "green")
    with pytest.raises(ReferralError):
        end(site, city, "lighting", city.far, "refuse", text=" ")
    end(site, city, "lighting", city.far, "refuse", text="تیر برق از شرکت توزیع است.")
    end(site, city, "green", city.gardener)
    assert state(site, city) == ("working", (False, True), ["refused", "done"])
    split(site, city, "lighting", "green")
    assert state(site, city)[1] == (True, False), "a new round"
    end(site, city, "lighting", city.far)
    end(site, city, "green", city.gardener)
    assert state(site, city)[0] == "done", "what was refused in the round before does not count"


def test_open_jobs_keep_the_case_open_until_they_are_withdrawn(site, city):
    split(site, city, "lighting", "green")
    with pytest.raises(Refused) as refusal:
        act(site, city, city.officer, lambda work, case: work.get(CaseService).apply(case, "finish"))
    assert "Jobs" in str(refusal.value)
    end(site, city, "lighting", city.far)
    with pytest.raises(Forbidden):
        end(site, city, "green", city.gardener, "withdraw")
    with pytest.raises(StaleVersion):
        end(site, city, "green", city.officer, "withdraw", version=1)
    end(site, city, "green", city.officer, "withdraw")
    assert state(site, city) == ("working", (False, False), ["done", "withdrawn"])
    assert not sees(site, city, city.gardener)
    act(site, city, city.officer, lambda work, case: work.get(CaseService).apply(case, "finish"))


def test_jobs_end_with_a_case_that_its_citizen_withdraws(site, city):
    split(site, city, "lighting", "green")
    with site.work(write=False) as work:
        case = work.session.scalars(select(Case).where(Case.code == city.code)).one()
        citizen = identity(work, work.session.get(type(city.users["far"]), case.citizen_id), realm="citizen")
    with site.work(actor=citizen) as work:
        work.get(CaseService).apply(work.get(CaseService).fetch_own(city.code, lock=True), "withdraw")
    assert state(site, city) == ("rejected", None, ["closed", "closed"])
    assert not sees(site, city, city.far)
    with pytest.raises(NotFound):
        act(site, city, city.far, lambda work, case: work.get(JobService).finish(case, 1))


def test_the_right_to_see_the_case_ends_with_the_job(site, city):
    assert not sees(site, city, city.far)
    split(site, city, "lighting", "green")
    assert sees(site, city, city.far)
    assert not sees(site, city, city.stranger)
    with site.work(actor=city.far, write=False) as work:
        case, access = work.get(CaseService).fetch(city.code), work.get(AccessService)
        assert [verb for verb in (*VERBS, "identity", "export") if access.can(case, verb)] == ["view"]
        assert not access.may_act(case, "petitions:case:work")
        assert work.get(CaseService).may_comment(case)
        assert not work.session.scalars(select(Case.id).where(access.visible("contact"))).all()
    number = job(site, city, "lighting")
    act(site, city, city.far, lambda work, case: work.get(JobService).take_job(case, number))
    end(site, city, "lighting", city.far)
    for who in (city.far, city.other, city.head):
        assert not sees(site, city, who)
        assert kartable(site, who) == []


def test_a_job_is_taken_by_one_and_ended_by_nobody_else(site, city):
    split(site, city, "lighting", "green")
    number = job(site, city, "lighting")

    def do(actor, deed, **more):
        return act(
            site, city, actor, lambda work, case: getattr(work.get(JobService), deed)(case, number, **more)
        )

    do(city.far, "take_job")
    assert kartable(site, city.other) == []
    for deed in ("take_job", "release_job", "finish"):
        with pytest.raises(Forbidden):
            do(city.other, deed)
        with pytest.raises(Forbidden):
            do(city.gardener, deed)
    with pytest.raises(ReferralError):
        do(city.head, "take_job")
    do(city.far, "release_job")
    do(city.other, "take_job")
    do(city.head, "finish")
    assert state(site, city)[2] == ["done", "new"]


def test_whom_a_case_is_split_between(site, city, clock):
    today = site.calendar.today(clock.now())
    with pytest.raises(ReferralError):
        split(site, city, "lighting")
    for names, number, field in (
        (("lighting", "lighting"), 1, "unit"),
        (("lighting", "empty"), 1, "unit"),
    ):
        with pytest.raises(RefusedJob) as refusal:
            split(site, city, *names)
        assert (refusal.value.number, refusal.value.field) == (number, field)
    with pytest.raises(RefusedJob) as refusal:
        split(site, city, "lighting", "green", due_on=today - timedelta(days=1))
    assert (refusal.value.number, refusal.value.field) == (0, "due")
    assert state(site, city)[2] == []
    with pytest.raises(NotFound):
        split(site, city, "lighting", "green", actor=city.far)
    with pytest.raises(StaleVersion):
        split(site, city, "lighting", "green", version=1)
    split(site, city, "lighting", "green", due_on=today)
    with pytest.raises(RefusedJob):
        split(site, city, "green")
    split(site, city, "waste", answer="پاسخ تازه")
    with pytest.raises(Forbidden):
        split(site, city, "waste", "green", actor=city.far)
    with site.work(write=False) as work:
        case = work.session.scalars(select(Case).where(Case.code == city.code)).one()
        found = work.get(JobService).of(case)
        assert found.answer == "پاسخ تازه"
        assert [one.due_on for one in found.jobs] == [today, today, None]
        assert not any(one.is_late for one in found.jobs)
    clock.advance(days=2)
    with site.work(write=False) as work:
        case = work.session.scalars(select(Case).where(Case.code == city.code)).one()
        assert [one.is_late for one in work.get(JobService).of(case).jobs] == [True, True, False]


def test_the_answer_of_a_public_case_names_no_one(site, city):
    act(site, city, city.officer, lambda work, case: work.get(CaseService).publish(case, True))
    with pytest.raises(PersonalDataFound):
        split(site, city, "lighting", "green", answer="با شمارهٔ 09121234567 تماس بگیرید.")
    split(site, city, "lighting", "green")
    assert state(site, city)[2] == ["new", "new"]


def test_an_answer_that_may_not_be_public_any_more_brings_the_case_back(site, city):
    split(site, city, "lighting", "green", answer="با شمارهٔ 09121234567 تماس بگیرید.")
    act(site, city, city.officer, lambda work, case: work.get(CaseService).publish(case, True))
    end(site, city, "lighting", city.far)
    end(site, city, "green", city.gardener)
    assert state(site, city) == ("working", (False, True), ["done", "done"])


def test_an_open_inquiry_brings_the_case_back(site, city):
    split(site, city, "lighting", "green")
    act(
        site,
        city,
        city.officer,
        lambda work, case: work.get(KartableService).inquire(case, city.units["green"], note="نظر شما؟"),
    )
    end(site, city, "lighting", city.far)
    end(site, city, "green", city.gardener)
    assert state(site, city) == ("working", (True, True), ["done", "done"])


@pytest.mark.parametrize("round_", range(3))
def test_two_jobs_that_end_at_one_moment_close_the_case_once(site, city, round_):
    split(site, city, "lighting", "green")
    before, jobs = messages(site), [job(site, city, name) for name in ("lighting", "green")]
    start, failed = threading.Barrier(2), []

    def end_one(actor, number):
        try:
            start.wait()
            act(site, city, actor, lambda work, case: work.get(JobService).finish(case, number, text="شد."))
        except Exception as error:
            failed.append(error)

    people = (city.far, city.gardener)
    threads = [threading.Thread(target=end_one, args=pair) for pair in zip(people, jobs, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert state(site, city) == ("done", None, ["done", "done"])
    assert messages(site) == before + 1
    with site.work(write=False) as work:
        closings = select(CaseEvent.realm).where(CaseEvent.transition == "finish")
        assert work.session.scalars(closings).all() == ["system"]
    with site.work() as work:
        assert work.get(StatisticsService).verify() == {}


def test_a_split_is_undone(site, city):
    event = split(site, city, "lighting", "green")
    act(site, city, city.officer, lambda work, case: work.get(UndoService).undo(case, event.id))
    assert state(site, city) == ("working", (False, False), [])
    assert kartable(site, city.far) == []
    assert not sees(site, city, city.far)


def test_jobs_stay_with_the_case_when_it_is_referred(site, city):
    split(site, city, "lighting", "green")
    act(
        site,
        city,
        city.officer,
        lambda work, case: work.get(KartableService).refer(case, city.units["lighting"]),
    )
    assert kartable(site, city.far) == ["action", "job"]
    with site.work(actor=city.far, write=False) as work:
        rows = work.get(InboxService).page("all", InboxQuery()).rows
        assert [row[1].type for row in rows] == ["action"]
    end(site, city, "lighting", city.far)
    end(site, city, "green", city.gardener)
    assert state(site, city)[0] == "done"


def test_a_job_comes_before_a_copy_in_a_kartable(site, city):
    green = city.units["green"]
    act(site, city, city.officer, lambda work, case: work.get(KartableService).copy(case, green))
    split(site, city, "lighting", "green")
    with site.work(actor=city.gardener, write=False) as work:
        rows = work.get(InboxService).page("all", InboxQuery()).rows
        assert [row[1].type for row in rows] == ["job"]


def test_the_jobs_of_a_person_go_on_with_their_work(site, city):
    split(site, city, "lighting", "green", due_on=site.calendar.today(site.clock.now()))
    number, far = job(site, city, "lighting"), city.far.user_id
    act(site, city, city.far, lambda work, case: work.get(JobService).take_job(case, number))
    act(
        site,
        city,
        city.head,
        lambda work, case: work.get(AssignmentService).hand_on_asked(case, far, city.other.user_id),
    )
    assert kartable(site, city.other) == ["job"]
    with site.work() as work:
        done = work.get(TransferService).pass_on(city.other.user_id, None, "", 10)
    assert dict(done) == {"unit": 1}
    with site.work(write=False) as work:
        case = work.session.scalars(select(Case).where(Case.code == city.code)).one()
        found = work.get(JobService).of(case).jobs
        assert {(one.task, one.holder, one.due_on is None) for one in found} == {
            ("کار lighting", "", False),
            ("کار green", "", False),
        }
    end(site, city, "lighting", city.far)
    end(site, city, "green", city.gardener)
    assert state(site, city) == ("done", None, ["done", "done"])


def test_a_reopened_case_goes_back_to_its_splitter(site, city):
    split(site, city, "lighting", "green")
    end(site, city, "lighting", city.far)
    end(site, city, "green", city.gardener)
    with site.work(write=False) as work:
        case = work.session.scalars(select(Case).where(Case.code == city.code)).one()
        citizen = identity(work, work.session.get(type(city.users["far"]), case.citizen_id), realm="citizen")
    with site.work(actor=citizen) as work:
        work.get(CaseService).apply(work.get(CaseService).fetch_own(city.code, lock=True), "object")
    with site.work(write=False) as work:
        case = work.session.scalars(select(Case).where(Case.code == city.code)).one()
        assert work.get(AccessService).action_referral(case).to_user_id == city.officer.user_id
    assert state(site, city) == ("working", (False, False), ["done", "done"])


def test_the_units_of_a_split_are_offered_first_afterwards(site, city):
    split(site, city, "lighting", "green")
    with site.work(actor=city.officer, write=False) as work:
        assert work.get(RecentAddresseeService).read().units == (city.units["lighting"], city.units["green"])


def test_a_deputy_does_a_job_on_behalf_of_the_absent_person(site, city):
    split(site, city, "lighting", "green")
    number = job(site, city, "lighting")
    act(site, city, city.far, lambda work, case: work.get(JobService).take_job(case, number))
    with site.work() as work:
        deputies = work.get(DeputyService)
        absent = work.session.get(User, city.far.user_id)
        deputies.add(absent, city.stranger.user_id, deputies.today, deputies.today)
    with site.work() as work:
        deputy = identity(work, work.session.get(User, city.stranger.user_id))
    end(site, city, "lighting", deputy)
    with site.work(write=False) as work:
        done = work.session.scalars(select(CaseEvent).where(CaseEvent.type == "job_done")).one()
        assert (done.actor_id, done.on_behalf_of_id) == (city.stranger.user_id, city.far.user_id)


def test_the_history_names_units(site, city):
    split(site, city, "lighting", "green")
    end(site, city, "lighting", city.far)
    with site.work(actor=city.officer, write=False) as work:
        case = work.get(CaseService).fetch(city.code)
        done, parted = work.get(StaffHistory).of(case)[:2]
        assert done.title.mapping["to"] == "واحد lighting"
        assert parted.title.mapping["to"] == "واحد lighting، واحد green"
        assert done.internal_text == "انجام شد."


def test_a_job_of_a_unit_that_lost_its_people_is_on_the_list(site, city):
    split(site, city, "lighting", "green")
    with site.work() as work:
        work.session.get(type(city.users["far"]), city.gardener.user_id).disabled_at = work.clock.now()
    with site.work(write=False) as work:
        custody = work.get(CustodyService)
        found = work.session.scalars(select(Referral).where(custody.unattended())).all()
        assert [(one.type, one.to_unit_id) for one in found] == [("job", city.units["green"])]
        assert custody.total().number == 1
    end(site, city, "green", city.officer, "withdraw")
    with site.work(write=False) as work:
        assert work.get(CustodyService).count() == 0


def test_events_are_erased_with_the_case(site, city):
    split(site, city, "lighting", "green")
    with site.work(write=False) as work:
        event = work.session.scalars(select(CaseEvent).where(CaseEvent.type == "split")).one()
        assert event.data["answer"] == ANSWER
        assert (event.public_text, event.internal_text) == ("", "")
