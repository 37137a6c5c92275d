"""The desk in the browser: who may see it, filters in the address, figures that lead to their lists."""

import re

import pytest

LATIN = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")


def number(text):
    return int(re.sub(r"\D", "", text.translate(LATIN)))


def part_of(link):
    """Return the number of a link; a share in percent says the number of its part in its title."""
    return link.get("title", link.text).rpartition(":")[2]


@pytest.fixture
def several(city, clock):
    codes = [city.send(), city.send("sidewalk", by=city.other, point=city.other_district)]
    clock.advance(hours=1)
    codes.append(city.send())
    city.step(codes[2], "start_action")
    city.step(codes[1], "close", public_text="ترمیم شد.")
    city.send("bin")
    return codes


class TestAccess:
    @pytest.mark.parametrize("path", ["/desk/reports", "/desk/reports/statistics", "/desk/reports/map.json"])
    def test_is_for_staff_with_the_right(self, city, app, sign_in, path):
        app.get(path, status=303)
        sign_in(city.citizen)
        app.get(path, status=403)
        sign_in(city.officer)
        app.get(path, status=200)


class TestList:
    def codes(self, page):
        return {link["href"].rpartition("/")[2] for link in page.html.select("tbody a.item-link")}

    def test_shows_what_the_officer_may_see(self, city, app, sign_in, several):
        sign_in(city.officer)
        assert self.codes(app.get("/desk/reports")) == set(several)

    @pytest.mark.parametrize(
        ("query", "wanted"),
        [
            ("stage=open", {0, 2}),
            ("status=in_action", {2}),
            ("category=sidewalk", {1}),
            ("district=منطقهٔ دو", {1}),
            ("words=چاله", {0, 1, 2}),
            ("first_day=۱۴۰۵/۰۳/۰۹&last_day=1405/03/09", {0, 1, 2}),
            ("first_day=1405/03/09&sort=deadline", {0, 1, 2}),
            ("first_day=1405/03/09&sort=updated", {0, 1, 2}),
            ("first_day=1405/03/10&sort=deadline", set()),
            ("first_day=1405/03/10", set()),
            ("first_day=nonsense&status=nonsense&sort=nonsense&cursor=nonsense", {0, 1, 2}),
        ],
    )
    def test_filters_live_in_the_address(self, city, app, sign_in, several, query, wanted):
        sign_in(city.officer)
        params = [tuple(pair.split("=")) for pair in query.split("&")]
        page = app.get("/desk/reports", params, status=200)
        assert self.codes(page) == {several[index] for index in wanted}
        assert number(page.html.select_one(".page-h p").text) == len(wanted)

    def test_pages_lead_on_and_back(self, city, app, sign_in, clock):
        for _number in range(27):
            city.send()
            clock.advance(minutes=1)
        sign_in(city.officer)
        first = app.get("/desk/reports?category=roads")
        second = first.click(linkid=None, href="cursor=after")
        assert len(self.codes(first)) == 25
        assert len(self.codes(second)) == 2
        assert "category=roads" in second.request.url
        assert self.codes(second.click(href="cursor=before")) == self.codes(first)

    def test_each_filter_that_is_on_can_be_taken_away_alone(self, city, app, sign_in, several):
        sign_in(city.officer)
        query = {
            "district": "منطقهٔ دو",
            "stage": "done",
            "urgent": "false",
            "sort": "deadline",
            "cursor": "x",
        }
        page = app.get("/desk/reports", query)
        chips = {chip.span.text.strip(): chip for chip in page.html.select("a.chipf.on.no-print")}
        assert list(chips) == ["مرحله: بررسی‌شده", "منطقه: منطقهٔ دو"]
        assert (
            page.html.select_one("p.only-print").text.strip().endswith(": مرحله: بررسی‌شده · منطقه: منطقهٔ دو")
        )
        without = app.get(chips["منطقه: منطقهٔ دو"]["href"])
        assert dict(without.request.GET) == {"stage": "done", "urgent": "false", "sort": "deadline"}
        assert [chip.span.text.strip() for chip in without.html.select("a.chipf.on.no-print")] == [
            "مرحله: بررسی‌شده"
        ]
        assert "(۲)" in page.html.select_one(".filter-box summary").text

    @pytest.mark.parametrize(
        "query", ["category=nope", "unit=nope", "district=nope", "source=nope", "citizen=abc", "hour=99"]
    )
    def test_what_is_not_known_is_said_and_does_not_count(self, city, app, sign_in, several, query):
        sign_in(city.officer)
        page = app.get(f"/desk/reports?stage=open&{query}")
        said = page.html.select_one(".notice.warn")
        label, _colon, words = said.select_one("li").text.strip().partition(": ")
        assert label
        assert words == "این مقدار شناخته نیست و کنار گذاشته شد."
        assert "(۱)" in page.html.select_one(".filter-box summary").text
        assert [chip.span.text.strip() for chip in page.html.select("a.chipf.on.no-print")] == ["مرحله: باز"]
        assert said.select_one("a.strong")["href"] == "/desk/reports?stage=open"

    def test_what_says_nothing_is_no_filter(self, city, app, sign_in, several):
        sign_in(city.officer)
        page = app.get("/desk/reports?stage=open&words=%20&status=%20").html
        assert [chip.span.text.strip() for chip in page.select("a.chipf.on.no-print")] == ["مرحله: باز"]
        assert "(۱)" in page.select_one(".filter-box summary").text

    def test_a_date_that_is_none_is_said_above_the_list(self, city, app, sign_in, several):
        sign_in(city.officer)
        page = app.get("/desk/reports?first_day=1405/13/40")
        assert "بدون آن" in page.html.select_one(".notice.warn").text
        assert "چنین روزی" in page.html.select_one(".notice.warn li").text
        assert not page.html.select(".filter-box summary.on")


class TestFigures:
    @pytest.mark.parametrize(
        "query",
        [{}, {"unit": "civil", "category": "roads", "first_day": "1405/03/09", "last_day": "1405/03/09"}],
        ids=["usual", "narrowed"],
    )
    def test_every_number_equals_the_list_it_leads_to(self, city, app, sign_in, several, query):
        sign_in(city.officer)
        page = app.get("/desk/reports/statistics", query)
        links = page.html.select("main a.fig-link, main a.fig-share")
        assert len(links) > 10
        for link in links:
            shown = app.get(link["href"], status=200).html.select_one(".page-h p").text
            assert number(shown) == number(part_of(link)), link["href"]

    def test_keep_the_filters(self, city, app, sign_in, several):
        sign_in(city.officer)
        page = app.get("/desk/reports/statistics?category=sidewalk")
        total = page.html.select_one(".kpi .v a")
        assert number(total.text) == 1
        assert "category=sidewalk" in total["href"]

    def test_points_lead_to_the_cases(self, city, app, sign_in, several):
        sign_in(city.officer)
        app.get("/desk/reports/map.json?first_day=abc", status=400)
        app.get("/desk/reports/map.json?district=nope", status=400)
        app.get("/reports/map.json?category=nope", status=400)
        points = app.get("/desk/reports/map.json").json["points"]
        assert {code for *_, code in points} == set(several)
        for code in several:
            card = app.get(f"/desk/reports/{code}/card", status=200)
            assert card.html.find("a")["href"] == f"/kartable/cases/{code}"

    def test_no_card_of_what_the_officer_may_not_see(self, city, app, sign_in, several):
        sign_in(city.stranger)
        app.get(f"/desk/reports/{several[0]}/card", status=404)
        app.get("/desk/reports/1000000009/card", status=404)


class TestLinkingDuplicates:
    def post(self, city, app, code, earlier, version, status):
        token = app.get("/desk/reports").html.find("input", attrs={"name": "csrf_token"})["value"]
        fields = {"csrf_token": token, "duplicate_of": earlier, "version": version}
        return app.post(f"/desk/reports/{code}/duplicate", fields, status=status)

    def test_closes_the_later_one(self, city, app, sign_in):
        earlier, later = city.send(), city.send(by=city.other)
        sign_in(city.officer)
        answer = self.post(city, app, later, earlier, city.case(later).version, 303)
        assert answer.location.endswith(f"/kartable/cases/{later}")
        assert city.case(later).status == "duplicate"

    def test_changes_nothing_when_it_is_refused(self, city, app, sign_in):
        code = city.send()
        sign_in(city.officer)
        self.post(city, app, code, "1234567890", city.case(code).version, 303)
        assert city.case(code).status == "registered"

    def test_an_old_page_is_a_conflict(self, city, app, sign_in):
        earlier, later = city.send(), city.send()
        sign_in(city.officer)
        self.post(city, app, later, earlier, 0, 409)

    @pytest.mark.parametrize("version", ["9" * 5000, "²"])
    def test_a_version_that_is_none_is_a_conflict(self, city, app, sign_in, version):
        earlier, later = city.send(), city.send()
        sign_in(city.officer)
        self.post(city, app, later, earlier, version, 409)

    def test_a_step_that_is_not_possible_is_a_conflict(self, city, app, sign_in):
        earlier, later = city.send(), city.send()
        city.step(later, "reject", public_text="چنین جایی نیست.")
        sign_in(city.officer)
        self.post(city, app, later, earlier, city.case(later).version, 409)

    def test_is_not_for_those_who_may_not_see_the_case(self, city, app, sign_in):
        earlier, later = city.send(), city.send()
        sign_in(city.stranger)
        self.post(city, app, later, earlier, city.case(later).version, 404)


class TestKartable:
    def test_a_wrong_code_leaves_the_case_and_the_form_as_they_were(self, city, app, sign_in):
        code = city.send()
        sign_in(city.officer)
        page = app.get(f"/kartable/cases/{code}/duplicate", status=200)
        form = next(
            f for f in page.forms.values() if f.action.endswith("/duplicate") and "version" in f.fields
        )
        form["duplicate_of"] = "4059031274"
        answer = form.submit(expect_errors=True)
        assert answer.status_int == 422
        assert city.case(code).status == "registered"
        assert "ثبت‌شده" in answer.text

    def test_a_picture_that_is_gone_costs_no_words(self, city, app, sign_in):
        code = city.send()
        sign_in(city.officer)
        page = app.get(f"/kartable/cases/{code}/close", status=200)
        form = next(f for f in page.forms.values() if f.action.endswith("/close"))
        fields = [
            (name, value) for name, value in form.submit_fields() if name not in ("photos", "public_text")
        ]
        sent = [*fields, ("public_text", "چاله پر شد و آسفالت شد."), ("photos", "A" * 22)]
        answer = app.post(form.action, sent, status=422)
        assert "چاله پر شد و آسفالت شد." in answer.text
        assert city.case(code).status == "registered"
