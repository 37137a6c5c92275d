"""Default routing of requests and orders, and the doctor's finding when no one may work on them there."""

import pytest

from civicportal.api.organization import OrganizationService
from civicportal.testing import make_staff, make_unit


@pytest.fixture
def civic_settings():
    return {"site": {"plugins": ["meetings"], "fallback_unit": "pr"}}


@pytest.fixture
def office(site, office):
    with site.work() as work:
        make_unit(work, "pr")
    return office


def unit_of(office, code):
    with office.site.work(write=False) as work:
        return work.get(OrganizationService).units.by_id[office.case(code).unit_id].key


def kinds_found(site):
    with site.work(write=False) as work:
        found = [finding for findings in site.hooks.hook.check_site(work=work) for finding in findings]
    return {finding.place for finding in found} & {"kind meetings", "kind orders"}


def test_a_request_goes_to_the_office_of_the_mayor(office):
    assert unit_of(office, office.ask()) == "mayor"


@pytest.mark.parametrize(
    "civic_settings",
    [
        {
            "site": {"plugins": ["meetings"], "fallback_unit": "pr"},
            "plugins": {"meetings": {"unit": "nowhere"}},
        }
    ],
)
def test_a_request_is_not_lost_where_there_is_no_such_office(office):
    assert unit_of(office, office.ask()) == "pr"


def test_a_member_of_the_office_must_work_on_its_cases(site):
    with site.work() as work:
        mayor, pr = make_unit(work, "mayor"), make_unit(work, "pr")
        make_staff(work, "clerk", unit=pr, permissions=["meetings:case:work", "orders:case:work"])
    assert kinds_found(site) == {"kind meetings", "kind orders"}
    with site.work() as work:
        rights = [f"{kind}:case:{verb}" for kind in ("meetings", "orders") for verb in ("view", "work")]
        make_staff(work, "secretary", unit=mayor, permissions=rights)
    assert kinds_found(site) == set()
