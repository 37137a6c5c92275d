"""What the doctor says of the organisation."""

from datetime import date

import pytest

from civicportal.administration.findings import findings
from civicportal.kartable.models import RoutingRule
from civicportal.organization.models import Holiday
from civicportal.testing import make_case, make_category, make_staff, make_unit


@pytest.fixture
def places(work):
    return lambda: [finding.place for finding in findings(work)]


def test_a_closed_unit_that_is_still_needed(work, places):
    waste = make_unit(work, "waste")
    make_case(work, category=make_category(work, "bin", unit=waste))
    work.session.add(RoutingRule(key="r", position=0, title="", unit_id=waste.id, facts={}))
    waste.active = False
    work.session.flush()
    assert places()[:2] == ["unit waste", "category bin"]
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


def test_somebody_of_the_unit_works_on_each_of_its_categories(work, places):
    services = make_unit(work, "services")
    waste = make_unit(work, "waste", parent_id=services.id)
    park = make_category(work, "park", unit=waste)
    tree = make_category(work, "tree", unit=waste, parent_id=park.id)
    make_category(work, "bin", unit=waste)
    make_staff(work, "gardener", unit=waste, category=park)
    assert "category bin" in places()
    assert not {"category park", "category tree"} & set(places())
    # Who heads the unit sees the case, and has no right to work on it.
    make_staff(work, "head", unit=waste, permissions=["core:unit:lead", "petitions:case:view"])
    make_staff(work, "meetings", unit=waste, permissions=["meetings:case:work"])
    assert "category bin" in places()
    make_staff(work, "cleaner", unit=services)
    assert not {"category bin", f"category {tree.key}"} & set(places())


def test_the_holidays_of_this_year_and_soon_of_the_next(work, places, clock):
    assert "holidays of 1405" in places()
    work.session.add(Holiday(day=date(2026, 6, 4), name="رحلت امام خمینی"))
    work.session.flush()
    assert places() == []
    clock.advance(days=270)
    assert places() == ["holidays of 1406"]
