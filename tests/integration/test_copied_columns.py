"""The sort keys of open referrals equal those of their cases, after any write to either.

Every referral, open or closed, tells whether its case is in another unit now.
"""

from datetime import timedelta

import pytest
from sqlalchemy import or_, select, update

from civicportal.domain.accounts.models import Membership
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.paging import SORTS
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable import counters
from civicportal.domain.kartable.counters import open_referrals
from civicportal.domain.kartable.inbox import VIEWS, InboxQuery, InboxService
from civicportal.domain.kartable.neighbours import neighbours
from civicportal.domain.kartable.repair import ALWAYS, OPEN
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.organization.models import Unit
from civicportal.testing import identity, make_case, make_category, make_citizen, make_staff, make_unit
from civicportal.util.lists import MOST_COUNTED, Total

pytestmark = pytest.mark.both_databases

COPIES = {**ALWAYS, **OPEN}


def copies(work):
    """Return the values of the open referrals, and those of their cases."""
    open_ = select(Referral.id).where(Referral.closed_at.is_(None)).order_by(Referral.id)
    joined = open_.join(Case, Case.id == Referral.case_id)
    referrals = work.session.execute(open_.add_columns(*COPIES)).all()
    return referrals, work.session.execute(joined.add_columns(*COPIES.values())).all()


def astray(work):
    """Return the referrals, closed ones too, whose permanent copies differ from their cases."""
    query = select(Referral.id).join(Case, Case.id == Referral.case_id)
    wrong = or_(*(copy.is_distinct_from(value) for copy, value in ALWAYS.items()))
    return work.session.scalars(query.where(wrong)).all()


@pytest.fixture
def office(work):
    unit = make_unit(work)
    make_unit(work, "other")
    category = make_category(work, unit=unit)
    case = make_case(work, citizen=make_citizen(work), category=category)
    return unit, category, case, identity(work, make_staff(work, unit=unit))


def test_steps_pauses_and_referrals_are_copied(work, office):
    unit, _category, case, officer = office
    other = work.session.scalars(select(Unit).where(Unit.key == "other")).one()
    with work.acting_as(officer):
        for deed in (
            lambda: work.get(CaseService).apply(case, "accept"),
            lambda: work.get(KartableService).copy(case, unit.id),
            lambda: work.get(CaseService).apply(case, "pause"),
            lambda: work.get(KartableService).refer(case, other.id, unattended=True),
        ):
            deed()
            work.session.flush()
            referrals, cases = copies(work)
            assert referrals == cases
            assert not astray(work)
    assert len(referrals) == 2
    told = dict(work.session.execute(select(Referral.to_unit_id, Referral.moved_kind)).all())
    assert told == {unit.id: case.kind, other.id: None}
    with work.acting_as(identity(work, make_staff(work, "back", unit=other))):
        work.get(KartableService).refer(case, unit.id, unattended=True)
    work.session.flush()
    assert not astray(work)


@pytest.mark.parametrize("where", ["other", None])
def test_a_case_that_is_moved_by_hand_lies_elsewhere(work, office, where):
    unit, _category, case, _officer = office
    other = work.session.scalar(select(Unit.id).where(Unit.key == where))
    work.session.execute(update(Case).values(unit_id=other))
    assert work.session.scalars(select(Referral.moved_kind)).all() == [case.kind]
    assert not astray(work)
    work.session.execute(update(Case).values(unit_id=unit.id))
    assert work.session.scalars(select(Referral.moved_kind)).all() == [None]
    work.session.execute(update(Referral).values(to_unit_id=other or unit.id))
    assert not astray(work)
    work.session.execute(update(Referral).values(closed_at=work.clock.now()))
    for values in ({"kind": "another"}, {"category_id": None}):
        work.session.execute(update(Case).values(**values))
        assert not astray(work)


def test_a_referral_that_opens_again_has_what_the_case_has_now(work, office):
    case = office[2]
    referral = work.session.scalars(select(Referral)).one()
    referral.closed_at = work.clock.now()
    work.session.flush()
    case.deadline += timedelta(days=3)
    work.session.flush()
    work.session.execute(update(Referral).values(closed_at=None))
    referrals, cases = copies(work)
    assert referrals == cases


def test_a_statement_over_many_cases_is_copied(work, office):
    _unit, category, _case, _officer = office
    make_case(work, citizen=make_citizen(work, "+989120000055"), category=category)
    work.session.execute(update(Case).values(deadline=work.clock.now(), urgent=True))
    referrals, cases = copies(work)
    assert referrals == cases
    assert len(referrals) == 2


def whole_list(service, view, sort):
    codes, cursor = [], None
    while True:
        page = service.page(view, InboxQuery(), sort=sort, cursor=cursor)
        codes += [case.code for case, _line in page.rows]
        cursor = page.next
        if cursor is None:
            return codes


def test_pages_of_many_units_are_in_one_order(work, clock):
    units = [make_unit(work, name) for name in ("north", "south", "east")]
    categories = [make_category(work, unit.key, unit=unit) for unit in units]
    officer = make_staff(work, unit=units[0])
    for unit in units[1:]:
        role = (
            work.session.scalars(select(Membership).where(Membership.user_id == officer.id)).first().role_id
        )
        work.session.add(Membership(user_id=officer.id, role_id=role, unit_id=unit.id))
    citizen = make_citizen(work)
    cases = []
    for number in range(80):
        clock.advance(minutes=number % 3)
        cases.append(make_case(work, citizen=citizen, category=categories[number % 3]))
        cases[-1].deadline += timedelta(days=number % 5)
    work.session.flush()
    with work.acting_as(identity(work, officer)):
        service = InboxService(work)
        for sort in SORTS.values():
            wanted = sorted(
                cases, key=lambda case: (getattr(case, sort.column.key), case.id), reverse=sort.descending
            )
            for view in VIEWS:
                expected = [case.code for case in wanted] if view in ("all", "new") else []
                assert whole_list(service, view, sort.name) == expected, (view, sort.name)
        ordered = sorted(cases, key=lambda case: (case.deadline, case.id))
        for before, here, after in zip(ordered, ordered[1:], ordered[2:], strict=False):
            assert neighbours(work, here) == (before.code, after.code)


def test_the_marks_beside_links_say_when_there_are_more_than_they_count(work, office, monkeypatch, request):
    _unit, category, case, officer = office
    make_case(work, citizen=make_citizen(work, "+989120000055"), category=category)
    administrator = identity(work, make_staff(work, "administrator"))
    for person in (officer, administrator):
        with work.acting_as(person):
            found = open_referrals(work)
            assert found.total == found.by_kind[case.kind] == Total(2)
            assert InboxService(work).counts(InboxQuery()).views["all"] == Total(2)
    assert MOST_COUNTED > 2
    for module in ("inbox", "partitions"):
        monkeypatch.setattr(f"civicportal.domain.kartable.{module}.MOST_COUNTED", 1)
    counters._query.cache_clear()
    monkeypatch.setattr(counters, "MOST_MARKED", 1)
    request.addfinalizer(counters._query.cache_clear)
    for person in (officer, administrator):
        with work.acting_as(person):
            assert not open_referrals(work).total.exact
            assert not InboxService(work).counts(InboxQuery()).views["all"].exact
