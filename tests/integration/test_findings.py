"""What the doctor says of the organisation."""

from datetime import date

import pytest

from civicportal.domain.kartable.models import RoutingRule
from civicportal.domain.organization.models import Holiday
from civicportal.portal.admin.findings import findings
from civicportal.testing import make_case, make_category, make_staff, make_unit

WORK = ["petitions:case:view", "petitions:case:work"]


@pytest.fixture
def places(work):
    return lambda: [finding.place for finding in findings(work)]


def test_a_closed_unit_that_is_still_needed(work, places):
    waste = make_unit(work, "waste")
    make_case(work, category=make_category(work, "bin", unit=waste))
    work.session.add(RoutingRule(key="r", position=0, title="", unit_id=waste.id, facts={}))
    waste.active = False
    work.session.flush()
    assert places()[:4] == ["kartable", "units", "unit waste", "category bin"]
    assert "rule r" in places()


def test_a_unit_to_which_cases_go_needs_people(work, places):
    services = make_unit(work, "services")
    waste = make_unit(work, "waste", parent_id=services.id)
    make_category(work, "bin", unit=waste)
    assert "unit waste" in places()
    assert "unit services" not in places()
    make_staff(work, "watcher", unit=waste, permissions=["petitions:case:view"])
    assert "unit waste" in places()
    make_staff(work, unit=services)
    assert "unit waste" not in places()


def test_a_head_alone_attends(work, places):
    waste = make_unit(work, work.site.fallback_unit)
    make_category(work, "bin", unit=waste)
    make_category(work, "park")
    assert {f"unit {waste.key}", "kind petitions"} <= set(places())
    make_staff(work, "head", unit=waste, permissions=["core:unit:lead"])
    assert not {f"unit {waste.key}", "kind petitions", "category bin"} & set(places())


def test_a_right_to_work_without_the_right_to_view_does_not_attend(work, places):
    waste = make_unit(work, work.site.fallback_unit)
    make_category(work, "bin", unit=waste)
    make_category(work, "park")
    make_staff(work, "blind", unit=waste, permissions=["petitions:case:work"])
    assert {f"unit {waste.key}", "kind petitions"} <= set(places())


def test_each_category_of_a_unit_needs_a_member_who_works_on_it(work, places):
    services = make_unit(work, "services")
    waste = make_unit(work, "waste", parent_id=services.id)
    park = make_category(work, "park", unit=waste)
    tree = make_category(work, "tree", unit=waste, parent_id=park.id)
    make_category(work, "bin", unit=waste)
    make_staff(work, "gardener", unit=waste, category=park)
    assert "category bin" in places()
    assert not {"category park", "category tree"} & set(places())
    # The head attends to it, and to it alone.
    make_staff(work, "head", unit=waste, permissions=["core:unit:lead", "petitions:case:view"])
    make_staff(work, "meetings", unit=waste, permissions=["meetings:case:view", "meetings:case:work"])
    assert "category bin" in places()
    make_staff(work, "cleaner", unit=services)
    assert not {"category bin", f"category {tree.key}"} & set(places())


def test_a_default_unit_needs_a_member_who_works_on_its_cases(work, places):
    fallback, desk = make_unit(work, work.site.fallback_unit), make_unit(work, "desk")
    make_staff(work, "administrator", permissions=[])
    make_staff(work, "letters", unit=fallback, permissions=["letters:case:view", "letters:case:work"])
    make_staff(work, "clerk", unit=desk, permissions=WORK)
    assert "kind petitions" in places()
    make_staff(work, "secretary", unit=fallback, permissions=WORK)
    assert "kind petitions" not in places()


def test_a_rule_says_where_a_kind_ends(work, places):
    make_unit(work, work.site.fallback_unit)
    desk = make_unit(work, "desk")
    make_staff(work, "clerk", unit=desk, permissions=WORK)
    work.session.add(RoutingRule(key="r", position=0, title="", unit_id=desk.id, facts={}, kind="petitions"))
    work.session.flush()
    assert "kind petitions" not in places()


@pytest.mark.parametrize("all_have_one", [True, False])
def test_categories_with_units_leave_nothing_to_the_default(work, places, all_have_one):
    make_unit(work, work.site.fallback_unit)
    parks = make_unit(work, "parks")
    park = make_category(work, "park")
    make_category(work, "tree", unit=parks, parent_id=park.id)
    make_category(work, "other", unit=parks if all_have_one else None)
    assert ("kind petitions" in places()) is not all_have_one


def test_the_holidays_of_this_year_and_soon_of_the_next(work, places, clock):
    assert "holidays of 1405" in places()
    work.session.add(Holiday(day=date(2026, 6, 4), name="رحلت امام خمینی"))
    work.session.flush()
    assert places() == []
    clock.advance(days=270)
    assert places() == ["holidays of 1406"]
