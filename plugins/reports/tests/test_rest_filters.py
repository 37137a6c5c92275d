"""Filters of reports by other software."""

from urllib.parse import quote

import pytest

from civicportal.api.organization import OrganizationService
from civicportal.testing import make_question
from civicportal.testing.tokens import token_for

pytestmark = pytest.mark.both_databases


@pytest.fixture
def listed(site, app, city):
    """List cases with the token of a person and return their codes, or what is wrong."""

    def listed(query, who="officer", *, status=200):
        headers = {"Authorization": f"Bearer {token_for(site, getattr(city, who), 'cases:read')}"}
        found = app.get(f"/api/v1/cases?{quote(query, safe='=&')}", headers=headers, status=status).json
        if status != 200:
            return [one["parameter"] for one in found["errors"]]
        return {one["code"] for one in found["items"]}

    return listed


def test_reports_are_found_by_their_place(city, listed):
    here, there = city.send("pothole", city.street), city.send("sidewalk", city.other_district)
    both = {here, there}
    assert listed("kind=reports") == both
    assert listed("reports.district=منطقهٔ یک") == {here}
    assert listed("reports.district=منطقهٔ دو&kind=reports") == {there}
    assert listed("reports.district=-") == set()
    assert listed("reports.located=true") == listed("reports.located=false") == both
    assert listed("reports.located=true&category=pothole&view=all") == {here}


def test_reports_are_found_by_an_answer(city, listed):
    with city.site.work() as work:
        pothole = work.get(OrganizationService).category("reports", "pothole")
        make_question(work, pothole, "danger", label="خطر دارد؟", choices={"no": "خیر", "yes": "بله"})
    yes = city.send(answers={"danger": "yes"})
    no = city.send(answers={"danger": "no"}, by=city.other)
    assert listed("answer=danger:yes") == {yes}
    assert listed("answer=danger:no&view=all&category=pothole") == {no}
    for wrong in ("danger:perhaps", "danger", "danger:", ":yes", "colour:yes"):
        assert listed(f"answer={wrong}", status=400) == ["answer"]


def test_a_filter_of_another_kind_or_value_is_named(city, listed):
    assert listed("reports.district=nowhere", status=400) == ["reports.district"]
    assert listed("reports.located=1", status=400) == ["reports.located"]
    assert listed("reports.district=", status=400) == ["reports.district"]
    assert listed("reports.located=true", "citizen", status=400) == ["reports.located"]
    assert listed("feedback.type=thanks", status=400) == ["feedback.type"]


def test_reports_of_others_are_not_found_by_their_place(city, listed):
    city.send("pothole", city.street)
    assert listed("reports.located=true", "stranger") == set()
