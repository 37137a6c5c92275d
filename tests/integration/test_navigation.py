"""Which desks the sidebar offers to whom."""

import pytest

from civicportal.domain.kartable.services import KartableService
from civicportal.testing import identity, make_case, make_staff, make_unit

SEE, WORK = "feedback:case:view", "meetings:case:work"
DESK, FIGURES = "/desk/feedback", "/desk/feedback/statistics"


@pytest.fixture
def civic_settings():
    return {"site": {"plugins": ["feedback", "meetings"]}}


@pytest.fixture
def units(site):
    with site.work() as work:
        return [make_unit(work, key) for key in ("pr", "bus")]


def links(app):
    return {link["href"] for link in app.get("/desk", status=200).html.select("nav a")}


def member(site, unit, *permissions):
    with site.work() as work:
        return make_staff(work, f"member{len(permissions)}", unit=unit, permissions=list(permissions))


def test_who_works_on_other_cases_is_offered_a_desk_once_a_case_of_it_comes(site, app, sign_in, units):
    _pr, bus = units
    sign_in(member(site, bus, "meetings:case:view", WORK, SEE))
    assert not links(app) & {DESK, FIGURES}
    with site.work() as work:
        planner = identity(work, make_staff(work, "administrator"))
        code = make_case(work, kind="feedback").code
    with site.work(actor=planner) as work:
        kartable = work.get(KartableService)
        kartable.refer(kartable.cases.fetch(code, lock=True), bus.id, unattended=True)
    assert links(app) >= {DESK, FIGURES}


def test_who_only_reads_is_offered_all_that_they_may_read(site, app, sign_in, units):
    sign_in(member(site, units[1], SEE))
    assert links(app) >= {DESK, FIGURES}


def test_who_sees_all_cases_or_works_on_them_is_offered_the_desk(site, app, sign_in, units):
    sign_in(member(site, None, "meetings:case:view", WORK, SEE))
    assert links(app) >= {DESK, FIGURES}
    sign_in(member(site, units[1], SEE, "feedback:case:work", "meetings:case:view", WORK))
    assert links(app) >= {DESK, FIGURES}
