"""Public pages of reports: what they show and what they hide."""

import pytest

SECRET_BODY = "شرح محرمانهٔ گزارش با شمارهٔ ۰۹۰۰۰۰۰۰۰۰۱"


@pytest.fixture
def published(city):
    code = city.send()
    city.step(code, "close", public_text="چاله پر شد.", internal_text="یادداشت درونی")
    city.publish(code)
    return city.case(code)


@pytest.fixture
def hidden(city):
    return city.case(city.send(body=SECRET_BODY, point=city.other_district, by=city.other))


def people(city):
    return [city.citizen.name, city.other.name, city.officer.name, "9000000001", "9000000002"]


class TestPage:
    def test_shows_what_was_published(self, city, app, published):
        page = app.get(f"/reports/{published.id}", status=200)
        for words in (published.subject, published.body, "چاله پر شد.", "واحد civil", "منطقهٔ یک"):
            assert words in page.text

    def test_contains_no_name_and_no_code(self, city, app, published):
        page = app.get(f"/reports/{published.id}")
        for secret in (*people(city), published.code, "یادداشت درونی"):
            assert secret not in page.text

    def test_does_not_exist_before(self, city, app, hidden):
        app.get(f"/reports/{hidden.id}", status=404)
        app.get("/reports/999999", status=404)
        app.get("/reports/99999999999999999999", status=404)

    def test_is_gone_when_it_is_hidden_again(self, city, app, published):
        from civicportal.api.cases import CaseService

        with city.site.work(actor=city.officer) as work:
            cases = work.get(CaseService)
            cases.publish(cases.fetch(published.code), False)
        app.get(f"/reports/{published.id}", status=404)

    def test_the_citizens_answer_to_a_question_stays_with_staff(self, city, app):
        code = city.send()
        city.step(code, "ask_citizen", public_text="کجای خیابان؟")
        city.step(code, "citizen_answers", by=city.citizen, public_text="جلوی خانهٔ ما، پلاک ۱۲")
        city.publish(code)
        page = app.get(f"/reports/{city.case(code).id}", status=200)
        assert "کجای خیابان؟" in page.text
        assert "پلاک" not in page.text

    def test_a_question_waits_for_you_in_your_own_list_only(self, city, app, sign_in):
        code = city.send()
        city.step(code, "ask_citizen", public_text="کجای خیابان؟")
        city.publish(code)
        assert "منتظر پاسخ شما" not in app.get(f"/reports/{city.case(code).id}").text
        sign_in(city.citizen)
        assert "منتظر پاسخ شما" in app.get("/my").text
        page = app.get(f"/my/{code}").text
        assert "منتظر پاسخ شما" in page
        assert "منتظر شهروند" not in page


class TestList:
    def test_holds_the_published_only(self, city, app, published, hidden):
        page = app.get("/reports", status=200)
        links = {link.get("href") for link in page.html.select("a")}
        assert f"/reports/{published.id}" in links
        assert f"/reports/{hidden.id}" not in links
        for secret in (*people(city), published.code, hidden.code, SECRET_BODY):
            assert secret not in page.text

    def test_filters(self, city, app, published):
        assert f"/reports/{published.id}" in app.get("/reports?stage=done&category=roads").text
        assert f"/reports/{published.id}" not in app.get("/reports?stage=open").text
        assert f"/reports/{published.id}" in app.get("/reports?stage=nonsense&cursor=nonsense").text

    def test_empty_city(self, city, app):
        assert "/reports/new" in app.get("/reports", status=200).text


class TestMap:
    def answer(self, app, query=""):
        return app.get(f"/reports/map.json{query}", status=200).json

    def points(self, app, query=""):
        answer = self.answer(app, query)
        looks = answer["looks"]
        return [(lat, lon, looks[look], card) for lat, lon, look, card in answer["points"]]

    def test_an_unpublished_report_is_a_category_and_a_status(self, city, app, hidden):
        ((lat, lon, look, card),) = self.points(app)
        assert look["title"] == "موضوع pothole: ثبت‌شده"
        assert card == ""
        assert (lat, lon) == (round(city.other_district.lat, 4), round(city.other_district.lon, 4))
        app.get(f"/reports/{hidden.id}/card", status=404)

    def test_a_published_one_leads_to_its_page(self, city, app, published):
        ((_lat, _lon, look, card),) = self.points(app)
        assert look["tone"] == "done"
        page = app.get(f"/reports/{card}/card", status=200)
        assert page.html.find("a")["href"] == f"/reports/{published.id}"
        for secret in (*people(city), published.code, published.body):
            assert secret not in page.text

    def test_a_closed_one_that_is_not_published_is_not_there(self, city, app):
        code = city.send()
        city.step(code, "reject", public_text="دیده نشد.")
        assert self.answer(app) == {"total": 0, "clusters": [], "looks": [], "points": []}
        assert self.answer(app, "?mode=heat")["total"] == 0

    def test_only_what_lies_in_the_box(self, city, app, published, hidden):
        assert len(self.points(app, "?bbox=52.0,31.0,52.02,31.04&zoom=17")) == 1
        assert len(self.points(app, "?bbox=52.0,31.0,52.04,31.04&zoom=17")) == 2

    @pytest.mark.parametrize(
        "query", ["bbox=nonsense", "bbox=1,2,3", "bbox=52,31,51,32", "zoom=x", "zoom=nan"]
    )
    def test_what_is_no_part_of_a_map_is_refused(self, app, query):
        app.get(f"/reports/map.json?{query}", status=400)

    def test_is_asked_for_once_while_nothing_changes(self, city, app, sign_in, published):
        first = app.get("/reports/map.json", status=200)
        assert first.headers["Cache-Control"] == "public, max-age=0, s-maxage=30, must-revalidate"
        again = {"If-None-Match": first.headers["ETag"]}
        app.get("/reports/map.json", headers=again, status=304)
        city.send()
        app.get("/reports/map.json", headers=again, status=200)
        sign_in(city.citizen)
        own = app.get("/reports/map.json", status=200)
        assert own.headers["Cache-Control"] == "no-store"
        assert "ETag" not in own.headers

    def test_contains_no_name_and_no_code(self, city, app, published, hidden):
        text = app.get("/reports/map.json").text
        for secret in (*people(city), published.code, hidden.code, SECRET_BODY, published.body):
            assert secret not in text


class TestMeToo:
    def test_a_citizen_follows_and_sees_the_public_side(self, city, app, sign_in, hidden):
        sign_in(city.citizen)
        form = app.get(f"/reports/me-too?case={hidden.id}", status=200)
        assert SECRET_BODY not in form.text
        button = next(f for f in form.forms.values() if f.action.endswith("/reports/me-too"))
        answer = button.submit("case", value=str(hidden.id), status=303)
        assert answer.location.endswith(f"/my/followed/{hidden.id}?note=")
        assert SECRET_BODY not in answer.follow(status=200).text

    def test_a_visitor_signs_in_first(self, city, app, hidden):
        form = next(f for f in app.get("/reports/new").forms.values() if f.action.endswith("me-too"))
        fields = {"csrf_token": form["csrf_token"].value, "case": str(hidden.id)}
        answer = app.post("/reports/me-too", fields, status=303)
        assert "/login?next=" in answer.location
        assert f"case%3D{hidden.id}" in answer.location

    @pytest.mark.parametrize("case", ["", "0", "abc", "999999", "9" * 30])
    def test_nothing_to_follow(self, city, app, sign_in, case):
        sign_in(city.citizen)
        app.get("/reports/me-too", {"case": case}, status=404)

    def test_without_a_token_nothing_happens(self, city, app, sign_in, hidden):
        sign_in(city.citizen)
        app.post("/reports/me-too", {"case": str(hidden.id)}, status=400)
