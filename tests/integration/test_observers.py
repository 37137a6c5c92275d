"""People who may only see cases: their pages lead nowhere that refuses them, and offer no form that would."""

import pytest
from civicportal_feedback.services import FeedbackService, NewFeedback
from civicportal_reports.places import locate_point
from civicportal_reports.services import NewReport, ReportService
from sqlalchemy import select

from civicportal.api.geo import Point
from civicportal.domain.organization.models import Category
from civicportal.testing import identity, make_category, make_citizen, make_staff, make_unit

PLUGINS = ("reports", "feedback", "meetings")


@pytest.fixture
def civic_settings():
    return {"site": {"plugins": list(PLUGINS)}, "contact": {"phone": "137"}}


@pytest.fixture
def observer(site):
    """Return an observer of the unit that has two open cases."""
    with site.work() as work:
        unit = make_unit(work, "pr")
        make_category(work, "bin", kind="reports", unit=unit)
        citizen = identity(work, make_citizen(work), "citizen")
        rights = [f"{name}:case:view" for name in PLUGINS]
        observer = make_staff(work, "observer", unit=unit, permissions=rights)
    with site.work(actor=citizen) as work:
        category = work.session.scalars(select(Category)).one()
        place = locate_point(site.map, Point(31.0203, 52.015))
        new = NewReport(category=category, body="سطل زباله پر است.", location=place)
        work.get(ReportService).submit(new)
        work.get(FeedbackService).submit(NewFeedback(type="suggestion", body="نیمکت بیشتری بگذارید."))
    return observer


def test_an_observer_is_led_to_no_page_that_refuses(app, sign_in, observer):
    sign_in(observer)
    links = set()
    for path in ("/kartable", "/desk/reports", "/desk/feedback"):
        page = app.get(path, status=200)
        # Their own views and columns change nothing of a case.
        assert not page.html.select(
            "main form[method=post]:not([role=search], .menu-panel) :is(button, input:not([type=hidden]))"
        ), path
        links |= {link["href"].partition("#")[0] for link in page.html.select("main a[href^='/']")}
    cases = {link for link in links if link.startswith("/kartable/cases/")}
    assert len(cases) == 2
    for path in cases:
        page = app.get(path, status=200)
        assert not page.html.select("main form[method=post]"), path
        links |= {link["href"].partition("#")[0] for link in page.html.select("main a[href^='/']")}
    for link in sorted(links):
        assert app.get(link, expect_errors=True).status_int not in (403, 404), link
