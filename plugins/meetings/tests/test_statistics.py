"""Figures of meetings: every number leads to a list that has as many, of every status and not only what waits."""

import re

import pytest
from civicportal_meetings.services.search import Filters, MeetingSearch

from civicportal.api.cases import Case

pytestmark = pytest.mark.both_databases

LATIN = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")


def number(text):
    return int(re.sub(r"\D", "", text.translate(LATIN)))


def part_of(link):
    """Return the number of a link; a share in percent says the number of its part in its title."""
    return link.get("title", link.text).rpartition(":")[2]


@pytest.fixture
def several(office, clock):
    codes = [office.ask(), office.ask(by=office.citizens[1]), office.ask(by=office.citizens[2])]
    office.step(codes[0], "decline", data={"reason": "مربوط به شهرداری نیست."})
    office.schedule(codes[1])
    clock.advance(days=1)
    codes.append(office.ask())
    return codes


class TestFigures:
    def test_are_for_staff_with_the_right(self, office, app, sign_in):
        app.get("/desk/meetings/statistics", status=303)
        sign_in(office.citizen)
        app.get("/desk/meetings/statistics", status=403)

    @pytest.mark.parametrize("query", ["", "?by=source", "?status=declined", "?stage=open&by=hours"])
    def test_every_number_equals_the_list_it_leads_to(self, office, app, sign_in, several, query):
        sign_in(office.officer)
        links = app.get(f"/desk/meetings/statistics{query}").html.select("main a.fig-link, main a.fig-share")
        assert len(links) > 3
        for link in links:
            title = app.get(link["href"], status=200).html.select_one("#requests-title span").text
            assert number(title) == number(part_of(link)), link["href"]
            assert link["href"].endswith("#requests")

    def test_offer_no_filter_by_what_meetings_do_not_have(self, office, app, sign_in, several):
        sign_in(office.officer)
        form = app.get("/desk/meetings/statistics?rating=rated").html.select_one(".filter-box form")
        assert form.find("select", attrs={"name": "rating"}) is None
        hours = form.find("select", attrs={"name": "hour"}).find_all("option")
        assert hours[10].text.strip() == "۰۹:۰۰"


@pytest.mark.parametrize(
    "filters",
    [{}, {"status": "all"}, {"status": "declined"}, {"status": "all", "stage": "open"}, {"unit": "mayor"}],
)
def test_the_total_is_the_length_of_the_list(office, several, filters):
    asked = Filters(**filters)
    with office.site.work(write=False) as work:
        search = work.get(MeetingSearch)
        listed = work.session.scalars(search.query(asked, Case.id)).all()
        assert search.total(asked).number == len(listed) > 0
