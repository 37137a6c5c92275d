"""Where a new case goes, and by which rule."""

import pytest

from civicportal.core.db import NEVER
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.models import RoutingRule
from civicportal.domain.kartable.routing import RoutingService, fits
from civicportal.domain.organization.services import OrganizationService
from civicportal.testing import make_case, make_category, make_staff, make_unit
from civicportal.web.counting import statements


def rule(work, key, unit, position=0, **values):
    found = RoutingRule(
        **{"key": key, "unit_id": unit.id, "position": position, "facts": {}, "title": key, **values}
    )
    work.session.add(found)
    work.session.flush()
    return found


def referral_of(work, case):
    return work.get(AccessService).action_referral(case)


def test_the_first_rule_that_fits_decides(work):
    waste, light = make_unit(work, "waste"), make_unit(work, "lighting")
    root = make_category(work, "cleaning")
    leaf = make_category(work, "bin", unit=waste, parent_id=root.id)
    officer = make_staff(work, unit=light)
    rule(work, "other_kind", waste, 0, kind="gone")
    rule(work, "off", waste, 1, active=False)
    rule(work, "cleaning", light, 2, category_id=root.id, user_id=officer.id, deadline_days=1.0)
    rule(work, "everything", waste, 3)
    case = make_case(work, category=leaf)
    referral = referral_of(work, case)
    assert (case.unit_id, referral.to_user_id, referral.rule) == (light.id, officer.id, "rule:cleaning")
    calendar = work.get(OrganizationService).calendar
    assert case.deadline == calendar.add_working_days(case.created_at, 1.0)
    assert (referral.from_unit_id, referral.from_user_id, referral.read_at) == (None, None, None)


def test_a_new_case_is_written_once_with_where_it_goes(work):
    unit = make_unit(work, "waste")
    with statements(work.site.engines.read) as texts:
        case = make_case(work, category=make_category(work, "bin", unit=unit, deadline_days=2.0))
    assert [text for text in texts if text.startswith("UPDATE cases")] == []
    assert (case.version, case.unit_id, case.updated_at) == (1, unit.id, case.created_at)
    opened = work.get(CaseService).last_event(case)
    assert (opened.type, opened.unit_id) == ("opened", None)


def test_without_a_rule_the_category_decides_and_then_the_fallback(work):
    waste = make_unit(work, "waste")
    case = make_case(work, category=make_category(work, "bin", unit=waste, deadline_days=2.0))
    assert (case.unit_id, referral_of(work, case).rule) == (waste.id, "category")
    homeless = make_case(work, category=make_category(work, "other", deadline_days=None))
    assert referral_of(work, homeless).rule == "fallback"
    assert homeless.unit_id == work.get(OrganizationService).unit(work.site.fallback_unit).id
    assert homeless.deadline == NEVER


@pytest.mark.parametrize(
    ("facts", "answer"),
    [({}, True), ({"district": "2"}, True), ({"district": "1"}, False), ({"colour": "red"}, False)],
)
def test_every_fact_of_a_rule_must_be_equal(work, facts, answer):
    unit = make_unit(work)
    case = make_case(work)
    categories = work.get(OrganizationService).categories
    assert fits(rule(work, "r", unit, facts=facts), case, {"district": "2"}, categories) is answer


def test_rules_come_in_their_order(work):
    unit = make_unit(work)
    rule(work, "last", unit, 9)
    rule(work, "first", unit, 1)
    assert [found.key for found in work.get(RoutingService).rules()] == ["first", "last"]
