"""What came into the kartable since it was read: counted without moving a row."""

import pytest
from sqlalchemy import select

from civicportal.domain.cases.models import Case
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.services import KartableService
from civicportal.testing import identity, make_case, make_category, make_staff, make_unit


@pytest.fixture
def desk(site, sign_in):
    with site.work() as work:
        unit, other = make_unit(work, "waste"), make_unit(work, "light")
        topics = make_category(work, "waste", unit=unit), make_category(work, "light", unit=other)
        officer = make_staff(work, "officer", unit=unit)
        make_case(work, category=topics[0])
    sign_in(officer)
    return officer, topics


def address(app):
    return app.get("/kartable", status=200).html.select_one("[data-news]")["data-news"]


def come(site, *topics):
    with site.work() as work:
        return [make_case(work, category=topic).code for topic in topics]


def test_only_what_came_into_ones_own_kartable_since_counts(site, app, desk):
    _officer, (mine, theirs) = desk
    url = address(app)
    assert app.get(url).json == {"count": 0, "text": ""}
    come(site, mine, theirs, mine)
    found = app.get(url).json
    assert found["count"] == 2
    assert "۲ پروندهٔ تازه" in found["text"]
    assert app.get(address(app)).json["count"] == 0


def test_own_referrals_are_not_news(site, app, desk):
    officer, (mine, _theirs) = desk
    [code] = come(site, mine)
    url = address(app)
    with site.work() as work:
        person, unit_id = identity(work, officer), mine.unit_id
    with site.work(actor=person) as work:
        work.get(KartableService).refer(work.get(CaseService).fetch(code), unit_id, user_id=officer.id)
    assert app.get(url).json["count"] == 0


@pytest.mark.parametrize("since", ["", "x", "-1", "9" * 40])
def test_nonsense_in_the_address_is_no_crash(app, desk, since):
    assert app.get(f"/kartable/news?since={since}", status=200).json["count"] in (0, 1)


def test_news_need_a_session(site, app, desk):
    url = address(app)
    app.reset()
    app.get(url, status=303)
    with site.work(write=False) as work:
        assert len(work.session.scalars(select(Case)).all()) == 1
