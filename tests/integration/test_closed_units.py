"""A unit that takes no cases any more gets none, neither by an objection nor as a return."""

import pytest

from civicportal.domain.accounts.models import Membership, User
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.errors import ReferralError
from civicportal.domain.kartable.models import RoutingRule
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.undo import UndoService
from civicportal.domain.organization.models import Unit
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.organization.units import UnitService
from civicportal.domain.statistics.services import StatisticsService
from civicportal.testing import identity, make_case, make_category, make_staff, make_unit


class Desk:
    """A case of the unit "waste", its citizen, and officers of two units."""

    def __init__(self, site):
        self.site = site
        with site.work() as work:
            self.waste, self.light = make_unit(work, "waste"), make_unit(work, "lighting")
            self.category = make_category(work, unit=self.waste)
            case = make_case(work, category=self.category)
            self.code = case.code
            self.citizen = identity(work, work.session.get(User, case.citizen_id), "citizen")
            self.mine, self.theirs = (
                identity(work, make_staff(work, "officer", unit=unit)) for unit in (self.waste, self.light)
            )
            self.boss = identity(work, make_staff(work, "administrator"))

    def open_case(self):
        """Let the citizen send another case, which is the one meant from now on."""
        with self.site.work() as work:
            category = work.get(OrganizationService).categories.by_id[self.category.id]
            self.code = make_case(work, category=category).code

    def do(self, who, what):
        with self.site.work(actor=who) as work:
            service = work.get(CaseService)
            fetch = service.fetch_own if who.is_citizen else service.fetch
            return what(work, fetch(self.code, lock=True))

    def step(self, who, name):
        return self.do(who, lambda work, case: work.get(CaseService).apply(case, name))

    def close(self, unit):
        with self.site.work(actor=self.boss) as work:
            work.get(UnitService).close(work.session.get_one(Unit, unit.id))

    def refer(self, unit, by=None):
        self.do(by or self.mine, lambda work, case: work.get(KartableService).refer(case, unit.id))

    def give_back(self):
        self.do(self.theirs, lambda work, case: work.get(KartableService).give_back(case, note="Not ours."))

    def lies(self):
        """Return the key of the unit of the case, by its referral and by itself, and its holder."""
        with self.site.work(write=False) as work:
            case = work.get(CaseService).fetch(self.code)
            referral = work.get(AccessService).action_referral(case)
            units = work.get(OrganizationService).units.by_id
            return units[referral.to_unit_id].key, units[case.unit_id].key, referral.to_user_id

    def days(self):
        """Return the office days that the case was given, from this moment on."""
        case = self.case()
        assert case.deadline_from == self.site.clock.now()
        return case.deadline_work / self.site.calendar.full_day.total_seconds()

    def case(self):
        with self.site.work(write=False) as work:
            return work.get(CaseService).fetch(self.code)


@pytest.fixture
def desk(site):
    return Desk(site)


class TestReopening:
    def test_a_case_of_a_closed_unit_is_routed_again(self, site, clock, desk):
        desk.step(desk.mine, "reject")
        desk.close(desk.waste)
        clock.advance(days=5)
        desk.step(desk.citizen, "object")
        fallback = site.fallback_unit
        assert desk.lies() == (fallback, fallback, None)
        assert desk.case().deadline > clock.now()
        with site.work() as work:
            assert work.get(StatisticsService).verify() == {}

    def test_it_has_the_days_of_what_routes_it_now(self, site, clock, desk):
        with site.work() as work:
            for position, unit in enumerate((desk.waste, desk.light)):
                rule = RoutingRule(
                    key=unit.key, position=position, unit_id=unit.id, deadline_days=9 - position
                )
                work.session.add(rule)
        desk.open_case()
        assert desk.days() == 9
        for unit, key, days in ((desk.waste, "lighting", 8), (desk.light, site.fallback_unit, 2)):
            desk.step(desk.mine if unit is desk.waste else desk.theirs, "reject")
            desk.close(unit)
            clock.advance(days=1)
            desk.step(desk.citizen, "object")
            assert (desk.lies()[0], desk.days()) == (key, days)
        # Nothing has been closed since: the same days once more, from now on.
        desk.step(desk.boss, "reject")
        clock.advance(days=1)
        desk.step(desk.citizen, "object")
        assert desk.days() == 2

    def test_an_undo_leaves_it_with_its_former_unit(self, site, desk):
        desk.step(desk.mine, "reject")
        desk.close(desk.waste)
        event = desk.step(desk.citizen, "object")
        assert desk.case().unit_id != desk.waste.id
        desk.do(desk.citizen, lambda work, case: work.get(UndoService).undo(case, event.id))
        assert desk.case().unit_id == desk.waste.id
        with site.work() as work:
            assert work.get(StatisticsService).verify() == {}

    def test_a_unit_that_is_at_work_has_its_case_again(self, desk):
        desk.step(desk.mine, "reject")
        desk.step(desk.citizen, "object")
        assert desk.lies() == ("waste", "waste", desk.mine.user_id)


class TestReturning:
    def test_to_a_closed_unit_is_refused(self, desk):
        desk.refer(desk.light)
        desk.close(desk.waste)
        with pytest.raises(ReferralError, match="takes no cases"):
            desk.give_back()
        assert desk.lies()[0] == "lighting"

    def test_who_works_elsewhere_now_gets_nothing_back(self, site, desk):
        desk.refer(desk.light)
        with site.work() as work:
            membership = work.session.query(Membership).filter_by(user_id=desk.mine.user_id).one()
            membership.unit_id = desk.light.id
            make_staff(work, "officer", unit=work.session.get(Unit, desk.waste.id))
        desk.give_back()
        assert desk.lies() == ("waste", "waste", None)

    def test_who_works_for_all_units_gets_it_back_in_person(self, desk):
        desk.refer(desk.light, by=desk.boss)
        desk.give_back()
        assert desk.lies() == ("waste", "waste", desk.boss.user_id)
