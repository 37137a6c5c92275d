"""The statistics page: period, comparison, links."""

import re

import pytest
from civicportal_reports.models import Report
from civicportal_reports.places import Location

from civicportal.api.cases import CaseService, RatingService
from civicportal.api.kartable import KartableService
from civicportal.api.organization import OrganizationService
from civicportal.testing import identity, make_case, make_staff

LATIN = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")

PAGE = "/desk/reports/statistics"
FULL = 25
"""Rows of a page of a list."""


@pytest.fixture
def desk(city, app, sign_in):
    """An officer who sees every report, on the statistics page."""
    with city.site.work() as work:
        city.everything = identity(work, make_staff(work, "administrator"))

    def look(query=""):
        sign_in(city.everything)
        return app.get(f"{PAGE}{query}", status=200).html

    return look


def refer(city, code, unit="waste"):
    with city.site.work(actor=city.everything) as work:
        case = work.get(CaseService).fetch(code, lock=True)
        work.get(KartableService).refer(case, work.get(OrganizationService).unit(unit).id, unattended=True)


def number(text):
    return int(re.sub(r"\D", "", text.translate(LATIN)))


def tile(page, label):
    return next(one for one in page.select(".kpi") if one.select_one(".l").text.strip() == label)


class TestFilters:
    def test_by_an_unknown_number_leave_nothing(self, city, desk):
        city.send()
        page = desk("?citizen=0")
        assert tile(page, "ثبت‌شده").select_one(".v").text.strip().startswith("۰")
        assert "در این روزها چیزی ثبت نشده" in page.select_one("main").text


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
        assert chips.select_one(".on").text.strip() == "اردیبهشت ۱۴۰۵"
        earlier, later = chips.find("a", rel="prev"), chips.find("a", rel="next")
        assert (earlier.text.strip(), later.text.strip()) == ("فروردین ۱۴۰۵", "خرداد ۱۴۰۵")
        page = app.get(later["href"])
        assert tile(page.html, "ثبت‌شده").select_one(".v a").text.strip() == "۱"
        assert page.html.find("nav", attrs={"aria-label": "بازه"}).find("a", rel="next") is None

    def test_of_a_month_are_kept_with_the_filters(self, desk):
        form = desk("?period=1405-02").select_one(".filter-box form")
        assert form.find("input", attrs={"name": "period"})["value"] == "1405-02"

    def test_stay_when_the_filters_are_cleared(self, desk):
        page = desk("?period=1405-02&category=roads&urgent=true&by=district")
        link = next(a for a in page.select("a.chipf") if "حذف فیلترها" in a.text)
        assert link["href"] == f"{PAGE}?period=1405-02&by=district"

    @pytest.mark.parametrize("period", ["1405-13", "9999", "x", "0000-01"])
    def test_that_are_invalid_are_the_usual_ones(self, desk, period):
        chips = desk(f"?period={period}").find("nav", attrs={"aria-label": "بازه"})
        assert chips.select_one(".on").text.strip() == "۳۰ روز گذشته"

    def test_to_come_count_in_no_mean_and_are_not_until_today(self, city, desk):
        city.send()
        page = desk("?first_day=1405/03/08&last_day=1405/03/18")
        assert "۰٫۵ در روز" in tile(page, "ثبت‌شده").text
        heads = page.select("section[aria-labelledby=trend] tbody th")
        assert [("تا امروز" in head.text) for head in heads] == [False, True]


class TestChanges:
    def test_of_few_cases_are_told_in_cases(self, city, clock, desk):
        city.send()
        clock.advance(days=40)
        for _ in range(4):
            city.send()
        change = tile(desk(), "ثبت‌شده").select_one(".d").text
        assert change.split() == ["▲بیشتر", "از", "دورهٔ", "قبل:", "۳"]

    def test_too_small_to_be_told_are_not_called_none(self, city, clock, desk):
        refer(city, city.send())
        for _ in range(39):
            city.send()
        clock.advance(days=40)
        refer(city, city.send())
        for _ in range(40):
            city.send()
        page = desk()
        assert tile(page, "میانگین ارجاع").select_one(".d").text.strip().startswith("≈")

    def test_of_referrals_too(self, city, clock, desk):
        refer(city, city.send())
        clock.advance(days=40)
        code = city.send()
        refer(city, code)
        refer(city, code, "pr")
        shown = tile(desk(), "میانگین ارجاع")
        assert "۱" in shown.select_one(".d.down").text
        assert shown.select_one(".xs a").text.strip() == "۲"

    def test_a_figure_without_referrals_has_no_link(self, city, desk):
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
        assert section.select_one(".chipf.on").text.strip() == "ماهانه"
        assert "تا ۱۰۰ روز" in section.select_one(".chipf.off").text
        assert section.select_one(".chipf.off")["title"]
        assert section.select_one(".chipf.off").name == "span"

    def test_marks_the_step_that_is_not_over(self, city, desk):
        city.send()
        page = desk("?period=year&step=month").select_one("section[aria-labelledby=trend]")
        heads = [one.text.strip() for one in page.select("tbody th")]
        assert [("تا امروز" in head) for head in heads] == [False, False, True]
        assert len(page.select("circle.open")) == len(page.select("path.open")) == 1

    def test_marks_nothing_where_all_is_over(self, city, clock, desk):
        city.send()
        clock.advance(days=40)
        page = desk("?period=1405-03&step=month").select_one("section[aria-labelledby=trend]")
        assert "تا امروز" not in page.text
        assert page.select(".open") == []


@pytest.fixture
def incomplete(city):
    """Reports that lack a district or a category; one beside the districts, one in an inner category itself."""
    city.send(point=city.other_district)
    city.send(location=Location(point=None, address="کوچهٔ سوم"))
    city.send("bin", location=Location(point=city.street))
    city.send("roads")
    with city.site.work() as work:
        case = make_case(work, kind="reports", category=None, citizen_id=city.citizen.user_id)
        work.session.add(Report(case_id=case.id, district="", street=""))
    return city


def listed(app, link):
    return number(app.get(link["href"], status=200).html.select_one(".page-h p").text)


class TestShares:
    def test_lead_to_the_list_of_their_part(self, city, app, clock, desk):
        desk()
        codes = [city.send() for _ in range(4)]
        for code in codes[:3]:
            city.step(code, "close", by=None, public_text="شد")
        rate(city, codes[0], 5)
        rate(city, codes[1], 1)
        city.step(codes[1], "reopen", internal_text="نشد")
        page = desk("?by=district")
        for label, words, shown, part in (
            ("در مهلت", "در مهلت بسته‌شده", "۱۰۰٪", 2),
            ("راضی", "نظر داده‌شده، بیشتر راضی", "۵۰٪", 1),
            ("بازگشوده", "بازگشوده", "۳۳٪", 1),
        ):
            link = tile(page, label).select_one(".v a.fig-share")
            assert link.text.strip() == shown
            assert link["title"].startswith(f"{words}: ")
            assert listed(app, link) == number(link["title"]) == part
        for where, many in (("by-status", 3), ("by-facet", 2)):
            links = page.select(f"section[aria-labelledby={where}] a.fig-share")
            assert len(links) == many
            assert all(listed(app, link) == number(link["title"].rpartition(":")[2]) for link in links)

    def test_of_nothing_have_no_link(self, city, desk):
        city.send()
        page = desk()
        assert not tile(page, "در مهلت").select(".v a")
        assert not page.select("section[aria-labelledby=by-facet] a.fig-share")


def rate(city, code, stars):
    with city.site.work(actor=city.citizen) as work:
        work.get(RatingService).rate(work.get(CaseService).fetch_own(code, lock=True), stars)


class TestWhatIsNotSaid:
    @pytest.mark.parametrize(
        ("by", "expected"),
        [("district", 3), ("unit", None), ("source", None)],
        ids=["district", "unit", "source"],
    )
    def test_has_its_list(self, app, desk, incomplete, by, expected):
        rows = desk(f"?period=all&by={by}").select("section[aria-labelledby=by-facet] tbody tr")
        numbers = {row.select_one("td").text.strip(): row.select_one("a") for row in rows}
        assert all(listed(app, link) == number(link.text) for link in numbers.values())
        shown = numbers.get("گفته‌نشده")
        assert (shown and number(shown.text)) == expected

    def test_has_its_list_by_category_too(self, app, desk, incomplete):
        page = desk("?period=all")
        link = page.find("a", attrs={"aria-label": "بدون موضوع: ۱"})
        assert listed(app, link) == 1

    def test_a_category_without_those_below_it_has_its_list(self, app, desk, incomplete):
        page = desk("?period=all&category=roads")
        links = {a["aria-label"]: a for a in page.select("h3#by-category ~ table a.fig-link")}
        assert len(links) == 2
        assert all(listed(app, link) == number(link.text) for link in links.values())
        itself = next(link for name, link in links.items() if name.startswith("ریشهٔ roads"))
        assert "itself=true" in itself["href"]
        inner = app.get(itself["href"].replace("/desk/reports", PAGE)).html
        assert tile(inner, "ثبت‌شده").select_one(".v a").text.strip() == "۱"

    def test_without_a_category_nothing_lies_in_it_alone(self, app, desk, incomplete):
        links = desk("?period=all&itself=true").select("h3#by-category ~ table a.fig-link")
        assert len(links) > 1
        assert all(listed(app, link) == number(link.text) for link in links)

    def test_of_the_map_has_its_list(self, app, desk, incomplete):
        desk()
        rows = app.get("/desk/reports/map/numbers").html.select("tbody tr")
        numbers = {
            row.select_one("th").text.strip(): row.select_one("a") for row in rows if row.select_one("a")
        }
        assert all(listed(app, link) == number(link.text) for link in numbers.values())
        assert number(numbers["بیرون از منطقه‌ها"].text) == 1

    @pytest.mark.parametrize("query", [{}, {"district": "منطقهٔ دو"}, {"district": "-"}, {"category": "bin"}])
    def test_of_the_map_without_a_report_has_no_link(self, app, desk, incomplete, query):
        incomplete.send(location=Location(point=incomplete.street, district="منطقهٔ کهنه"))
        desk()
        rows = app.get("/desk/reports/map/numbers", query).html.select("tbody tr")
        assert any(row.select_one("a") for row in rows)
        for row in rows:
            told, link = number(row.select_one("td").text), row.select_one("a")
            known = row.select_one("th").text.strip() != "منطقهٔ کهنه"
            assert bool(link) == (known and told > 0)
            assert not link or listed(app, link) == told

    def test_is_a_choice_of_the_filters(self, app, desk, incomplete):
        form = desk().select_one(".filter-box form")
        for name, words in (("district", "گفته‌نشده"), ("unit", "گفته‌نشده"), ("category", "بدون موضوع")):
            option = form.find("select", attrs={"name": name}).find("option", value="-")
            assert option.text.strip() == words

    def test_a_category_that_is_no_longer_offered_keeps_its_list(self, app, desk, incomplete):
        with incomplete.site.work() as work:
            work.get(OrganizationService).category("reports", "bin").active = False
        links = desk("?period=all&category=waste").select("h3#by-category ~ table a.fig-link")
        assert [listed(app, link) for link in links] == [number(link.text) for link in links] == [1]


class TestExactNumbers:
    def test_of_a_long_list_are_counted_when_asked_for(self, city, app, desk, many, monkeypatch):
        monkeypatch.setattr("civicportal.util.lists.MOST_COUNTED", 1)
        figure = tile(desk("?period=all&urgent=true"), "ثبت‌شده").select_one(".v a")
        assert number(figure.text) == 2 * FULL + 2
        head = app.get(f"{figure['href']}&sort=deadline").html.select_one(".page-h p")
        assert "بیش از ۱ " in head.text
        link = head.find("a", string="شمارش دقیق")
        counted = app.get(link["href"])
        head = counted.html.select_one(".page-h p")
        assert number(head.text) == 2 * FULL + 2
        assert head.a is None
        assert "sort=deadline" in link["href"]
        assert not [a for a in counted.html.select("main a[href^='/desk']") if "count=" in a["href"]]

    def test_are_of_what_the_officer_sees(self, city, app, sign_in, many, monkeypatch):
        monkeypatch.setattr("civicportal.util.lists.MOST_COUNTED", 1)
        sign_in(city.stranger)
        head = app.get("/desk/reports?urgent=true&count=exact").html.select_one(".page-h p")
        assert number(head.text) == FULL + 1


@pytest.fixture
def many(city):
    """More reports of each of two units than a page shows."""
    for category in ("bin", "pothole"):
        for _ in range(FULL + 1):
            city.send(category, urgent=True)


@pytest.fixture
def several(city):
    city.send("bin", urgent=True)
    for _ in range(2):
        city.send(urgent=True)
    city.send()


QUERIES = ("urgent=true", "first_day=1405%2F03%2F01")


class TestDesk:
    def test_has_figures_in_the_side_bar(self, city, app, desk, sign_in):
        links = desk().select(".side nav a[aria-current]")
        assert [link["href"] for link in links] == [PAGE]
        sign_in(city.citizen)
        assert app.get("/").html.select(f"a[href='{PAGE}']") == []

    def test_leads_to_the_usual_days_or_its_own(self, app, desk, several):
        desk()
        links = [
            app.get(f"/desk/reports?{query}").html.select_one(f"main a[href^='{PAGE}']") for query in QUERIES
        ]
        assert [link["href"] for link in links] == [f"{PAGE}?{query}" for query in QUERIES]


class TestEverybody:
    """The page without a sign-in."""

    def test_sees_bars_beside_the_largest(self, city, clock, app):
        for key in ["pothole"] * 8 + ["bin"] * 6:
            city.send(key)
        clock.advance(days=40)
        page = app.get("/statistics").html
        bars = page.select("td.w-bar rect[width]")
        assert bars[0]["width"] == "100.0"

    def test_reads_no_table_of_dashes(self, city, clock, app):
        codes = [city.send() for _ in range(6)]
        for code in codes[:3]:
            city.step(code, "start_review")
        clock.advance(days=40)
        assert "به تفکیک نشان داده نمی‌شود" in app.get("/statistics").text
