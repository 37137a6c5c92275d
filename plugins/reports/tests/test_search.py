"""Filters of the desk: every number equals its list."""

from datetime import timedelta

import pytest
from civicportal_reports.models import Report
from civicportal_reports.search import Filters, ReportSearch

pytestmark = pytest.mark.both_databases


@pytest.fixture
def several(city, clock):
    """Reports of two categories and districts, in several states, over some days."""
    codes = {
        "old": city.send(),
        "other_district": city.send(point=city.other_district, by=city.other, urgent=True),
    }
    clock.advance(days=1)
    codes["closed"] = city.send("sidewalk", body="کف‌پوش پیاده‌رو شکسته است.")
    city.step(codes["closed"], "close", public_text="ترمیم شد.")
    codes["waste"] = city.send("bin", by=city.other)
    clock.advance(days=6)
    codes["phone"] = city.send(source="phone")
    city.step(codes["phone"], "start_review")
    return codes


def found(city, filters, by=None):
    with city.site.work(actor=by or city.officer, write=False) as work:
        search = work.get(ReportSearch)
        rows = search.page(filters).rows
        assert search.count(filters) == len(rows)
        placed = search.query(filters, Report.case_id)
        assert set(work.session.scalars(placed)) == {case.id for case, _report in rows}
        return {case.code for case, _report in rows}


class TestFilters:
    @pytest.mark.parametrize(
        ("filters", "names"),
        [
            (Filters(), {"old", "other_district", "closed", "phone"}),
            (Filters(stage="open"), {"old", "other_district", "phone"}),
            (Filters(stage="done"), {"closed"}),
            (Filters(status="in_review"), {"phone"}),
            (Filters(category="roads"), {"old", "other_district", "closed", "phone"}),
            (Filters(category="pothole"), {"old", "other_district", "phone"}),
            (Filters(category="nothing"), set()),
            (Filters(unit="civil"), {"old", "other_district", "closed", "phone"}),
            (Filters(unit="waste"), set()),
            (Filters(district="منطقهٔ دو"), {"other_district"}),
            (Filters(source="phone"), {"phone"}),
            (Filters(urgent=True), {"other_district"}),
            (Filters(overdue=True), {"old", "other_district"}),
            (Filters(words="كف پوش"), {"closed"}),
            (Filters(words="چاله آزادی", stage="open"), {"old", "other_district", "phone"}),
            (Filters(words="%"), set()),
        ],
    )
    def test_narrow_list_count_and_map_alike(self, city, several, filters, names):
        assert found(city, filters) == {several[name] for name in names}

    def test_days_are_those_of_the_city_and_both_ends_count(self, city, several, clock):
        today = city.site.calendar.today(clock.now())
        first, last = today - timedelta(days=7), today - timedelta(days=6)
        assert found(city, Filters(first_day=first, last_day=first)) == {
            several["old"],
            several["other_district"],
        }
        assert found(city, Filters(first_day=last, last_day=last)) == {several["closed"]}
        assert found(city, Filters(first_day=today)) == {several["phone"]}

    def test_cases_outside_the_scope_are_not_seen(self, city, several):
        assert found(city, Filters(), by=city.stranger) == {several["waste"]}
        assert found(city, Filters(), by=city.citizen) == set()


class TestPages:
    def test_go_through_everything_once_there_and_back(self, city, clock):
        codes = []
        for _number in range(30):
            codes.append(city.send())
            clock.advance(minutes=1)
        with city.site.work(actor=city.officer, write=False) as work:
            search = work.get(ReportSearch)
            first = search.page(Filters())
            second = search.page(Filters(), cursor=first.next)
            seen = [case.code for case, _report in [*first.rows, *second.rows]]
            assert seen == codes[::-1]
            assert second.next is None
            assert search.page(Filters(), cursor=second.previous).rows == first.rows
