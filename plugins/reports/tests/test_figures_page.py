"""The page of figures as an officer reads it: its days, what it compares them with, and its links."""

import pytest

from civicportal.api import CaseService, KartableService, OrganizationService
from civicportal.testing import identity, make_staff

PAGE = "/desk/reports/statistics"


@pytest.fixture
def desk(city, app, sign_in):
    """Somebody who sees every report, at the page of figures."""
    with city.site.work() as work:
        city.everything = identity(work, make_staff(work, "administrator"))

    def look(query=""):
        sign_in(city.everything)
        return app.get(f"{PAGE}{query}", status=200).html

    return look


def refer(city, code, unit="waste"):
    with city.site.work(actor=city.everything) as work:
        case = work.get(CaseService).fetch(code, lock=True)
        work.get(KartableService).refer(case, work.get(OrganizationService).unit(unit).id)


def tile(page, label):
    return next(one for one in page.select(".kpi") if one.select_one(".l").text.strip() == label)


class TestDays:
    @pytest.mark.parametrize(
        ("period", "shown", "compared"),
        [
            ("month", ("۱ خرداد ۱۴۰۵", "۹ خرداد ۱۴۰۵"), ("۱ اردیبهشت ۱۴۰۵", "۹ اردیبهشت ۱۴۰۵")),
            ("year", ("۱ فروردین ۱۴۰۵", "۹ خرداد ۱۴۰۵"), ("۱ فروردین ۱۴۰۴", "۹ خرداد ۱۴۰۴")),
            ("1405-02", ("۱ اردیبهشت ۱۴۰۵", "۳۱ اردیبهشت ۱۴۰۵"), ("۱ فروردین ۱۴۰۵", "۳۱ فروردین ۱۴۰۵")),
        ],
    )
    def test_are_named_with_those_they_are_compared_with(self, desk, period, shown, compared):
        words = desk(f"?period={period}").select_one(".page-h p").text
        assert all(day in words for day in (*shown, *compared))

    def test_lead_from_month_to_month(self, city, app, desk):
        city.send()
        chips = desk("?period=1405-02").find("nav", attrs={"aria-label": "بازه"})
        assert chips.select_one(".on").text == "اردیبهشت ۱۴۰۵"
        earlier, later = chips.find("a", rel="prev"), chips.find("a", rel="next")
        assert (earlier.text, later.text) == ("فروردین ۱۴۰۵", "خرداد ۱۴۰۵")
        page = app.get(later["href"])
        assert tile(page.html, "ثبت‌شده").select_one(".v a").text == "۱"
        assert page.html.find("nav", attrs={"aria-label": "بازه"}).find("a", rel="next") is None

    def test_of_a_month_are_kept_with_the_filters(self, desk):
        form = desk("?period=1405-02").select_one(".filter-box form")
        assert form.find("input", attrs={"name": "period"})["value"] == "1405-02"

    @pytest.mark.parametrize("period", ["1405-13", "9999", "x", "0000-01"])
    def test_that_nobody_can_read_are_the_usual_ones(self, desk, period):
        chips = desk(f"?period={period}").find("nav", attrs={"aria-label": "بازه"})
        assert chips.select_one(".on").text == "۳۰ روز گذشته"


class TestChanges:
    def test_of_few_cases_are_told_in_cases(self, city, clock, desk):
        city.send()
        clock.advance(days=40)
        for _ in range(4):
            city.send()
        change = tile(desk(), "ثبت‌شده").select_one(".d").text
        assert change.split() == ["▲بیشتر", "از", "پیش", "به‌اندازهٔ", "۳"]

    def test_of_referrals_too(self, city, clock, desk):
        refer(city, city.send())
        clock.advance(days=40)
        code = city.send()
        refer(city, code)
        refer(city, code, "pr")
        shown = tile(desk(), "میانگین ارجاع")
        assert "۱" in shown.select_one(".d.down").text
        assert shown.select_one(".xs a").text == "۲"

    def test_what_nobody_passed_on_has_no_link(self, city, desk):
        city.send()
        shown = tile(desk(), "میانگین ارجاع")
        assert shown.select_one("a") is None
        assert "=" not in shown.text

    def test_what_is_still_open_has_no_colour(self, city, clock, desk):
        city.send()
        clock.advance(days=40)
        city.send()
        city.send()
        page = desk()
        assert tile(page, "در حال بررسی").select_one(".d")["class"] == ["d"]
        assert "همان‌گونه که اکنون است" in page.text


class TestTrend:
    def test_says_which_steps_are_too_fine(self, city, clock, desk):
        city.send()
        clock.advance(days=400)
        city.send()
        page = desk("?period=all&step=day")
        section = page.select_one("section[aria-labelledby=trend]")
        assert section.select_one(".chipf.on").text == "ماهانه"
        assert "تا ۱۰۰ روز" in section.select_one(".chipf.off").text
        assert section.select_one(".chipf.off").name == "span"

    def test_marks_the_step_that_is_not_over(self, city, desk):
        city.send()
        page = desk("?period=year&step=month").select_one("section[aria-labelledby=trend]")
        heads = [one.text for one in page.select("tbody th")]
        assert [("تا امروز" in head) for head in heads] == [False, False, True]
        assert len(page.select("circle.open")) == len(page.select("path.open")) == 1

    def test_marks_nothing_where_all_is_over(self, city, clock, desk):
        city.send()
        clock.advance(days=40)
        page = desk("?period=1405-03&step=month").select_one("section[aria-labelledby=trend]")
        assert "تا امروز" not in page.text
        assert page.select(".open") == []
