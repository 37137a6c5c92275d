"""Figures of messages: every number leads to a list that has as many."""

import re

import pytest
from civicportal_feedback.search import FeedbackSearch, Filters

from civicportal.api.cases import Case

pytestmark = pytest.mark.both_databases

LATIN = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")


def number(text):
    return int(re.sub(r"\D", "", text.translate(LATIN)))


def part_of(link):
    """Return the number of a link; a share in percent says the number of its part in its title."""
    return link.get("title", link.text).rpartition(":")[2]


@pytest.fixture
def several(city, clock):
    codes = [city.send(), city.send(type="criticism", unit="pr", by=city.other), city.send(unit=None)]
    city.step(codes[0], "answer", public_text=city.answer)
    clock.advance(days=3)
    codes.append(city.send(type="criticism"))
    return codes


class TestFigures:
    def test_are_for_staff_with_the_right(self, city, app, sign_in):
        app.get("/desk/feedback/statistics", status=303)
        sign_in(city.citizen)
        app.get("/desk/feedback/statistics", status=403)

    @pytest.mark.parametrize("query", ["", "?by=unit", "?by=source&type=criticism", "?by=hours&step=day"])
    def test_every_number_equals_the_list_it_leads_to(self, city, app, sign_in, several, query):
        sign_in(city.officer)
        links = app.get(f"/desk/feedback/statistics{query}").html.select("main a.fig-link, main a.fig-share")
        assert len(links) > 5
        for link in links:
            shown = app.get(link["href"], status=200).html.select_one(".page-h p").text
            assert number(shown) == number(part_of(link)), link["href"]

    def test_what_is_about_no_unit_has_its_list(self, city, app, sign_in, several):
        sign_in(city.officer)
        table = app.get("/desk/feedback/statistics?by=unit").html.select_one(
            "section[aria-labelledby=by-facet]"
        )
        row = next(row for row in table.select("tbody tr") if "گفته‌نشده" in row.text)
        shown = app.get(row.select_one("a")["href"], status=200).html.select_one(".page-h p").text
        assert number(shown) == number(row.select_one("a").text) > 0


@pytest.mark.parametrize(
    "filters",
    [{}, {"stage": "open"}, {"status": "answered"}, {"type": "criticism"}, {"unit": "pr"}, {"unit": "-"}],
)
def test_the_total_is_the_length_of_the_list(city, several, filters):
    asked = Filters(**filters)
    with city.site.work(write=False) as work:
        search = work.get(FeedbackSearch)
        listed = work.session.scalars(search.query(asked, Case.id)).all()
        assert search.total(asked).number == len(listed) > 0
