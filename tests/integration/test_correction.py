"""Corrections in place: rights, unit and deadline on request, messages, undo, and the figures after random ones."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from integration.test_copied_columns import astray, copies
from sqlalchemy import select

from civicportal.domain.cases.correction import InvalidCorrection
from civicportal.domain.cases.errors import StaleVersion
from civicportal.domain.cases.history import PublicHistory
from civicportal.domain.cases.public_texts import PersonalDataFound
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.search_index import words_of
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.correction import CorrectionService
from civicportal.domain.kartable.facts import FactsService
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.timeline import StaffHistory
from civicportal.domain.kartable.undo import CannotUndo, UndoService
from civicportal.domain.organization.models import Category, Unit
from civicportal.domain.statistics.services import StatisticsService
from civicportal.testing import (
    identity,
    make_case,
    make_category,
    make_citizen,
    make_staff,
    make_unit,
    outbox,
)
from civicportal.util.errors import Forbidden, NotFound

pytestmark = pytest.mark.both_databases


class Office:
    """Two units with a category each, an officer of each, one case of the first, an observer."""

    def __init__(self, site):
        self.site = site
        with site.work() as work:
            waste, light = make_unit(work, "waste"), make_unit(work, "lighting")
            bin_, lamp = (
                make_category(work, "bin", unit=waste),
                make_category(work, "lamp", unit=light, deadline_days=5.0),
            )
            case = make_case(work, citizen=make_citizen(work, name="مریم رضایی"), category=bin_)
            self.code, self.waste, self.light, self.lamp = case.code, waste.id, light.id, lamp.id
            self.mine, self.theirs = (identity(work, make_staff(work, unit=unit)) for unit in (waste, light))
            seeing = ("petitions:case:view",)
            self.observer = identity(work, make_staff(work, "observer", unit=waste, permissions=seeing))

    def correct(self, who=None, *, category=None, **values):
        with self.site.work(actor=who or self.mine) as work:
            case = work.get(CaseService).fetch(self.code, lock=True)
            category = work.session.get(Category, category) if category else None
            return work.get(CorrectionService).correct(case, category=category, **values).id

    def undo(self, event_id, who=None):
        with self.site.work(actor=who or self.mine) as work:
            service = work.get(UndoService)
            service.undo(service.fetch(self.code), event_id)

    def state(self):
        with self.site.work(write=False) as work:
            case = work.get(CaseService).fetch(self.code)
            columns = (Referral.id, Referral.to_unit_id, Referral.closed_at, Referral.closed_how)
            kept = Referral.closed_how.is_distinct_from("undone")
            return (
                *(case.subject, case.place, case.category_id, case.search_text, case.unit_id),
                *(case.deadline, case.deadline_from, case.deadline_work, case.hops),
                work.session.execute(select(*columns).where(kept).order_by(Referral.id)).all(),
            )


@pytest.fixture
def office(site):
    return Office(site)


def is_exact(work):
    """Hold that every counter and copied column says what the cases say."""
    referrals, cases = copies(work)
    return work.get(StatisticsService).verify() == {} and referrals == cases and not astray(work)


def test_a_category_is_corrected_and_unit_and_deadline_stay(site, office):
    before = office.state()
    office.correct(category=office.lamp)
    with site.work(actor=office.mine, write=False) as work:
        case = work.get(CaseService).fetch(office.code)
        assert (case.category_id, case.unit_id) == (office.lamp, office.waste)
        assert case.search_text == words_of(case.subject, case.place, case.body, "موضوع lamp")["search_text"]
        assert (case.deadline, case.deadline_work) == (before[5], before[7])
        event = work.get(StaffHistory).of(case)[0]
        assert [line.interpolate() for line in event.lines] == [
            "Category corrected from “موضوع bin” to “موضوع lamp”"
        ]
        assert not event.event.public
        assert is_exact(work)
        assert not outbox(work)[1:]


def test_it_moves_and_gets_another_deadline_if_the_officer_wants_so(site, clock, office):
    clock.advance(hours=1)
    office.correct(category=office.lamp, move=True, deadline=True, notify=True)
    with site.work(write=False) as work:
        case = work.get(CaseService).fetch(office.code)
        assert (case.unit_id, case.hops) == (office.light, 1)
        days = site.calendar.full_day * 5
        assert (case.deadline_from, case.deadline_work) == (case.created_at, days.total_seconds())
        old, new = work.get(KartableService).access.referrals(case)
        assert (old.closed_how, new.to_unit_id, new.from_unit_id) == ("referred", office.light, office.waste)
        assert work.get(FactsService).of(case).rule
        message = outbox(work)[-1]
        assert (message.kind, message.recipient) == ("petitions.corrected", "+989000000001")
        assert work.get(PublicHistory).of(case)[0].title == "Details of the case were corrected"
        assert is_exact(work)
    with site.work(actor=office.theirs) as work:
        case = work.get(CaseService).fetch(office.code, lock=True)
        work.get(KartableService).give_back(case, note="Not ours.")
        assert case.unit_id == office.waste


def test_a_wait_for_the_citizen_counts_for_the_new_deadline_too(site, clock, office):
    def step(name):
        with site.work(actor=office.mine) as work:
            work.get(CaseService).apply(work.get(CaseService).fetch(office.code, lock=True), name)

    step("accept")
    step("pause")
    clock.advance(days=7)
    step("resume")
    office.correct(category=office.lamp, deadline=True)
    with site.work(write=False) as work:
        case = work.get(CaseService).fetch(office.code)
        waited = site.calendar.working_time_between(case.created_at, clock.now())
        assert timedelta(seconds=case.deadline_work) == site.calendar.full_day * 5 + waited
        assert case.unit_id == office.waste


@pytest.mark.parametrize(
    "values",
    [
        {"subject": "سطل شکسته است"},
        {"category": True},
        {"category": True, "move": True, "deadline": True, "notify": True, "subject": "تیر چراغ"},
    ],
)
def test_an_undo_restores_everything(site, office, values):
    values = {**values, "category": office.lamp} if "category" in values else values
    before = office.state()
    event = office.correct(**values)
    assert office.state() != before
    office.undo(event)
    assert office.state() == before
    with site.work(write=False) as work:
        assert is_exact(work)
        assert {message.state for message in outbox(work) if message.event_id == event} <= {"cancelled"}


def test_an_undo_is_too_late_after_its_seconds(clock, office):
    event = office.correct(subject="سطل شکسته است")
    clock.advance(seconds=30)
    with pytest.raises(CannotUndo):
        office.undo(event)


def test_a_correction_out_of_ones_sight_can_be_undone(site, office):
    with site.work() as work:
        bin_ = work.session.scalars(select(Category).where(Category.key == "bin")).one()
        waste = work.session.get(Unit, office.waste)
        narrow = identity(work, make_staff(work, "narrow", unit=waste, category=bin_))
    event = office.correct(narrow, category=office.lamp, move=True)
    with site.work(actor=narrow) as work, pytest.raises(NotFound):
        work.get(CaseService).fetch(office.code)
    with site.work(actor=office.observer) as work, pytest.raises(CannotUndo):
        work.get(UndoService).undo(work.get(UndoService).fetch(office.code), event)
    office.undo(event, narrow)
    with site.work(actor=narrow) as work:
        assert work.get(CaseService).fetch(office.code).category_id == bin_.id


def test_who_may_not_work_on_it_does_not_correct(office):
    with pytest.raises(Forbidden):
        office.correct(office.observer, subject="چیز دیگر")


def test_a_case_is_corrected_in_its_unit_not_in_one_that_had_it_before(site, office):
    with site.work() as work:
        light = work.session.get(Unit, office.light)
        head = identity(work, make_staff(work, "head", unit=light))
        seeing_all = ("petitions:case:view", "petitions:case:work", "petitions:case:act_any")
        planner = identity(work, make_staff(work, "planner", permissions=seeing_all))
        colleague = identity(work, make_staff(work, "colleague", unit=light))
    with site.work(actor=office.mine) as work:
        case = work.get(CaseService).fetch(office.code, lock=True)
        work.get(KartableService).refer(case, office.light)
    with pytest.raises(Forbidden):
        office.correct(office.mine, subject="سطل شکسته است")
    with site.work(actor=office.mine, write=False) as work:
        rights = work.get(FactsService).rights(work.get(CaseService).fetch(office.code))
        assert (rights.work, rights.correct) == (True, False), "it goes on seeing the case"
    with site.work(actor=colleague) as work:
        work.get(KartableService).take(work.get(CaseService).fetch(office.code, lock=True))
    office.correct(head, subject="سطل شکسته است")
    office.correct(planner, subject="سطل سوخته است")
    with site.work(actor=colleague) as work:
        work.get(CaseService).apply(work.get(CaseService).fetch(office.code, lock=True), "reject")
    with pytest.raises(Forbidden):
        office.correct(office.mine, subject="سطل پر است")
    office.correct(head, subject="سطل پر است")


def test_nothing_changed_a_stale_form_and_a_closed_case_are_refused(site, office):
    with pytest.raises(InvalidCorrection):
        office.correct(subject="سطل زباله پر است")
    with pytest.raises(StaleVersion):
        office.correct(subject="چیز دیگر", version=99)
    with site.work(actor=office.mine) as work:
        work.get(CaseService).apply(work.get(CaseService).fetch(office.code, lock=True), "reject")
    with pytest.raises(InvalidCorrection):
        office.correct(subject="چیز دیگر", move=True)
    office.correct(subject="چیز دیگر")
    with site.work(write=False) as work:
        assert is_exact(work)


def test_a_category_without_an_officer_is_refused_unless_it_moves(site, office):
    with site.work() as work:
        bin_ = work.session.scalars(select(Category).where(Category.key == "bin")).one()
        other = make_unit(work, "sweeping")
        code = make_case(work, category=make_category(work, "leaf", unit=other)).code
        leaf = work.session.scalars(select(Category).where(Category.key == "leaf")).one()
        mine = identity(work, make_staff(work, "sweeper", unit=other, category=leaf))
    office.code = code
    with pytest.raises(InvalidCorrection) as refusal:
        office.correct(mine, category=bin_.id)
    assert refusal.value.field == "category"
    office.correct(mine, category=bin_.id, move=True)
    assert office.state()[4] == office.waste


def test_the_subject_of_a_public_case_contains_no_name(site, office):
    with site.work(actor=office.mine) as work:
        work.get(CaseService).publish(work.get(CaseService).fetch(office.code, lock=True), True)
    with pytest.raises(PersonalDataFound):
        office.correct(subject="درخواست مریم رضایی")
    event = office.correct(subject="سطل شکسته است")
    office.undo(event)


def test_the_values_that_an_officer_saw_are_known(site, office):
    with site.work(write=False) as work:
        seen = work.get(CaseService).last_event(work.get(CaseService).fetch(office.code)).id
    event = office.correct(subject="یکم")
    office.correct(subject="دوم", category=office.lamp)
    with site.work(write=False) as work:
        case, service = work.get(CaseService).fetch(office.code), work.get(CorrectionService)
        assert service.values_at(case, seen)["subject"] == "سطل زباله پر است"
        assert service.values_at(case, event)["subject"] == "یکم"
        assert service.values_at(case, event)["category_id"] != office.lamp


def test_figures_are_exact_after_random_corrections(site, clock, office):
    steps = st.tuples(
        st.sampled_from(("correct", "correct", "correct", "undo", "accept", "finish", "reject")),
        st.integers(0, 2),
        st.booleans(),
        st.booleans(),
    )
    with site.work() as work:
        everybody = identity(work, make_staff(work, "administrator"))
        topics = [office.lamp, *(make_category(work, f"t{n}", deadline_days=n or None).id for n in range(2))]
    corrected = []

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(steps, min_size=1, max_size=8))
    def play(story):
        for name, topic, move, deadline in story:
            clock.advance(seconds=20)
            with site.work(actor=everybody) as work:
                case, undo = work.get(CaseService).fetch(office.code, lock=True), work.get(UndoService)
                possible = {
                    one.transition.name for one in work.get(CaseService).steps(case) if not one.reason
                }
                if name == "undo" and (event := undo.last(case)):
                    undo.undo(case, event.id)
                elif name in possible:
                    work.get(CaseService).apply(case, name)
                elif name == "correct":
                    category = work.session.get(Category, topics[topic])
                    flags = {"move": move and case.is_open, "deadline": deadline and case.is_open}
                    with suppress(InvalidCorrection):
                        service = work.get(CorrectionService)
                        event = service.correct(case, category=category, subject=f"عنوان {topic}", **flags)
                        corrected.append(event.id)
            with site.work(write=False) as work:
                assert is_exact(work)

    play()
    assert corrected
